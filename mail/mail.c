/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation with a mail server (exoauth/mail.h): made, opened and closed.
 * The protocols are in imap.c, pop3.c and smtp.c, what they share in talk.c,
 * the login in login.c.
 *
 * Called by exoauth test and exoauth connect, which close it whatever
 * happened. One deadline is for all of it. Failure: EXO_E_STATUS with a line in
 * err, or EXO_E_NOMEM; what is there by then is still to be closed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exoauth/clock.h"
#include "inner.h"

#define LIST_MAX ((size_t)16 * 1024)

static const struct {
    const char *word;
    enum exo_mail_protocol protocol;
} words[] = {
    { "imap", EXO_MAIL_IMAP },
    { "pop3", EXO_MAIL_POP3 },
    { "pop", EXO_MAIL_POP3 },
    { "smtp", EXO_MAIL_SMTP },
};

bool exo_mail_protocol_parse(const char *word, enum exo_mail_protocol *out)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].word) == 0) {
            *out = words[i].protocol;
            return true;
        }
    }
    return false;
}

static bool is_implicit(const struct exo_mail_way *way)
{
    if (way->tls != EXO_MAIL_TLS_AUTO) {
        return way->tls == EXO_MAIL_TLS_IMPLICIT;
    }
    return way->port == 993 || way->port == 995 || way->port == 465;
}

static struct exo_mail *make(const struct exo_mail_way *way)
{
    static const struct exo_mail_ops *const ops[] = {
        [EXO_MAIL_IMAP] = &exo_mail_imap,
        [EXO_MAIL_POP3] = &exo_mail_pop3,
        [EXO_MAIL_SMTP] = &exo_mail_smtp,
    };
    struct exo_mail *mail = calloc(1, sizeof(*mail));

    if (!mail) {
        return NULL;
    }
    mail->ops = ops[way->protocol];
    mail->way = *way;
    if (mail->way.port == 0) {
        mail->way.port = mail->ops->port;
    }
    if (mail->way.timeout_ms <= 0) {
        mail->way.timeout_ms = EXO_MAIL_WHOLE_MS;
    }
    mail->deadline = exo_clock_ms() + mail->way.timeout_ms;
    mail->implicit = is_implicit(&mail->way);
    mail->stream.fd = -1;
    mail->stream.host = mail->way.host;
    mail->stream.port = mail->way.port;
    exo_hide_init(&mail->hide);
    exo_buf_init(&mail->can, LIST_MAX);
    exo_buf_init(&mail->mechs, LIST_MAX);
    exo_buf_init(&mail->line, (size_t)256 * 1024);
    return mail;
}

int exo_mail_open(struct exo_mail **mail, const struct exo_mail_way *way,
                  struct exo_err *err)
{
    struct exo_mail *m = make(way);
    char text[512];
    int rc;

    *mail = m;
    if (!m) {
        return EXO_E_NOMEM;
    }
    exo_mail_step(m, "the connection");
    (void)snprintf(text, sizeof(text), "%.300s port %u, %s", m->way.host,
                   m->way.port, m->implicit ? "implicit TLS" : "STARTTLS");
    exo_mail_say(m, 'I', text);
    rc = exo_stream_dial(&m->stream, m->deadline, err);
    if (rc == 0 && m->implicit) {
        rc = exo_mail_secure(m, err);
    }
    if (rc == 0) {
        exo_mail_step(m, "its greeting");
        rc = m->ops->hello(m, err);
    }
    return rc;
}

int exo_mail_visit(struct exo_mail *mail, const char *from, const char *to,
                   struct exo_err *err)
{
    return mail->ops->visit(mail, from, to, err);
}

const char *exo_mail_answer(const struct exo_mail *mail)
{
    return mail ? mail->answer : "";
}

void exo_mail_close(struct exo_mail *mail)
{
    if (!mail) {
        return;
    }
    exo_stream_close(&mail->stream);
    exo_hide_free(&mail->hide);
    exo_buf_free(&mail->can);
    exo_buf_free(&mail->mechs);
    exo_buf_free(&mail->line);
    free(mail);
}
