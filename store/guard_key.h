/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guard.c asks of the keys (guard_key.c).
 */
#ifndef EXOAUTH_STORE_GUARD_KEY_H
#define EXOAUTH_STORE_GUARD_KEY_H

#include "backend.h"

/* *ring is borrowed: the one in hand, or own, which the caller frees.
 * EXO_E_NOENT without a key, or without a guard; else as guard->keys(). */
int exo_guard_take_ring(struct exo_store *store, struct exo_keyring *own,
                        const struct exo_keyring **ring,
                        struct exo_err *err) EXO_MUST_CHECK;

/* Without a key: 0 if a record may be written as it is; else EXO_E_STATUS, and
 * err says why there is none; what stands in the store may say it better. */
int exo_guard_without_key(struct exo_store *store,
                          struct exo_err *err) EXO_MUST_CHECK;

/* key_file is none: 0 if no record is sealed; else EXO_E_STATUS. */
int exo_guard_nothing_sealed(struct exo_store *store,
                             struct exo_err *err) EXO_MUST_CHECK;

/* What is said of a record that is sealed, and there is no key at all, or none
 * of this id (ring NULL: none at all). EXO_E_STATUS; the second EXO_E_UNSAFE,
 * or EXO_E_STATUS where the record has been sealed anew since it was read. */
int exo_guard_key_missing(const struct exo_store *store, const char *sealed,
                          struct exo_err *err);
int exo_guard_unknown_key(struct exo_store *store,
                          const struct exo_account *account, const char *id,
                          const struct exo_keyring *ring, struct exo_err *err);

#endif
