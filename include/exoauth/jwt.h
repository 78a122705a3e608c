/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JWT by which a client authenticates at the token endpoint (RFC 7523
 * section 2.2, RFC 7515, RFC 7518), in the form Entra ID wants.
 */
#ifndef EXOAUTH_JWT_H
#define EXOAUTH_JWT_H

#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/key.h"

#define EXO_JWT_LIFE 600 /* seconds from iat and nbf to exp */

/*
 * Sets assertion to a new JWT with an id (jti) of its own, valid from now,
 * seconds since 1970. Header: typ JWT, alg, and the thumbprint of the
 * certificate, x5t#S256 with PS256, x5t with RS256. audience is the URL of
 * the token endpoint. It is as good as a password until it expires.
 * EXO_E_STATUS as exo_keypair_sign(), and assertion is empty.
 */
int exo_jwt_assertion(struct exo_secret *assertion,
                      const struct exo_keypair *key, enum exo_jwt_alg alg,
                      const char *client_id, const char *audience, int64_t now,
                      struct exo_err *err) EXO_MUST_CHECK;

#endif
