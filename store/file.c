/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `file:` backend of the store: one directory, one set of files per
 * account, no daemon. store.c calls it through exo_store_file.
 *
 *   ACCOUNT.json  the record          ACCOUNT.prev  the one before it
 *   ACCOUNT.lock  see filelock.c      .tmp.*        see exoauth/temp.h
 *
 * Every name is relative to the directory that filedir.c opened and checked,
 * so what was checked is what is used. A record is replaced whole and durably
 * (exo_file_put), so readers need no lock. Whatever fails, the record
 * that was there is still there; err names the file, the cause and the
 * remedy.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "filedir.h"

static const char record_suffix[] = EXO_FILE_SUFFIX;
static const char previous_suffix[] = EXO_FILE_PREVIOUS;

static void file_close(struct exo_store *store)
{
    struct exo_filedir *dir = store->state;

    exo_temp_drop(&dir->room);
    if (dir->fd >= 0) {
        close(dir->fd);
    }
    free(dir);
}

static int file_open(struct exo_store *store, const char *where, bool create,
                     struct exo_err *err)
{
    struct exo_filedir *dir;
    size_t len = strlen(where);
    int rc;

    /* With a slash at its end a link would be followed. */
    while (len > 1 && where[len - 1] == '/') {
        len--;
    }
    if (where[0] != '/' || len > EXO_FILEDIR_PATH) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "store: file:%s is not an absolute path; write "
                           "file:/absolute/directory",
                           where);
    }
    dir = calloc(1, sizeof(*dir));
    if (dir == NULL) {
        exo_err_set(err, EXO_STATUS_TRANSIENT, "out of memory; free some");
        return EXO_E_NOMEM;
    }
    dir->fd = -1;
    dir->room = (struct exo_temp)EXO_TEMP_INIT;
    memcpy(dir->path, where, len);
    store->state = dir;
    rc = exo_filedir_open(dir, create, &store->owner, err);
    if (rc != 0) {
        file_close(store);
    }
    return rc;
}

/* ---- records ---- */

static int read_text(struct exo_store *store, const struct exo_account *account,
                     struct exo_buf *text, const char **why)
{
    const struct exo_filedir *dir = store->state;
    struct exo_filename name = exo_filename_make(account, record_suffix);
    int rc;

    *why = NULL;
    if (dir->fd < 0) {
        return EXO_E_NOENT;
    }
    rc = exo_file_read(dir->fd, name.text, EXO_FILE_RECORD, store->owner, text,
                       why);
    if (rc == EXO_E_TOOBIG) {
        *why = "larger than a record can be";
    }
    if (rc == EXO_E_ACCESS) {
        *why = "its owner or mode keeps us out";
    }
    return rc;
}

static int file_get(struct exo_store *store, const struct exo_account *account,
                    struct exo_buf *text, struct exo_err *err)
{
    const char *why;
    int rc = read_text(store, account, text, &why);

    if (rc == 0 || rc == EXO_E_NOENT) {
        return rc;
    }
    if (rc == EXO_E_UNSAFE) {
        return exo_filefault_refused(store, account, why, err);
    }
    if (rc == EXO_E_ACCESS) {
        return exo_err_unread(err,
                              exo_filefault_refused(store, account, why, err));
    }
    if (rc == EXO_E_TOOBIG) {
        return exo_filefault_damaged(store, account, why, err);
    }
    return exo_filedir_fail(store->state, rc, "read",
                            exo_filename_make(account, record_suffix).text,
                            err);
}

static bool is_written(const struct exo_filedir *dir,
                       const struct exo_account *account)
{
    return dir->revision != 0 && strcmp(dir->written.name, account->name) == 0;
}

/*
 * What put is about to replace: its revision, 0 for none. Nothing usable
 * there counts as none, so that a login mends it; sound is false then.
 */
static int stored_revision(struct exo_store *store,
                           const struct exo_account *account, int64_t *revision,
                           bool *sound, bool *sealed, struct exo_err *err)
{
    const struct exo_filedir *dir = store->state;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    const char *why = NULL;
    int rc;

    if (is_written(dir, account)) {
        *revision = dir->revision;
        *sealed = dir->sealed;
        *sound = true;
        return 0;
    }
    *revision = 0;
    *sound = false;
    *sealed = false;
    rc = read_text(store, account, &text, &why);
    if (rc == 0) {
        rc =
            exo_guard_judge(store, account, &text, revision, sealed, &why, err);
    }
    if (rc == 0) {
        *sound = true;
    } else if (rc == EXO_E_VERSION) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot replace the credential of %s: %s; upgrade "
                         "exoauth",
                         account->name, why);
    } else if (rc == EXO_E_STATUS) {
        goto out; /* nothing is known of it */
    } else if (rc == EXO_E_IO || rc == EXO_E_NOMEM) {
        rc = exo_filedir_fail(store->state, rc, "read",
                              exo_filename_make(account, record_suffix).text,
                              err);
    } else {
        rc = 0;
    }
out:
    exo_buf_free(&text);
    return rc;
}

/* Would the copy that stays be in the clear? What cannot be decoded counts:
 * it may be half of one that was. */
static bool is_clear(struct exo_store *store, const struct exo_account *account)
{
    const struct exo_filedir *dir = store->state;
    struct exo_filename prev = exo_filename_make(account, previous_suffix);
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;
    const char *why;
    bool clear = false;

    exo_record_init(&record);
    if (exo_file_read(dir->fd, prev.text, EXO_FILE_RECORD, store->owner, &text,
                      &why) == 0) {
        int rc = exo_record_decode_of(&record, account, &text, &why);

        clear = rc != EXO_E_NOMEM && record.sealed_by[0] == '\0';
    }
    exo_record_free(&record);
    exo_buf_free(&text);
    return clear;
}

static int file_put(struct exo_store *store, const struct exo_store_lock *lock,
                    const struct exo_store_write *write, struct exo_err *err)
{
    const struct exo_account *account = &lock->account;
    struct exo_filedir *dir = store->state;
    struct exo_filename name = exo_filename_make(account, record_suffix);
    struct exo_filename prev = exo_filename_make(account, previous_suffix);
    struct exo_file_how how = { .mode = 0600, .room = &dir->room };
    int64_t stored;
    bool sound, sealed, forget;
    int rc;

    if (dir->fd < 0) {
        return exo_filedir_missing(dir, account, err);
    }
    rc = exo_filelock_check(dir, lock, err);
    if (rc != 0 && rc != EXO_E_CONFLICT && is_written(dir, account)) {
        *err = (struct exo_err)EXO_ERR_INIT; /* it is not in the way */
        rc = 0;
    }
    if (rc == 0) {
        rc = stored_revision(store, account, &stored, &sound, &sealed, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (stored != write->expected) {
        exo_err_set(err, EXO_STATUS_STORE,
                    "the credential of %s was changed by somebody else; try "
                    "again",
                    account->name);
        return EXO_E_CONFLICT;
    }
    /* A copy in the clear would make the seal worth nothing. */
    forget = write->forget ||
             (write->sealed && (sound ? !sealed : is_clear(store, account)));
    how.previous = sound && !forget ? prev.text : NULL;
    rc = exo_file_put(dir->fd, name.text, &how, write->text->data,
                      write->text->len);
    if (rc != 0) {
        return exo_filedir_fail(dir, rc, "write", name.text, err);
    }
    dir->written = *account;
    dir->revision = write->expected + 1;
    dir->sealed = write->sealed;
    return forget ? exo_filedir_forget(dir, prev.text, err) : 0;
}

static int file_reserve(struct exo_store *store,
                        const struct exo_account *account, struct exo_err *err)
{
    struct exo_filedir *dir = store->state;
    struct exo_filename name = exo_filename_make(account, record_suffix);
    int rc;

    if (dir->fd < 0) {
        return exo_filedir_missing(dir, account, err);
    }
    rc = exo_filedir_check(dir, account, record_suffix, err);
    return rc == 0 ? exo_filedir_reserve(dir, name.text, err) : rc;
}

/* The previous copy first: cut short, a credential is still there to be
 * removed, and never only a secret that nobody sees. */
static int file_remove(struct exo_store *store,
                       const struct exo_store_lock *lock, struct exo_err *err)
{
    static const char *const suffixes[] = { previous_suffix, record_suffix };
    struct exo_filedir *dir = store->state;
    bool removed = false;
    size_t i;
    int rc;

    if (dir->fd < 0) {
        return EXO_E_NOENT;
    }
    rc = exo_filelock_check(dir, lock, err);
    if (rc != 0) {
        return rc;
    }
    exo_file_sweep(dir->fd); /* a write cut short may have left the secret */
    for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        struct exo_filename name =
            exo_filename_make(&lock->account, suffixes[i]);

        if (unlinkat(dir->fd, name.text, 0) == 0) {
            removed = true;
        } else if (errno != ENOENT) {
            return exo_filedir_fail(dir, EXO_E_IO, "remove", name.text, err);
        }
    }
    if (!removed) {
        return EXO_E_NOENT;
    }
    dir->revision = 0;
    if (fsync(dir->fd) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "write", "", err);
    }
    return 0;
}

static int file_lock(struct exo_store *store, struct exo_store_lock *lock,
                     int64_t deadline_ms, struct exo_err *err)
{
    return exo_filelock_take(store->state, lock, deadline_ms, err);
}

static void file_unlock(struct exo_store *store, struct exo_store_lock *lock)
{
    struct exo_filedir *dir = store->state;

    dir->revision = 0;
    exo_temp_drop(&dir->room);
    exo_filelock_drop(lock);
}

static int file_list_left(struct exo_store *store,
                          void (*found)(void *context,
                                        const struct exo_account *account),
                          void *context, struct exo_err *err)
{
    return exo_filedir_list_left(store->state, previous_suffix, record_suffix,
                                 found, context, err);
}

static int file_list(struct exo_store *store,
                     void (*found)(void *context,
                                   const struct exo_account *account),
                     void *context, struct exo_err *err)
{
    return exo_filedir_list(store->state, record_suffix, found, context, err);
}

const struct exo_store_ops exo_store_file = {
    .scheme = "file",
    .open = file_open,
    .close = file_close,
    .get = file_get,
    .put = file_put,
    .reserve = file_reserve,
    .lock = file_lock,
    .unlock = file_unlock,
    .note = exo_filelock_note,
    .noted = exo_filelock_noted,
    .list = file_list,
    .list_left = file_list_left,
    .remove = file_remove,
    .damaged = exo_filefault_damaged,
};
