/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth refresh: a new token where one is due, and published again. What
 * the timer runs (--all), and the remedy after a boot, when /run is empty.
 * --force asks the provider now, whatever backoff or state says. One account
 * that fails does not stop the others; the exit status is the worst one's.
 *
 * --all also says in time, by the event `expiring`, what will end, and takes
 * its time between requests unless somebody watches.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "helper/broker/broker.h"
#include "cmd.h"
#include "exoauth/clock.h"
#include "helper/app/names.h"
#include "helper/status/status.h"
#include "helper/settings/trouble.h"

/* A provider that counts requests sees a hundred accounts as a minute of
 * work and not as a burst. */
#define SPREAD_MS 60000 /* all pauses together, at most */
#define PAUSE_MS 1000   /* one of them, at most */

struct all {
    struct exo_app *app;
    const struct exo_options *options;
    size_t n;
    bool asked; /* the account before made a request */
    struct exo_err worst;
};

/* The end that the record knows of, read without a key. */
static int64_t kept_end(struct exo_app *app,
                        const struct exo_settings *settings)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    int64_t end = 0;

    if (exo_store_peek(app->store, &settings->file, &record, &ignored) == 0) {
        end = record.certificate_ends;
    }
    exo_record_free(&record);
    return end;
}

/* Tells of an end that comes near, once at 30 days and once at 7: the record
 * remembers which. */
static void warn_of_end(struct exo_app *app,
                        const struct exo_settings *settings)
{
    struct exo_err err = EXO_ERR_INIT;
    char text[EXO_ERR_TEXT];
    struct exo_store_lock lock;
    struct exo_record record;
    bool certificate;
    int64_t now = exo_clock_now();
    int64_t end = exo_settings_credential_expiry(
        settings, kept_end(app, settings), &certificate);
    int64_t threshold = exo_status_threshold(end, now);

    if (threshold == 0 || settings->owner || app->conf->on_event[0] == '\0' ||
        exo_app_lock(app, &settings->file, exo_clock_ms() + EXO_RENEWAL_MS,
                     &lock, &err) != 0) {
        return;
    }
    if (exo_store_get(app->store, &settings->file, &record, &err) == 0 &&
        record.warned != threshold) {
        record.warned = threshold;
        int rc = exo_store_put(app->store, &lock, &record, &err);

        if (rc == 0) {
            exo_status_expiry_text(end, certificate, now, text, sizeof(text));
            exo_event_note(app, "expiring", settings->file.name, text);
        } else {
            exo_app_warn(app, "%-s", exo_err_text(&err, rc));
        }
    }
    exo_record_free(&record);
    exo_app_unlock(app, &lock);
    exo_event_run(app);
}

static int refresh_one(struct exo_app *app, const struct exo_options *options,
                       const struct exo_account *account, bool *asked,
                       struct exo_err *err)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_got got;
    int rc;

    want.due = true;
    want.force = options->force;
    want.deadline_ms = exo_clock_ms() + EXO_RENEWAL_MS;
    rc = exo_broker_get(app, account, &want, &got, err);
    *asked = got.asked;
    /* Served from what is left, but somebody should know. */
    if (rc == 0 && got.trouble.status != EXO_STATUS_OK) {
        *err = got.trouble;
        rc = EXO_E_STATUS;
    } else if (rc == 0 && got.record.state != EXO_STATUS_OK) {
        rc = exo_trouble_say(err, &got.record);
    } else if (rc == 0 && got.unsaved) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "the new credential of %s is not stored; when the "
                         "store can be written, run: exoauth login %s",
                         account->name, EXO_SH(account->name, "ACCOUNT"));
    } else if (rc == 0) {
        exo_app_info(app, "%s: %s, expires in %lld s", account->name,
                     got.renewed ? "renewed" : "not due",
                     (long long)(got.token.expires - exo_clock_now()));
    }
    if (options->all && got.settings && app->store) {
        exo_event_run(app);
        warn_of_end(app, got.settings);
    }
    exo_got_free(&got);
    app->changed = app->store != NULL; /* a monitor sees that it was run */
    return rc;
}

/* A random part of what this account may take. */
static void pause_before(const struct all *all)
{
    size_t most = SPREAD_MS / all->n < PAUSE_MS ? SPREAD_MS / all->n : PAUSE_MS;
    unsigned random = 0;
    struct timespec pause = { 0, 0 };

    if (!all->asked || all->options->force || isatty(STDERR_FILENO) ||
        getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        return;
    }
    pause.tv_nsec = (long)(random % (most + 1)) * 999999;
    (void)nanosleep(&pause, NULL);
}

static void refresh_found(struct all *all, const struct exo_account *account)
{
    struct exo_err err = EXO_ERR_INIT;
    int rc;

    pause_before(all);
    rc = refresh_one(all->app, all->options, account, &all->asked, &err);
    if (rc == 0) {
        return;
    }
    exo_app_warn(all->app, "%s: %-s", account->name, exo_err_text(&err, rc));
    if (exo_status_is_worse(err.status, all->worst.status)) {
        all->worst = err;
    }
}

static int refresh_all(struct exo_app *app, const struct exo_options *options,
                       struct exo_err *err)
{
    struct all all = { app, options, 0, false, EXO_ERR_INIT };
    struct exo_names names = EXO_NAMES_INIT;
    int rc = exo_settings_list(app->conf, exo_names_add, &names, err);

    if (rc == 0 && exo_names_sort(&names) != 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot list the accounts: %s",
                         exo_strerror(EXO_E_NOMEM));
    }
    all.n = names.n;
    for (size_t i = 0; rc == 0 && i < names.n; i++) {
        refresh_found(&all, &names.account[i]);
    }
    exo_names_free(&names);
    /* Said already: what it keeps from being published is no mail. */
    if (app->no_key.status == EXO_STATUS_OK &&
        exo_status_is_worse(app->unplaced.status, all.worst.status)) {
        all.worst = app->unplaced;
    }
    if (rc == 0 && all.worst.status != EXO_STATUS_OK) {
        rc = exo_err_said(err, all.worst.status);
    }
    return rc;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    bool asked;
    int rc;

    if (options->prepare) {
        /* main() has done it, and its warnings have said what it could not */
        if (app->unplaced.status != EXO_STATUS_OK) {
            *err = app->unplaced;
            return EXO_E_STATUS;
        }
        rc = exo_app_store(app, err);
        return rc == EXO_E_ACCESS ? exo_err_set(err, EXO_STATUS_STORE, "%-s",
                                                exo_err_text(err, rc))
                                  : rc;
    }
    if (!options->all) {
        return refresh_one(app, options, &options->account, &asked, err);
    }
    return refresh_all(app, options, err);
}

const struct exo_command exo_cmd_refresh = {
    .name = "refresh",
    .usage = "ACCOUNT|--all [--force] | --prepare",
    .help = "Renews tokens that are due and publishes them again.\n\n"
            "  --all                 every account, with short pauses unless "
            "on a terminal\n"
            "  --force               now, ignoring backoff and permanent "
            "states\n"
            "  --prepare             as root: make directories, and in an "
            "empty store the\n"
            "                        key; refresh nothing\n",
    .options = EXO_OPT_ALL | EXO_OPT_FORCE | EXO_OPT_PREPARE,
    .needs_account = true,
    .prepare = true,
    .run = run,
};
