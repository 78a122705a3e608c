/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between a record and its text: which key opens it, and which one seals it.
 * store.c calls it, and a backend for what a put is about to replace. The keys
 * are guard_key.c's.
 *
 * Nothing is stored or used unsealed but where a person wrote key_file: none.
 * Without a key that was meant to be there, a put fails and says what to do;
 * who has a token that needs no record goes on with it. Failure: STORE or
 * (there is no key) MISCONFIGURED, with cause and remedy: EXO_E_UNSAFE where
 * the record is refused, EXO_E_STATUS where it could not be looked at.
 */
#include "config.h"

#include <string.h>

#include "backend.h"
#include "guard_key.h"

static int unseal(struct exo_store *store, const struct exo_account *account,
                  const struct exo_buf *text, struct exo_record *record,
                  struct exo_err *err)
{
    const struct exo_secret *key;
    const struct exo_keyring *ring;
    struct exo_keyring own;
    const char *why = NULL;
    const char *all;
    int rc = exo_guard_take_ring(store, &own, &ring, err);

    if (rc != 0 && rc != EXO_E_NOENT) {
        goto out;
    }
    key = exo_keyring_find(ring, record->sealed_by);
    if (key == NULL) {
        if (store->guard.unsealed) {
            (void)exo_guard_key_missing(store, account->name, err);
            rc = EXO_E_UNSAFE;
        } else {
            bool absent = rc == EXO_E_NOENT;

            rc = exo_guard_unknown_key(store, account, record->sealed_by,
                                       absent ? NULL : ring, err);
            if (absent) {
                rc = exo_err_unread(err, rc);
            }
        }
        goto out;
    }
    rc = exo_buf_done(text, &all);
    if (rc == 0) {
        rc = exo_record_unseal(record, all, text->len, key, &why);
    }
    if (rc == EXO_E_UNSAFE || rc == EXO_E_SYNTAX || rc == EXO_E_VERSION) {
        (void)store->ops->damaged(store, account, why, err);
        rc = EXO_E_UNSAFE;
    } else if (rc == EXO_E_NOMEM) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot open the sealed credential of %s: %s; free "
                         "some memory, and run it again",
                         account->name, exo_strerror(rc));
        (void)exo_err_unread(err, rc);
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot open the sealed credential of %s: %s; see "
                         "that OpenSSL of this host has AES-256-GCM and HKDF",
                         account->name, exo_strerror(rc));
    }
out:
    exo_keyring_free(&own);
    return rc;
}

int exo_guard_admit(struct exo_store *store, const struct exo_account *account,
                    const struct exo_record *record, struct exo_err *err)
{
    if (record->sealed_by[0] != '\0' || store->guard.keys == NULL ||
        store->trusting) {
        return 0;
    }
    if (store->guard.unsealed) {
        return exo_guard_nothing_sealed(store, err);
    }
    /* Without a key login has nothing to seal with, and refuses. */
    (void)exo_err_set(err, EXO_STATUS_STORE,
                      store->guard.by_root
                          ? "credential of %s refused: it is not sealed; if "
                            "you stored it so, run as root: exoauth rekey; "
                            "or if not, run: exoauth %s %s"
                          : "credential of %s refused: it is not sealed; if "
                            "you stored it so, run: exoauth rekey; or if not, "
                            "run: exoauth %s %s",
                      account->name, store->guard.keyless ? "remove" : "login",
                      EXO_SH(account->name, "ACCOUNT"));
    return EXO_E_UNSAFE;
}

int exo_guard_open(struct exo_store *store, const struct exo_account *account,
                   const struct exo_buf *text, struct exo_record *record,
                   struct exo_err *err)
{
    int rc = exo_guard_admit(store, account, record, err);

    return rc != 0 || record->sealed_by[0] == '\0'
               ? rc
               : unseal(store, account, text, record, err);
}

int exo_guard_close(struct exo_store *store, const struct exo_record *record,
                    struct exo_buf *text, char key_id[EXO_SEAL_ID + 1],
                    struct exo_err *err)
{
    const struct exo_keyring *ring;
    struct exo_keyring own;
    int rc = exo_guard_take_ring(store, &own, &ring, err);

    key_id[0] = '\0';
    if (rc == EXO_E_NOENT) {
        rc = exo_guard_without_key(store, err);
        if (rc != 0) {
            goto out;
        }
        rc = exo_record_encode(record, text);
    } else if (rc == 0) {
        memcpy(key_id, ring->key_id, sizeof(ring->key_id));
        rc = exo_record_seal(record, &ring->key, NULL, text);
    } else {
        goto out;
    }
    if (rc == EXO_E_NOMEM) {
        exo_err_set(err, EXO_STATUS_TRANSIENT,
                    "cannot store the credential of %s: %s; the one before is "
                    "kept, free some memory, and run it again",
                    record->account, exo_strerror(rc));
    } else if (rc != 0) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot store the credential of %s: %s; the one before "
                    "is kept, see that OpenSSL of this host has AES-256-GCM "
                    "and HKDF",
                    record->account, exo_strerror(rc));
    }
out:
    exo_keyring_free(&own);
    return rc;
}

int exo_guard_judge(struct exo_store *store, const struct exo_account *account,
                    const struct exo_buf *text, int64_t *revision, bool *sealed,
                    const char **why, struct exo_err *err)
{
    struct exo_err bad = EXO_ERR_INIT;
    struct exo_record record;
    int rc = exo_record_decode_of(&record, account, text, why);

    if (rc == 0) {
        rc = exo_guard_open(store, account, text, &record, &bad);
    }
    if (rc == EXO_E_STATUS) {
        *err = bad;
    }
    if (rc == 0) {
        *revision = record.revision;
        *sealed = record.sealed_by[0] != '\0';
    }
    exo_record_free(&record);
    return rc;
}

bool exo_guard_is_broken(struct exo_store *store,
                         const struct exo_account *account,
                         const struct exo_buf *text)
{
    const struct exo_secret *key;
    const struct exo_keyring *ring;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_keyring own;
    struct exo_record record;
    const char *why, *all;
    int rc = exo_record_decode_of(&record, account, text, &why);

    if (rc == 0) {
        rc = exo_guard_admit(store, account, &record, &ignored);
    }
    if (rc == 0 && record.sealed_by[0] != '\0') {
        key = exo_guard_take_ring(store, &own, &ring, &ignored) == 0
                  ? exo_keyring_find(ring, record.sealed_by)
                  : NULL;
        if (key && exo_buf_done(text, &all) == 0) {
            rc = exo_record_unseal(&record, all, text->len, key, &why);
        }
        exo_keyring_free(&own);
    }
    exo_record_free(&record);
    return rc == EXO_E_SYNTAX || rc == EXO_E_UNSAFE;
}
