/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between a record and its text: which key opens it, and which one seals it.
 * store.c calls it, and a backend for what a put is about to replace. The ring
 * of keys lives for one call and wipes itself: what a rekey changes is seen at
 * the next one. Only while room for a write is held the ring is, too, as what a
 * spent refresh token brought must not depend on one more read. The account's
 * lock keeps a rekey from ending meanwhile.
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
#include "survey.h"

/* EXO_E_NOENT without a key, or without a guard. */
static int read_ring(struct exo_store *store, struct exo_keyring *ring,
                     struct exo_err *err)
{
    exo_keyring_init(ring);
    if (store->guard.keys == NULL) {
        return EXO_E_NOENT;
    }
    return store->guard.keys(store->guard.context, ring, err);
}

/* *ring is borrowed: the one in hand, or own, which the caller frees. */
static int take_ring(struct exo_store *store, struct exo_keyring *own,
                     const struct exo_keyring **ring, struct exo_err *err)
{
    exo_keyring_init(own);
    *ring = store->held ? &store->ring : own;
    return store->held ? 0 : read_ring(store, own, err);
}

static int key_missing(const struct exo_store *store, const char *sealed,
                       struct exo_err *err)
{
    if (store->guard.unsealed) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "key_file is none, but the credential of %s is "
                           "sealed; remove that line and put the key file "
                           "back, or run: exoauth remove %s",
                           sealed, EXO_SH(sealed, "ACCOUNT"));
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "the key of the credential store is missing, and the "
                       "credential of %s is sealed; put the key file back "
                       "(key_file, key_command), or run: exoauth remove %s",
                       sealed, EXO_SH(sealed, "ACCOUNT"));
}

/* ring: what there is, NULL: none. One that opens others shall stay. */
static int unknown_key(struct exo_store *store,
                       const struct exo_account *account, const char *id,
                       const struct exo_keyring *ring, struct exo_err *err)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_survey search;

    if (ring != NULL && exo_survey_make(&search, store, ring, &ignored) == 0 &&
        search.fits) {
        (void)exo_err_set(err, EXO_STATUS_STORE,
                          "the credential of %s is sealed with key %s, which "
                          "is not the one there, and that one opens others; "
                          "put the missing one beside it as old_key and run "
                          "exoauth rekey, see exoauth(1), or run: exoauth "
                          "login %s",
                          account->name, id, EXO_SH(account->name, "ACCOUNT"));
        return EXO_E_UNSAFE;
    }
    (void)exo_err_set(err, EXO_STATUS_STORE,
                      "the credential of %s is sealed with key %s, which is "
                      "not %s; put the key file back (key_file, "
                      "key_command), or run: exoauth remove %s",
                      account->name, id, ring ? "the one there is" : "there",
                      EXO_SH(account->name, "ACCOUNT"));
    return EXO_E_UNSAFE;
}

static int unseal(struct exo_store *store, const struct exo_account *account,
                  const struct exo_buf *text, struct exo_record *record,
                  struct exo_err *err)
{
    const struct exo_secret *key;
    const struct exo_keyring *ring;
    struct exo_keyring own;
    const char *why = NULL;
    const char *all;
    int rc = take_ring(store, &own, &ring, err);

    if (rc != 0 && rc != EXO_E_NOENT) {
        goto out;
    }
    key = exo_keyring_find(ring, record->sealed_by);
    if (key == NULL) {
        if (store->guard.unsealed) {
            (void)key_missing(store, account->name, err);
            rc = EXO_E_UNSAFE;
        } else {
            rc = unknown_key(store, account, record->sealed_by,
                             rc == 0 ? ring : NULL, err);
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

/* Under key_file: none. Beside what is sealed, `none` is a mistake, or bait. */
static int nothing_sealed(struct exo_store *store, struct exo_err *err)
{
    struct exo_survey search;
    int rc = 0;

    if (!store->looked) {
        rc = exo_survey_make(&search, store, NULL, err);
        store->looked = rc == 0;
        memcpy(store->sealed, search.sealed, sizeof(store->sealed));
    }
    if (rc == 0 && store->sealed[0] != '\0') {
        rc = key_missing(store, store->sealed, err);
    }
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
        return nothing_sealed(store, err);
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

/* Without a key: none is made beside what is in the store. */
static int beside(const struct exo_store *store,
                  const struct exo_survey *search, struct exo_err *err)
{
    if (search->open[0] != '\0') {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            store->guard.by_root
                ? "there is no key, and none is made while the credential of "
                  "%s is stored unsealed; to seal it, run as root: exoauth "
                  "rekey; or to forget it, run: exoauth remove %s"
                : "there is no key, and none is made while the credential of "
                  "%s is stored unsealed; to seal it, run: exoauth rekey; or "
                  "to forget it, run: exoauth remove %s",
            search->open, EXO_SH(search->open, "ACCOUNT"));
    }
    if (search->damaged[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "there is no key, and none is made beside the "
                           "damaged credential of %s; put the key file back "
                           "(key_file, key_command), or run: exoauth remove %s",
                           search->damaged, EXO_SH(search->damaged, "ACCOUNT"));
    }
    if (search->closed[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "there is no key, and none is made beside the "
                           "credential of %s, which cannot be read; see: "
                           "exoauth status %s",
                           search->closed, EXO_SH(search->closed, "ACCOUNT"));
    }
    return EXO_E_STATUS;
}

/* Without a key: may a record be written as it is? err says why there is
 * none; what stands in the store may say it better. */
static int without_key(struct exo_store *store, struct exo_err *err)
{
    struct exo_survey search;
    struct exo_err other = EXO_ERR_INIT;
    int rc;

    if (store->guard.keys == NULL) {
        return 0;
    }
    if (store->guard.unsealed) {
        return nothing_sealed(store, err);
    }
    rc = exo_survey_make(&search, store, NULL, &other);
    if (rc != 0) {
        *err = other;
        return rc;
    }
    if (search.sealed[0] != '\0') {
        return key_missing(store, search.sealed, err);
    }
    return beside(store, &search, err);
}

/* A key that opens nothing of what is sealed here is another store's, or of
 * before a rekey: when the right one is put back, what it had sealed is lost.
 */
static int check_fit(struct exo_store *store, const struct exo_keyring *ring,
                     struct exo_err *err)
{
    struct exo_survey search;
    int rc = exo_survey_make(&search, store, ring, err);

    if (rc != 0 || search.fits || search.sealed[0] == '\0') {
        return rc;
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "the key of the credential store is another one than "
                       "that of the credential of %s; put the right key back "
                       "(key_file, key_command), or run: exoauth remove %s",
                       search.sealed, EXO_SH(search.sealed, "ACCOUNT"));
}

int exo_guard_hold(struct exo_store *store, struct exo_err *err)
{
    int rc;

    exo_guard_release(store);
    rc = read_ring(store, &store->ring, err);
    store->held = rc == 0;
    if (rc != 0) {
        exo_keyring_free(&store->ring);
    }
    return rc == EXO_E_NOENT ? without_key(store, err) : rc;
}

void exo_guard_renew(struct exo_store *store)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_keyring fresh;

    if (!store->held) {
        return;
    }
    if (read_ring(store, &fresh, &ignored) == 0 &&
        check_fit(store, &fresh, &ignored) == 0) {
        exo_keyring_free(&store->ring);
        store->ring = fresh;
    } else {
        exo_keyring_free(&fresh);
    }
}

void exo_guard_release(struct exo_store *store)
{
    if (store->held) {
        exo_keyring_free(&store->ring);
        store->held = false;
    }
}

int exo_guard_ready(struct exo_store *store, struct exo_err *err)
{
    struct exo_keyring ring;
    int rc = read_ring(store, &ring, err);

    if (rc == 0) {
        rc = check_fit(store, &ring, err);
    }
    exo_keyring_free(&ring);
    return rc == EXO_E_NOENT ? without_key(store, err) : rc;
}

int exo_guard_close(struct exo_store *store, const struct exo_record *record,
                    struct exo_buf *text, char key_id[EXO_SEAL_ID + 1],
                    struct exo_err *err)
{
    const struct exo_keyring *ring;
    struct exo_keyring own;
    int rc = take_ring(store, &own, &ring, err);

    key_id[0] = '\0';
    if (rc == EXO_E_NOENT) {
        rc = without_key(store, err);
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

bool exo_guard_is_current(struct exo_store *store, const char *key_id)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_keyring ring;
    int rc = read_ring(store, &ring, &ignored);
    bool yes = rc != 0 || strcmp(ring.key_id, key_id) == 0 ||
               check_fit(store, &ring, &ignored) != 0;

    exo_keyring_free(&ring);
    return yes;
}
