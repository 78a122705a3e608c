/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What store.c and the backends share, and nobody else sees. A backend sets
 * owner and state in its open and frees state in its close.
 */
#ifndef EXOAUTH_STORE_BACKEND_H
#define EXOAUTH_STORE_BACKEND_H

#include "exoauth/store.h"

struct exo_store {
    const struct exo_store_ops *ops;
    uid_t owner;
    void *state;
};

extern const struct exo_store_ops exo_store_file;

/* exo_record_decode(), and the record must be this account's: a record that
 * was copied to another name is damage, not a credential. */
int exo_store_decode(struct exo_record *record,
                     const struct exo_account *account,
                     const struct exo_buf *text,
                     const char **why) EXO_MUST_CHECK;

#endif
