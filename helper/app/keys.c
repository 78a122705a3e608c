/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of the store, from wherever they are kept. The store asks for
 * them at each read and write of a sealed record (exo_keys_read), but not
 * while a token is being spent: then it has them in hand. Runs as
 * run_as. keys_write.c makes and replaces the key file.
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

#include "command.h"
#include "credential.h"
#include "exoauth/file.h"
#include "key_file.h"
#include "prompt.h"

bool exo_keys_is_file(const struct exo_app *app)
{
    struct stat st;

    /* A link leads to what another program keeps, e.g. Kubernetes. */
    return !exo_credential_there(app) && app->conf->key_command[0] == '\0' &&
           app->conf->key_file[0] != '\0' &&
           (lstat(app->conf->key_file, &st) != 0 || S_ISREG(st.st_mode));
}

bool exo_keys_root_makes(const struct exo_app *app, const char *path)
{
    const char *slash = strrchr(path, '/');
    bool writable;
    char *dir;

    if (app->root || app->conf->user || !slash) {
        return false;
    }
    dir = strndup(path, slash > path ? (size_t)(slash - path) : 1);
    writable = dir && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;
    free(dir);
    return !writable;
}

bool exo_keys_ours(const struct exo_app *app)
{
    const char *dir = exo_conf_store_dir(app->conf);
    struct stat st;

    return app->root || app->conf->user ||
           (dir && stat(dir, &st) == 0 && st.st_uid == geteuid());
}

bool exo_keys_by_root(const struct exo_app *app)
{
    return exo_keys_is_file(app) &&
           exo_keys_root_makes(app, app->conf->key_file);
}

int exo_keys_check(const struct exo_app *app, struct exo_store_guard *guard,
                   struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;
    bool *unsealed = &guard->unsealed;
    struct stat st;

    guard->by_root = exo_keys_by_root(app);
    guard->keyless = exo_keys_is_file(app) && lstat(conf->key_file, &st) != 0 &&
                     errno == ENOENT;
    *unsealed = conf->key_file[0] == '\0' && conf->key_command[0] == '\0' &&
                !exo_credential_there(app);
    if (!*unsealed || (lstat(conf->key_place, &st) != 0 &&
                       (errno == ENOENT || errno == ENOTDIR))) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "key_file is none in %s, but there is a key, %s; remove "
                       "that line, or if nothing in the store is sealed, move "
                       "the key away",
                       conf->path, conf->key_place);
}

/* Always EXO_E_NOENT; what may be made by itself says how. */
static int no_key(const struct exo_app *app, struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;
    struct stat st;

    if (app->no_key.status != EXO_STATUS_OK) {
        *err = app->no_key;
    } else if (lstat(conf->key_file, &st) == 0) {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "key file %s is a link that leads nowhere; correct "
                          "or remove it",
                          conf->key_file);
    } else if (exo_keys_by_root(app)) {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "there is no key file %s to seal credentials with; "
                          "correct key_file in %s, or run as root: exoauth "
                          "refresh --all",
                          conf->key_file, conf->path);
    } else if (!exo_keys_ours(app)) {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "there is no key file %s, and none is made for the "
                          "store %s, which is not yours; set store in %s to a "
                          "directory of your own, or run as root: exoauth "
                          "refresh --all",
                          conf->key_file, conf->store, conf->path);
    } else {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "there is no key file %s to seal credentials with; "
                          "correct key_file in %s, or run: exoauth refresh "
                          "--all",
                          conf->key_file, conf->path);
    }
    return EXO_E_NOENT;
}

/* What keeps a key for a person is locked more often than it is broken, and
 * whoever asks again later may find it open. */
static int say_locked(struct exo_err *err)
{
    char cause[EXO_ERR_TEXT];

    (void)snprintf(cause, sizeof(cause), "%s", exo_err_text(err, EXO_E_STATUS));
    cause[strcspn(cause, ";")] = '\0';
    return exo_err_unread(
        err, exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "%-s; if it asks a keyring that is locked, unlock it, "
                         "else run it by hand as the user that owns the store",
                         cause));
}

/* *name is what to call it in an error. */
static int read_source(struct exo_app *app, struct exo_secret *text,
                       struct exo_buf *name, struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;
    int rc;

    rc = exo_credential_read(app, text, name, err);
    if (rc != EXO_E_NOENT) {
        return rc;
    }
    if (conf->key_command[0] != '\0') {
        exo_buf_str(name, "the output of key_command");
        if (!exo_secret_empty(&app->key_text)) {
            return exo_secret_copy(text, &app->key_text);
        }
        if (exo_command_output(app, "key_command", conf->key_command, text,
                               err) != 0) {
            return say_locked(err);
        }
        return 0;
    }
    if (conf->key_file[0] == '\0') {
        return EXO_E_NOENT;
    }
    exo_buf_str(name, conf->key_file);
    rc = exo_key_file_read(app, conf->key_file, text, err);
    return rc == EXO_E_NOENT ? no_key(app, err) : rc;
}

static int ask_passphrase(struct exo_app *app, const char *name,
                          struct exo_err *err)
{
    int rc = EXO_E_NOENT;

    if (!exo_secret_empty(&app->passphrase)) {
        return 0;
    }
    if (app->locked) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "%s was put under a passphrase meanwhile; try "
                           "again",
                           name);
    }
    if (!app->quiet) {
        rc = exo_prompt_secret("Passphrase of the key of the credential "
                               "store: ",
                               &app->passphrase, err);
    }
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(&app->passphrase))) {
        rc = exo_err_unread(
            err, exo_err_set(err, EXO_STATUS_STORE,
                             exo_keys_by_root(app)
                                 ? "%s is under a passphrase, and there is no "
                                   "terminal to ask for it; run this on a "
                                   "terminal, or run as root: exoauth rekey "
                                   "--no-passphrase"
                                 : "%s is under a passphrase, and there is no "
                                   "terminal to ask for it; run this on a "
                                   "terminal, or run: exoauth rekey "
                                   "--no-passphrase",
                             name));
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
    bool wrapped;
    int rc;

    rc = exo_keyring_is_wrapped(text, &wrapped);
    if (rc != 0 || !wrapped) {
        return rc != 0 ? rc : exo_secret_copy(&app->key_text, text);
    }
    if (exo_secret_empty(&app->key_plain) ||
        !exo_secret_same(text, &app->key_text)) {
        rc = ask_passphrase(app, name, err);
        if (rc == 0) {
            rc = exo_wrap_open(&app->passphrase, EXO_KEYRING_PURPOSE,
                               &text->hidden, &plain, &why);
        }
        if (why) {
            exo_secret_free(&app->passphrase);
            rc = exo_err_set(err, EXO_STATUS_STORE, "%s: %-s; try again", name,
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
    struct exo_buf name = EXO_BUF_INIT(EXO_KEY_PATH_MAX);
    struct exo_app *app = context;
    const char *why = NULL;
    const char *where;
    int rc = read_source(app, &text, &name, err);

    if (rc == 0) {
        rc = exo_buf_done(&name, &where);
    }
    if (rc == 0) {
        rc = unwrap(app, where, &text, err);
    }
    if (rc == 0) {
        rc = exo_keyring_parse(ring, &text, &why);
    }
    if (rc == EXO_E_SYNTAX || rc == EXO_E_VERSION) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "%s: %-s; put the right key back",
                         exo_buf_shown(&name), why);
    } else if (rc != 0 && rc != EXO_E_NOENT && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot use the key %s: %s; free some memory, and "
                         "run it again",
                         exo_buf_shown(&name), exo_strerror(rc));
        (void)exo_err_unread(err, rc);
    }
    exo_secret_free(&text);
    exo_buf_free(&name);
    return rc;
}

int exo_keys_ask(struct exo_app *app, struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_KEYRING_MAX) };
    struct exo_buf name = EXO_BUF_INIT(EXO_KEY_PATH_MAX);
    struct exo_err ignored = EXO_ERR_INIT;
    const char *where;
    bool wrapped;
    int rc = 0;

    /* What is wrong with a key is said where it is needed. */
    if (!app->quiet && read_source(app, &text, &name, &ignored) == 0 &&
        exo_buf_done(&name, &where) == 0 &&
        exo_keyring_is_wrapped(&text, &wrapped) == 0 && wrapped) {
        rc = unwrap(app, where, &text, err);
    }
    exo_secret_free(&text);
    exo_buf_free(&name);
    return rc;
}
