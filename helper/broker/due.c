/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a request is needed, and whether one may be made (work.h). Called by
 * the broker before and under the account's lock; nothing here waits or fails.
 * What is not in the record, because it could not be written, is in the note of
 * the lock file (note.c where there is no lock), so that a full disk, or a key
 * that cannot be made, is no reason to ask a provider at each login.
 */
#include "config.h"

#include <string.h>

#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "note.h"
#include "work.h"

/* Seconds of life that this caller needs. What no token of this provider can
 * have becomes half a lifetime, or every request would ask for a new one. */
static int64_t needed_ttl(const struct exo_work *w)
{
    const struct exo_record *r = &w->got->record;
    int64_t lifetime = r->expires - r->issued;
    int64_t margin = w->app->conf->refresh_margin;

    if (w->want->min_ttl >= 0) {
        return w->want->min_ttl < lifetime ? w->want->min_ttl : lifetime / 2;
    }
    return margin < lifetime / 2 ? margin : lifetime / 2;
}

static bool is_valid(const struct exo_record *r, int64_t now)
{
    return !exo_secret_empty(&r->access_token) && now < r->expires &&
           now >= r->issued - EXO_CLOCK_SKEW;
}

bool exo_work_alive(const struct exo_work *w, int64_t now)
{
    const struct exo_record *r = &w->got->record;

    return is_valid(r, now) && r->serial != w->want->reject;
}

/* A refresh token dies of not being used, and a token that lives for months
 * would let it. */
static bool is_idle(const struct exo_record *r, int64_t now)
{
    return !exo_secret_empty(&r->refresh_token) &&
           now - r->refreshed >= EXO_KEEP_ALIVE;
}

/* Who wants more life than a token has just after it was made shall not cause
 * a request each time. */
static bool is_hurried(const struct exo_work *w, int64_t now)
{
    const struct exo_record *r = &w->got->record;
    int64_t pause = (r->expires - r->issued) / 2;

    if (pause > EXO_REJECT_PAUSE) {
        pause = EXO_REJECT_PAUSE;
    }
    return w->want->min_ttl >= 0 && now < r->refreshed + pause;
}

bool exo_work_usable(const struct exo_work *w, int64_t now)
{
    const struct exo_record *r = &w->got->record;

    if (w->want->force || !is_valid(r, now)) {
        return false;
    }
    if (r->serial == w->want->reject) {
        /* A server that refuses every token must not make us ask for new
         * ones without end. */
        return now < r->refreshed + EXO_REJECT_PAUSE;
    }
    if (w->want->due && (now >= r->refresh_after || is_idle(r, now))) {
        return false;
    }
    return (r->expires - now >= needed_ttl(w) || is_hurried(w, now)) &&
           strcmp(r->config, w->owner->fingerprint) == 0;
}

bool exo_work_may_try(const struct exo_work *w, int64_t now)
{
    const struct exo_record *r = &w->got->record;

    if (w->want->force || strcmp(r->tried, w->owner->fingerprint) != 0) {
        return true;
    }
    if (r->state == EXO_STATUS_NEEDS_LOGIN) {
        return false;
    }
    /* Nor shall what a server claims hurry a provider that is in trouble. */
    if (r->serial == w->want->reject && is_valid(r, now) &&
        now >= r->error_time - EXO_CLOCK_SKEW &&
        now < r->error_time + EXO_REJECT_PAUSE) {
        return false;
    }
    return now >= r->next_try || now < r->error_time - EXO_CLOCK_SKEW;
}

bool exo_work_settled(const struct exo_work *w)
{
    int64_t now = exo_clock_now();

    return (exo_work_usable(w, now) ||
            (!exo_work_may_try(w, now) && exo_work_alive(w, now))) &&
           exo_is_published(w->app, w->got->settings, &w->got->record);
}

/* The settings that a note was made with, in what a note has room for. */
static unsigned word_of(const struct exo_work *w)
{
    unsigned hash = 0;

    for (const char *p = w->owner->fingerprint; *p; p++) {
        hash = (hash * 31 + (unsigned char)*p) & 0xfffffff;
    }
    return hash;
}

void exo_work_note(struct exo_work *w, int64_t until)
{
    if (w->lock.handle == -1) {
        exo_note_put(w->app, &w->owner->file, until, word_of(w));
    } else {
        exo_store_note(w->app->store, &w->lock, until, word_of(w));
    }
}

/* Of these settings, or 0. kept: of a token, and not of a pause. */
static int64_t note_of(const struct exo_work *w, bool kept)
{
    unsigned word = 0;
    int64_t until = w->lock.handle == -1
                        ? exo_note_get(w->app, &w->owner->file, &word)
                        : exo_store_noted(w->app->store, &w->lock, &word);

    return word == (word_of(w) ^ (kept ? 1U : 0U)) ? until : 0;
}

int64_t exo_work_noted(const struct exo_work *w, int64_t now)
{
    int64_t until = note_of(w, false);

    return !w->want->force && until > now && until - now <= 2 * EXO_RETRY_CONFIG
               ? until - now
               : 0;
}

static bool take(struct exo_record *r, const struct exo_token *t)
{
    if (exo_secret_set(&r->access_token, t->token, t->token_len) != 0) {
        return false;
    }
    /* Of a record that could not be stored: it was granted. */
    if (r->error_text[0] == '\0') {
        r->state = EXO_STATUS_OK;
    }
    r->serial = t->serial;
    r->issued = t->issued;
    r->refresh_after = t->refresh_after;
    r->usable_until = t->usable_until;
    r->expires = t->expires;
    return true;
}

bool exo_work_adopt(struct exo_work *w)
{
    const struct exo_account *account = &w->owner->file;
    struct exo_published published;
    struct exo_err ignored = EXO_ERR_INIT;
    bool taken = exo_published_read(&published, w->app->conf->token_dir,
                                    account, &ignored) == 0 &&
                 strcmp(published.token.account, account->name) == 0 &&
                 published.token.serial >= w->got->record.serial &&
                 take(&w->got->record, &published.token);

    exo_published_free(&published);
    return taken && exo_work_alive(w, exo_clock_now());
}

void exo_work_remember(struct exo_work *w)
{
    const struct exo_record *r = &w->got->record;
    struct exo_published published;
    struct exo_err ignored = EXO_ERR_INIT;

    if (w->lock.handle == -1) {
        return;
    }
    if (exo_published_read(&published, w->app->conf->token_dir, &w->owner->file,
                           &ignored) == 0 &&
        published.token.serial == r->serial &&
        published.token.usable_until == r->usable_until) {
        exo_store_note(w->app->store, &w->lock, r->usable_until,
                       word_of(w) ^ 1U);
    }
    exo_published_free(&published);
}

bool exo_work_recall(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    struct exo_err why = EXO_ERR_INIT;
    int64_t until = w->absent && w->lock.handle != -1 ? note_of(w, true) : 0;

    if (until == 0 || w->want->force ||
        exo_store_ready(w->app->store, &why) == 0) {
        return false;
    }
    (void)exo_work_adopt(w);
    if (r->usable_until != until) {
        return false;
    }
    r->state = EXO_STATUS_OK;
    r->refreshed = r->issued;
    memcpy(r->config, w->owner->fingerprint, sizeof(r->config));
    if (w->want->due) { /* whoever starts it wants it stored */
        exo_log(EXO_LOG_WARNING, "%s: the token could not be saved: %-s",
                w->owner->file.name, exo_err_text(&why, EXO_E_STATUS));
    }
    return true;
}

int exo_work_fall_back(struct exo_work *w, int rc)
{
    const struct exo_want *want = w->want;
    /* A store that is mounted late is an empty one until then. */
    bool lost = w->absent && w->err->status == EXO_STATUS_NEEDS_LOGIN &&
                !exo_grant_of_app(w->owner->grant);

    if (!w->admitted || !(w->err->unread || lost) || want->force || want->due ||
        want->stored || !exo_work_adopt(w) ||
        w->got->record.expires - exo_clock_now() < want->min_ttl) {
        return rc;
    }
    exo_app_warn(w->app, "the published token of %s is used: %-s",
                 w->owner->file.name, exo_err_text(w->err, rc));
    *w->err = (struct exo_err)EXO_ERR_INIT;
    return 0;
}
