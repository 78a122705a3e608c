/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials on their way to another host: `exoauth export` seals them
 * under a passphrase into a file, `exoauth import` (bundle.c) puts them into
 * the store of the other host, sealed with that one's key.
 *
 * Inside are the records as they are without a seal, each behind a line with
 * its length; around them is exo_wrap_close(), purpose "credentials". The
 * account files are not in it: they hold no secret. No text and no output
 * holds a secret.
 *
 * The file is opened as root and written as run_as, who may not name or
 * remove it in root's directory. So it begins as a temporary file, and a
 * child of root's gives it its name when it is whole. Where the file system
 * knows files without a name (temp.h), a killed export leaves nothing; else
 * the child removes it when it hears nothing, and the next export does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account_word.h"
#include "bundle.h"
#include "exoauth/path.h"
#include "exoauth/seal.h"
#include "exoauth/temp.h"
#include "names.h"
#include "passphrase.h"

#define QUESTION "Passphrase of the bundle: "

struct exo_export {
    const char *name; /* of --out, in its directory */
    struct exo_temp temp;
    struct exo_later later;
};

/* In the child. 0 or an errno value, as below. */
static int give_name(void *context)
{
    struct exo_export *export = context;
    int rc = 0;

    if (exo_temp_name(&export->temp, export->name, true) != 0) {
        rc = errno != 0 ? errno : EIO;
        exo_temp_drop(&export->temp);
    } else if (fsync(export->temp.dirfd) != 0 && errno != EINVAL) {
        rc = errno;
    }
    return rc;
}

static int take_away(void *context)
{
    struct exo_export *export = context;

    exo_temp_drop(&export->temp);
    return 0;
}

/* The directory of the file that is to be. 0 or an errno value; EPERM and why
 * where root must not write. */
static int find_place(const char *out, int *fd, char why[EXO_PATH_WHY])
{
    struct exo_path path;
    int rc = exo_path_named(&path, out, EXO_PATH_BARE);

    if (rc == EXO_E_UNSAFE) {
        memcpy(why, path.why, EXO_PATH_WHY);
        return EPERM;
    }
    if (rc != 0) {
        return errno != 0 ? errno : EIO;
    }
    *fd = path.found ? -1 : exo_path_reopen(&path);
    rc = path.found ? EEXIST : *fd < 0 ? errno : 0;
    exo_path_close(&path);
    return rc;
}

static int begin_file(struct exo_export *export, const char *out,
                      char why[EXO_PATH_WHY])
{
    const char *slash = strrchr(out, '/');
    int fd = -1;
    int rc;

    export->name = slash ? slash + 1 : out;
    if (export->name[0] == '\0') {
        return EISDIR;
    }
    rc = find_place(out, &fd, why);
    if (rc != 0) {
        return rc;
    }
    rc = exo_temp_open(&export->temp, fd, true) == 0 ? 0 : errno;
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    rc = exo_later_start_temp(&export->later, &export->temp, give_name,
                              take_away, export);
    if (rc != 0) {
        exo_temp_drop(&export->temp);
        (void)close(fd);
    }
    return rc;
}

static int before_export(struct exo_app *app, struct exo_options *o,
                         struct exo_err *err)
{
    char why[EXO_PATH_WHY] = "";
    int rc = 0;

    (void)app;
    if (o->password_file) {
        rc = exo_passphrase_new(o, QUESTION, &o->secret, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (!o->out) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "export: add --out FILE, a file that is not there "
                           "yet");
    }
    o->export = calloc(1, sizeof(*o->export));
    if (!o->export) {
        return EXO_E_NOMEM;
    }
    o->export->temp.fd = -1;
    errno = begin_file(o->export, o->out, why);
    if (why[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_USAGE, "--out %s: %s", o->out, why);
    }
    if (errno != 0) {
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
        rc = exo_passphrase_new(o, QUESTION, &o->secret, err);
    }
    if (rc == 0) {
        rc = exo_wrap_close(&o->secret, EXO_BUNDLE_PURPOSE, &plain, text);
    }
    exo_names_free(&names);
    exo_secret_free(&plain);
    return rc;
}

/* Whole and durable but for its name. 0 or an errno value. */
static int finish_file(struct exo_export *export, const struct exo_buf *text)
{
    const char *whole;

    if (exo_buf_done(text, &whole) != 0) {
        return ENOMEM;
    }
    if (exo_file_write_all(export->temp.fd, whole, text->len) != 0 ||
        (fsync(export->temp.fd) != 0 && errno != EINVAL)) {
        return errno != 0 ? errno : EIO;
    }
    return exo_later_finish(&export->later, true);
}

static int say_finished(const struct exo_options *o, int error,
                        struct exo_err *err)
{
    if (error == 0) {
        return 0;
    }
    if (error == ECHILD) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot tell whether %s was written: %s; if it is "
                           "there it is whole, else run it again",
                           o->out, exo_later_why(error));
    }
    if (error == EEXIST) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot write %s: somebody else made it meanwhile, "
                           "and it is left as it is; name another file",
                           o->out);
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "cannot write %s: %s; nothing was written; %s", o->out,
                       exo_later_why(error), exo_later_remedy(error));
}

static int run_export(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BUNDLE_MAX);
    int rc = seal_bundle(app, o, &text, err);

    if (rc == 0) {
        rc = say_finished(o, finish_file(o->export, &text), err);
    } else if (err->status == EXO_STATUS_OK) {
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
    if (o->export) {
        (void)exo_later_finish(&o->export->later, false);
        if (o->export->temp.fd >= 0) {
            (void)close(o->export->temp.fd);
            (void)close(o->export->temp.dirfd);
        }
        free(o->export);
    }
    o->export = NULL;
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
