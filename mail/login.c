/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The login (exoauth/mail.h): carries responses of libsasl2 to the server and
 * its challenges back, until it accepts or refuses. Called once after
 * exo_mail_open(). The same for all protocols, whose commands and answers are
 * in struct exo_mail_ops; nothing is kept but what must not be shown later.
 *
 * A challenge is a few hundred bytes of JSON that say why a token is refused.
 * It is answered as the mechanism wants, because only then the server says it
 * in words.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "exoauth/base64.h"
#include "inner.h"
#include "sasl.h"

#define ROUNDS 8 /* challenges, many more than there ever are */

/* *coded is in line. */
static int encode(struct exo_mail *mail, const struct exo_secret *response,
                  struct exo_secret *line, const char **coded, char *shown,
                  size_t size, struct exo_err *err)
{
    const char *text;
    size_t len, coded_len = 0;
    int rc = exo_secret_reveal(response, &text, &len);

    exo_secret_free(line);
    *line = (struct exo_secret)EXO_SECRET_INIT;
    if (rc == 0) {
        rc = exo_base64(line, text, len);
    }
    if (rc == 0) {
        rc = exo_secret_reveal(line, coded, &coded_len);
    }
    if (rc == 0 && len > 1) { /* one byte is the answer to a challenge */
        rc = exo_hide_response(&mail->hide, text, len);
        (void)snprintf(shown, size, "<token of %zu bytes>", coded_len);
    } else if (rc == 0) {
        (void)snprintf(shown, size, "%s", *coded);
    }
    return rc == 0 ? 0 : exo_mail_unsent(rc, err);
}

static int respond(struct exo_mail *mail, const struct exo_secret *response,
                   struct exo_err *err)
{
    struct exo_secret line = EXO_SECRET_INIT;
    const char *text;
    char shown[64];
    int rc = encode(mail, response, &line, &text, shown, sizeof(shown), err);

    if (rc == 0) {
        exo_mail_step(mail, "its answer to the login");
        rc = exo_mail_send(mail, text, shown, err);
    }
    exo_secret_free(&line);
    return rc;
}

/* Shown decoded, as a reader would want to see it. */
static int decode(struct exo_mail *mail, const char *text,
                  struct exo_buf *challenge, struct exo_err *err)
{
    struct exo_buf shown = EXO_BUF_INIT(EXO_STREAM_LINE);
    int rc;

    exo_buf_reset(challenge);
    if (text[0] == '\0') {
        return 0;
    }
    rc = exo_base64_bytes(challenge, text, strlen(text));
    if (rc != 0) {
        return rc == EXO_E_NOMEM ? exo_mail_unread(mail, rc, err)
                                 : exo_mail_confused(mail, text, err);
    }
    exo_buf_str(&shown, "<challenge> ");
    if (memchr(challenge->data, '\0', challenge->len)) {
        exo_buf_str(&shown, "(binary)");
    } else {
        exo_buf_join(&shown, challenge);
    }
    exo_mail_say(mail, 'S', exo_buf_shown(&shown));
    exo_buf_free(&shown);
    return 0;
}

static int first_command(struct exo_mail *mail, const char *mech,
                         const struct exo_secret *response, bool at_once,
                         struct exo_err *err)
{
    struct exo_secret line = EXO_SECRET_INIT;
    const char *text = NULL;
    char shown[64] = "";
    int rc = 0;

    if (at_once) {
        rc = encode(mail, response, &line, &text, shown, sizeof(shown), err);
    }
    if (rc == 0) {
        exo_mail_step(mail, "its answer to the login");
        rc = mail->ops->login(mail, mech, text, err);
    }
    exo_secret_free(&line);
    return rc;
}

/* held: the first response, which the command had no room for. */
static int converse(struct exo_mail *mail, struct exo_sasl *sasl,
                    struct exo_secret *response, bool held, struct exo_err *err)
{
    struct exo_buf challenge = EXO_BUF_INIT(EXO_STREAM_LINE);
    int rc = 0;

    for (int round = 0; rc == 0; round++) {
        enum exo_said said;
        const char *text = "";

        rc = mail->ops->heard(mail, &said, &text, err);
        if (rc == 0 && said == EXO_SAID_OK && held) {
            rc = exo_mail_confused(mail, "(accepted before it was sent)", err);
        }
        if (rc != 0 || said == EXO_SAID_OK) {
            break;
        }
        if (said != EXO_SAID_CONTINUE) {
            rc = exo_mail_refused(mail, said, "the login", text, err);
            break;
        }
        if (round == ROUNDS) {
            rc =
                exo_mail_confused(mail, "(one challenge after the other)", err);
            break;
        }
        rc = decode(mail, text, &challenge, err);
        if (rc == 0 && !held) {
            rc = exo_sasl_step(sasl, &challenge, response, err);
        } else if (rc == 0 && challenge.len > 0) {
            rc = exo_mail_confused(mail, "(a challenge before the response)",
                                   err);
        }
        held = false;
        if (rc == 0) {
            rc = respond(mail, response, err);
        }
    }
    exo_buf_free(&challenge);
    return rc;
}

/* What of the server's list is for tokens: no other mechanism shall be taken,
 * whatever libsasl2 would prefer. */
static int choose(struct exo_mail *mail, char *mechs, size_t size,
                  struct exo_err *err)
{
    static const char *const ours[] = { "XOAUTH2", "OAUTHBEARER" };
    const char *list;
    int rc = exo_buf_done(&mail->mechs, &list);

    if (rc != 0) {
        return exo_mail_unread(mail, rc, err);
    }
    mechs[0] = '\0';
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (exo_parse_has(list, ours[i])) {
            size_t len = strlen(mechs);

            (void)snprintf(mechs + len, size - len, "%s%s", len > 0 ? " " : "",
                           ours[i]);
        }
    }
    if (mechs[0] != '\0') {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.100s port %u offers no XOAUTH2 (it offers: %.150s); "
                       "check host and port, or have its operator switch OAuth "
                       "on",
                       mail->way.host, mail->way.port,
                       list[0] != '\0' ? list : "nothing");
}

int exo_mail_login(struct exo_mail *mail, const char *account,
                   const char *mailbox, struct exo_err *err)
{
    struct exo_sasl sasl = { .account = account,
                             .mailbox = mailbox ? mailbox : account,
                             .warn = mail->way.warn,
                             .context = mail->way.context };
    struct exo_secret response = EXO_SECRET_INIT;
    char mechs[32];
    bool has = false;
    bool at_once = false;
    int rc = choose(mail, mechs, sizeof(mechs), err);

    if (rc == 0) {
        rc = exo_sasl_begin(&sasl, mail->ops->service, mail->way.host, mechs,
                            &response, &has, err);
    }
    if (rc == 0) {
        at_once = has && mail->ops->at_once && mail->ops->at_once(mail);
        rc = first_command(mail, sasl.mech, &response, at_once, err);
    }
    if (rc == 0) {
        rc = converse(mail, &sasl, &response, has && !at_once, err);
    }
    exo_secret_free(&response);
    exo_sasl_end(&sasl);
    return rc;
}
