/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

/*
 * The front of the credential store: finds the backend by the scheme of the
 * URL and turns records into text and back, so that a backend moves text
 * and knows nothing of what is in it but the revision. Called by the broker
 * and the commands.
 *
 * The caller owns the store (exo_store_close) and every record it passes.
 * Each failure leaves one line with cause and remedy in err; the record of a
 * failed get is empty, the record of a failed put is as it was.
 */
#include "exoauth/store.h"

#include <stdlib.h>
#include <string.h>

#include "backend.h"

static const struct exo_store_ops *const backends[] = { &exo_store_file };

static const struct exo_store_ops *find_backend(const char *url,
                                                const char **where)
{
    const char *colon = strchr(url, ':');
    size_t i;

    if (colon == NULL)
        return NULL;
    *where = colon + 1;
    for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        const char *scheme = backends[i]->scheme;
        size_t len = strlen(scheme);

        if (len == (size_t)(colon - url) && memcmp(scheme, url, len) == 0)
            return backends[i];
    }
    return NULL;
}

int exo_store_open(struct exo_store **store, const char *url, bool create,
                   struct exo_err *err)
{
    const struct exo_store_ops *ops;
    const char *where = NULL;
    struct exo_store *made;
    int rc;

    *store = NULL;
    ops = find_backend(url, &where);
    if (ops == NULL && where == NULL)
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "store: %s is not a store URL; write "
                           "file:/absolute/directory",
                           url);
    if (ops == NULL)
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "store: %.*s is not supported by this version; "
                           "write file:/absolute/directory",
                           (int)(where - url), url);
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        exo_err_set(err, EXO_STATUS_STORE, "out of memory; free some");
        return EXO_E_NOMEM;
    }
    made->ops = ops;
    rc = ops->open(made, where, create, err);
    if (rc != 0) {
        free(made);
        return rc;
    }
    *store = made;
    return 0;
}

void exo_store_close(struct exo_store *store)
{
    if (store == NULL)
        return;
    store->ops->close(store);
    free(store);
}

uid_t exo_store_owner(const struct exo_store *store)
{
    return store->owner;
}

int exo_store_decode(struct exo_record *record,
                     const struct exo_account *account,
                     const struct exo_buf *text, const char **why)
{
    int rc = exo_record_decode(record, exo_buf_text(text), text->len, why);

    if (rc == 0 && strcmp(record->account, account->name) != 0) {
        *why = "it is the record of another account";
        rc = EXO_E_SYNTAX;
        exo_record_free(record);
        exo_record_init(record);
    }
    return rc;
}

int exo_store_get(struct exo_store *store, const struct exo_account *account,
                  struct exo_record *record, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    const char *why = NULL;
    int rc;

    exo_record_init(record);
    rc = store->ops->get(store, account, &text, err);
    if (rc != 0)
        goto out;
    rc = exo_store_decode(record, account, &text, &why);
    if (rc == EXO_E_VERSION) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot use the credential of %s: %s; upgrade exoauth",
                    account->name, why);
    } else if (rc == EXO_E_NOMEM) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot read the credential of %s: out of memory; "
                    "free some",
                    account->name);
    } else if (rc != 0) {
        rc = store->ops->damaged(store, account, why, err);
    }
out:
    exo_buf_free(&text);
    return rc;
}

int exo_store_put(struct exo_store *store, const struct exo_store_lock *lock,
                  struct exo_record *record, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    int64_t expected = record->revision;
    int rc;

    if (strcmp(record->account, lock->account.name) != 0) {
        exo_err_set(err, EXO_STATUS_BUG,
                    "record of %s under the lock of %s; please report it",
                    record->account, lock->account.name);
        return EXO_E_ARG;
    }
    record->revision = expected + 1;
    rc = exo_record_encode(record, &text);
    if (rc == 0)
        rc = store->ops->put(store, lock, &text, expected, err);
    else
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot store the credential of %s: %s; the one before "
                    "is kept, run: exoauth login %s",
                    record->account, exo_strerror(rc), record->account);
    if (rc != 0)
        record->revision = expected;
    exo_buf_free(&text);
    return rc;
}

int exo_store_lock(struct exo_store *store, const struct exo_account *account,
                   int64_t deadline_ms, struct exo_store_lock *lock,
                   struct exo_err *err)
{
    lock->account = *account;
    lock->fence = 0;
    lock->handle = -1;
    return store->ops->lock(store, lock, deadline_ms, err);
}

void exo_store_unlock(struct exo_store *store, struct exo_store_lock *lock)
{
    if (lock->handle == -1)
        return;
    store->ops->unlock(store, lock);
    lock->fence = 0;
    lock->handle = -1;
}

int exo_store_list(struct exo_store *store,
                   void (*found)(void *context,
                                 const struct exo_account *account),
                   void *context, struct exo_err *err)
{
    return store->ops->list(store, found, context, err);
}

int exo_store_remove(struct exo_store *store, const struct exo_store_lock *lock,
                     struct exo_err *err)
{
    return store->ops->remove(store, lock, err);
}
