/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said in a conversation with a mail server (inner.h), whatever its
 * protocol: the steps, the lines, the transcript, and the words for what goes
 * wrong. Called by mail.c, imap.c, pop3.c, smtp.c and login.c.
 *
 * Each reply has an end, in lines and in bytes: a server that always says
 * something more is as silent as one that says nothing. All that comes from
 * the server is cleaned and looked through for the token before anybody sees
 * it. Nothing here is to be freed; a failure is EXO_E_STATUS with err set.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "inner.h"

#define REPLY_LINES 10000u /* an answer to LIST may be long */
#define REPLY_BYTES ((size_t)1024 * 1024)
#define SHOWN 512 /* of a line in the transcript */

void exo_mail_step(struct exo_mail *mail, const char *step)
{
    mail->stream.step = step;
    mail->lines = 0;
    mail->bytes = 0;
}

void exo_mail_say(struct exo_mail *mail, char side, const char *text)
{
    char shown[SHOWN + 64];
    size_t len = strlen(text);
    size_t left;

    if (!mail->way.trace) {
        return;
    }
    if (exo_hide_found(&mail->hide, text, len)) {
        (void)snprintf(shown, sizeof(shown),
                       "<%zu bytes with a part of the token>", len);
    } else {
        left = exo_hide_show(shown, SHOWN + 1, text);
        len = strlen(shown);
        if (left > 0) {
            (void)snprintf(shown + len, sizeof(shown) - len,
                           " <%zu bytes more>", left);
        }
    }
    mail->way.trace(mail->way.context, side, shown);
}

int exo_mail_send(struct exo_mail *mail, const char *line, const char *shown,
                  struct exo_err *err)
{
    struct exo_secret out = EXO_SECRET_INIT;
    const char *text;
    size_t len;
    int rc;

    exo_buf_str(&out.hidden, line);
    exo_buf_str(&out.hidden, "\r\n");
    rc = exo_secret_reveal(&out, &text, &len);
    if (rc != 0) {
        rc = exo_mail_unsent(rc, err);
    } else {
        exo_mail_say(mail, 'C', shown ? shown : line);
        mail->early = exo_stream_ahead(&mail->stream, mail->tag);
        rc = exo_stream_send(&mail->stream, text, len, mail->deadline, err);
    }
    exo_secret_free(&out);
    return rc;
}

int exo_mail_line(struct exo_mail *mail, char **line, struct exo_err *err)
{
    size_t len;
    int rc = exo_stream_line(&mail->stream, line, &len, mail->deadline, err);

    mail->lines++;
    return rc == 0 ? exo_mail_count(mail, len, err) : rc;
}

int exo_mail_count(struct exo_mail *mail, size_t len, struct exo_err *err)
{
    mail->bytes += len;
    if (mail->lines <= REPLY_LINES && mail->bytes <= REPLY_BYTES) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.100s port %u: more than %u lines or %zu KiB as %s; "
                       "this is no mail server, so check host and port",
                       mail->way.host, mail->way.port, REPLY_LINES,
                       REPLY_BYTES / 1024, mail->stream.step);
}

int exo_mail_in_turn(struct exo_mail *mail, enum exo_said said,
                     struct exo_err *err)
{
    if (!mail->early || (said != EXO_SAID_OK && said != EXO_SAID_CONTINUE)) {
        return 0;
    }
    return exo_mail_confused(mail, "(it came before the command)", err);
}

int exo_mail_auth(struct exo_mail *mail, const char *mech, const char *response,
                  struct exo_err *err)
{
    char text[64];

    (void)response;
    (void)snprintf(text, sizeof(text), "AUTH %.32s", mech);
    return exo_mail_send(mail, text, NULL, err);
}

int exo_mail_refused(struct exo_mail *mail, enum exo_said said,
                     const char *what, const char *answer, struct exo_err *err)
{
    char text[EXO_ERR_TEXT - 200];

    if (exo_hide_found(&mail->hide, answer, strlen(answer))) {
        answer = "(an answer with a part of the token)";
    }
    (void)exo_hide_show(text, sizeof(text), answer);
    (void)snprintf(mail->answer, sizeof(mail->answer), "%s", text);
    return exo_err_set(err,
                       said == EXO_SAID_LATER || said == EXO_SAID_BYE
                           ? EXO_STATUS_TRANSIENT
                           : EXO_STATUS_MISCONFIGURED,
                       "%.100s refuses %s: %s; see the log of the server",
                       mail->way.host, what, text);
}

int exo_mail_confused(struct exo_mail *mail, const char *line,
                      struct exo_err *err)
{
    char text[101];

    if (exo_hide_found(&mail->hide, line, strlen(line))) {
        line = "(a part of the token)";
    }
    (void)exo_hide_show(text, sizeof(text), line);
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.100s port %u: not understood as %s: %s; check "
                       "host, port and protocol",
                       mail->way.host, mail->way.port, mail->stream.step, text);
}

int exo_mail_secure(struct exo_mail *mail, struct exo_err *err)
{
    char text[512];
    int rc;

    exo_mail_step(mail, "the TLS handshake");
    exo_buf_reset(&mail->can);
    exo_buf_reset(&mail->mechs);
    rc = exo_stream_tls(&mail->stream, mail->way.ca_pem, mail->way.ca_len,
                        mail->deadline, err);
    if (rc == 0) {
        (void)snprintf(text, sizeof(text), "%s, the certificate is right",
                       exo_stream_version(&mail->stream));
        exo_mail_say(mail, 'I', text);
    }
    return rc;
}

int exo_mail_unsent(int rc, struct exo_err *err)
{
    if (rc == EXO_E_TOOBIG) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "a command of more than %zu KiB; the token is too "
                           "long to be sent",
                           EXO_SECRET_MAX / 1024);
    }
    exo_err_words(err, rc);
    return EXO_E_STATUS;
}

int exo_mail_unread(struct exo_mail *mail, int rc, struct exo_err *err)
{
    if (rc == EXO_E_NOMEM) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "out of memory while talking to %.100s port %u; "
                           "free some memory, and try again",
                           mail->way.host, mail->way.port);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.100s port %u: a response that is too long; check "
                       "host and port",
                       mail->way.host, mail->way.port);
}

int exo_mail_no_tls(struct exo_mail *mail, struct exo_err *err)
{
    if (mail->can.error != 0) {
        return exo_mail_unread(mail, mail->can.error, err);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.100s port %u offers no STARTTLS, and no token is "
                       "sent without TLS; use the port for implicit TLS",
                       mail->way.host, mail->way.port);
}

bool exo_mail_can(const struct exo_mail *mail, const char *word)
{
    const char *list;

    return exo_buf_done(&mail->can, &list) == 0 && exo_parse_has(list, word);
}

void exo_mail_add(struct exo_buf *list, const char *word, size_t len)
{
    if (len > 0) {
        exo_buf_str(list, list->len > 0 ? " " : "");
        exo_buf_add(list, word, len);
    }
}
