/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How every account stands, from the account files and the records, which are
 * opened as a request for a token opens them: what fails there fails here. No
 * network, no lock, nothing changed. One broken file or record becomes a row
 * of its own and hides no other.
 *
 * Called by cmd_status.c and, after a refresh, by status_file.c. The rows are
 * the caller's to free(). Fails only where no row can be made at all.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/clock.h"
#include "exoauth/token.h"
#include "helper/app/names.h"
#include "helper/settings/settings.h"
#include "status.h"
#include "helper/settings/trouble.h"

/* What is the same for all rows. */
struct round {
    void (*warn)(void *context, const char *text);
    void *context;
    bool looked; /* could a record be stored? unready says why not */
    struct exo_err unready;
};

static void set_state(struct exo_status_row *row, struct exo_err *why, int rc)
{
    memcpy(row->message, exo_err_text(why, rc), sizeof(row->message));
    row->state = why->status;
}

/* What cannot be read takes nobody's token away: when the published one ends.
 */
static void take_published(struct exo_status_row *row,
                           const struct exo_app *app)
{
    struct exo_published published;
    struct exo_err ignored = EXO_ERR_INIT;

    if (exo_published_read(&published, app->conf->token_dir, &row->credential,
                           &ignored) == 0 &&
        strcmp(published.token.account, row->credential.name) == 0) {
        row->serial = published.token.serial;
        row->token_expires = published.token.expires;
    }
    exo_published_free(&published);
}

static void set_grant(struct exo_status_row *row, enum exo_grant grant)
{
    (void)snprintf(row->grant, sizeof(row->grant), "%s", exo_grant_word(grant));
}

/* A record is the last word on the grant where no file has one. */
static void judge_end(struct exo_status_row *row,
                      const struct exo_settings *settings,
                      const struct exo_record *record)
{
    const struct exo_settings *owner =
        settings ? exo_settings_owner(settings) : NULL;
    int64_t now = exo_clock_now();
    enum exo_grant grant;

    if (owner && owner->grant_said) {
        grant = owner->grant;
    } else if (!exo_grant_parse(record->grant, &grant)) {
        return;
    }
    if (row->state == EXO_STATUS_OK && now >= record->expires &&
        exo_trouble_final(row->message, record, grant, now)) {
        row->state = EXO_STATUS_NEEDS_LOGIN;
    } else if (!exo_trouble_final(row->warning, record, grant, now)) {
        row->warning[0] = '\0';
    }
}

static void take_record(struct exo_status_row *row,
                        const struct exo_record *record)
{
    enum exo_grant grant;

    if (record->grant[0] != '\0') {
        exo_text_fmt(row->grant, sizeof(row->grant), "%s", record->grant);
    }
    /* Whether there is a refresh token is sealed; that a person authorised
     * is not. */
    row->delegated = record->serial > 0 &&
                     exo_grant_parse(row->grant, &grant) &&
                     !exo_grant_of_app(grant);
    row->state = record->state;
    row->serial = record->serial;
    row->granted = row->delegated ? record->granted : 0;
    row->refreshed = record->refreshed;
    row->token_expires = record->expires;
    row->failures = record->failures;
    row->next_try = record->next_try;
    row->error_time = record->error_time;
    exo_text_fmt(row->error_code, sizeof(row->error_code), "%s",
                 record->error_code);
    exo_trouble_text(row->message, record);
}

/* Does the configuration name all that a request needs? */
static bool has_source(const struct exo_settings *owner)
{
    static const enum exo_key sources[] = { EXO_KEY_SECRET_FILE,
                                            EXO_KEY_SECRET_COMMAND,
                                            EXO_KEY_CERTIFICATE,
                                            EXO_KEY_ASSERTION_FILE };

    if (owner->grant == EXO_GRANT_MANAGED_IDENTITY) {
        return true;
    }
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (owner->grant == EXO_GRANT_CLIENT_CREDENTIALS &&
            exo_settings_get(owner, sources[i])[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* Nothing stored: is a login needed, or will the first request do? Where it
 * never can be, nobody knows what the provider last said. */
static void no_record(struct exo_status_row *row, const struct exo_app *app,
                      const struct exo_settings *settings, struct round *round)
{
    struct exo_err why = EXO_ERR_INIT;
    int rc;

    rc = exo_settings_complete(settings, &why);
    if (rc != 0) {
        set_state(row, &why, rc);
        return;
    }
    if (has_source(exo_settings_owner(settings))) {
        row->state = EXO_STATUS_OK;
        if (!round->looked) {
            rc = exo_store_ready(app->store, &round->unready);
            exo_err_words(&round->unready, rc);
            round->looked = true;
        }
        if (round->unready.status != EXO_STATUS_OK) {
            exo_text_fmt(row->warning, sizeof(row->warning),
                         "no state of it can be stored: %-s",
                         exo_err_text(&round->unready, EXO_E_STATUS));
        }
        return;
    }
    rc = exo_err_set(&why, EXO_STATUS_NEEDS_LOGIN,
                     "no credential is stored; run: exoauth login %s",
                     EXO_SH(row->credential.name, "ACCOUNT"));
    set_state(row, &why, rc);
}

static void take_settings(struct exo_status_row *row,
                          const struct exo_settings *settings)
{
    row->credential = settings->credential;
    set_grant(row, exo_settings_owner(settings)->grant);
}

/* EXO_E_STATUS and err only if neither a file nor a record is there. closed:
 * why no record can be read, else NULL. */
static int fill_row(const struct exo_app *app,
                    const struct exo_account *account,
                    struct exo_status_row *row, struct round *round,
                    const struct exo_err *closed, struct exo_err *err)
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
        if (round->warn) {
            exo_settings_unknown(app->conf, settings, round->warn,
                                 round->context);
        }
        take_settings(row, settings);
    }
    if (closed) {
        exo_record_init(&record);
        store_err = *closed;
        found = EXO_E_STATUS;
    } else {
        found =
            exo_store_get(app->store, &row->credential, &record, &store_err);
    }
    if (found == 0) {
        take_record(row, &record);
        judge_end(row, settings, &record);
        if (settings && record.serial == 0 && record.error_text[0] == '\0') {
            /* What a first login that failed leaves behind. */
            no_record(row, app, settings, round);
        }
    } else if (found != EXO_E_NOENT) {
        set_state(row, &store_err, found);
        take_published(row, app);
    } else if (settings) {
        no_record(row, app, settings, round);
        take_published(row, app);
    }
    if (settings) {
        row->credential_expires = exo_settings_credential_expiry(
            settings, found == 0 ? record.certificate_ends : 0,
            &row->certificate);
    }
    if (rc != 0 && conf_err.status != EXO_STATUS_NO_ACCOUNT) {
        /* Without a usable file no record is of use. */
        set_state(row, &conf_err, rc);
    } else if (rc != 0 && found == EXO_E_NOENT) {
        *err = conf_err;
        goto out;
    } else if (rc != 0 && row->message[0] == '\0') {
        exo_text_fmt(row->message, sizeof(row->message),
                     "no account file in %s names it; to forget it, "
                     "run: exoauth remove %s",
                     app->conf->account_dir, EXO_SH(account->name, "ACCOUNT"));
    }
    rc = 0;
out:
    exo_record_free(&record);
    exo_settings_free(settings);
    return rc;
}

/* Whom to show: the one that was named, else every file and record. */
static int collect_names(struct exo_app *app, const struct exo_account *only,
                         struct exo_names *names, struct exo_err *err)
{
    int rc;

    if (only) {
        exo_names_add(names, only);
    } else {
        rc = exo_settings_list(app->conf, exo_names_add, names, err);
        if (rc == 0 && app->store) {
            rc = exo_store_list(app->store, exo_names_add, names, err);
        }
        if (rc != 0) {
            return rc;
        }
    }
    rc = exo_names_sort(names);
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot list the accounts: %s", exo_strerror(rc));
    }
    return 0;
}

int exo_status_collect(struct exo_app *app, const struct exo_account *only,
                       void (*warn)(void *context, const char *text),
                       void *context, struct exo_status_row **rows, size_t *n,
                       struct exo_err *err)
{
    struct round round = { warn, context, false, EXO_ERR_INIT };
    struct exo_names names = EXO_NAMES_INIT;
    int64_t now = exo_clock_now();
    struct exo_err closed = EXO_ERR_INIT;
    int rc = exo_app_store(app, err);

    *rows = NULL;
    *n = 0;
    /* To others it is simply closed. */
    if (rc != 0 && err->unread &&
        (err->status != EXO_STATUS_DENIED || app->root || app->conf->user)) {
        closed = *err;
        if (closed.status == EXO_STATUS_DENIED) {
            exo_err_restate(&closed, EXO_STATUS_STORE);
        }
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = 0;
    }
    if (rc == 0) {
        rc = collect_names(app, only, &names, err);
    }
    if (rc != 0) {
        goto out;
    }
    if (!only && warn) {
        exo_settings_strays(app->conf, warn, context);
    }
    *rows = calloc(names.n + 1, sizeof(**rows));
    if (!*rows) {
        rc =
            exo_err_set(err, EXO_STATUS_TRANSIENT, "cannot show the status: %s",
                        exo_strerror(EXO_E_NOMEM));
        goto out;
    }
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        rc = fill_row(app, &names.account[i], &(*rows)[i], &round,
                      closed.unread ? &closed : NULL, err);
        exo_status_judge(&(*rows)[i], now);
    }
    *n = names.n;
out:
    if (rc != 0) {
        free(*rows);
        *rows = NULL;
        *n = 0;
    }
    exo_names_free(&names);
    return rc;
}
