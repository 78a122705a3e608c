/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initial responses, before base64. XOAUTH2 has no escapes, so a control
 * byte in the user name is refused; OAUTHBEARER (RFC 7628 section 3.1,
 * RFC 5801 section 4) escapes "," and "=" in the user and refuses the same,
 * in the host, too.
 */
#ifndef EXOAUTH_WIRE_H
#define EXOAUTH_WIRE_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/*
 * message gets the response, *token_at the offset of the token in it.
 * EXO_E_ARG (control byte in a name), EXO_E_NOMEM, EXO_E_TOOBIG; message is
 * empty then. The token is taken as it is.
 */
int exo_wire_xoauth2(struct exo_secret *message, const char *user,
                     const char *token, size_t token_len,
                     size_t *token_at) EXO_MUST_CHECK;
/* host NULL or "" and port 0: not known, and then left out. */
int exo_wire_oauthbearer(struct exo_secret *message, const char *user,
                         const char *host, unsigned port, const char *token,
                         size_t token_len, size_t *token_at) EXO_MUST_CHECK;

#endif
