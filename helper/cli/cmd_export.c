/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials on their way to another host: `exoauth export` seals them
 * under a passphrase into a file, `exoauth import` (bundle.c) puts them into
 * the store of the other host, sealed with that one's key.
 *
 * Inside are the records as they are without a seal, each behind a line with
 * its length; around them is exo_wrap_close(), purpose "credentials". The
 * account files are not in it: they hold no secret. No text and no output
 * holds a secret. outfile.c makes the file.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/app/account_word.h"
#include "helper/import/bundle.h"
#include "cmd.h"
#include "exoauth/path.h"
#include "exoauth/clock.h"
#include "exoauth/seal.h"
#include "helper/app/names.h"
#include "helper/app/outfile.h"
#include "helper/app/passphrase.h"

#define LOCK_MS 20000
#define QUESTION "Passphrase of the bundle: "

static int before_export(struct exo_app *app, struct exo_options *o,
                         struct exo_err *err)
{
    char why[EXO_PATH_WHY] = "";
    int rc = 0;

    (void)app;
    if (o->password_file) {
        rc = exo_passphrase_new(o->password_file, o->force, QUESTION,
                                &o->secret, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (!o->out) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "export: add --out FILE, a file that is not there "
                           "yet");
    }
    o->outfile = calloc(1, sizeof(*o->outfile));
    if (!o->outfile) {
        return EXO_E_NOMEM;
    }
    errno = exo_outfile_begin(o->outfile, o->out, why);
    if (why[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_USAGE, "--out %s: %-s", o->out, why);
    }
    if (errno != 0 &&
        exo_err_system(err, exo_error_from_errno(errno), "--out %s", o->out)) {
        return EXO_E_STATUS;
    }
    if (errno != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--out %s: %m; name a file that is not there yet, "
                           "in a directory you can write to",
                           o->out);
    }
    return 0;
}

/* Under its lock: what a refresh in flight is spending is worth nothing on the
 * other host. Where none can be had, as on a store that is read-only, nobody
 * writes. */
static int get_record(struct exo_app *app, const struct exo_account *account,
                      struct exo_record *record, struct exo_err *err)
{
    struct exo_store_lock lock;
    int rc = exo_store_get(app->store, account, record, err);

    if (rc != 0) {
        return rc;
    }
    rc = exo_app_lock(app, account, exo_clock_ms() + LOCK_MS, &lock, err);
    if (rc != 0 && errno == EROFS) {
        *err = (struct exo_err)EXO_ERR_INIT;
        return 0;
    }
    if (rc == 0) {
        exo_record_free(record);
        rc = exo_store_get(app->store, account, record, err);
        exo_app_unlock(app, &lock);
    }
    return rc;
}

static int add_record(struct exo_app *app, const struct exo_account *account,
                      struct exo_secret *plain, struct exo_err *err)
{
    struct exo_secret text = { EXO_BUF_INIT(EXO_RECORD_MAX) };
    struct exo_record record;
    int rc = get_record(app, account, &record, err);

    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "nothing is stored for %s; see: exoauth status",
                         account->name);
    }
    if (rc == 0) {
        rc = exo_record_encode(&record, &text.hidden);
    }
    if (rc == 0) {
        exo_buf_fmt(&plain->hidden, "%zu\n", text.hidden.len);
        exo_buf_join(&plain->hidden, &text.hidden);
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

        rc = exo_account_word(&account, o->words[i], err);
        if (rc != 0) {
            return rc;
        }
        exo_names_add(names, &account);
    }
    return rc == 0 ? exo_names_sort(names) : rc;
}

static int seal_bundle(struct exo_app *app, struct exo_options *o,
                       struct exo_buf *text, struct exo_err *err)
{
    struct exo_secret plain = { EXO_BUF_INIT(EXO_BUNDLE_MAX / 2) };
    struct exo_names names = EXO_NAMES_INIT;
    int rc = exo_app_store(app, err);

    if (rc == 0) {
        rc = collect(app, o, &names, err);
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        rc = add_record(app, &names.account[i], &plain, err);
    }
    if (rc == 0 && exo_secret_empty(&o->secret)) {
        rc = exo_passphrase_new(o->password_file, o->force, QUESTION,
                                &o->secret, err);
    }
    if (rc == 0) {
        rc = exo_wrap_close(&o->secret, EXO_BUNDLE_PURPOSE, &plain, text);
    }
    exo_names_free(&names);
    exo_secret_free(&plain);
    return rc;
}

static int run_export(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BUNDLE_MAX);
    int rc = seal_bundle(app, o, &text, err);

    if (rc == 0) {
        rc = exo_outfile_finish(o->outfile, o->out, &text, err);
    } else if (err->status == EXO_STATUS_OK &&
               !exo_err_system(err, rc, "cannot write %s", o->out)) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot write %s: %s; nothing was written; run it "
                         "again",
                         o->out, exo_strerror(rc));
    }
    exo_buf_free(&text);
    return rc;
}

void exo_export_free(struct exo_options *o)
{
    if (o->outfile) {
        exo_outfile_drop(o->outfile);
        free(o->outfile);
    }
    o->outfile = NULL;
}

const struct exo_command exo_cmd_export = {
    .name = "export",
    .usage = "ACCOUNT...|--all --out FILE [--password-file F|-] [--force]",
    .help = "Seals credentials under a passphrase, for another host; there "
            "run: exoauth import\nFILE. Account files hold no secret and are "
            "not in it.\n\n"
            "  --out FILE            where to, a file that is not there yet\n"
            "  --password-file F     the passphrase, from a file, - for "
            "stdin\n"
            "  --force               also one of fewer than 12 characters\n"
            "  --all                 every credential in the store\n",
    .options =
        EXO_OPT_ALL | EXO_OPT_OUT | EXO_OPT_PASSWORD_FILE | EXO_OPT_FORCE,
    .many = true,
    .before = before_export,
    .run = run_export,
};
