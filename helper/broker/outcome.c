/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What came of a request, into the record. Called by grant.c under the
 * account's lock. Failure state lives in the record so that a hundred
 * processes learn from one request; the credential itself is never dropped,
 * because a provider that says no today may say yes after a change of policy.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "discover.h"
#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "exoauth/reserve.h"
#include "helper/settings/trouble.h"
#include "work.h"

static void copy_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

/*
 * The record remembers which trouble on_event was told of, as a failure that
 * passes may come between two of one kind. Told after the lock.
 */
static void note_trouble(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    const char *word = exo_status_word(r->state);
    char text[EXO_ERR_TEXT];

    if ((r->state != EXO_STATUS_NEEDS_LOGIN &&
         r->state != EXO_STATUS_MISCONFIGURED) ||
        strcmp(r->told, word) == 0) {
        return;
    }
    copy_text(r->told, sizeof(r->told), word);
    exo_trouble_text(text, r);
    exo_event_note(w->app, word, w->owner->file.name, text);
}

static void note_recovery(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;

    if (r->told[0] != '\0') {
        r->told[0] = '\0';
        exo_event_note(w->app, "recovered", w->owner->file.name,
                       "a new token was obtained, all is well again");
    }
}

/* There is no second answer to what was spent, but a second try. */
static int put(struct exo_work *w, struct exo_err *err)
{
    struct exo_record *r = &w->got->record;
    struct exo_err again = EXO_ERR_INIT;
    int rc;

    if (w->lock.handle == -1) {
        *err = w->no_lock;
        return EXO_E_STATUS;
    }
    rc = exo_store_put(w->app->store, &w->lock, r, err);
    if (rc != 0 && exo_reserve_use() &&
        exo_store_put(w->app->store, &w->lock, r, &again) == 0) {
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = 0;
    }
    return rc;
}

int exo_work_accept(struct exo_work *w, struct exo_tokens *tokens)
{
    struct exo_record *r = &w->got->record;
    int64_t lifetime = tokens->expires_in;
    int64_t margin = w->app->conf->refresh_margin;

    if (margin > lifetime / 2) {
        margin = lifetime / 2;
    }
    exo_secret_move(&r->access_token, &tokens->access_token);
    if (!exo_secret_empty(&tokens->refresh_token)) {
        /* RFC 6749 section 6: the old one must be discarded. */
        exo_secret_move(&r->refresh_token, &tokens->refresh_token);
    }
    if (r->grant[0] == '\0') {
        copy_text(r->grant, sizeof(r->grant), exo_grant_word(w->owner->grant));
    }
    r->serial++;
    r->issued = tokens->received;
    r->expires = r->issued + lifetime;
    r->usable_until = r->expires - margin;
    r->refresh_after = r->issued + (tokens->refresh_in > 0 ? tokens->refresh_in
                                                           : lifetime / 2);
    if (r->refresh_after > r->usable_until) {
        r->refresh_after = r->usable_until;
    }
    r->refreshed = tokens->received;
    r->state = EXO_STATUS_OK;
    r->next_try = 0;
    r->failures = 0;
    r->unsaid = 0;
    r->error_code[0] = '\0';
    r->error_text[0] = '\0';
    r->error_time = 0;
    copy_text(r->scope, sizeof(r->scope),
              tokens->scope[0] != '\0'
                  ? tokens->scope
                  : exo_settings_get(w->owner, EXO_KEY_SCOPE));
    copy_text(r->config, sizeof(r->config), w->owner->fingerprint);
    copy_text(r->tried, sizeof(r->tried), w->owner->fingerprint);
    exo_discovery_keep(w->owner, r);
    w->app->changed = true;
    w->got->asked = true;
    note_recovery(w);
    return 0;
}

/* Up to a quarter more, so that hosts which failed together do not come
 * back together. */
static int64_t jitter(int64_t seconds)
{
    unsigned random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        return seconds;
    }
    return seconds + (int64_t)random % (seconds / 4 + 1);
}

static int64_t pause_after(const struct exo_record *r,
                           const struct exo_err *err)
{
    int64_t pause = EXO_RETRY_FIRST;

    if (err->status != EXO_STATUS_TRANSIENT) {
        return EXO_RETRY_CONFIG;
    }
    for (int64_t i = 1; i < r->failures && pause < EXO_RETRY_MOST; i++) {
        pause *= 2;
    }
    if (pause > EXO_RETRY_MOST) {
        pause = EXO_RETRY_MOST;
    }
    /* Seconds are cut off from our clock: one more is never too early. */
    return err->retry_after >= pause ? err->retry_after + 1 : pause;
}

/* No OAuth endpoint answered, or nobody: it may have moved. */
static bool is_elsewhere(const struct exo_oauth_error *error)
{
    return error->error[0] == '\0' && error->http_status / 100 != 5 &&
           error->http_status != 429;
}

void exo_work_refuse(struct exo_work *w, const struct exo_oauth_error *error)
{
    struct exo_record *r = &w->got->record;
    struct exo_err ignored = EXO_ERR_INIT;
    int64_t now = exo_clock_now();
    int64_t pause;
    int rc;

    r->failures++;
    r->unsaid = error->unsaid ? r->unsaid + 1 : 0;
    r->state = error->err.status;
    pause = jitter(pause_after(r, &error->err));
    r->next_try = r->state == EXO_STATUS_NEEDS_LOGIN ? 0 : now + pause;
    r->error_time = now;
    copy_text(r->error_code, sizeof(r->error_code), error->code);
    exo_trouble_keep(r, error->err.text);
    copy_text(r->tried, sizeof(r->tried), w->owner->fingerprint);
    if (is_elsewhere(error)) {
        exo_discovery_forget(r);
    } else {
        exo_discovery_keep(w->owner, r);
    }
    w->app->changed = true;
    w->got->asked = true;
    note_trouble(w);
    w->err->retry_after = r->next_try > now ? r->next_try - now : 0;
    if (w->app->quiet) { /* a command says it itself */
        exo_log(EXO_LOG_WARNING, "%s: %-s", w->owner->file.name,
                error->err.text);
    }
    rc = put(w, &ignored);
    if (rc != 0) {
        exo_app_warn(w->app, "%-s", exo_err_text(&ignored, rc));
        exo_work_note(w, r->next_try > now ? r->next_try : now + pause);
    }
}

int exo_work_wait_out(struct exo_work *w, int64_t left)
{
    struct exo_err keyless = EXO_ERR_INIT;

    if (exo_work_alive(w, exo_clock_now()) || exo_work_adopt(w)) {
        return 0;
    }
    if (exo_store_ready(w->app->store, &keyless) != 0) {
        (void)exo_err_set(w->err, EXO_STATUS_TRANSIENT,
                          "the provider was asked for %s already and gave no "
                          "token; the next request is made in %lld s, as this "
                          "is not stored: %-s",
                          w->owner->file.name, (long long)left,
                          exo_err_text(&keyless, EXO_E_STATUS));
        w->err->retry_after = left;
        return EXO_E_STATUS;
    }
    (void)exo_err_set(w->err, EXO_STATUS_TRANSIENT,
                      "the provider was asked for %s already, and its answer "
                      "could not be stored; check the free space of %s, the "
                      "next request is made in %lld s",
                      w->owner->file.name, w->app->conf->store,
                      (long long)left);
    w->err->retry_after = left;
    return EXO_E_STATUS;
}

int exo_work_save(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    int rc = put(w, w->err);

    /* A store that takes no lock, or has no key, never has the token: it is
     * given again. */
    w->keyless = rc != 0 && w->err->status == EXO_STATUS_MISCONFIGURED;
    if (rc == 0 || (w->lock.handle != -1 && !w->keyless)) {
        exo_work_note(w, rc == 0 ? 0 : exo_clock_now() + EXO_REJECT_PAUSE);
    }
    if (rc == 0) {
        exo_log(EXO_LOG_INFO, "%s: new token, serial %lld, expires in %lld s",
                w->owner->file.name, (long long)r->serial,
                (long long)(r->expires - r->issued));
        return 0;
    }
    /* Without a key nothing was to be saved. */
    exo_log(w->keyless ? EXO_LOG_WARNING : EXO_LOG_ERROR,
            "%s: the new token could not be saved: %-s%s", w->owner->file.name,
            exo_err_text(w->err, rc),
            exo_secret_empty(&r->refresh_token)
                ? ""
                : "; when that is fixed, log in again if the provider rotates "
                  "refresh tokens");
    return rc;
}
