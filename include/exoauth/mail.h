/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login at a mail server, as any mail program makes it: TLS with a verified
 * certificate, then libsasl2 with whatever plugins it finds. For `exoauth
 * test`, which shows the conversation, and `exoauth connect`, which hands the
 * session over. IMAP (RFC 3501, 4959), POP3 (RFC 1939, 2595, 5034) and SMTP
 * submission (RFC 4954, 3207). One connection at a time, blocking.
 *
 * The error of a function is one line with its remedy. Where it is the server
 * that refused, exo_mail_answer() has its words, too.
 */
#ifndef EXOAUTH_MAIL_H
#define EXOAUTH_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exoauth/error.h"

enum exo_mail_protocol { EXO_MAIL_IMAP, EXO_MAIL_POP3, EXO_MAIL_SMTP };

enum exo_mail_tls {
    EXO_MAIL_TLS_AUTO,     /* by port: 993, 995 and 465 are implicit */
    EXO_MAIL_TLS_IMPLICIT, /* RFC 8314 section 3.3 */
    EXO_MAIL_TLS_STARTTLS
};

/* side is 'C', 'S', or 'I' for what is no line of either; text is one printable
 * line without the token. */
typedef void (*exo_mail_trace)(void *context, char side, const char *text);
typedef void (*exo_mail_warn)(void *context, const char *text);

#define EXO_MAIL_WHOLE_MS 60000

/* Where to and how; what it points to must outlive the struct exo_mail. */
struct exo_mail_way {
    enum exo_mail_protocol protocol;
    enum exo_mail_tls tls;
    const char *host;   /* a name, or an address as text */
    unsigned port;      /* 0: 993 or 995, and 587 for SMTP */
    const char *ca_pem; /* certificates to trust instead of the system's */
    size_t ca_len;
    int64_t timeout_ms;   /* for all up to the end; 0: one minute */
    exo_mail_trace trace; /* may be NULL */
    exo_mail_warn warn;   /* may be NULL; what the plugin warns of */
    void *context;        /* of both */
};

struct exo_mail;

/* "imap", "pop3" (or "pop") and "smtp"; false if it is none. */
bool exo_mail_protocol_parse(const char *word, enum exo_mail_protocol *out);

/*
 * Connects to the first address that answers, and comes as far as a login
 * over TLS can begin. *mail is there (to be closed) on failure, too, unless
 * memory ran out.
 */
int exo_mail_open(struct exo_mail **mail, const struct exo_mail_way *way,
                  struct exo_err *err) EXO_MUST_CHECK;

/*
 * As account, for mailbox (NULL: the account's own). EXO_STATUS_NO_ACCOUNT,
 * NEEDS_LOGIN, TRANSIENT or MISCONFIGURED as the plugin says; where the
 * server refuses, TRANSIENT or MISCONFIGURED.
 */
int exo_mail_login(struct exo_mail *mail, const char *account,
                   const char *mailbox, struct exo_err *err) EXO_MUST_CHECK;

/* What the server said when it refused, without the token; "" if it did not.
 * Valid until the next call. */
const char *exo_mail_answer(const struct exo_mail *mail);

/* The line, without its end, that a client without a login of its own wants
 * to hear first: after success. */
int exo_mail_ready(const struct exo_mail *mail, const char *account, char *line,
                   size_t size) EXO_MUST_CHECK;
/* The same after a failure; at_login: exo_mail_open() had worked. */
void exo_mail_sorry(enum exo_mail_protocol protocol, bool at_login,
                    const struct exo_err *why, char *line, size_t size);

/*
 * Copies bytes both ways until the server ends the session, or the reader of
 * out is gone. There is no time limit, but for the server's next word once in
 * has ended (timeout_ms). first (of that length) is written to out before
 * anything from the server. EXO_STATUS_STORE: out cannot be written.
 */
int exo_mail_pipe(struct exo_mail *mail, int in, int out, const char *first,
                  size_t len, struct exo_err *err) EXO_MUST_CHECK;

/*
 * Does what shows that the login is worth something, and says goodbye: IMAP
 * lists the folders and examines INBOX, POP3 asks STAT, SMTP sends a message
 * from `from` if `to` is not NULL.
 */
int exo_mail_visit(struct exo_mail *mail, const char *from, const char *to,
                   struct exo_err *err) EXO_MUST_CHECK;

void exo_mail_close(struct exo_mail *mail);

#endif
