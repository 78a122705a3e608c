/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of a rekey: each is sealed with the key of today, under its
 * account's lock, while others work (rekey.h). One that cannot be opened keeps
 * the old key from none of the others.
 */
#include "config.h"

#include "rekey.h"

#include <string.h>

#include "exoauth/clock.h"
#include "helper/app/names.h"

#define LOCK_MS 60000

static int seal_anew(struct exo_app *app, const struct exo_account *account,
                     struct exo_err *err)
{
    struct exo_store_lock lock;
    bool was_open = false;
    int rc = exo_app_lock(app, account, exo_clock_ms() + LOCK_MS, &lock, err);

    if (rc == 0) {
        rc = exo_store_renew(app->store, &lock, &was_open, err);
        exo_app_unlock(app, &lock);
    }
    if (rc == 0 && was_open) {
        exo_app_warn(app,
                     "%s: sealed; it was stored unsealed, and if that was not "
                     "you, run: exoauth login %s",
                     account->name, EXO_SH(account->name, "ACCOUNT"));
    }
    return rc == EXO_E_NOENT ? 0 : rc; /* removed meanwhile */
}

/* left: those of which nothing but a previous copy is there. */
static int list(struct exo_app *app, bool left, struct exo_names *names,
                struct exo_err *err)
{
    int rc = (left ? exo_store_list_left
                   : exo_store_list)(app->store, exo_names_add, names, err);

    return rc == 0 && exo_names_sort(names) != 0
               ? exo_err_set(err, EXO_STATUS_TRANSIENT,
                             "cannot list the store: out of memory; free some")
               : rc;
}

int exo_rekey_drop_left(struct exo_app *app, struct exo_err *err)
{
    struct exo_names names = EXO_NAMES_INIT;
    int rc = list(app, true, &names, err);

    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        const struct exo_account *account = &names.account[i];
        struct exo_err ignored = EXO_ERR_INIT;
        struct exo_store_lock lock;
        struct exo_record record;

        rc = exo_app_lock(app, account, exo_clock_ms() + LOCK_MS, &lock, err);
        if (rc != 0) {
            break;
        }
        if (exo_store_peek(app->store, account, &record, &ignored) ==
            EXO_E_NOENT) {
            rc = exo_store_remove(app->store, &lock, err);
            rc = rc == EXO_E_NOENT ? 0 : rc;
        }
        exo_record_free(&record);
        exo_app_unlock(app, &lock);
    }
    exo_names_free(&names);
    return rc;
}

static bool is_sealed_with(struct exo_app *app,
                           const struct exo_account *account, const char *id)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    int rc = exo_store_peek(app->store, account, &record, &ignored);
    bool yes = rc == EXO_E_NOENT || strcmp(record.sealed_by, id) == 0;

    exo_record_free(&record);
    return yes;
}

int exo_rekey_round(struct exo_app *app, const char *id, bool all, size_t *done,
                    struct exo_err *err)
{
    struct exo_names names = EXO_NAMES_INIT;
    int rc = list(app, false, &names, err);
    size_t n = rc == 0 ? names.n : 0;

    *done = 0;
    for (size_t i = 0; i < n; i++) {
        struct exo_err why = EXO_ERR_INIT;
        int one;

        if (!all && is_sealed_with(app, &names.account[i], id)) {
            continue;
        }
        one = seal_anew(app, &names.account[i], &why);
        (*done)++;
        if (one != 0 && rc == 0) {
            rc = one;
            *err = why;
        } else if (one != 0) {
            exo_app_warn(app, "%-s", exo_err_text(&why, one));
        }
    }
    exo_names_free(&names);
    return rc;
}
