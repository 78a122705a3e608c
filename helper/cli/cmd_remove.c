/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth remove ACCOUNT`: forgets the credential and takes back what was
 * published, under the account's lock, so that a refresh under way cannot
 * bring it back. What may fail comes first and what cannot be undone last:
 * the record, then the published tokens, then the account's file; a failure
 * leaves everything after it as it was, and the command can be run again.
 *
 * The account's file belongs to root, the record to run_as. So before() as
 * root leaves a child behind that deletes the file when it is told to, and
 * ends without having done anything when it hears nothing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/app/account_word.h"
#include "helper/broker/broker.h"
#include "cmd.h"
#include "exoauth/clock.h"
#include "helper/app/later.h"
#include "helper/app/names.h"
#include "helper/app/spot.h"

#define PATH_LIMIT ((size_t)4096)

/* The name itself goes, not what a link of that name leads to. */
static int open_dir(const struct exo_app *app, struct exo_path *dir)
{
    struct exo_path_rule rule;

    exo_path_rule_self(&rule);
    return exo_path_dir(dir, &rule, app->conf->account_dir, "", 0, 0);
}

struct deletion {
    const struct exo_app *app;
    const char *name;
};

/* In the child. */
static int delete_file(void *context)
{
    const struct deletion *d = context;
    struct exo_path dir;
    int rc = open_dir(d->app, &dir);

    if (rc != 0) {
        return rc == EXO_E_UNSAFE ? EPERM : errno;
    }
    return unlinkat(dir.dir, d->name, 0) != 0 ? errno : 0;
}

static int leave_child(struct exo_app *app, struct exo_options *options,
                       const char *file, struct exo_err *err)
{
    struct deletion deletion = { app, strrchr(file, '/') + 1 };
    struct exo_path dir;
    int rc = open_dir(app, &dir);

    if (rc == 0 && faccessat(dir.dir, ".", W_OK, 0) != 0) {
        rc = EXO_E_ACCESS;
        (void)snprintf(dir.why, sizeof(dir.why), "%s", exo_errno_text(errno));
    }
    exo_path_close(&dir);
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_DENIED,
                           "cannot delete %s: %-s; nothing was changed; run it "
                           "as root, or without --account-file",
                           file, dir.why);
    }
    errno = exo_later_start(&options->deleter, delete_file, &deletion);
    return errno == 0 ? 0
                      : exo_err_set(err, EXO_STATUS_TRANSIENT,
                                    "cannot prepare to delete %s: %m; nothing "
                                    "was changed",
                                    file);
}

static int before(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(PATH_LIMIT);
    int rc = exo_settings_path(app->conf, &options->account, &path);

    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "the name of the account's file is too long; "
                         "shorten account_dir in %s",
                         app->conf->path);
        goto out;
    }
    options->has_account_file = access(path.data, F_OK) == 0;
    if (options->account_file && options->has_account_file) {
        rc = leave_child(app, options, path.data, err);
    }
out:
    exo_buf_free(&path);
    return rc;
}

/* Tells the child, or without a word lets it go. */
static int finish_child(const struct exo_app *app, struct exo_options *options,
                        bool delete, struct exo_err *err)
{
    int rc = exo_later_finish(&options->deleter, delete);

    if (rc == 0) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "the credential of %s is forgotten, but its file in %s "
                       "could not be deleted: %s; delete it by hand",
                       options->account.name, app->conf->account_dir,
                       exo_later_why(rc));
}

/* Accounts that use this credential have pointers to a token that is gone. */
static bool unpublish_users(struct exo_app *app,
                            const struct exo_account *credential, size_t *left,
                            struct exo_err *err)
{
    struct exo_names names = EXO_NAMES_INIT;
    bool any = false;

    int rc = exo_settings_list(app->conf, exo_names_add, &names, err);

    if (rc == 0) {
        rc = exo_names_sort(&names);
    }
    if (rc != 0) {
        exo_app_warn(app,
                     "cannot tell which accounts use the credential of %s: "
                     "%-s; remove theirs from %s by hand",
                     credential->name, exo_err_text(err, rc),
                     app->conf->token_dir);
        *err = (struct exo_err)EXO_ERR_INIT;
    }
    for (size_t i = 0; i < names.n; i++) {
        struct exo_settings *settings = NULL;
        struct exo_err ignored = EXO_ERR_INIT;

        if (exo_settings_load(&settings, app->conf, &names.account[i],
                              &ignored) == 0 &&
            settings->owner &&
            strcmp(settings->credential.name, credential->name) == 0) {
            any |= exo_unpublish(app, &settings->file, left);
            exo_app_warn(app, "%s uses this credential and has no token now",
                         settings->file.name);
        }
        exo_settings_free(settings);
    }
    exo_names_free(&names);
    return any;
}

/* Where the grant itself can be taken back. */
static void say_where(const struct exo_app *app,
                      const struct exo_account *account, bool app_only)
{
    struct exo_settings *settings = NULL;
    struct exo_err ignored = EXO_ERR_INIT;
    const char *provider = "";

    if (exo_settings_load(&settings, app->conf, account, &ignored) == 0) {
        provider =
            exo_settings_get(exo_settings_owner(settings), EXO_KEY_PROVIDER);
    }
    if (strcmp(provider, "microsoft") != 0) {
        exo_app_warn(app,
                     "the grant of %s still exists at the provider; revoke it "
                     "there if nobody else uses it",
                     account->name);
    } else if (app_only) {
        exo_app_warn(app,
                     "the grant of %s still exists at Microsoft; delete the "
                     "client secret under Entra > App registrations > "
                     "Certificates & secrets, or the application under "
                     "Enterprise applications",
                     account->name);
    } else {
        exo_app_warn(app,
                     "the grant of %s still exists at Microsoft; revoke the "
                     "user's sessions under Entra > Users, or delete the "
                     "application under Enterprise applications",
                     account->name);
    }
    exo_settings_free(settings);
}

struct leftover {
    const struct exo_account *account;
    bool found;
};

static void is_it(void *context, const struct exo_account *account)
{
    struct leftover *left = context;

    left->found |= strcmp(account->name, left->account->name) == 0;
}

/* What the record says about the grant, for say_where(). EXO_E_NOENT: there
 * is no record and no previous copy, which holds secrets as well. A damaged one
 * is no reason to keep it. */
static int look(struct exo_app *app, const struct exo_account *account,
                bool *app_only)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct leftover left = { account, false };
    struct exo_record record;
    enum exo_grant grant;
    int rc = exo_store_peek(app->store, account, &record, &ignored);

    *app_only =
        exo_grant_parse(record.grant, &grant) && exo_grant_of_app(grant);
    exo_record_free(&record);
    if (rc == EXO_E_NOENT &&
        exo_store_list_left(app->store, is_it, &left, &ignored) == 0 &&
        !left.found) {
        return rc;
    }
    return 0;
}

static int nothing_there(const struct exo_app *app,
                         const struct exo_options *options, struct exo_err *err)
{
    const struct exo_account *account = &options->account;
    struct exo_settings *settings = NULL;

    if (options->misnamed.status != EXO_STATUS_OK) {
        *err = options->misnamed;
        return EXO_E_STATUS;
    }

    if (exo_settings_load(&settings, app->conf, account, err) != 0) {
        return exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                           "nothing is stored or published for %s, and no "
                           "account file names it; see: exoauth list",
                           account->name);
    }
    (void)exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                      "%s has nothing of its own; it uses the credential of "
                      "%s; to forget that, run: exoauth remove %s",
                      account->name, settings->credential.name,
                      EXO_SH(settings->credential.name, "ACCOUNT"));
    exo_settings_free(settings);
    return EXO_E_STATUS;
}

/* lock: NULL if there is no record. */
static int remove_locked(struct exo_app *app, struct exo_options *options,
                         const struct exo_store_lock *lock, bool app_only,
                         struct exo_err *err)
{
    const struct exo_account *account = &options->account;
    bool any = false;
    size_t left = 0;
    int rc = EXO_E_NOENT;

    if (lock) {
        rc = exo_store_remove(app->store, lock, err);
    }
    if (rc != 0 && rc != EXO_E_NOENT) {
        return rc;
    }
    if (rc == 0) {
        any = true;
        say_where(app, account, app_only);
    }
    any |= exo_unpublish(app, account, &left);
    any |= unpublish_users(app, account, &left, err);
    if (left > 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the credential of %s is forgotten, but %zu of its "
                           "published tokens may be left, as said above, "
                           "which work until they expire; correct that, then "
                           "run: exoauth remove %s",
                           account->name, left,
                           EXO_SH(account->name, "ACCOUNT"));
    }
    if (!any && !options->has_account_file) {
        return nothing_there(app, options, err);
    }
    return finish_child(app, options, options->account_file, err);
}

/* A record may have a name that no account has, as one with a blank around it
 * that a command line takes off: the one that was meant is the one that is
 * there. The file in account_dir is another's then. */
static void find_record(struct exo_app *app, struct exo_options *options)
{
    struct exo_account typed;
    bool ignored;

    if (exo_account_any(&typed, options->typed, strlen(options->typed)) == 0 &&
        strcmp(typed.name, options->account.name) != 0 &&
        look(app, &typed, &ignored) != EXO_E_NOENT) {
        options->account = typed;
        options->account_file = options->has_account_file = false;
    } else if (options->misnamed.status == EXO_STATUS_OK) {
        exo_account_tell(&options->account, options->typed);
    }
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_store_lock lock;
    bool app_only = false;
    int rc = exo_app_store(app, err);

    if (rc != 0) {
        goto out;
    }
    find_record(app, options);
    if (look(app, &options->account, &app_only) == EXO_E_NOENT) {
        /* No lock for a name that may be a typing error: its file would
         * stay for ever. */
        rc = exo_spots_within_reach(app, err);
        if (rc == 0) {
            rc = remove_locked(app, options, NULL, false, err);
        }
        goto out;
    }
    rc = exo_store_lock(app->store, &options->account,
                        exo_clock_ms() + app->conf->timeout * 1000, &lock, err);
    if (rc == 0) {
        /* Not half of it. */
        rc = exo_spots_within_reach(app, err);
        if (rc == 0) {
            rc = remove_locked(app, options, &lock, app_only, err);
            app->changed = true;
        }
        exo_store_unlock(app->store, &lock);
    }
out:
    (void)finish_child(app, options, false, &ignored);
    return rc;
}

const struct exo_command exo_cmd_remove = {
    .name = "remove",
    .usage = "ACCOUNT [--account-file]",
    .help = "Forgets the account's credential and removes its published "
            "tokens. The grant\nitself still exists at the provider; where "
            "to revoke it is said on stderr.\n"
            "\n  --account-file        delete the account's file, too\n",
    .options = EXO_OPT_ACCOUNT_FILE,
    .needs_account = true,
    .before = before,
    .run = run,
};
