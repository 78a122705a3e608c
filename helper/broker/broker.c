/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker. exo_broker_get() is what token, refresh and serve call;
 * exo_broker_login() is what login calls once a person or a file has given
 * it something new. grant.c makes the request, outcome.c writes down what
 * came of it.
 *
 * Order, always: read, lock, read again, request, write, publish, answer. A
 * token that is still valid is an answer whatever went wrong on the way. The
 * caller owns got and frees it in every case; errors come back in err.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "flight.h"
#include "helper/app/keys.h"
#include "helper/settings/peer.h"
#include "helper/settings/trouble.h"
#include "work.h"

static const char *user_of(const struct exo_settings *s)
{
    const char *user = exo_settings_get(s, EXO_KEY_USER);

    return user[0] != '\0' && s->file.name[0] != '@' ? user : s->account.name;
}

int exo_got_fill(struct exo_got *got)
{
    const struct exo_record *r = &got->record;
    struct exo_token *t = &got->token;

    t->account = got->settings->account.name;
    t->user = user_of(got->settings);
    t->servers = exo_settings_get(got->settings, EXO_KEY_SERVERS);
    t->serial = r->serial;
    t->issued = r->issued;
    t->refresh_after = r->refresh_after;
    t->usable_until = r->usable_until;
    t->expires = r->expires;
    return exo_secret_reveal(&r->access_token, &t->token, &t->token_len);
}

static void begin_record(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    const char *name = w->owner->file.name;

    memcpy(r->account, name, strlen(name) + 1);
    r->state = EXO_STATUS_NEEDS_LOGIN;
}

/* (Re)reads the record; none yet is an empty one. */
static int read_record(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    enum exo_grant grant;
    int rc;

    exo_record_free(r);
    rc = exo_store_get(w->app->store, &w->owner->file, r, w->err);
    w->absent = rc == EXO_E_NOENT;
    if (w->absent) {
        begin_record(w);
        rc = 0;
    }
    if (rc == 0 && exo_grant_parse(r->grant, &grant)) {
        rc = exo_settings_assume(w->got->settings, grant);
    }
    return rc;
}

/* A failure counts for nothing where a token lives, but it is told. */
static int unless_alive(struct exo_work *w, int rc)
{
    exo_err_words(w->err, rc);
    return exo_work_alive(w, exo_clock_now()) ? 0 : rc;
}

/* A token that lives, or what the record says is wrong. */
static int make_do(struct exo_work *w)
{
    const struct exo_record *r = &w->got->record;
    int64_t now = exo_clock_now();

    if (exo_work_alive(w, now)) {
        return 0;
    }
    if (r->error_text[0] == '\0') {
        return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                           "no credential is stored for %s; run: exoauth "
                           "login %s",
                           w->owner->file.name,
                           EXO_SH(w->owner->file.name, "ACCOUNT"));
    }
    (void)exo_trouble_say(w->err, r);
    w->err->retry_after = r->next_try > now ? r->next_try - now : 0;
    return EXO_E_STATUS;
}

/* Under the lock: another may have done the work meanwhile. Published here
 * too, so that of two renewals the later one is what everybody sees. */
static int renew(struct exo_work *w)
{
    int64_t now = exo_clock_now();
    int64_t seen = w->got->record.serial;
    int64_t left;
    bool known;
    int rc = read_record(w);

    if (rc != 0) {
        return rc;
    }
    if (exo_work_usable(w, now) ||
        (w->want->force && w->got->record.serial > seen)) {
        return 0;
    }
    if (!exo_work_may_try(w, now)) {
        return make_do(w);
    }
    if (w->lock.handle == -1 && !w->want->force && exo_work_adopt(w) &&
        now < w->got->record.usable_until) {
        return 0;
    }
    known = exo_work_recall(w);
    if (known && exo_work_usable(w, now)) {
        return 0;
    }
    left = known ? 0 : exo_work_noted(w, now);
    if (left > 0) {
        return exo_work_wait_out(w, left);
    }
    rc = exo_work_request(w);
    return rc != 0 ? unless_alive(w, rc) : rc;
}

static int renew_and_publish(struct exo_work *w)
{
    int rc = renew(w);

    if (rc == 0) {
        exo_publish(w->app, w->got->settings, &w->got->record);
        if (w->keyless) {
            exo_work_remember(w);
        }
    }
    return rc;
}

/* A store that takes no lock takes no record either: what spends nothing is
 * asked for without. */
static bool needs_no_lock(const struct exo_work *w, int saved)
{
    return !w->want->force && exo_grant_of_app(w->owner->grant) &&
           w->err->status == EXO_STATUS_STORE &&
           (saved == EROFS || saved == ENOSPC || saved == EDQUOT);
}

static int get_locked(struct exo_work *w)
{
    int64_t deadline = w->want->nowait ? 0 : w->want->deadline_ms;
    int rc;

    w->lock.handle = -1;
    rc = exo_app_lock(w->app, &w->owner->file, deadline, &w->lock, w->err);
    if (rc != 0 && needs_no_lock(w, errno)) {
        w->no_lock = *w->err;
        *w->err = (struct exo_err)EXO_ERR_INIT;
        rc = 0;
    }
    if (rc != 0) {
        return unless_alive(w, rc);
    }
    rc = renew_and_publish(w);
    exo_app_unlock(w->app, &w->lock);
    return rc;
}

/* Away from the asker: to its end, whoever still waits. */
static void fly(struct exo_work *w)
{
    struct exo_record *r = &w->got->record;
    struct exo_note note = { .rc = get_locked(w),
                             .renewed = w->got->renewed,
                             .asked = w->got->asked,
                             .serial = r->serial,
                             .issued = r->issued,
                             .refresh_after = r->refresh_after,
                             .usable_until = r->usable_until,
                             .expires = r->expires };

    note.err = *w->err;
    exo_flight_tell(w->want->flight, &note, &r->access_token);
    exo_got_free(w->got);
    if (!w->app->quiet) { /* there is no stderr any more */
        w->app->quiet = true;
        if (!exo_log_is_kept()) {
            (void)exo_log_open("syslog", EXO_LOG_NOTICE);
        }
    }
    exo_app_after(w->app);
    _exit(0);
}

static int wait_for(struct exo_work *w)
{
    struct exo_flight *flight = w->want->flight;
    struct exo_record *r = &w->got->record;
    struct exo_secret token = EXO_SECRET_INIT;
    bool alive = exo_work_alive(w, exo_clock_now());
    int64_t until = w->want->deadline_ms;
    const char *name = w->owner->file.name;
    struct exo_note note;
    int rc;

    if (alive && flight->begun + EXO_PATIENCE_MS < until) {
        until = flight->begun + EXO_PATIENCE_MS;
    }
    rc = exo_flight_wait(flight, until, &note, &token);
    if (rc == 0) {
        *w->err = note.err;
        w->got->renewed = note.renewed;
        w->got->asked = note.asked;
        r->serial = note.serial;
        r->issued = note.issued;
        r->refresh_after = note.refresh_after;
        r->usable_until = note.usable_until;
        r->expires = note.expires;
        exo_secret_move(&r->access_token, &token);
        rc = note.rc;
    } else if (alive) {
        rc = 0;
    } else if (exo_err_system(w->err, rc, "no new token for %s", name)) {
        rc = EXO_E_STATUS;
    } else {
        rc = exo_err_set(w->err, EXO_STATUS_TRANSIENT,
                         "no new token for %s: %s; try again, or run: exoauth "
                         "status %s",
                         name,
                         rc == EXO_E_TIMEOUT
                             ? "the provider did not answer in time"
                             : "the request was cut short",
                         EXO_SH(name, "ACCOUNT"));
    }
    exo_secret_free(&token);
    return rc;
}

/* A request may be needed: apart from this process, where it is wanted so. */
static int get_apart(struct exo_work *w)
{
    struct exo_flight *flight = w->want->flight;
    bool spends = !exo_grant_of_app(w->owner->grant);
    /* A person is asked here, as the terminal stays here. */
    int rc = flight ? exo_keys_ask(w->app, w->err) : 0;

    if (rc == 0 && flight && exo_flight_leave(flight) != 0) {
        rc = exo_err_set(w->err, EXO_STATUS_TRANSIENT,
                         "cannot start a process: %m; see that free processes "
                         "are there");
    }
    if (rc != 0) {
        return unless_alive(w, rc);
    }
    /* What can neither be lost nor be shortened is asked for here. */
    if (!flight || w->want->nowait ||
        (!spends && !exo_work_alive(w, exo_clock_now()))) {
        return get_locked(w);
    }
    switch (exo_flight_begin(flight, spends, !w->app->quiet)) {
    case EXO_SIDE_AWAY:
        fly(w);
        return EXO_E_IO; /* not reached */
    case EXO_SIDE_WAITING:
        return wait_for(w);
    default:
        return get_locked(w);
    }
}

/* A store that cannot be opened is told last: who may not have the token must
 * not get what is published in its place. */
static int begin(struct exo_work *w, const struct exo_account *account,
                 const struct exo_draft *draft)
{
    struct exo_err fault = EXO_ERR_INIT;
    int opened;
    int rc;

    memset(w->got, 0, sizeof(*w->got));
    exo_record_init(&w->got->record);
    rc = exo_settings_load_draft(&w->got->settings, w->app->conf, draft,
                                 account, w->err);
    if (rc != 0) {
        return rc;
    }
    w->owner = exo_settings_owner(w->got->settings);
    opened = exo_app_store(w->app, &fault);
    if (w->want->peer) {
        rc = exo_peer_check(w->want->peer, w->app, w->got->settings, w->err);
    }
    if (rc == 0 && opened == 0) {
        rc = exo_settings_complete(w->got->settings, w->err);
    }
    if (rc == 0 && w->want->server &&
        !exo_servers_allow(exo_settings_get(w->got->settings, EXO_KEY_SERVERS),
                           w->want->server)) {
        rc =
            exo_err_set(w->err, EXO_STATUS_MISCONFIGURED,
                        "the token of %s may not go to %s; if it should, add "
                        "the host to servers in %s",
                        account->name, w->want->server, w->got->settings->path);
    }
    w->admitted = rc == 0;
    if (w->admitted && opened != 0) {
        *w->err = fault;
    }
    return w->admitted ? opened : rc;
}

int exo_broker_get(struct exo_app *app, const struct exo_account *account,
                   const struct exo_want *want, struct exo_got *got,
                   struct exo_err *err)
{
    struct exo_work w = { .app = app, .want = want, .got = got, .err = err };
    int rc = begin(&w, account, NULL);

    exo_publish_narrow(app, got->settings);
    if (rc == 0) {
        rc = read_record(&w);
    }
    if (rc == 0 && !exo_work_settled(&w)) {
        rc = get_apart(&w);
    }
    if (rc != 0) {
        rc = exo_work_fall_back(&w, rc);
    }
    if (rc == 0) {
        /* What went wrong on the way does not count against a token. */
        got->trouble = *err;
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = exo_got_fill(got);
    }
    return rc;
}

int exo_broker_login(struct exo_app *app, const struct exo_account *account,
                     const struct exo_proof *proof, int64_t deadline_ms,
                     struct exo_got *got, struct exo_err *err)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_work w = { .app = app, .want = &want, .got = got, .err = err };
    int rc;

    want.deadline_ms = deadline_ms;
    want.force = true;
    rc = begin(&w, account, proof->draft);
    if (rc == 0) {
        rc = exo_app_lock(app, &w.owner->file, deadline_ms, &w.lock, err);
    }
    if (rc != 0) {
        return rc;
    }
    rc = read_record(&w);
    /* Not one of a later version, and not one that was not read at all. */
    if (rc == EXO_E_STATUS && err->status != EXO_STATUS_TRANSIENT) {
        *err = (struct exo_err)EXO_ERR_INIT;
        begin_record(&w);
        w.damaged = true;
        rc = 0;
    }
    if (rc == 0) {
        rc = exo_work_prove(&w, proof);
    }
    if (rc == 0) {
        exo_publish(app, got->settings, &got->record);
        rc = exo_got_fill(got);
    }
    exo_app_unlock(app, &w.lock);
    return rc;
}

void exo_got_free(struct exo_got *got)
{
    exo_record_free(&got->record);
    exo_settings_free(got->settings);
    memset(got, 0, sizeof(*got));
}
