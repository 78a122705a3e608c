/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status`: how every account stands; no network, no lock, nothing
 * changed. status.c finds it out, status_*.c print it. Who may not
 * open the store sees the copy for everyone, status_file.
 *
 * Called by main() after the privileges are gone. The exit status is that of
 * the worst row, so that `exoauth status` is a monitoring check by itself;
 * with --nagios it is what the Monitoring Plugins agreed on, also for what
 * went wrong before this was called.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "exoauth/clock.h"
#include "helper/settings/settings.h"
#include "helper/status/status.h"

#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

/* A key that exoauth.conf does not know is one warning, not one for each
 * account that was read with it. */
struct warner {
    const struct exo_app *app;
    struct exo_buf said;
};

static void warn_once(void *context, const char *text)
{
    struct warner *w = context;

    const char *said;

    if (exo_buf_done(&w->said, &said) != 0 || !strstr(said, text)) {
        exo_buf_str(&w->said, text);
        exo_buf_str(&w->said, "\n");
        exo_app_warn(w->app, "%-s", text);
    }
}

static int print_rows(struct exo_options *options,
                      const struct exo_status_row *row, size_t n,
                      struct exo_err *err)
{
    struct exo_buf out = EXO_BUF_INIT(OUTPUT_MAX);
    int64_t now = exo_clock_now();
    int rc = 0;

    if (options->json) {
        exo_status_json(&out, row, n);
    } else if (options->prometheus) {
        exo_status_prometheus(&out, row, n);
    } else if (options->nagios) {
        options->nagios_exit = exo_status_nagios(&out, row, n, now);
    } else if (n > 0) {
        exo_status_table(&out, row, n, now);
    }
    if (out.error != 0 || out.len > 0) {
        rc = exo_out_buf(&out, err);
    }
    exo_buf_free(&out);
    return rc;
}

/* The exit status of the command, and a line that says why. */
static int verdict(const struct exo_status_row *row, size_t n,
                   struct exo_err *err)
{
    enum exo_status worst = EXO_STATUS_OK;
    size_t bad = 0;

    for (size_t i = 0; i < n; i++) {
        bad += row[i].state != EXO_STATUS_OK;
        if (exo_status_is_worse(row[i].state, worst)) {
            worst = row[i].state;
        }
    }
    if (bad == 0) {
        return 0;
    }
    return exo_err_set(err, worst, "%zu of %zu accounts: not ok, worst: %s",
                       bad, n, exo_status_word(worst));
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct warner warner = { app, EXO_BUF_INIT(EXO_BLOCK_SIZE) };
    const struct exo_account *only =
        options->has_account ? &options->account : NULL;
    struct exo_status_row *rows = NULL;
    size_t n = 0;
    int rc;

    if (options->json + options->prometheus + options->nagios > 1) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--json, --prometheus and --nagios exclude each "
                           "other; see: exoauth status --help");
    }
    exo_settings_unknown(app->conf, NULL, warn_once, &warner);
    rc = exo_status_collect(app, only, warn_once, &warner, &rows, &n, err);
    if (rc != 0 && err->status == EXO_STATUS_DENIED &&
        app->conf->status_file[0] != '\0') {
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = exo_status_read(app, only, &rows, &n, err);
    }
    if (rc == 0 && n == 0) {
        exo_app_warn(app, "no account in %s; run: exoauth login ACCOUNT",
                     app->conf->account_dir);
    }
    if (rc == 0) {
        rc = print_rows(options, rows, n, err);
    }
    if (rc == 0 && !options->nagios) {
        rc = verdict(rows, n, err);
    }
    free(rows);
    exo_buf_free(&warner.said);
    return rc;
}

/* A monitor reads one line and the exit status, and knows no others. */
static int ending(struct exo_options *options, struct exo_err *err)
{
    struct exo_buf out = EXO_BUF_INIT(OUTPUT_MAX);
    struct exo_err ignored = EXO_ERR_INIT;

    if (!options->nagios) {
        return exo_status_exit(err->status);
    }
    if (err->status != EXO_STATUS_OK) {
        options->nagios_exit =
            exo_status_nagios_unknown(&out, exo_err_text(err, EXO_E_STATUS));
        (void)!exo_out_buf(&out, &ignored);
        exo_buf_free(&out);
        *err = (struct exo_err)EXO_ERR_INIT;
    }
    return options->nagios_exit;
}

const struct exo_command exo_cmd_status = {
    .name = "status",
    .usage = "[ACCOUNT] [--json|--prometheus|--nagios]",
    .help = "Shows how each account stands: grant, state, expiry of token "
            "and credential, age\nof the refresh token, last error with its "
            "remedy, next try, and what will break\nsoon. Asks nobody and "
            "changes nothing.\n"
            "\n  --json                the same for programs\n"
            "  --prometheus          for the textfile collector of a node "
            "exporter\n"
            "  --nagios              one line and 0, 1, 2 or 3, as a "
            "monitoring plugin\n\n"
            "Exit status: that of the worst state, in the order 0, 75, 74, "
            "77, 78.\n",
    .options = EXO_OPT_JSON | EXO_OPT_PROMETHEUS | EXO_OPT_NAGIOS,
    .run = run,
    .ending = ending,
};
