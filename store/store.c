/* SPDX-License-Identifier: BSD-2-Clause */
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
#include "config.h"

#include "exoauth/store.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"

static const struct exo_store_ops *const backends[] = { &exo_store_file };

static const struct exo_store_ops *find_backend(const char *url,
                                                const char **where)
{
    const char *colon = strchr(url, ':');
    size_t i;

    if (colon == NULL) {
        return NULL;
    }
    *where = colon + 1;
    for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        const char *scheme = backends[i]->scheme;
        size_t len = strlen(scheme);

        if (len == (size_t)(colon - url) && memcmp(scheme, url, len) == 0) {
            return backends[i];
        }
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
    if (ops == NULL && where == NULL) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "store: %s is not a store URL; write "
                           "file:/absolute/directory",
                           url);
    }
    if (ops == NULL) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "store: %.*s is not supported by this version; "
                           "write file:/absolute/directory",
                           (int)(where - url), url);
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        exo_err_set(err, EXO_STATUS_TRANSIENT, "out of memory; free some");
        return exo_err_unread(err, EXO_E_NOMEM);
    }
    made->ops = ops;
    rc = ops->open(made, where, create, err);
    if (rc != 0) {
        free(made);
        return exo_err_unread(err, rc);
    }
    *store = made;
    return 0;
}

void exo_store_close(struct exo_store *store)
{
    if (store == NULL) {
        return;
    }
    exo_guard_release(store);
    store->ops->close(store);
    free(store);
}

uid_t exo_store_owner(const struct exo_store *store)
{
    return store->owner;
}

void exo_store_protect(struct exo_store *store,
                       const struct exo_store_guard *guard)
{
    store->guard = *guard;
}

static int get_text(struct exo_store *store, const struct exo_account *account,
                    struct exo_record *record, struct exo_buf *text,
                    struct exo_err *err)
{
    const char *why = NULL;
    int rc;

    exo_record_init(record);
    rc = store->ops->get(store, account, text, err);
    if (rc != 0) {
        return rc;
    }
    rc = exo_record_decode_of(record, account, text, &why);
    if (rc == EXO_E_VERSION) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "cannot use the credential of %s: %s; upgrade exoauth",
                    account->name, why);
    } else if (rc == EXO_E_NOMEM) {
        exo_err_set(err, EXO_STATUS_TRANSIENT,
                    "cannot read the credential of %s: out of memory; "
                    "free some",
                    account->name);
        (void)exo_err_unread(err, rc);
    } else if (rc != 0) {
        rc = store->ops->damaged(store, account, why, err);
    }
    return rc;
}

/* A failed get leaves an empty record. */
static int finish_get(struct exo_record *record, struct exo_buf *text, int rc)
{
    if (rc != 0) {
        exo_record_free(record);
        exo_record_init(record);
    }
    exo_buf_free(text);
    return rc == EXO_E_UNSAFE ? EXO_E_STATUS : rc;
}

int exo_store_get(struct exo_store *store, const struct exo_account *account,
                  struct exo_record *record, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    int rc;

    rc = get_text(store, account, record, &text, err);
    if (rc == 0) {
        rc = exo_guard_open(store, account, &text, record, err);
    }
    return finish_get(record, &text, rc);
}

int exo_store_peek(struct exo_store *store, const struct exo_account *account,
                   struct exo_record *record, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    int rc;

    rc = get_text(store, account, record, &text, err);
    if (rc == 0) {
        rc = exo_guard_admit(store, account, record, err);
    }
    exo_secret_free(&record->access_token);
    exo_secret_free(&record->refresh_token);
    exo_secret_free(&record->client_secret);
    return finish_get(record, &text, rc);
}

/* One write; *key_id is the key that it was sealed with. */
static int put_once(struct exo_store *store, const struct exo_store_lock *lock,
                    struct exo_record *record, bool forget,
                    char key_id[EXO_SEAL_ID + 1], struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_store_write write = { &text, record->revision, false, forget };
    int rc;

    record->revision++;
    rc = exo_guard_close(store, record, &text, key_id, err);
    write.sealed = key_id[0] != '\0';
    if (rc == 0) {
        rc = store->ops->put(store, lock, &write, err);
    }
    if (rc != 0) {
        record->revision--;
    }
    exo_buf_free(&text);
    return rc;
}

/*
 * A record that a rekey under way cannot know of yet may be sealed with a key
 * that is about to go; so a new one is looked at again.
 */
static int put(struct exo_store *store, const struct exo_store_lock *lock,
               struct exo_record *record, bool forget, struct exo_err *err)
{
    bool is_new = record->revision == 0;
    char key_id[EXO_SEAL_ID + 1];
    /* While it is held, the key was looked at before anything was spent. */
    int rc = is_new && !store->held ? exo_guard_ready(store, err) : 0;

    if (rc == 0) {
        rc = put_once(store, lock, record, forget, key_id, err);
    }
    if (rc == 0 && is_new && !exo_guard_is_current(store, key_id)) {
        exo_guard_release(store);
        rc = put_once(store, lock, record, true, key_id, err);
    }
    return rc;
}

int exo_store_put(struct exo_store *store, const struct exo_store_lock *lock,
                  struct exo_record *record, struct exo_err *err)
{
    if (strcmp(record->account, lock->account.name) != 0) {
        exo_err_set(err, EXO_STATUS_BUG,
                    "record of %s under the lock of %s; please report it",
                    record->account, lock->account.name);
        return EXO_E_ARG;
    }
    return put(store, lock, record, false, err);
}

/* OpenSSL looks for a cipher at its first use, and where memory ends just then
 * it does not look again: not after something was spent, then. */
static int rehearse(struct exo_store *store, const struct exo_account *account,
                    struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    char key_id[EXO_SEAL_ID + 1];
    struct exo_record record;
    int rc;

    exo_record_init(&record);
    (void)snprintf(record.account, sizeof(record.account), "%s", account->name);
    rc = exo_guard_close(store, &record, &text, key_id, err);
    exo_record_free(&record);
    exo_buf_free(&text);
    return rc;
}

int exo_store_reserve(struct exo_store *store,
                      const struct exo_account *account, struct exo_err *err)
{
    int rc = exo_guard_hold(store, err);

    if (rc == 0 && store->held) {
        rc = rehearse(store, account, err);
    }
    return rc == 0 ? store->ops->reserve(store, account, err) : rc;
}

int exo_store_ready(struct exo_store *store, struct exo_err *err)
{
    return exo_guard_ready(store, err);
}

int exo_store_renew(struct exo_store *store, const struct exo_store_lock *lock,
                    bool *was_open, struct exo_err *err)
{
    struct exo_record record;
    int rc;

    store->trusting = true;
    rc = exo_store_get(store, &lock->account, &record, err);
    *was_open = rc == 0 && record.sealed_by[0] == '\0';
    if (rc == 0) {
        rc = put(store, lock, &record, true, err);
    }
    store->trusting = false;
    exo_record_free(&record);
    return rc;
}

int exo_store_lock(struct exo_store *store, const struct exo_account *account,
                   int64_t deadline_ms, struct exo_store_lock *lock,
                   struct exo_err *err)
{
    int rc;

    lock->account = *account;
    lock->fence = 0;
    lock->handle = -1;
    rc = store->ops->lock(store, lock, deadline_ms, err);
    if (rc == 0) {
        exo_guard_renew(store);
    }
    return rc;
}

void exo_store_note(struct exo_store *store, const struct exo_store_lock *lock,
                    int64_t until, unsigned word)
{
    if (lock->handle != -1) {
        store->ops->note(lock, until, word);
    }
}

int64_t exo_store_noted(struct exo_store *store,
                        const struct exo_store_lock *lock, unsigned *word)
{
    return lock->handle != -1 ? store->ops->noted(lock, word) : 0;
}

void exo_store_unlock(struct exo_store *store, struct exo_store_lock *lock)
{
    if (lock->handle == -1) {
        return;
    }
    exo_guard_release(store);
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

int exo_store_list_left(struct exo_store *store,
                        void (*found)(void *context,
                                      const struct exo_account *account),
                        void *context, struct exo_err *err)
{
    return store->ops->list_left(store, found, context, err);
}

int exo_store_remove(struct exo_store *store, const struct exo_store_lock *lock,
                     struct exo_err *err)
{
    return store->ops->remove(store, lock, err);
}
