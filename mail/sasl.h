/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsasl2 as every mail program uses it. The plugins are those that it finds
 * itself, so that a login here shows what a login elsewhere will do.
 */
#ifndef EXOAUTH_MAIL_SASL_H
#define EXOAUTH_MAIL_SASL_H

#include "exoauth/buf.h"
#include "exoauth/mail.h"

struct sasl_conn;

struct exo_sasl {
    struct sasl_conn *conn;
    bool begun; /* sasl_client_init() worked */
    const char *account, *mailbox;
    const char *mech; /* libsasl2's */
    char cause[EXO_ERR_TEXT];
    exo_mail_warn warn;
    void *context;
};

/*
 * The first response, if the mechanism has one before it hears anything
 * (*has). service: "imap", "pop" or "smtp"; mechs: the server's that may be
 * used, between blanks.
 */
int exo_sasl_begin(struct exo_sasl *sasl, const char *service, const char *host,
                   const char *mechs, struct exo_secret *out, bool *has,
                   struct exo_err *err) EXO_MUST_CHECK;
int exo_sasl_step(struct exo_sasl *sasl, const struct exo_buf *in,
                  struct exo_secret *out, struct exo_err *err) EXO_MUST_CHECK;
void exo_sasl_end(struct exo_sasl *sasl);

#endif
