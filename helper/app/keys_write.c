/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key file: prepare makes it in an empty store, rekey makes and replaces
 * it. As root before the drop, since its directory is root's, or as the user
 * of his own. A new one belongs to run_as, one that is replaced keeps owner,
 * group and mode. All or nothing, by exo_file_put(). Rings are the caller's;
 * no text here quotes a key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/path.h"
#include "keys.h"

/* As text, under the passphrase if there is one. */
static int print_ring(const struct exo_app *app, const struct exo_keyring *ring,
                      struct exo_secret *text)
{
    struct exo_secret plain = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    int rc = exo_keyring_print(ring, &plain);

    if (rc == 0 && !exo_secret_empty(&app->passphrase)) {
        rc = exo_wrap_close(&app->passphrase, EXO_KEYRING_PURPOSE, &plain,
                            &text->hidden);
    } else if (rc == 0) {
        rc = exo_secret_copy(text, &plain);
    }
    exo_secret_free(&plain);
    return rc;
}

/* create: EXO_E_CONFLICT if it is there, for of two processes that make the
 * first key one must lose. */
static int put_file(const struct exo_app *app, const struct exo_secret *text,
                    bool create, bool *placed)
{
    struct exo_owner owner = { app->uid, app->gid };
    struct exo_file_how how = {
        .mode = 0400,
        .owner = app->root ? &owner : NULL,
        .is_new = create,
        .placed = placed,
    };
    struct exo_path_rule rule;
    struct exo_path path;
    const char *bytes;
    size_t len;
    int fd = -1;
    int saved;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_entry(&path, &rule, app->conf->key_file, EXO_PATH_BARE, 0);
    if (rc == 0 && path.found && S_ISREG(path.st.st_mode)) {
        owner = (struct exo_owner){ path.st.st_uid, path.st.st_gid };
        how.mode = path.st.st_mode & 07777;
    }
    if (rc == 0) {
        rc = exo_secret_reveal(text, &bytes, &len);
    }
    if (rc == 0) {
        exo_app_as_owner(app, path.theirs);
        fd = exo_path_reopen(&path);
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : exo_file_put(fd, path.name, &how, bytes, len);
        exo_app_as_owner(app, false);
    }
    saved = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    exo_path_close(&path);
    errno = saved;
    return rc;
}

int exo_keys_write(const struct exo_app *app, const struct exo_keyring *ring,
                   struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    bool placed = false;
    int rc = print_ring(app, ring, &text);

    if (rc == 0) {
        rc = put_file(app, &text, false, &placed);
    }
    if (rc != 0 && placed) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "the key file %s is changed, but a power failure may "
                         "undo that: %s; run: exoauth rekey",
                         app->conf->key_file,
                         rc == EXO_E_IO ? exo_errno_text(errno)
                                        : exo_strerror(rc));
    } else if (exo_error_is_shortage(rc) &&
               exo_err_system(err, rc,
                              "nothing was changed: cannot write the key file "
                              "%s",
                              app->conf->key_file)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0) {
        int saved = errno;

        rc = exo_err_set(
            err, EXO_STATUS_STORE,
            saved == EBUSY
                ? "cannot write the key file %s: %s; nothing was changed; it "
                  "is mounted from elsewhere: put the new key there as `key` "
                  "and the one of today as `old_key`, see exoauth(1)%.0s"
                : "cannot write the key file %s: %s; nothing was changed; %s",
            app->conf->key_file,
            rc == EXO_E_IO || rc == EXO_E_ACCESS ? exo_errno_text(saved)
                                                 : exo_strerror(rc),
            exo_errno_remedy(saved, "run it as root, or as the user who owns "
                                    "its directory"));
    }
    exo_secret_free(&text);
    return rc;
}

static void note_stored(void *context, const struct exo_account *account)
{
    struct exo_app *app = context;

    (void)account;
    app->stored = true;
}

/* Beside records that another key sealed, a new one would hide that it is
 * missing; what is not sealed counts only when a person has said so, and then
 * rekey seals it. A store that cannot be looked into is not empty. */
static bool is_empty(struct exo_app *app)
{
    struct exo_err ignored = EXO_ERR_INIT;
    bool empty = false;

    app->stored = false;
    exo_app_as_owner(app, true);
    if (exo_store_open(&app->store, app->conf->store, false, &ignored) == 0) {
        empty = exo_store_list(app->store, note_stored, app, &ignored) == 0 &&
                !app->stored;
        exo_store_close(app->store);
        app->store = NULL;
    }
    exo_app_as_owner(app, false);
    return empty;
}

static int make_dir(const struct exo_app *app, struct exo_path *path)
{
    struct exo_path_rule rule;
    int how = app->root || app->conf->user ? EXO_PATH_MAKE : EXO_PATH_FIND;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_entry(path, &rule, app->conf->key_file, how,
                        app->conf->user ? 0700 : 0755);
    exo_path_close(path);
    return rc;
}

int exo_keys_make(const struct exo_app *app, struct exo_keyring *ring,
                  struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    struct exo_path path;
    const char *why = NULL;
    int rc = make_dir(app, &path);

    if (rc != 0) {
        why = path.why;
    }
    if (rc == 0) {
        rc = exo_keyring_renew(ring);
    }
    if (rc == 0) {
        rc = print_ring(app, ring, &text);
    }
    if (rc == 0) {
        rc = put_file(app, &text, true, NULL);
    }
    if (exo_err_system(err, rc, "cannot make the key file %.200s",
                       app->conf->key_file)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0 && rc != EXO_E_CONFLICT) {
        int saved = errno;

        rc = exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "cannot make the key file %s: %-s; set key_file in %s "
            "to a file in a directory that %s can write, or correct that",
            app->conf->key_file,
            why && why[0] != '\0'                  ? why
            : rc == EXO_E_IO || rc == EXO_E_ACCESS ? exo_errno_text(saved)
                                                   : exo_strerror(rc),
            app->conf->path,
            app->root || exo_keys_by_root(app) ? "root" : "you");
        errno = saved;
    }
    exo_secret_free(&text);
    return rc;
}

void exo_keys_place(struct exo_app *app)
{
    struct exo_keyring ring;
    struct stat st;
    int rc;

    if (!exo_keys_is_file(app) || lstat(app->conf->key_file, &st) == 0 ||
        !exo_keys_ours(app) || !is_empty(app)) {
        return;
    }
    exo_keyring_init(&ring);
    rc = exo_keys_make(app, &ring, &app->no_key);
    if (rc != 0 && rc != EXO_E_CONFLICT && errno != EROFS) {
        app->unplaced = app->no_key;
    }
    /* What root can do is said where the key is needed; root cannot do it on a
     * file system that is read-only either. */
    if (rc == EXO_E_CONFLICT ||
        (rc != 0 && exo_keys_by_root(app) && errno != EROFS)) {
        app->no_key = (struct exo_err)EXO_ERR_INIT;
    }
    exo_keyring_free(&ring);
}
