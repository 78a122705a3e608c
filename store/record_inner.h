/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between record.c, which has the members and reads JSON, record_write.c,
 * which writes it, and record_seal.c, which knows how `secret` becomes
 * `ciphertext`.
 */
#ifndef EXOAUTH_STORE_RECORD_INNER_H
#define EXOAUTH_STORE_RECORD_INNER_H

#include <stddef.h>
#include <stdint.h>

#include "exoauth/record.h"

#define EXO_RECORD_SEAL "aes-256-gcm"
#define EXO_RECORD_VERSION 1

/* What every JSON reader holds exactly (RFC 7493), and far from where the
 * sum of two times would overflow. */
#define EXO_RECORD_NUMBER_MAX ((INT64_C(1) << 53) - 1)

enum exo_record_kind { KIND_TEXT, KIND_NUMBER, KIND_STATE, KIND_SECRET };

/* LATER: an older version did not write it. SPARSE: it is not written where
 * it is empty, so that an older version can read the others. */
struct exo_record_field {
    const char *name;
    const char *wrong; /* why, if it is missing or malformed */
    enum exo_record_kind kind;
    size_t offset;
    size_t size;
    enum { ALWAYS, LATER, SPARSE } presence;
};

#define EXO_RECORD_FIELDS 26 /* in the clear */
#define EXO_RECORD_SECRETS 3

extern const struct exo_record_field exo_record_fields[EXO_RECORD_FIELDS];
extern const struct exo_record_field exo_record_secrets[EXO_RECORD_SECRETS];

bool exo_record_state_known(enum exo_status state);

/* The clear members, without the `seal` and the end. */
void exo_record_put_clear(struct exo_buf *out, const struct exo_record *record);

/* The object of the secrets, e.g. { "access_token": "...", ... }. */
void exo_record_put_secrets(struct exo_buf *out,
                            const struct exo_record *record);
int exo_record_take_secrets(struct exo_record *record, const char *text,
                            size_t len, const char **why) EXO_MUST_CHECK;

#endif
