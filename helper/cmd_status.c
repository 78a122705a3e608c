/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status`: how every account stands, from the account files and the
 * clear part of the records; no key, no network, no lock, nothing changed.
 * One broken file or record becomes a row of its own and hides no other.
 *
 * Called by main() after the privileges are gone. The exit status is that of
 * the worst row, so that `exoauth status` is a monitoring check by itself.
 * Rows are owned here; the two ways to print them are status_table.c and
 * status_json.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "exoauth/proto.h"
#include "names.h"
#include "settings.h"
#include "status.h"

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

    if (!strstr(exo_buf_text(&w->said), text)) {
        exo_buf_str(&w->said, text);
        exo_buf_str(&w->said, "\n");
        exo_app_warn(w->app, "%s", text);
    }
}

static void set_state(struct exo_status_row *row, const struct exo_err *why)
{
    row->state = why->status;
    memcpy(row->message, why->text, sizeof(row->message));
}

/* A date of the form that exo_setting_check() let through. */
static int64_t parse_day(const char *date)
{
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    return strptime(date, "%Y-%m-%d", &tm) ? (int64_t)timegm(&tm) : 0;
}

static void take_record(struct exo_status_row *row,
                        const struct exo_record *record)
{
    if (record->grant[0] != '\0') {
        memcpy(row->grant, record->grant, sizeof(row->grant));
    }
    row->state = record->state;
    row->serial = record->serial;
    row->refreshed = record->refreshed;
    row->token_expires = record->expires;
    row->failures = record->failures;
    row->next_try = record->next_try;
    row->error_time = record->error_time;
    memcpy(row->error_code, record->error_code, sizeof(row->error_code));
    memcpy(row->message, record->error_text, sizeof(row->message));
}

/* Nothing stored: is a login needed, or will the first request do? */
static void no_record(struct exo_status_row *row,
                      const struct exo_settings *settings)
{
    const struct exo_settings *owner = exo_settings_owner(settings);
    struct exo_err why = EXO_ERR_INIT;

    if (exo_settings_complete(settings, &why) != 0) {
        set_state(row, &why);
        return;
    }
    if (owner->grant == EXO_GRANT_CLIENT_CREDENTIALS &&
        (exo_settings_get(owner, EXO_KEY_SECRET_FILE)[0] != '\0' ||
         exo_settings_get(owner, EXO_KEY_SECRET_COMMAND)[0] != '\0')) {
        row->state = EXO_STATUS_OK;
        return;
    }
    (void)exo_err_set(&why, EXO_STATUS_NEEDS_LOGIN,
                      "no credential is stored; run: exoauth login %s",
                      row->credential.name);
    set_state(row, &why);
}

static void take_settings(struct exo_status_row *row,
                          const struct exo_settings *settings)
{
    const struct exo_settings *owner = exo_settings_owner(settings);
    struct exo_buf grant = EXO_BUF_INIT(sizeof(row->grant) - 1);

    row->credential = settings->credential;
    exo_buf_str(&grant, exo_grant_word(owner->grant));
    memcpy(row->grant, exo_buf_text(&grant), grant.len + 1);
    exo_buf_free(&grant);
    row->credential_expires =
        parse_day(exo_settings_get(owner, EXO_KEY_SECRET_EXPIRES));
}

/* EXO_E_STATUS and err only if neither a file nor a record is there. */
static int fill_row(const struct exo_app *app,
                    const struct exo_account *account,
                    struct exo_status_row *row, struct warner *warner,
                    struct exo_err *err)
{
    struct exo_err conf_err = EXO_ERR_INIT;
    struct exo_err store_err = EXO_ERR_INIT;
    struct exo_settings *settings = NULL;
    struct exo_record record;
    int found;
    int rc;

    memset(row, 0, sizeof(*row));
    row->account = *account;
    row->credential = *account;
    rc = exo_settings_load(&settings, app->conf, account, &conf_err);
    if (rc == 0) {
        exo_settings_unknown(app->conf, settings, warn_once, warner);
        take_settings(row, settings);
    }
    found = exo_store_get(app->store, &row->credential, &record, &store_err);
    if (found == 0) {
        take_record(row, &record);
        if (settings && record.serial == 0 && record.error_text[0] == '\0') {
            /* What a first login that failed leaves behind. */
            no_record(row, settings);
        }
    } else if (found != EXO_E_NOENT) {
        set_state(row, &store_err);
    } else if (settings) {
        no_record(row, settings);
    }
    if (rc != 0 && conf_err.status != EXO_STATUS_NO_ACCOUNT) {
        /* Without a usable file no record is of use. */
        set_state(row, &conf_err);
    } else if (rc != 0 && found == EXO_E_NOENT) {
        *err = conf_err;
        goto out;
    } else if (rc != 0 && row->message[0] == '\0') {
        const enum exo_status state = row->state;

        (void)exo_err_set(&conf_err, state,
                          "no account file in %s names it; to forget it, "
                          "run: exoauth remove %s",
                          app->conf->account_dir, account->name);
        set_state(row, &conf_err);
    }
    rc = 0;
out:
    exo_record_free(&record);
    exo_settings_free(settings);
    return rc;
}

static int print_rows(const struct exo_status_row *row, size_t n, bool json,
                      struct exo_err *err)
{
    struct exo_buf out = EXO_BUF_INIT(OUTPUT_MAX);
    int rc = 0;

    if (json) {
        rc = exo_status_json(&out, row, n);
    } else if (n > 0) {
        exo_status_table(&out, row, n, exo_clock_now());
        rc = out.error;
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot show the status: %s", exo_strerror(rc));
    } else if (out.len > 0) {
        rc = exo_out(out.data, out.len, err);
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

/* Whom to show: the one that was named, else every file and record. */
static int collect(struct exo_app *app, const struct exo_options *options,
                   struct exo_names *names, struct exo_err *err)
{
    int rc;

    if (options->has_account) {
        exo_names_add(names, &options->account);
    } else {
        rc = exo_settings_list(app->conf, exo_names_add, names, err);
        if (rc != 0) {
            return rc;
        }
        rc = exo_store_list(app->store, exo_names_add, names, err);
        if (rc != 0) {
            return rc;
        }
    }
    rc = exo_names_sort(names);
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot list the accounts: %s", exo_strerror(rc));
    }
    if (names->n == 0) {
        exo_app_warn(app, "no account in %s; run: exoauth login ACCOUNT",
                     app->conf->account_dir);
    }
    return 0;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct warner warner = { app, EXO_BUF_INIT(EXO_BLOCK_SIZE) };
    struct exo_names names = EXO_NAMES_INIT;
    struct exo_status_row *rows = NULL;
    int rc = exo_app_store(app, err);

    if (rc == 0) {
        rc = collect(app, options, &names, err);
    }
    if (rc != 0) {
        goto out;
    }
    exo_settings_unknown(app->conf, NULL, warn_once, &warner);
    rows = calloc(names.n + 1, sizeof(*rows));
    if (!rows) {
        rc =
            exo_err_set(err, EXO_STATUS_TRANSIENT, "cannot show the status: %s",
                        exo_strerror(EXO_E_NOMEM));
        goto out;
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        rc = fill_row(app, &names.account[i], &rows[i], &warner, err);
    }
    if (rc == 0) {
        rc = print_rows(rows, names.n, options->json, err);
    }
    if (rc == 0) {
        rc = verdict(rows, names.n, err);
    }
out:
    free(rows);
    exo_names_free(&names);
    exo_buf_free(&warner.said);
    return rc;
}

const struct exo_command exo_cmd_status = {
    .name = "status",
    .usage = "[ACCOUNT] [--json]",
    .help = "Shows how each account stands: grant, state, expiry of token "
            "and credential,\nlast error with its remedy, next try. Asks "
            "nobody and changes nothing.\n"
            "\n  --json                the same for programs\n\n"
            "Exit status: that of the worst state, in the order 0, 75, 74, "
            "77, 78.\n",
    .options = EXO_OPT_JSON,
    .run = run,
};
