/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth accept: says that a store which came back from a backup is what it
 * should be. Each record that was refused as rolled back is written again,
 * under its account's lock, with a revision higher than any that was seen;
 * so the one before it can still not come back unnoticed. One account that
 * fails does not stop the others; the exit status is the worst one's.
 */
#include "config.h"

#include "cmd.h"
#include "exoauth/proto.h"
#include "names.h"

#define ACCEPT_MS 20000

static int accept_one(struct exo_app *app, const struct exo_account *account,
                      struct exo_err *err)
{
    struct exo_store_lock lock;
    int rc = exo_app_lock(app, account, exo_clock_ms() + ACCEPT_MS, &lock, err);

    if (rc != 0) {
        return rc;
    }
    rc = exo_store_renew(app->store, &lock, true, err);
    exo_app_unlock(app, &lock);
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "nothing is stored for %s; see: exoauth status",
                         account->name);
    }
    return rc;
}

static int accept_all(struct exo_app *app, struct exo_err *err)
{
    struct exo_names names = EXO_NAMES_INIT;
    enum exo_status worst = EXO_STATUS_OK;
    int rc = exo_store_list(app->store, exo_names_add, &names, err);

    if (rc == 0 && exo_names_sort(&names) != 0) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot list the store: out of memory; free some");
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        struct exo_err one = EXO_ERR_INIT;

        if (accept_one(app, &names.account[i], &one) != 0) {
            exo_app_warn(app, "%s", one.text);
            if (exo_status_is_worse(one.status, worst)) {
                worst = one.status;
            }
        }
    }
    exo_names_free(&names);
    if (rc == 0 && worst != EXO_STATUS_OK) {
        err->status = worst; /* said already */
        rc = EXO_E_STATUS;
    }
    return rc;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    int rc = exo_app_store(app, err);

    if (rc != 0) {
        return rc;
    }
    if (options->all) {
        return accept_all(app, err);
    }
    /* No lock for a name that may be a typing error: its file would stay. */
    rc = exo_store_peek(app->store, &options->account, &record, &ignored);
    exo_record_free(&record);
    if (rc == EXO_E_NOENT) {
        return exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                           "nothing is stored for %s; see: exoauth status",
                           options->account.name);
    }
    return accept_one(app, &options->account, err);
}

const struct exo_command exo_cmd_accept = {
    .name = "accept",
    .usage = "ACCOUNT|--all",
    .help = "Accepts credentials that were restored from a backup, and are "
            "refused as rolled\nback until then.\n\n"
            "  --all                 every one in the store\n",
    .options = EXO_OPT_ALL,
    .needs_account = true,
    .prepare = true,
    .run = run,
};
