/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key file: prepare makes it, rekey replaces it. As root before the drop,
 * since its directory is root's, or as the user of his own; the file belongs
 * to run_as. All or nothing, by exo_file_put(). Rings are the caller's; no
 * text here quotes a key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "keys.h"
#include "place.h"

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
                    bool create)
{
    const struct exo_owner owner = { app->uid, app->gid };
    const struct exo_file_how how = {
        .mode = 0400,
        .owner = app->root ? &owner : NULL,
        .is_new = create,
    };
    const char *path = app->conf->key_file;
    const char *name = strrchr(path, '/') + 1;
    char *dir = strndup(path, (size_t)(name - path));
    int dirfd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc;

    rc = dirfd < 0 ? exo_error_from_errno(errno)
                   : exo_file_put(dirfd, name, &how, exo_secret_reveal(text),
                                  exo_secret_len(text));
    if (dirfd >= 0) {
        int saved = errno;

        (void)close(dirfd);
        errno = saved;
    }
    free(dir);
    return rc;
}

int exo_keys_write(const struct exo_app *app, const struct exo_keyring *ring,
                   struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    int rc = print_ring(app, ring, &text);

    if (rc == 0) {
        rc = put_file(app, &text, false);
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot write the key file %s: %s; nothing was "
                         "changed; run it as root, or as the user who owns "
                         "its directory",
                         app->conf->key_file,
                         rc == EXO_E_IO ? exo_errno_text(errno)
                                        : exo_strerror(rc));
    }
    exo_secret_free(&text);
    return rc;
}

static void note_sealed(void *context, const struct exo_account *account)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    struct exo_app *app = context;

    if (exo_store_peek(app->store, account, &record, &ignored) == 0 &&
        record.sealed_by[0] != '\0') {
        app->key_lost = true;
    }
    exo_record_free(&record);
}

/* A new key beside records that another one sealed would hide that it is
 * missing. Looked at as the owner, without a key and without secrets. */
static bool is_sealed(struct exo_app *app)
{
    struct exo_err ignored = EXO_ERR_INIT;

    app->key_lost = false;
    exo_app_as_owner(app, true);
    if (exo_store_open(&app->store, app->conf->store, false, &ignored) == 0) {
        (void)!exo_store_list(app->store, note_sealed, app, &ignored);
        exo_store_close(app->store);
        app->store = NULL;
    }
    exo_app_as_owner(app, false);
    return app->key_lost;
}

/* Root's system, a user's own, or the owner of the store by another name. */
static bool is_ours(const struct exo_app *app)
{
    struct stat st;

    return app->root || app->conf->user ||
           (strncmp(app->conf->store, "file:", 5) == 0 &&
            stat(app->conf->store + 5, &st) == 0 && st.st_uid == geteuid());
}

static int make_dir(const struct exo_app *app, const char *path)
{
    struct exo_err ignored = EXO_ERR_INIT;
    char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
    int rc = dir ? exo_place_mkdirs(app, dir, 0700, &ignored) : EXO_E_NOMEM;

    free(dir);
    return rc;
}

void exo_keys_place(struct exo_app *app)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    const char *path = app->conf->key_file;
    struct exo_keyring ring;
    struct stat st;
    int rc = 0;

    if (!exo_keys_is_file(app) || lstat(path, &st) == 0 || !is_ours(app) ||
        is_sealed(app)) {
        return;
    }
    exo_keyring_init(&ring);
    if (app->conf->user) {
        rc = make_dir(app, path);
    }
    if (rc == 0) {
        rc = exo_keyring_renew(&ring);
    }
    if (rc == 0) {
        rc = print_ring(app, &ring, &text);
    }
    if (rc == 0) {
        rc = put_file(app, &text, true);
    }
    if (rc != 0 && rc != EXO_E_CONFLICT && (app->root || app->conf->user)) {
        exo_app_warn(app,
                     "cannot make the key file %s: %s; until it is there, "
                     "credentials are stored without a seal; name another "
                     "place with key_file in %s",
                     path, exo_strerror(rc), app->conf->path);
    }
    exo_keyring_free(&ring);
    exo_secret_free(&text);
}
