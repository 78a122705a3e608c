/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between a record and its text: which key opens it, and which one seals it.
 * store.c calls it. The ring of keys lives for one call and wipes itself: what
 * a rekey changes is seen at the next one.
 *
 * No key at all is not a failure by itself, or an upgrade would stop the
 * mail until somebody made one: records stay as they are, and the log says
 * so. Once something in the store is sealed, a missing key is one. Failure:
 * EXO_E_STATUS with EXO_STATUS_STORE, cause and remedy.
 */
#include "config.h"

#include <string.h>

#include "backend.h"
#include "exoauth/log.h"

/* EXO_E_NOENT without a key, or without a guard. */
static int take_ring(struct exo_store *store, struct exo_keyring *ring,
                     struct exo_err *err)
{
    exo_keyring_init(ring);
    if (store->guard.keys == NULL) {
        return EXO_E_NOENT;
    }
    return store->guard.keys(store->guard.context, ring, err);
}

static int unknown_key(const struct exo_account *account, const char *id,
                       bool any, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_STORE,
                       "the credential of %s is sealed with key %s, which is "
                       "not %s; put the key file back (key_file, "
                       "key_command), or run: exoauth login %s",
                       account->name, id, any ? "the one there is" : "there",
                       EXO_SH(account->name, "ACCOUNT"));
}

static int unseal(struct exo_store *store, const struct exo_account *account,
                  const struct exo_buf *text, struct exo_record *record,
                  struct exo_err *err)
{
    const struct exo_secret *key;
    struct exo_keyring ring;
    const char *why = NULL;
    int rc = take_ring(store, &ring, err);

    if (rc != 0 && rc != EXO_E_NOENT) {
        goto out;
    }
    key = exo_keyring_find(&ring, record->sealed_by);
    if (key == NULL) {
        rc = unknown_key(account, record->sealed_by, rc == 0, err);
        goto out;
    }
    rc = exo_record_unseal(record, exo_buf_text(text), text->len, key, &why);
    if (rc == EXO_E_UNSAFE || rc == EXO_E_SYNTAX || rc == EXO_E_VERSION) {
        rc = store->ops->damaged(store, account, why, err);
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot open the sealed credential of %s: %s; see "
                         "that OpenSSL of this host has AES-256-GCM and HKDF",
                         account->name, exo_strerror(rc));
    }
out:
    exo_keyring_free(&ring);
    return rc;
}

int exo_guard_open(struct exo_store *store, const struct exo_account *account,
                   const struct exo_buf *text, struct exo_record *record,
                   struct exo_err *err)
{
    return record->sealed_by[0] == '\0'
               ? 0
               : unseal(store, account, text, record, err);
}

struct search {
    struct exo_store *store;
    char found[EXO_ACCOUNT_MAX + 1];
};

static void look(void *context, const struct exo_account *account)
{
    struct search *search = context;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;

    if (exo_store_peek(search->store, account, &record, &ignored) == 0 &&
        record.sealed_by[0] != '\0') {
        memcpy(search->found, account->name, sizeof(search->found));
    }
    exo_record_free(&record);
}

/* Without a key: may a record be written as it is? */
static int may_stay_open(struct exo_store *store, struct exo_err *err)
{
    struct search search = { store, "" };
    int rc;

    if (store->guard.keys == NULL) {
        return 0;
    }
    rc = exo_store_list(store, look, &search, err);
    if (rc != 0) {
        return rc;
    }
    if (search.found[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "the key of the credential store is missing, and "
                           "the credential of %s is sealed; put the key file "
                           "back (key_file, key_command)",
                           search.found);
    }
    if (!store->warned && !store->guard.unsealed) {
        exo_log(EXO_LOG_WARNING,
                "there is no key, so credentials are not sealed; run once as "
                "root: exoauth refresh --all, or set key_file: none");
    }
    store->warned = true;
    return 0;
}

int exo_guard_close(struct exo_store *store, const struct exo_record *record,
                    struct exo_buf *text, char key_id[EXO_SEAL_ID + 1],
                    struct exo_err *err)
{
    struct exo_keyring ring;
    int rc = take_ring(store, &ring, err);

    key_id[0] = '\0';
    if (rc == EXO_E_NOENT) {
        rc = may_stay_open(store, err);
        if (rc != 0) {
            goto out;
        }
        rc = exo_record_encode(record, text);
    } else if (rc == 0) {
        memcpy(key_id, ring.key_id, sizeof(ring.key_id));
        rc = exo_record_seal(record, &ring.key, NULL, text);
    } else {
        goto out;
    }
    if (rc != 0) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot store the credential of %s: %s; the one before "
                    "is kept, run: exoauth login %s",
                    record->account, exo_strerror(rc),
                    EXO_SH(record->account, "ACCOUNT"));
    }
out:
    exo_keyring_free(&ring);
    return rc;
}

bool exo_guard_is_current(struct exo_store *store, const char *key_id)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_keyring ring;
    int rc = take_ring(store, &ring, &ignored);
    bool yes = rc != 0 || strcmp(ring.key_id, key_id) == 0;

    exo_keyring_free(&ring);
    return yes;
}
