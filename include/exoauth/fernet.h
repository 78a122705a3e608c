/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fernet tokens, version 0x80: AES-128-CBC under HMAC-SHA256, in base64url.
 * Only opening them, and the key from a password by PBKDF2 (RFC 8018), which
 * is how email-oauth2-proxy keeps its tokens. What exoauth keeps itself is
 * sealed in another way.
 */
#ifndef EXOAUTH_FERNET_H
#define EXOAUTH_FERNET_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_FERNET_KEY ((size_t)32) /* bytes: signing key, encryption key */
#define EXO_FERNET_ROUNDS_MAX 100000000L

/*
 * The key of a password: PBKDF2-HMAC-SHA256 with so many rounds. key is
 * replaced. EXO_E_ARG if rounds is not in 1..EXO_FERNET_ROUNDS_MAX or one of
 * the lengths is none, EXO_E_NOMEM.
 */
int exo_fernet_key(struct exo_secret *key, const struct exo_secret *password,
                   const void *salt, size_t salt_len,
                   long rounds) EXO_MUST_CHECK;

/*
 * Opens token[0..len), appending to message. The time in it is authentic but
 * not looked at: there is no age at which a file stops being importable.
 * EXO_E_SYNTAX: it is no Fernet token; EXO_E_UNSAFE: of another key, or
 * changed; EXO_E_ARG: the key has another length; EXO_E_NOMEM.
 */
int exo_fernet_open(const struct exo_secret *key, const char *token, size_t len,
                    struct exo_secret *message) EXO_MUST_CHECK;

#endif
