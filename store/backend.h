/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What store.c and the backends share, and nobody else sees. A backend sets
 * owner and state in its open and frees state in its close.
 */
#ifndef EXOAUTH_STORE_BACKEND_H
#define EXOAUTH_STORE_BACKEND_H

#include "exoauth/keyring.h"
#include "exoauth/store.h"

struct exo_store {
    const struct exo_store_ops *ops;
    uid_t owner;
    void *state;
    struct exo_store_guard guard;
    struct exo_keyring ring; /* while held: what a put seals with */
    bool held;
    bool trusting; /* a person said that what is not sealed is true */
    bool looked;   /* for a record that is sealed, and this is one */
    char sealed[EXO_ACCOUNT_MAX + 1];
};

extern const struct exo_store_ops exo_store_file;

/* ---- guard.c ---- */

/*
 * The one rule: a record that is not sealed is used only under key_file: none,
 * with no key and nothing sealed in the store. No state of a key, missing,
 * locked or broken, makes it count. err says all. EXO_E_UNSAFE: the record was
 * looked at and is refused; EXO_E_STATUS: it could not be looked at.
 */
int exo_guard_admit(struct exo_store *store, const struct exo_account *account,
                    const struct exo_record *record,
                    struct exo_err *err) EXO_MUST_CHECK;

/* That, and the secrets of a decoded record. */
int exo_guard_open(struct exo_store *store, const struct exo_account *account,
                   const struct exo_buf *text, struct exo_record *record,
                   struct exo_err *err) EXO_MUST_CHECK;

/* record as text, sealed where there is a key (*key_id is which, "": none). */
int exo_guard_close(struct exo_store *store, const struct exo_record *record,
                    struct exo_buf *text, char key_id[EXO_SEAL_ID + 1],
                    struct exo_err *err) EXO_MUST_CHECK;

/*
 * Has the keys in hand from now on, so that no file has to be read again when
 * a provider has answered. renew: a lock was taken since, and a rekey may have
 * come before it; where that cannot be seen, or the key there now opens nothing
 * of what is stored, what is in hand stays.
 */
int exo_guard_hold(struct exo_store *store, struct exo_err *err) EXO_MUST_CHECK;
void exo_guard_renew(struct exo_store *store);
void exo_guard_release(struct exo_store *store);

/* Could exo_guard_close() do so now? */
int exo_guard_ready(struct exo_store *store,
                    struct exo_err *err) EXO_MUST_CHECK;

/*
 * What a put is about to replace: its revision, and whether it was sealed.
 * For the previous copy, sealed is all that counts.
 * EXO_E_SYNTAX, EXO_E_UNSAFE: nothing that get would give, it counts as none.
 * EXO_E_VERSION: a later version's, not to be touched.
 * EXO_E_NOMEM, EXO_E_STATUS (err): it was not looked at, as the key could not
 * be read. So nothing is known of it.
 */
int exo_guard_judge(struct exo_store *store, const struct exo_account *account,
                    const struct exo_buf *text, int64_t *revision, bool *sealed,
                    const char **why, struct exo_err *err) EXO_MUST_CHECK;

/* Could nobody use it, whatever key is put back? Not where that cannot be told.
 */
bool exo_guard_is_broken(struct exo_store *store,
                         const struct exo_account *account,
                         const struct exo_buf *text);

/* Is that the key that a write would be sealed with now, as far as one can
 * tell? */
bool exo_guard_is_current(struct exo_store *store, const char *key_id);

#endif
