/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth doctor`: looks at everything that a login needs and says of each
 * thing whether it is well and, if not, what to do. It changes nothing but
 * what `exoauth token` would, and works while things are broken: what it
 * finds broken is its result, so it opens the configuration itself.
 *
 * Called by main() before the privileges are gone. The checks of the host run
 * as who started it; then root becomes run_as for those that read secrets and
 * ask the provider. The exit status is that of the worst failure; warnings
 * and what could not be checked do not change it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "helper/doctor/doctor.h"
#include "exoauth/clock.h"
#include "helper/app/outfile.h"

#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)
/* All of it; a host with many accounts and no network has to end, too. */
#define DOCTOR_MS 120000

static const struct {
    const char *name;
    bool dropped; /* runs as run_as, and not at all if that is not possible */
    void (*run)(struct exo_doctor *d);
} checks[] = {
    { "plugin", false, exo_check_plugin },
    { "other-plugins", false, exo_check_others },
    { "configuration", false, exo_check_config },
    { "account", false, exo_check_accounts },
    { "postfix", false, exo_check_postfix },
    { "files", false, exo_check_files }, /* knows then whose sockets are */
    { "jail", false, exo_check_jail },
    { "selinux", false, exo_check_selinux },
    { "provider", true, exo_check_provider },
    { "token", true, exo_check_token },
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

/* Where the report goes; to - with the rest. */
static int open_bundle(struct exo_outfile *file, const char *path,
                       struct exo_err *err)
{
    char why[EXO_PATH_WHY] = "";

    if (!path || strcmp(path, "-") == 0) {
        return 0;
    }
    errno = exo_outfile_begin(file, path, why);
    if (why[0] != '\0') {
        return exo_err_set(err, EXO_STATUS_USAGE, "cannot make %s: %-s", path,
                           why);
    }
    return errno == 0 ? 0
                      : exo_err_set(err, EXO_STATUS_USAGE,
                                    "cannot make %s: %m; name a file that does "
                                    "not exist",
                                    path);
}

/* Whom to look at. Failing is a finding of the configuration's check. */
static void find_accounts(struct exo_doctor *d,
                          const struct exo_options *options)
{
    if (options->has_account) {
        exo_names_add(&d->accounts, &options->account);
    } else if (d->app->conf && exo_settings_list(d->app->conf, exo_names_add,
                                                 &d->accounts, &d->open) != 0) {
        return;
    }
    if (exo_names_sort(&d->accounts) != 0) {
        d->nomem = true;
    }
    d->settings = calloc(d->accounts.n + 1, sizeof(struct exo_settings *));
    if (!d->settings) {
        d->nomem = true;
        exo_names_free(&d->accounts);
    }
}

/* Of --config: the plugin reads it as programs would there. */
static char *conf_dir(const struct exo_doctor *d)
{
    const char *path = d->config && d->app->conf ? d->app->conf->path : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? strndup(path, (size_t)(slash - path)) : NULL;
}

static void run_checks(struct exo_doctor *d)
{
    bool dropped = false;

    for (size_t i = 0; i < N_CHECKS; i++) {
        d->check = checks[i].name;
        if (checks[i].dropped && !dropped) {
            dropped = true;
            if (d->open.status == EXO_STATUS_OK &&
                exo_app_drop(d->app, &d->open) != 0) {
                exo_doctor_error(d, NULL, &d->open, EXO_E_STATUS);
            }
        }
        if (checks[i].dropped && d->open.status != EXO_STATUS_OK) {
            exo_doctor_skip(d, NULL,
                            "not checked: the configuration is of no use here, "
                            "see above");
        } else if (exo_clock_ms() >= d->deadline_ms) {
            exo_doctor_skip(d, NULL,
                            "not checked: out of time; run: exoauth doctor "
                            "ACCOUNT");
        } else {
            checks[i].run(d);
        }
    }
}

static int print_report(const struct exo_doctor *d, const char *path,
                        struct exo_outfile *file, struct exo_buf *out,
                        struct exo_err *err)
{
    if (!path) {
        return 0;
    }
    exo_buf_reset(out);
    exo_doctor_bundle(out, d);
    if (out->error != 0) {
        return out->error;
    }
    return strcmp(path, "-") == 0 ? exo_out_buf(out, err)
                                  : exo_outfile_finish(file, path, out, err);
}

static int print(const struct exo_doctor *d, const struct exo_options *options,
                 struct exo_outfile *file, struct exo_err *err)
{
    struct exo_buf out = EXO_BUF_INIT(OUTPUT_MAX);
    bool quiet = options->report && strcmp(options->report, "-") == 0;
    int rc = 0;

    if (options->json) {
        exo_doctor_json(&out, d);
    } else if (!quiet) {
        exo_doctor_text(&out, d);
    }
    if (out.error != 0 || out.len > 0) {
        rc = exo_out_buf(&out, err);
    }
    if (rc == 0) {
        rc = print_report(d, options->report, file, &out, err);
    }
    if (rc != EXO_E_STATUS && (rc != 0 || d->nomem)) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot show all that was found: %s; free some memory",
                         exo_strerror(EXO_E_NOMEM));
    }
    exo_buf_free(&out);
    return rc;
}

static int verdict(const struct exo_doctor *d, struct exo_err *err)
{
    size_t failures = exo_doctor_count(d, EXO_LEVEL_FAILURE);

    if (failures == 0) {
        return 0;
    }
    return exo_err_set(
        err, exo_doctor_worst(d),
        "%zu failure%s, %zu warning%s; each line says what to do", failures,
        failures == 1 ? "" : "s", exo_doctor_count(d, EXO_LEVEL_WARNING),
        exo_doctor_count(d, EXO_LEVEL_WARNING) == 1 ? "" : "s");
}

static void free_doctor(struct exo_doctor *d)
{
    for (size_t i = 0; d->settings && i < d->accounts.n; i++) {
        exo_settings_free(d->settings[i]);
    }
    free(d->settings);
    free(d->conf_dir);
    exo_names_free(&d->accounts);
    exo_postfix_close(d->postfix);
    if (d->looked) {
        exo_plugins_free(&d->plugins);
    }
    free(d->finding);
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_outfile file = EXO_OUTFILE_INIT;
    struct exo_doctor d;
    int rc;

    if (options->json && options->report && strcmp(options->report, "-") == 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--json and --bundle - both want the standard "
                           "output; name a file");
    }
    rc = open_bundle(&file, options->report, err);
    if (rc != 0) {
        return rc;
    }
    memset(&d, 0, sizeof(d));
    d.app = app;
    d.config = options->config;
    d.deadline_ms = exo_clock_ms() + DOCTOR_MS;
    (void)!exo_app_open(app, options->config, false, &d.open);
    d.conf_dir = conf_dir(&d);
    find_accounts(&d, options);
    run_checks(&d);
    rc = print(&d, options, &file, err);
    if (rc == 0) {
        rc = verdict(&d, err);
    }
    exo_outfile_drop(&file);
    free_doctor(&d);
    return rc;
}

const struct exo_command exo_cmd_doctor = {
    .name = "doctor",
    .usage = "[ACCOUNT] [--json] [--bundle FILE]",
    .help =
        "Looks at everything that a login needs and says what is not well "
        "and what to do:\nplugin, configuration, owners and modes, Postfix, "
        "SELinux, provider, token.\nChanges nothing; a token is obtained "
        "as by exoauth token. Root sees more.\n"
        "\n  --json                the same for programs\n"
        "  --bundle FILE         also write a report for others, without "
        "anything secret;\n                        - is the standard "
        "output\n\n"
        "Exit status: that of the worst failure, in the order 75, 74, 77, "
        "78, else 0.\n",
    .options = EXO_OPT_JSON | EXO_OPT_BUNDLE,
    .opens = true,
    .run = run,
};
