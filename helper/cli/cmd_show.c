/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth show ACCOUNT`: the configuration in force for one account (show.h).
 * Called by main() after the privileges are gone. It opens the store only for
 * what was discovered.
 */
#include "config.h"

#include "cmd.h"
#include "helper/broker/discover.h"
#include "helper/settings/settings.h"
#include "helper/settings/show.h"

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

/* What the issuer said when it was asked. Whoever may not open the store does
 * not see it. */
static void recall(struct exo_app *app, struct exo_settings *settings)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;

    if (!exo_settings_asks_issuer(settings) ||
        exo_app_store(app, &ignored) != 0) {
        return;
    }
    exo_record_init(&record);
    if (exo_store_peek(app->store, &exo_settings_owner(settings)->file, &record,
                       &ignored) == 0) {
        exo_discovery_recall(settings, &record);
    }
    exo_record_free(&record);
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_buf out = EXO_BUF_INIT(EXO_SHOW_MAX);
    struct exo_settings *settings = NULL;
    int rc;

    rc = exo_settings_load(&settings, app->conf, &options->account, err);
    if (rc != 0) {
        return rc;
    }
    exo_settings_unknown(app->conf, settings, warn, app);
    recall(app, settings);
    exo_show_settings(&out, settings, false);
    exo_buf_str(&out, "\n");
    exo_show_conf(&out, app->conf, false);
    rc = out.error;
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot show the configuration: %s", exo_strerror(rc));
    } else {
        rc = exo_out_buf(&out, err);
    }
    exo_buf_free(&out);
    exo_settings_free(settings);
    return rc;
}

const struct exo_command exo_cmd_show = {
    .name = "show",
    .usage = "ACCOUNT",
    .help = "Shows the configuration in force for the account and where each "
            "value comes\nfrom, in the syntax of exoauth.conf. Never a "
            "secret.\n",
    .needs_account = true,
    .run = run,
};
