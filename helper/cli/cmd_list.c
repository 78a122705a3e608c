/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth list`: the names of the accounts that have a file, one a line.
 * It opens neither the store nor the files, so it says nothing about whether
 * an account works; that is what `exoauth status` is for.
 *
 * Called by main() after the privileges are gone. Fails with the status of
 * reading the account directory or of writing stdout.
 */
#include "config.h"

#include "cmd.h"
#include "helper/app/names.h"
#include "helper/settings/settings.h"

#define LIST_MAX ((size_t)64 * 1024 * 1024)

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_names names = EXO_NAMES_INIT;
    struct exo_buf out = EXO_BUF_INIT(LIST_MAX);
    int rc;

    (void)options;
    exo_settings_strays(app->conf, warn, app);
    rc = exo_settings_list(app->conf, exo_names_add, &names, err);
    if (rc == 0) {
        rc = exo_names_sort(&names);
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        exo_buf_fmt(&out, "%s\n", names.account[i].name);
    }
    if (rc == 0 && (out.error != 0 || out.len > 0)) {
        rc = exo_out_buf(&out, err);
    }
    if (rc != 0 && err->status == EXO_STATUS_OK) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot list the accounts: %s", exo_strerror(rc));
    }
    exo_buf_free(&out);
    exo_names_free(&names);
    return rc;
}

const struct exo_command exo_cmd_list = {
    .name = "list",
    .usage = "",
    .help = "Prints the names of the configured accounts, one a line.\n",
    .run = run,
};
