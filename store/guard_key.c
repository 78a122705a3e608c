/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of the store: which there are, whether a record may be sealed with
 * them, and what is said where the one that it takes is not there (guard_key.h,
 * and a part of backend.h). The ring lives for one call and wipes itself: what
 * a rekey changes is seen at the next one. Only while room for a write is held
 * the ring is, too, as what a spent refresh token brought must not depend on
 * one more read. The account's lock keeps a rekey from ending meanwhile.
 */
#include "config.h"

#include <string.h>

#include "backend.h"
#include "guard_key.h"
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

/* What a key can be put back into; a unit's credential is not to be seen from a
 * shell. Only one that is lost for good is a reason to remove what it sealed.
 */
#define KEY_SOURCES "(key_file, key_command or a systemd credential)"

/* *ring is borrowed: the one in hand, or own, which the caller frees. */
int exo_guard_take_ring(struct exo_store *store, struct exo_keyring *own,
                        const struct exo_keyring **ring, struct exo_err *err)
{
    exo_keyring_init(own);
    *ring = store->held ? &store->ring : own;
    return store->held ? 0 : read_ring(store, own, err);
}

int exo_guard_key_missing(const struct exo_store *store, const char *sealed,
                          struct exo_err *err)
{
    if (store->guard.unsealed) {
        return exo_err_set(
            err, EXO_STATUS_STORE,
            "key_file is none, but the credential of %s is "
            "sealed; remove that line and put the key "
            "back " KEY_SOURCES
            "; or if that is lost for good, run: exoauth remove %s",
            sealed, EXO_SH(sealed, "ACCOUNT"));
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "the key of the credential store is missing, and the "
                       "credential of %s is sealed; put the key "
                       "back " KEY_SOURCES
                       "; or if that is lost for good, run: exoauth remove %s",
                       sealed, EXO_SH(sealed, "ACCOUNT"));
}

/* ring: what there is, NULL: none. One that opens others shall stay. */
/* A rekey may have ended between the reading of the record and of the key. */
static bool is_sealed_anew(struct exo_store *store,
                           const struct exo_account *account, const char *id)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    const char *why;
    bool anew;

    exo_record_init(&record);
    anew = store->ops->get(store, account, &text, &ignored) == 0 &&
           exo_record_decode_of(&record, account, &text, &why) == 0 &&
           strcmp(record.sealed_by, id) != 0;
    exo_record_free(&record);
    exo_buf_free(&text);
    return anew;
}

int exo_guard_unknown_key(struct exo_store *store,
                          const struct exo_account *account, const char *id,
                          const struct exo_keyring *ring, struct exo_err *err)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_survey search;
    bool old = ring != NULL && !exo_secret_empty(&ring->old);

    if (is_sealed_anew(store, account, id)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the credential of %s is being sealed with a new "
                           "key; run it again",
                           account->name);
    }
    if (ring != NULL && exo_survey_make(&search, store, ring, &ignored) == 0 &&
        search.fits) {
        (void)exo_err_set(err, EXO_STATUS_STORE,
                          "the credential of %s is sealed with key %s, which "
                          "is not the one there, and that one opens others; "
                          "%s and run exoauth rekey, see exoauth(1), or run: "
                          "exoauth login %s",
                          account->name, id,
                          old ? "let exoauth rekey seal those, then put the "
                                "missing one in place of the old_key there"
                              : "put the missing one beside it as old_key",
                          EXO_SH(account->name, "ACCOUNT"));
        return EXO_E_UNSAFE;
    }
    (void)exo_err_set(err, EXO_STATUS_STORE,
                      "the credential of %s is sealed with key %s, which is "
                      "not %s; put the key back " KEY_SOURCES
                      "; or if that is lost for good, run: exoauth remove %s",
                      account->name, id, ring ? "the one there is" : "there",
                      EXO_SH(account->name, "ACCOUNT"));
    return EXO_E_UNSAFE;
}

/* Under key_file: none. Beside what is sealed, `none` is a mistake, or bait. */
int exo_guard_nothing_sealed(struct exo_store *store, struct exo_err *err)
{
    struct exo_survey search;
    int rc = 0;

    if (!store->looked) {
        rc = exo_survey_make(&search, store, NULL, err);
        store->looked = rc == 0;
        memcpy(store->sealed, search.sealed, sizeof(store->sealed));
    }
    if (rc == 0 && store->sealed[0] != '\0') {
        rc = exo_guard_key_missing(store, store->sealed, err);
    }
    return rc;
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
        return exo_err_set(
            err, EXO_STATUS_STORE,
            "there is no key, and none is made beside the "
            "damaged credential of %s; put the key "
            "back " KEY_SOURCES
            "; or if that is lost for good, run: exoauth remove %s",
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
int exo_guard_without_key(struct exo_store *store, struct exo_err *err)
{
    struct exo_survey search;
    struct exo_err other = EXO_ERR_INIT;
    int rc;

    if (store->guard.keys == NULL) {
        return 0;
    }
    if (store->guard.unsealed) {
        return exo_guard_nothing_sealed(store, err);
    }
    rc = exo_survey_make(&search, store, NULL, &other);
    if (rc != 0) {
        *err = other;
        return rc;
    }
    if (search.sealed[0] != '\0') {
        return exo_guard_key_missing(store, search.sealed, err);
    }
    return beside(store, &search, err);
}

/* Has a rekey changed it since ring was read? */
static bool is_other_now(struct exo_store *store,
                         const struct exo_keyring *ring)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_keyring now;
    bool other = read_ring(store, &now, &ignored) == 0 &&
                 strcmp(now.key_id, ring->key_id) != 0;

    exo_keyring_free(&now);
    return other;
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
    if (is_other_now(store, ring)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the key of the credential store is being changed; "
                           "run it again");
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "the key of the credential store is another one than "
                       "that of the credential of %s; put the right key "
                       "back " KEY_SOURCES
                       "; or if that is lost for good, run: exoauth remove %s",
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
    return rc == EXO_E_NOENT ? exo_guard_without_key(store, err) : rc;
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
    return rc == EXO_E_NOENT ? exo_guard_without_key(store, err) : rc;
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
