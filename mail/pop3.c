/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POP3 (RFC 1939, CAPA 2449, STLS 2595, AUTH 5034) as far as a login and STAT
 * need it. Called through exo_mail_pop3.
 *
 * The response to AUTH always has a line of its own. A command has 255 bytes,
 * into which no token fits, and Exchange closes the connection on one that is
 * longer.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "inner.h"

static int heard(struct exo_mail *mail, enum exo_said *said, const char **text,
                 struct exo_err *err)
{
    char *line;
    int rc = exo_mail_line(mail, &line, err);

    if (rc != 0) {
        return rc;
    }
    *said = exo_parse_pop3(line, text);
    if (*said == EXO_SAID_NOTHING) {
        return exo_mail_confused(mail, line, err);
    }
    if (*said != EXO_SAID_CONTINUE || (*text)[0] == '\0') {
        exo_mail_say(mail, 'S', line);
    }
    return exo_mail_in_turn(mail, *said, err);
}

static int command(struct exo_mail *mail, const char *text, const char *step,
                   struct exo_err *err)
{
    enum exo_said said;
    const char *answer;
    int rc;

    exo_mail_step(mail, step);
    rc = exo_mail_send(mail, text, NULL, err);
    if (rc == 0) {
        rc = heard(mail, &said, &answer, err);
    }
    if (rc == 0 && said != EXO_SAID_OK) {
        rc = exo_mail_refused(mail, said, text, answer, err);
    }
    return rc;
}

static void learn(struct exo_mail *mail, const char *line)
{
    exo_mail_add(&mail->can, line, strcspn(line, " "));
    if (strncasecmp(line, "SASL ", 5) == 0) {
        exo_mail_add(&mail->mechs, line + 5, strlen(line + 5));
    }
}

static int capabilities(struct exo_mail *mail, struct exo_err *err)
{
    char *line;
    int rc = command(mail, "CAPA", "its answer to CAPA", err);

    while (rc == 0) {
        rc = exo_mail_line(mail, &line, err);
        if (rc != 0) {
            break;
        }
        exo_mail_say(mail, 'S', line);
        if (strcmp(line, ".") == 0) {
            break;
        }
        learn(mail, line);
    }
    return rc;
}

static int hello(struct exo_mail *mail, struct exo_err *err)
{
    enum exo_said said;
    const char *text;
    int rc = heard(mail, &said, &text, err);

    if (rc == 0 && said != EXO_SAID_OK) {
        rc = exo_mail_refused(mail, said, "the connection", text, err);
    }
    if (rc == 0) {
        rc = capabilities(mail, err);
    }
    if (rc != 0 || mail->implicit) {
        return rc;
    }
    if (!exo_mail_can(mail, "STLS")) {
        return exo_mail_no_tls(mail, err);
    }
    rc = command(mail, "STLS", "its answer to STLS", err);
    if (rc == 0) {
        rc = exo_mail_secure(mail, err);
    }
    return rc == 0 ? capabilities(mail, err) : rc;
}

/* Whatever it says to that: what was to be shown has been. */
static void bye(struct exo_mail *mail)
{
    struct exo_err ignored = EXO_ERR_INIT;

    (void)!command(mail, "QUIT", "its answer to QUIT", &ignored);
}

static int visit(struct exo_mail *mail, const char *from, const char *to,
                 struct exo_err *err)
{
    int rc = command(mail, "STAT", "its answer to STAT", err);

    (void)from;
    (void)to;
    if (rc == 0) {
        bye(mail);
    }
    return rc;
}

const struct exo_mail_ops exo_mail_pop3 = {
    .service = "pop",
    .port = 995,
    .hello = hello,
    .login = exo_mail_auth,
    .heard = heard,
    .visit = visit,
};
