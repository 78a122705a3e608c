/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between record.c, which knows JSON and the members, and record_seal.c,
 * which knows how `secret` becomes `ciphertext`.
 */
#ifndef EXOAUTH_STORE_RECORD_INNER_H
#define EXOAUTH_STORE_RECORD_INNER_H

#include "exoauth/record.h"

#define EXO_RECORD_SEAL "aes-256-gcm"

/* The clear members, without the `seal` and the end. */
void exo_record_put_clear(struct exo_buf *out, const struct exo_record *record);

/* The object of the secrets, e.g. { "access_token": "...", ... }. */
void exo_record_put_secrets(struct exo_buf *out,
                            const struct exo_record *record);
int exo_record_take_secrets(struct exo_record *record, const char *text,
                            size_t len, const char **why) EXO_MUST_CHECK;

#endif
