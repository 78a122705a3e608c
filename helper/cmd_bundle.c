/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials on their way to another host: `exoauth export` seals them
 * under a passphrase into a file, `exoauth import` (cmd_import.c) puts them
 * into the store of the other host, sealed with that one's key.
 *
 * Inside are the records as they are without a seal, each behind a line with
 * its length; around them is exo_wrap_close(), purpose "credentials". The
 * account files are not in it: they hold no secret. Files named on the
 * command line are opened as root, everything else is done as run_as. No text
 * and no output holds a secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "exoauth/file.h"
#include "exoauth/proto.h"
#include "exoauth/seal.h"
#include "names.h"
#include "prompt.h"

#define PURPOSE "credentials"
#define BUNDLE_MAX ((size_t)16 * 1024 * 1024)
#define LOCK_MS 20000

static int passphrase_file(struct exo_options *o, struct exo_err *err)
{
    if (!o->password_file) {
        return 0;
    }
    return exo_prompt_file("password-file", o->password_file, &o->secret, err);
}

/* ---- export ---- */

static int before_export(struct exo_app *app, struct exo_options *o,
                         struct exo_err *err)
{
    int rc = passphrase_file(o, err);

    (void)app;
    if (rc != 0) {
        return rc;
    }
    if (!o->out) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "export: add --out FILE, a file that is not there "
                           "yet");
    }
    o->out_fd = open(
        o->out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o->out_fd < 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--out %s: %m; name a file that is not there yet, "
                           "in a directory you can write to",
                           o->out);
    }
    return 0;
}

static int add_record(struct exo_app *app, const struct exo_account *account,
                      struct exo_secret *plain, struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_RECORD_MAX) };
    struct exo_record record;
    int rc = exo_store_get(app->store, account, &record, err);

    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "nothing is stored for %s; see: exoauth status",
                         account->name);
    }
    if (rc == 0) {
        rc = exo_record_encode(&record, &text.hidden);
    }
    if (rc == 0) {
        exo_buf_fmt(&plain->hidden, "%zu\n", exo_secret_len(&text));
        exo_buf_add(&plain->hidden, exo_secret_reveal(&text),
                    exo_secret_len(&text));
        rc = plain->hidden.error;
    }
    exo_record_free(&record);
    exo_secret_free(&text);
    return rc;
}

static int collect(struct exo_app *app, const struct exo_options *o,
                   struct exo_names *names, struct exo_err *err)
{
    int rc = o->all ? exo_store_list(app->store, exo_names_add, names, err) : 0;

    for (size_t i = 0; rc == 0 && i < o->n_words; i++) {
        struct exo_account account;

        if (exo_account_set(&account, o->words[i], strlen(o->words[i])) != 0) {
            return exo_err_set(err, EXO_STATUS_USAGE,
                               "not a usable account name; see: exoauth "
                               "export --help");
        }
        exo_names_add(names, &account);
    }
    return rc == 0 ? exo_names_sort(names) : rc;
}

static int seal_bundle(struct exo_app *app, struct exo_options *o,
                       struct exo_buf *text, struct exo_err *err)
{
    struct exo_secret plain = { EXO_BUF_INIT(BUNDLE_MAX / 2) };
    struct exo_names names = EXO_NAMES_INIT;
    int rc = exo_app_store(app, err);

    if (rc == 0) {
        rc = collect(app, o, &names, err);
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        rc = add_record(app, &names.account[i], &plain, err);
    }
    if (rc == 0 && exo_secret_empty(&o->secret)) {
        rc = exo_prompt_new("Passphrase of the bundle: ", &o->secret, err);
    }
    if (rc == 0) {
        rc = exo_wrap_close(&o->secret, PURPOSE, &plain, text);
    }
    exo_names_free(&names);
    exo_secret_free(&plain);
    return rc;
}

static int run_export(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(BUNDLE_MAX);
    int rc = seal_bundle(app, o, &text, err);

    if (rc == 0) {
        rc = exo_file_write_all(o->out_fd, text.data, text.len);
        if (rc == 0 && fsync(o->out_fd) != 0 && errno != EINVAL) {
            rc = exo_error_from_errno(errno);
        }
    }
    if (close(o->out_fd) != 0 && rc == 0) {
        rc = exo_error_from_errno(errno);
    }
    if (rc != 0) {
        (void)unlink(o->out); /* or it stays behind, empty */
    }
    if (rc != 0 && err->status == EXO_STATUS_OK) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot write %s: %s; see that there is room for it, "
                         "and remove what is there of it",
                         o->out, exo_strerror(rc));
    }
    exo_buf_free(&text);
    return rc;
}

/* ---- import ---- */

int exo_bundle_before(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err)
{
    const char *why = NULL;
    int rc;

    (void)app;
    exo_buf_init(&o->bundle, BUNDLE_MAX);
    rc = passphrase_file(o, err);
    if (rc != 0) {
        return rc;
    }
    rc = exo_file_read(AT_FDCWD, o->file, EXO_FILE_CONFIG, 0, &o->bundle, &why);
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "import %s: %s; name a file of exoauth export, which "
                         "nobody else can write, or add --from TOOL",
                         o->file, why ? why : exo_strerror(rc));
    }
    return rc;
}

/* Keeps what is there, unless it is told not to. */
static int put_record(struct exo_app *app, const struct exo_options *o,
                      struct exo_record *record, bool *changed,
                      struct exo_err *err)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_store_lock lock;
    struct exo_account account;
    struct exo_record old;
    int rc;

    if (exo_account_set(&account, record->account, strlen(record->account)) !=
        0) {
        return EXO_E_SYNTAX;
    }
    rc = exo_app_lock(app, &account, exo_clock_ms() + LOCK_MS, &lock, err);
    if (rc != 0) {
        return rc;
    }
    rc = exo_store_get(app->store, &account, &old, &ignored);
    if (rc == 0 && !o->force) {
        exo_app_warn(app,
                     "%s has a credential already, which is kept; to replace "
                     "it, add --force",
                     account.name);
    } else {
        record->revision = rc == 0 ? old.revision : 0;
        rc = exo_store_put(app->store, &lock, record, err);
        *changed |= rc == 0;
    }
    exo_record_free(&old);
    exo_app_unlock(app, &lock);
    return rc;
}

/* The next one of *text: its length, a newline, itself. */
static int next_record(const char **text, size_t *left,
                       struct exo_record *record, const char **why)
{
    char *end;
    unsigned long len;

    *why = "it is not what exoauth export writes";
    errno = 0;
    len = strtoul(*text, &end, 10);
    if (errno != 0 || end == *text || *end != '\n' || len > EXO_RECORD_MAX ||
        len > *left - (size_t)(end + 1 - *text)) {
        return EXO_E_SYNTAX;
    }
    *left -= (size_t)(end + 1 - *text) + len;
    *text = end + 1 + len;
    return exo_record_decode(record, end + 1, len, why);
}

static int put_all(struct exo_app *app, const struct exo_options *o,
                   const struct exo_secret *plain, bool *changed,
                   struct exo_err *err)
{
    const char *text = exo_secret_reveal(plain);
    size_t left = exo_secret_len(plain);
    int rc = exo_app_store(app, err);

    while (rc == 0 && left > 0) {
        struct exo_record record;
        const char *why = NULL;

        exo_record_init(&record);
        rc = next_record(&text, &left, &record, &why);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "import %s: %s; export it again, with an exoauth "
                             "that is no newer than this one",
                             o->file, why);
        } else {
            rc = put_record(app, o, &record, changed, err);
        }
        exo_record_free(&record);
    }
    return rc;
}

int exo_bundle_run(struct exo_app *app, struct exo_options *o,
                   struct exo_err *err)
{
    struct exo_secret plain = { EXO_BUF_INIT(BUNDLE_MAX) };
    const char *why = NULL;
    bool changed = false;
    int rc = EXO_E_NOENT;

    if (!exo_secret_empty(&o->secret)) {
        rc = 0;
    } else {
        rc = exo_prompt_secret("Passphrase of the bundle: ", &o->secret, err);
    }
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "import %s: there is no terminal to ask for the "
                         "passphrase; add --password-file FILE",
                         o->file);
    }
    if (rc == 0) {
        rc = exo_wrap_open(&o->secret, PURPOSE, &o->bundle, &plain, &why);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "import %s: %s; give a file of exoauth export and "
                             "its passphrase, or add --from TOOL",
                             o->file, why);
        }
    }
    if (rc == 0) {
        rc = put_all(app, o, &plain, &changed, err);
    }
    exo_secret_free(&plain);
    exo_buf_free(&o->bundle);
    if (rc != 0) {
        return rc;
    }
    return changed ? exo_out("changed\n", 8, err)
                   : exo_out("unchanged\n", 10, err);
}

const struct exo_command exo_cmd_export = {
    .name = "export",
    .usage = "ACCOUNT...|--all --out FILE [--password-file F|-]",
    .help = "Seals credentials under a passphrase, for another host; there "
            "run: exoauth import\nFILE. Account files hold no secret and are "
            "not in it.\n\n"
            "  --out FILE            where to, a file that is not there yet\n"
            "  --password-file F     the passphrase, from a file, - for "
            "stdin\n"
            "  --all                 every credential in the store\n",
    .options = EXO_OPT_ALL | EXO_OPT_OUT | EXO_OPT_PASSWORD_FILE,
    .many = true,
    .before = before_export,
    .run = run_export,
};
