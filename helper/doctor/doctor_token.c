/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: is there a token for each account, and does it fit? Called by
 * cmd_doctor.c as run_as. It is obtained as `exoauth token` would: from the
 * broker, or, where the store is not the caller's, from the plugin's own
 * sources. Accounts that share a credential share its token, which is looked
 * at once. The token is borrowed from what obtained it and copied nowhere;
 * doctor_fit.c shows what it says of itself.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "helper/broker/broker.h"
#include "doctor.h"
#include "doctor_fit.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"
#include "exoauth/source.h"
#include "helper/status/status.h"

static void warn(void *context, const char *text)
{
    struct exo_doctor *d = context;

    exo_doctor_warn(d, NULL, "%-s", text);
}

static void tell(struct exo_doctor *d, const struct exo_account *account,
                 const struct exo_token *token, bool renewed)
{
    struct exo_buf span = EXO_BUF_INIT(64);

    exo_status_span(&span, token->expires, exo_clock_now());
    exo_doctor_ok(d, account, "there is a token%s, no. %lld, that expires %s",
                  renewed ? ", obtained just now" : "",
                  (long long)token->serial, exo_buf_shown(&span));
    exo_buf_free(&span);
}

/* Of a request of earlier. Its cause may be mended by now, which shows only
 * when somebody asks again. */
static void tell_recorded(struct exo_doctor *d,
                          const struct exo_account *account,
                          const struct exo_status_row *row)
{
    struct exo_buf when = EXO_BUF_INIT(64);

    if (row->error_time == 0) { /* of now: the store, a record or its key */
        if (row->state == EXO_STATUS_TRANSIENT) {
            exo_doctor_warn(d, account, "%-s", row->message);
        } else {
            exo_doctor_fail(d, account, row->state, "%-s", row->message);
        }
        return;
    }
    exo_status_span(&when, row->error_time, exo_clock_now());
    if (exo_text_offers(row->message)) { /* what to do is said */
        exo_doctor_fail(d, account, row->state,
                        "the last request failed, %s: %-s",
                        exo_buf_shown(&when), row->message);
    } else if (row->state == EXO_STATUS_TRANSIENT) {
        exo_doctor_warn(d, account,
                        "the last request failed, %s: %-s, then run: exoauth "
                        "refresh %s --force",
                        exo_buf_shown(&when), row->message,
                        EXO_SH(account->name, "ACCOUNT"));
    } else {
        exo_doctor_fail(d, account, row->state,
                        "the last request failed, %s: %-s, then run: exoauth "
                        "refresh %s --force",
                        exo_buf_shown(&when), row->message,
                        EXO_SH(account->name, "ACCOUNT"));
    }
    exo_buf_free(&when);
}

/* What status knows: the last request may have failed while a token is still
 * good, and something may break soon. */
static void check_state(struct exo_doctor *d, const struct exo_account *account)
{
    struct exo_status_row *rows = NULL;
    struct exo_err err = EXO_ERR_INIT;
    size_t n = 0;

    if (exo_status_collect(d->app, account, NULL, NULL, &rows, &n, &err) != 0 ||
        n != 1) {
        goto out;
    }
    if (rows[0].state != EXO_STATUS_OK && !exo_doctor_is_bad(d, account)) {
        tell_recorded(d, account, &rows[0]);
    }
    if (rows[0].warning[0] != '\0') {
        exo_doctor_warn(d, account, "%-s", rows[0].warning);
    }
out:
    free(rows);
}

static int64_t deadline_of(const struct exo_doctor *d)
{
    int64_t own = exo_clock_ms() + d->app->conf->timeout * 1000;

    return own < d->deadline_ms ? own : d->deadline_ms;
}

/* What the plugin would get, for who may not open the store. */
static void from_sources(struct exo_doctor *d,
                         const struct exo_account *account,
                         const struct exo_settings *settings)
{
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_answer answer;

    request.get = account->name;
    exo_source_get(d->app->conf, &request, EXO_SOURCE_NO_SPAWN, warn, d,
                   &answer);
    if (answer.reply.status == EXO_STATUS_OK) {
        tell(d, account, &answer.reply.token, false);
        exo_doctor_fit(d, account, settings, answer.reply.token.token,
                       answer.reply.token.token_len);
    } else {
        exo_doctor_fail(d, account, answer.reply.status, "%-s",
                        answer.reply.message);
    }
    exo_answer_free(&answer);
}

static void from_broker(struct exo_doctor *d, const struct exo_account *account)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_got got;
    int rc;

    want.deadline_ms = deadline_of(d);
    rc = exo_broker_get(d->app, account, &want, &got, &err);
    if (rc != 0) {
        exo_doctor_error(d, account, &err, rc);
    } else {
        /* What passes by itself is a warning as long as there is a token. */
        if (got.trouble.status == EXO_STATUS_TRANSIENT) {
            exo_doctor_warn(d, account, "%-s",
                            exo_err_text(&got.trouble, EXO_E_STATUS));
        } else if (got.trouble.status != EXO_STATUS_OK) {
            exo_doctor_error(d, account, &got.trouble, EXO_E_STATUS);
        }
        tell(d, account, &got.token, got.renewed);
        exo_doctor_fit(d, account, got.settings, got.token.token,
                       got.token.token_len);
    }
    exo_got_free(&got);
    check_state(d, account);
}

/* Who else's token it is, and stands earlier in the list; NULL: nobody's. */
static const struct exo_account *seen(const struct exo_doctor *d, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (d->settings[k] && strcmp(d->settings[k]->credential.name,
                                     d->settings[i]->credential.name) == 0) {
            return &d->accounts.account[k];
        }
    }
    return NULL;
}

static void check_one(struct exo_doctor *d, size_t i)
{
    const struct exo_account *account = &d->accounts.account[i];
    const struct exo_account *same = seen(d, i);
    struct exo_err err = EXO_ERR_INIT;
    int rc;

    if (same && exo_doctor_is_bad(d, same)) {
        exo_doctor_skip(d, account, "the same token as %s, see there",
                        same->name);
    } else if (same) {
        exo_doctor_ok(d, account, "the same token as %s", same->name);
    } else if (exo_clock_ms() >= d->deadline_ms) {
        exo_doctor_skip(d, account,
                        "not checked: out of time; run: exoauth "
                        "doctor ACCOUNT");
    } else if (exo_settings_complete(d->settings[i], &err) != 0) {
        exo_doctor_skip(d, account, "not checked: its file is not complete");
    } else if ((rc = exo_app_store(d->app, &err)) == 0) {
        from_broker(d, account);
    } else if (err.status == EXO_STATUS_DENIED) {
        from_sources(d, account, d->settings[i]);
    } else {
        exo_doctor_error(d, account, &err, rc);
    }
}

void exo_check_token(struct exo_doctor *d)
{
    bool any = false;

    for (size_t i = 0; i < d->accounts.n; i++) {
        if (d->settings[i]) {
            check_one(d, i);
            any = true;
        }
    }
    if (!any) {
        exo_doctor_skip(d, NULL,
                        "not checked: no account has a file that can "
                        "be used");
    }
}
