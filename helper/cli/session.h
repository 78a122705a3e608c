/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login at a mail server, for exoauth test and exoauth connect: what their
 * command lines say, and what both do with it.
 */
#ifndef EXOAUTH_SESSION_H
#define EXOAUTH_SESSION_H

#include "helper/app/app.h"
#include "exoauth/buf.h"
#include "exoauth/mail.h"

struct exo_options;

struct exo_session {
    enum exo_mail_protocol protocol;
    enum exo_mail_tls tls;
    const char *host; /* borrowed, as all text here */
    unsigned port;    /* 0: the usual one */
    const char *ca_file, *mailbox, *to;
    int64_t timeout; /* seconds, 0: not given */
    struct exo_buf ca;
    bool open;       /* the login could begin */
    bool greeted;    /* connect: the client was given its first line */
    bool for_client; /* connect: a failure is said on stdout, too */
};

void exo_session_init(struct exo_session *session);
void exo_session_free(struct exo_session *session);

/* Words of the command line. */
int exo_session_tls(struct exo_session *session, const char *word,
                    struct exo_err *err) EXO_MUST_CHECK;
int exo_session_port(struct exo_session *session, const char *word,
                     struct exo_err *err) EXO_MUST_CHECK;
int exo_session_protocol(struct exo_session *session, const char *word,
                         struct exo_err *err) EXO_MUST_CHECK;

/* Before the drop: --ca-file with the rights of who called. */
int exo_session_before(struct exo_session *session,
                       struct exo_err *err) EXO_MUST_CHECK;

/*
 * Connects and logs in, with the configuration that the plugin will find.
 * way has host and protocol filled in from session, the rest of it is set
 * here. What the server refuses is explained. Close *mail in every case.
 */
int exo_session_login(struct exo_app *app, struct exo_options *options,
                      struct exo_mail_way *way, struct exo_mail **mail,
                      struct exo_err *err) EXO_MUST_CHECK;

/* The time of --timeout, which began with exo_session_login(), counts no
 * more. Until then the process ends itself when it is over. */
void exo_session_in_time(void);

/* Puts the meaning of the server's refusal, and who can mend it, into err. */
void exo_session_explain(const struct exo_session *session,
                         const struct exo_mail *mail, struct exo_err *err);

#endif
