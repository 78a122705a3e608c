/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IMAP (RFC 3501) as far as a login and a look around need it. Called through
 * exo_mail_imap; the response that was read last is in mail->line.
 *
 * A response is a line with the literals in it, so that nothing inside a
 * literal can be taken for the end of a command. A mailbox that a token opens
 * need not be one that it may use: only EXAMINE shows it, and unlike SELECT it
 * changes nothing.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "inner.h"

/* Appends a literal to the response. */
static int literal(struct exo_mail *mail, size_t bytes, struct exo_err *err)
{
    while (bytes > 0) {
        char *data;
        size_t len;
        int rc = exo_stream_some(&mail->stream, &data, &len, bytes,
                                 mail->deadline, err);

        if (rc != 0) {
            return rc;
        }
        for (size_t i = 0; i < len; i++) {
            if (data[i] == '\0') {
                data[i] = '?';
            }
        }
        exo_buf_add(&mail->line, data, len);
        bytes -= len;
        rc = exo_mail_count(mail, len, err);
        if (rc != 0) {
            return rc;
        }
        if (mail->line.error != 0) {
            break;
        }
    }
    return 0;
}

/* The next response, into mail->line. */
static int response(struct exo_mail *mail, const char **line,
                    struct exo_err *err)
{
    size_t bytes = 0;
    char *part;
    bool more;
    int rc;

    *line = "";
    exo_buf_reset(&mail->line);
    mail->line.error = 0;
    do {
        rc = exo_mail_line(mail, &part, err);
        if (rc != 0) {
            return rc;
        }
        more = exo_parse_literal(part, strlen(part), &bytes);
        exo_buf_str(&mail->line, part);
        if (more) {
            rc = literal(mail, bytes, err);
        }
    } while (rc == 0 && more && mail->line.error == 0);
    if (rc == 0) {
        rc = exo_buf_done(&mail->line, line);
        if (rc != 0) {
            rc = exo_mail_unread(mail, rc, err);
        }
    }
    return rc;
}

static void add_word(struct exo_mail *mail, const char *word, size_t len)
{
    exo_mail_add(&mail->can, word, len);
    if (len > 5 && strncasecmp(word, "AUTH=", 5) == 0) {
        exo_mail_add(&mail->mechs, word + 5, len - 5);
    }
}

/* Keeps the capabilities if the response has any: the newest count. */
static void learn(struct exo_mail *mail, const char *line)
{
    size_t len;
    const char *list = exo_parse_capability(line, &len);
    size_t n;

    if (!list) {
        return;
    }
    exo_buf_reset(&mail->can);
    exo_buf_reset(&mail->mechs);
    for (size_t at = 0; at < len; at += n + 1) {
        n = strcspn(list + at, " ]");
        n = n < len - at ? n : len - at;
        add_word(mail, list + at, n);
    }
}

/* The response that ends the command or asks for more; what comes untagged
 * before it is shown, and learnt from. */
static int heard(struct exo_mail *mail, enum exo_said *said, const char **text,
                 struct exo_err *err)
{
    char last[EXO_ERR_TEXT] = "";
    const char *line;
    int rc;

    for (;;) {
        rc = response(mail, &line, err);
        if (rc != 0) {
            /* Its last words are better than that it is gone. */
            return last[0] != '\0' ? exo_mail_refused(mail, EXO_SAID_BYE,
                                                      "the session", last, err)
                                   : rc;
        }
        *said = exo_parse_imap(line, mail->tag, text);
        if (*said != EXO_SAID_CONTINUE || (*text)[0] == '\0') {
            exo_mail_say(mail, 'S', line);
        }
        learn(mail, line);
        if (*said == EXO_SAID_BYE) {
            (void)snprintf(last, sizeof(last), "BYE %.400s", *text);
        } else if (*said == EXO_SAID_NOTHING) {
            return exo_mail_confused(mail, line, err);
        } else if (*said != EXO_SAID_MORE) {
            return exo_mail_in_turn(mail, *said, err);
        }
    }
}

static int send_tagged(struct exo_mail *mail, const char *command,
                       const char *secret, struct exo_err *err)
{
    struct exo_secret line = EXO_SECRET_INIT;
    const char *text;
    char shown[192];
    size_t len;
    int rc;

    (void)snprintf(mail->tag, sizeof(mail->tag), "exo%u", ++mail->n_tags);
    exo_buf_fmt(&line.hidden, "%s %s%s%s", mail->tag, command,
                secret ? " " : "", secret ? secret : "");
    (void)snprintf(shown, sizeof(shown), "%s %.80s <token of %zu bytes>",
                   mail->tag, command, secret ? strlen(secret) : 0);
    rc = exo_secret_reveal(&line, &text, &len);
    rc = rc == 0 ? exo_mail_send(mail, text, secret ? shown : NULL, err)
                 : exo_mail_unsent(rc, err);
    exo_secret_free(&line);
    return rc;
}

static int command(struct exo_mail *mail, const char *text, const char *step,
                   struct exo_err *err)
{
    enum exo_said said;
    const char *answer;
    int rc;

    exo_mail_step(mail, step);
    rc = send_tagged(mail, text, NULL, err);
    if (rc == 0) {
        rc = heard(mail, &said, &answer, err);
    }
    if (rc == 0 && said != EXO_SAID_OK) {
        rc = said == EXO_SAID_CONTINUE
                 ? exo_mail_confused(mail, "+", err)
                 : exo_mail_refused(mail, said, text, answer, err);
    }
    return rc;
}

static int greeting(struct exo_mail *mail, struct exo_err *err)
{
    const char *line, *text;
    int rc = response(mail, &line, err);

    if (rc != 0) {
        return rc;
    }
    exo_mail_say(mail, 'S', line);
    switch (exo_parse_imap(line, NULL, &text)) {
    case EXO_SAID_OK:
        learn(mail, line);
        return 0;
    case EXO_SAID_BYE:
        return exo_mail_refused(mail, EXO_SAID_BYE, "the connection", text,
                                err);
    case EXO_SAID_PREAUTH:
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s port %u: nobody is to log in there; check host "
                           "and port",
                           mail->way.host, mail->way.port);
    default:
        return exo_mail_confused(mail, line, err);
    }
}

static int capabilities(struct exo_mail *mail, struct exo_err *err)
{
    return mail->can.len > 0
               ? 0
               : command(mail, "CAPABILITY", "its answer to CAPABILITY", err);
}

static int hello(struct exo_mail *mail, struct exo_err *err)
{
    int rc = greeting(mail, err);

    if (rc == 0) {
        rc = capabilities(mail, err);
    }
    if (rc != 0 || mail->implicit) {
        return rc;
    }
    if (!exo_mail_can(mail, "STARTTLS")) {
        return exo_mail_no_tls(mail, err);
    }
    rc = command(mail, "STARTTLS", "its answer to STARTTLS", err);
    if (rc == 0) {
        rc = exo_mail_secure(mail, err);
    }
    return rc == 0 ? capabilities(mail, err) : rc;
}

static bool at_once(const struct exo_mail *mail)
{
    return exo_mail_can(mail, "SASL-IR");
}

static int login(struct exo_mail *mail, const char *mech, const char *response,
                 struct exo_err *err)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "AUTHENTICATE %.32s", mech);
    /* What it could do before is not what it can do after. */
    exo_buf_reset(&mail->can);
    return send_tagged(mail, text, response, err);
}

/* Whatever it says to that: what was to be shown has been. */
static void bye(struct exo_mail *mail)
{
    struct exo_err ignored = EXO_ERR_INIT;

    (void)!command(mail, "LOGOUT", "its answer to LOGOUT", &ignored);
}

static int visit(struct exo_mail *mail, const char *from, const char *to,
                 struct exo_err *err)
{
    int rc = command(mail, "LIST \"\" \"%\"", "its answer to LIST", err);

    (void)from;
    (void)to;
    if (rc == 0) {
        rc = command(mail, "EXAMINE INBOX", "its answer to EXAMINE", err);
    }
    if (rc == 0) {
        bye(mail);
    }
    return rc;
}

const struct exo_mail_ops exo_mail_imap = {
    .service = "imap",
    .port = 993,
    .hello = hello,
    .at_once = at_once,
    .login = login,
    .heard = heard,
    .visit = visit,
};
