/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of the store, from wherever they are kept. The store asks for
 * them at each read and write of a sealed record (exo_keys_read); prepare
 * makes the key file, rekey replaces it. Runs as run_as, but for writing the
 * file, whose directory is root's.
 *
 * The sources exclude each other: $CREDENTIALS_DIRECTORY/exoauth.key in a unit
 * of exoauth's own, else key_command, else key_file. A file is read anew each
 * time, as a rekey must be seen at once; a command runs once in a process.
 * Rings are the caller's; no text here quotes a key.
 */
#include "config.h"

#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/file.h"
#include "place.h"
#include "prompt.h"

#define PATH_LIMIT ((size_t)4096)

/* The credential of our unit; "" if there is none. */
static void credential_path(struct exo_buf *path)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    struct stat st;

    if (exo_conf_secure_mode() || !dir || dir[0] != '/') {
        return;
    }
    exo_buf_fmt(path, "%s/exoauth.key", dir);
    if (stat(exo_buf_text(path), &st) != 0) {
        exo_buf_reset(path);
    }
}

bool exo_keys_is_file(const struct exo_app *app)
{
    struct exo_buf path = EXO_BUF_INIT(PATH_LIMIT);
    struct stat st;
    bool yes;

    credential_path(&path);
    /* A link leads to what another program keeps, e.g. Kubernetes. */
    yes = path.len == 0 && app->conf->key_command[0] == '\0' &&
          app->conf->key_file[0] != '\0' &&
          (lstat(app->conf->key_file, &st) != 0 || S_ISREG(st.st_mode));
    exo_buf_free(&path);
    return yes;
}

/* ---- reading ---- */

static int read_key_file(const struct exo_app *app, const char *path,
                         struct exo_secret *text, struct exo_err *err)
{
    const char *why = NULL;
    int rc =
        exo_file_read(AT_FDCWD, path, EXO_FILE_KEY, 0, &text->hidden, &why);

    if (rc == 0 || rc == EXO_E_NOENT) {
        return rc;
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "key file %s: %s; it must be a regular file that only "
                       "root and the owner of the store can read; run: chown "
                       "%s %s && chmod 400 %s",
                       path, why ? why : exo_strerror(rc),
                       app->root ? app->run_as : "$USER", path, path);
}

/* *name is what to call it in an error. */
static int read_source(struct exo_app *app, struct exo_secret *text,
                       struct exo_buf *name, struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;

    credential_path(name);
    if (name->len > 0) {
        return read_key_file(app, exo_buf_text(name), text, err);
    }
    if (conf->key_command[0] != '\0') {
        exo_buf_str(name, "the output of key_command");
        if (!exo_secret_empty(&app->key_text)) {
            return exo_secret_copy(text, &app->key_text);
        }
        if (exo_command_output("key_command", conf->key_command, text, err) !=
            0) {
            err->status = EXO_STATUS_STORE;
            return EXO_E_STATUS;
        }
        return 0;
    }
    if (conf->key_file[0] == '\0') {
        return EXO_E_NOENT;
    }
    exo_buf_str(name, conf->key_file);
    return read_key_file(app, conf->key_file, text, err);
}

static int ask_passphrase(struct exo_app *app, const char *name,
                          struct exo_err *err)
{
    int rc = EXO_E_NOENT;

    if (!exo_secret_empty(&app->passphrase)) {
        return 0;
    }
    if (!app->quiet) {
        rc = exo_prompt_secret("Passphrase of the key of the credential "
                               "store: ",
                               &app->passphrase, err);
    }
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(&app->passphrase))) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "%s is under a passphrase, and there is no terminal "
                         "to ask for it; run this on a terminal, or run: "
                         "exoauth rekey --no-passphrase",
                         name);
    }
    return rc;
}

/* What is under a passphrase, unwrapped; asked and computed once for as long
 * as the text stays the same. */
static int unwrap(struct exo_app *app, const char *name,
                  struct exo_secret *text, struct exo_err *err)
{
    struct exo_secret plain = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    const char *why = NULL;
    int rc;

    if (!exo_keyring_is_wrapped(text)) {
        return exo_secret_copy(&app->key_text, text);
    }
    if (exo_secret_empty(&app->key_plain) ||
        exo_secret_len(text) != exo_secret_len(&app->key_text) ||
        memcmp(exo_secret_reveal(text), exo_secret_reveal(&app->key_text),
               exo_secret_len(text)) != 0) {
        rc = ask_passphrase(app, name, err);
        if (rc == 0) {
            rc = exo_wrap_open(&app->passphrase, EXO_KEYRING_PURPOSE,
                               &text->hidden, &plain, &why);
        }
        if (why) {
            exo_secret_free(&app->passphrase);
            rc = exo_err_set(err, EXO_STATUS_STORE, "%s: %s; try again", name,
                             why);
        }
        if (rc == 0) {
            rc = exo_secret_copy(&app->key_text, text);
        }
        if (rc != 0) {
            exo_secret_free(&plain);
            return rc;
        }
        exo_secret_move(&app->key_plain, &plain);
    }
    return exo_secret_copy(text, &app->key_plain);
}

int exo_keys_read(void *context, struct exo_keyring *ring, struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    struct exo_buf name = EXO_BUF_INIT(PATH_LIMIT);
    struct exo_app *app = context;
    const char *why = NULL;
    int rc = read_source(app, &text, &name, err);

    if (rc == 0) {
        rc = unwrap(app, exo_buf_text(&name), &text, err);
    }
    if (rc == 0) {
        rc = exo_keyring_parse(ring, &text, &why);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_STORE,
                             "%s: %s; put the right key back, or move it away "
                             "and run: exoauth login ACCOUNT, for each",
                             exo_buf_text(&name), why);
        }
    } else if (rc != EXO_E_NOENT && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_STORE, "%s: %s; free some memory",
                         exo_buf_text(&name), exo_strerror(rc));
    }
    exo_secret_free(&text);
    exo_buf_free(&name);
    return rc;
}

/* ---- writing ---- */

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

/* Whole, with owner and mode, and durable, under a name of its own. */
static int write_temp(const struct exo_app *app, int dirfd, const char *temp,
                      const struct exo_secret *text)
{
    int rc;
    int fd = openat(dirfd, temp,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

    if (fd < 0) {
        return exo_error_from_errno(errno);
    }
    rc = exo_file_write_all(fd, exo_secret_reveal(text), exo_secret_len(text));
    if (rc == 0 && ((app->root && fchown(fd, app->uid, app->gid) != 0) ||
                    fchmod(fd, 0400) != 0 || fsync(fd) != 0)) {
        rc = exo_error_from_errno(errno);
    }
    if (close(fd) != 0 && rc == 0) {
        rc = exo_error_from_errno(errno);
    }
    return rc;
}

/* create: EXO_E_CONFLICT if it is there, for of two processes that make the
 * first key one must lose. */
static int put_file(const struct exo_app *app, const struct exo_secret *text,
                    bool create)
{
    const char *path = app->conf->key_file;
    const char *name = strrchr(path, '/') + 1;
    char *dir = strndup(path, (size_t)(name - path));
    struct exo_buf temp = EXO_BUF_INIT(PATH_LIMIT);
    int dirfd = -1;
    int saved;
    int rc = EXO_E_NOMEM;

    exo_buf_fmt(&temp, ".%s.%ld", name, (long)getpid());
    if (!dir || temp.error != 0) {
        goto out;
    }
    dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        rc = exo_error_from_errno(errno);
        goto out;
    }
    (void)unlinkat(dirfd, temp.data, 0); /* of a process of that id that died */
    rc = write_temp(app, dirfd, temp.data, text);
    if (rc == 0 && (create ? linkat(dirfd, temp.data, dirfd, name, 0)
                           : renameat(dirfd, temp.data, dirfd, name)) != 0) {
        rc = errno == EEXIST ? EXO_E_CONFLICT : exo_error_from_errno(errno);
    }
    saved = errno;
    if (rc != 0 || create) {
        (void)unlinkat(dirfd, temp.data, 0);
    }
    errno = saved;
    if (rc == 0 && fsync(dirfd) != 0 && errno != EINVAL) {
        rc = exo_error_from_errno(errno);
    }
out:
    if (dirfd >= 0) {
        (void)close(dirfd);
    }
    free(dir);
    exo_buf_free(&temp);
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

static int make_dir(const char *path)
{
    char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
    int rc = dir ? exo_place_mkdirs(dir, 0700) : EXO_E_NOMEM;

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
        rc = make_dir(path);
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
