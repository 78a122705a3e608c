/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth refresh: a new token where one is due, and published again. What
 * the timer runs (--all), and the remedy after a boot, when /run is empty.
 * --force asks the provider now, whatever backoff or state says. One account
 * that fails does not stop the others; the exit status is the worst one's.
 */
#include "config.h"

#include <stdlib.h>

#include "broker.h"
#include "cmd.h"
#include "exoauth/proto.h"

#define REFRESH_MS 60000 /* nobody waits for a login here */

struct all {
    struct exo_app *app;
    const struct exo_options *options;
    struct exo_err worst;
};

static int refresh_one(struct exo_app *app, const struct exo_options *options,
                       const struct exo_account *account, struct exo_err *err)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_got got;
    int rc;

    want.due = true;
    want.force = options->force;
    want.deadline_ms = exo_clock_ms() + REFRESH_MS;
    rc = exo_broker_get(app, account, &want, &got, err);
    /* Served from what is left, but somebody should know. */
    if (rc == 0 && got.trouble.status != EXO_STATUS_OK) {
        *err = got.trouble;
        rc = EXO_E_STATUS;
    } else if (rc == 0 && got.record.state != EXO_STATUS_OK) {
        rc = exo_err_set(err, got.record.state, "%s", got.record.error_text);
    } else if (rc == 0) {
        exo_app_info(app, "%s: %s, expires in %lld s", account->name,
                     got.renewed ? "renewed" : "not due",
                     (long long)(got.token.expires - exo_clock_now()));
    }
    exo_got_free(&got);
    return rc;
}

static void refresh_found(void *context, const struct exo_account *account)
{
    struct all *all = context;
    struct exo_err err = EXO_ERR_INIT;

    if (refresh_one(all->app, all->options, account, &err) == 0) {
        return;
    }
    exo_app_warn(all->app, "%s: %s", account->name, err.text);
    if (exo_status_is_worse(err.status, all->worst.status)) {
        all->worst = err;
    }
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct all all = { app, options, EXO_ERR_INIT };
    int rc;

    if (!options->all) {
        return refresh_one(app, options, &options->account, err);
    }
    rc = exo_settings_list(app->conf, refresh_found, &all, err);
    if (rc == 0 && all.worst.status != EXO_STATUS_OK) {
        err->status = all.worst.status; /* said already */
        rc = EXO_E_STATUS;
    }
    return rc;
}

const struct exo_command exo_cmd_refresh = {
    .name = "refresh",
    .usage = "ACCOUNT|--all [--force]",
    .help = "Renews tokens that are due and publishes them again.\n\n"
            "  --all                 every account\n"
            "  --force               now, ignoring backoff and permanent "
            "states\n",
    .options = EXO_OPT_ALL | EXO_OPT_FORCE,
    .needs_account = true,
    .prepare = true,
    .run = run,
};
