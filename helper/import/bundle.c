/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials that another host exported (cmd_export.c), into the store of
 * this one, sealed with its own key. Called by `exoauth import`
 * (cmd_import.c). The file named on the command line is read as root, all
 * else is done as run_as. What opening it costs stands in the file, which may
 * come from anybody: it is bounded, and said before it is spent. No text and
 * no output holds a secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/broker/broker.h"
#include "bundle.h"
#include "exoauth/file.h"
#include "exoauth/clock.h"
#include "exoauth/seal.h"
#include "helper/app/prompt.h"

#define LOCK_MS 20000

int exo_bundle_before(struct exo_bundle *b, struct exo_err *err)
{
    const char *why = NULL;
    int rc;

    exo_buf_init(&b->passphrase.hidden, EXO_SECRET_MAX);
    exo_buf_init(&b->text, EXO_BUNDLE_MAX);
    rc = b->password_file ? exo_prompt_file("password-file", b->password_file,
                                            &b->passphrase, err)
                          : 0;
    if (rc != 0) {
        return rc;
    }
    rc = exo_file_read(AT_FDCWD, b->file, EXO_FILE_CONFIG, 0, &b->text, &why);
    if (rc != 0) {
        rc = exo_err_set(
            err, EXO_STATUS_USAGE, "import %s: %-s%s", b->file,
            why ? why : exo_strerror(rc),
            exo_file_advice(why, "; name a file of exoauth export, which "
                                 "nobody else can write, or add --from TOOL"));
    }
    return rc;
}

/* Has the refresh token there been renewed since the file was written? Where
 * the provider rotates it, the one in the file is spent, and to use it ends the
 * grant of both. */
static bool is_spent(const struct exo_record *old,
                     const struct exo_record *record)
{
    if (old->state != EXO_STATUS_OK || exo_secret_empty(&old->refresh_token) ||
        exo_secret_same(&old->refresh_token, &record->refresh_token)) {
        return false;
    }
    return old->granted > record->granted ||
           (old->granted == record->granted &&
            old->refreshed > record->refreshed);
}

/* Of what could not be opened nobody knows what it is worth; only its own
 * remedy is offered. */
static void say_kept(const struct exo_app *app, const char *name,
                     struct exo_err *closed, bool spent)
{
    if (closed->status != EXO_STATUS_OK) {
        exo_app_warn(app, "%s has a credential already, which is kept: %-s",
                     name, exo_err_text(closed, EXO_E_STATUS));
    } else if (spent) {
        exo_app_warn(app,
                     "%s has a newer credential than the file, which is kept; "
                     "the one in the file may be spent, see --force in "
                     "exoauth(1)",
                     name);
    } else {
        exo_app_warn(app,
                     "%s has a credential already, which is kept; to replace "
                     "it, add --force",
                     name);
    }
}

/* Keeps what is there, unless it is told not to. */
static int put_record(struct exo_app *app, const struct exo_bundle *b,
                      struct exo_record *record, bool *changed,
                      struct exo_err *err)
{
    struct exo_err closed = EXO_ERR_INIT;
    struct exo_store_lock lock;
    struct exo_account account;
    struct exo_record old;
    int rc;

    if (exo_account_set(&account, record->account, strlen(record->account)) !=
        0) {
        return EXO_E_SYNTAX;
    }
    rc = exo_app_lock(app, &account, exo_clock_ms() + LOCK_MS, &lock, err);
    if (rc != 0) {
        return rc;
    }
    /* What cannot be read now may be worth more than what is in the file. */
    rc = exo_store_get(app->store, &account, &old, &closed);
    if (rc != 0 && rc != EXO_E_NOENT) {
        exo_err_words(&closed, rc);
    }
    if (rc != EXO_E_NOENT && !b->force &&
        (closed.unread || closed.status == EXO_STATUS_TRANSIENT)) {
        *err = closed;
        rc = EXO_E_STATUS;
    } else if (rc != EXO_E_NOENT && !b->force) {
        say_kept(app, account.name, &closed, rc == 0 && is_spent(&old, record));
        rc = 0;
    } else {
        if (rc == 0 && is_spent(&old, record)) {
            exo_app_warn(app,
                         "%s had a newer credential than the file; if the next "
                         "refresh is refused, run: exoauth login %s",
                         account.name, EXO_SH(account.name, "ACCOUNT"));
        }
        record->revision = rc == 0 ? old.revision : 0;
        rc = exo_store_put(app->store, &lock, record, err);
        if (rc == 0) {
            size_t left = 0; /* a warning each */

            /* What is published is of the credential that was here. */
            (void)exo_unpublish(app, &account, &left);
            *changed = true;
        }
    }
    exo_record_free(&old);
    exo_app_unlock(app, &lock);
    return rc;
}

/* The next one of *text: its length, a newline, itself. */
static int next_record(const char **text, size_t *left,
                       struct exo_record *record, const char **why)
{
    char *end;
    unsigned long len;

    *why = "it is not what exoauth export writes";
    errno = 0;
    len = strtoul(*text, &end, 10);
    if (errno != 0 || end == *text || *end != '\n' || len > EXO_RECORD_MAX ||
        len > *left - (size_t)(end + 1 - *text)) {
        return EXO_E_SYNTAX;
    }
    *left -= (size_t)(end + 1 - *text) + len;
    *text = end + 1 + len;
    return exo_record_decode(record, end + 1, len, why);
}

static int put_all(struct exo_app *app, const struct exo_bundle *b,
                   const struct exo_secret *plain, bool *changed,
                   struct exo_err *err)
{
    const char *text;
    size_t left;
    int rc = exo_secret_reveal(plain, &text, &left);

    if (rc == 0) {
        rc = exo_app_store(app, err);
    }
    while (rc == 0 && left > 0) {
        struct exo_record record;
        const char *why = NULL;

        exo_record_init(&record);
        rc = next_record(&text, &left, &record, &why);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "import %s: %-s; export it again, with an exoauth "
                             "that is no newer than this one",
                             b->file, why);
        } else {
            rc = put_record(app, b, &record, changed, err);
        }
        exo_record_free(&record);
    }
    return rc;
}

static int open_bundle(struct exo_bundle *b, struct exo_secret *plain,
                       const char **why)
{
    struct exo_wrap_cost cost;
    int64_t seconds;
    int rc = exo_wrap_cost(EXO_BUNDLE_PURPOSE, &b->text, &cost, why);

    if (rc != 0) {
        return rc;
    }
    /* A quarter of a second for 64 MiB, on a machine that is not new. */
    seconds = (cost.p << cost.log2n) >> 18;
    exo_say("opening %s takes %lld MiB of memory and about %lld s (scrypt "
            "N=2^%lld r=%lld p=%lld)",
            b->file, (long long)(cost.memory >> 20),
            (long long)(seconds > 0 ? seconds : 1), (long long)cost.log2n,
            (long long)cost.r, (long long)cost.p);
    return exo_wrap_open(&b->passphrase, EXO_BUNDLE_PURPOSE, &b->text, plain,
                         why);
}

int exo_bundle_run(struct exo_app *app, struct exo_bundle *b, bool *changed,
                   struct exo_err *err)
{
    struct exo_secret plain = { EXO_BUF_INIT(EXO_BUNDLE_MAX) };
    const char *why = NULL;
    int rc = EXO_E_NOENT;

    if (!exo_secret_empty(&b->passphrase)) {
        rc = 0;
    } else {
        rc = exo_prompt_secret("Passphrase of the bundle: ", &b->passphrase,
                               err);
    }
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "import %s: there is no terminal to ask for the "
                         "passphrase; add --password-file FILE",
                         b->file);
    }
    if (rc == 0) {
        rc = open_bundle(b, &plain, &why);
        if (exo_err_system(err, rc, "cannot open %s", b->file)) {
            rc = EXO_E_STATUS;
        } else if (rc != 0) {
            rc =
                exo_err_set(err, EXO_STATUS_USAGE,
                            "import %s: %-s; give a file of exoauth export and "
                            "its passphrase, or add --from TOOL",
                            b->file, why);
        }
    }
    if (rc == 0) {
        rc = put_all(app, b, &plain, changed, err);
    }
    exo_secret_free(&plain);
    return rc;
}

void exo_bundle_free(struct exo_bundle *b)
{
    exo_secret_free(&b->passphrase);
    exo_buf_free(&b->text);
}
