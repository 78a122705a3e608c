/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a login brought proves itself, and then takes the place of what was
 * there. Called by exo_broker_login() under the account's lock. A login that
 * fails leaves record and account file as they were, and none where there
 * were none.
 *
 * Record and file cannot change at one instant, so: the record first, with
 * all that is new and without dropping anything; the file; and last what the
 * new file has no use for. Cut short between two of them, the old file still
 * finds what it was used to, and the new one what it needs.
 */
#include "config.h"

#include <string.h>

#include "exoauth/clock.h"
#include "exoauth/reserve.h"
#include "exoauth/seal.h"
#include "helper/app/spend.h"
#include "helper/settings/trouble.h"
#include "work.h"

struct login {
    struct exo_work *w;
    const struct exo_proof *proof;
    const struct exo_secret *given; /* a refresh token to be spent, or NULL */
    struct exo_tokens *tokens;      /* of a person, or of our request */
    bool first;                     /* there was no record */
    bool fits;                      /* that, the file as it is */
    bool stays;                     /* the record, for what was spent on it */
    bool drop_secret;               /* of the record, once the file is there */
    bool drop_refresh_token;
};

/* After the answer there is no second one, but a second try. */
static int copy(struct exo_secret *to, const struct exo_secret *from)
{
    int rc = exo_secret_copy(to, from);

    return rc != 0 && exo_reserve_use() ? exo_secret_copy(to, from) : rc;
}

/* Everything new into the record; what shall go from it stays for now. */
static int take(struct login *l)
{
    const struct exo_proof *proof = l->proof;
    struct exo_work *w = l->w;
    struct exo_record *r = &w->got->record;
    int rc = 0;

    l->drop_secret =
        proof->client_secret && exo_secret_empty(proof->client_secret);
    /* It may be another person's, or of another client or endpoint. */
    l->drop_refresh_token =
        proof->tokens && exo_secret_empty(&proof->tokens->refresh_token);
    if (exo_record_has_password(r)) { /* a login by password brings it again */
        exo_secret_free(&r->client_secret);
    }
    if (proof->client_secret && !l->drop_secret) {
        rc = copy(&r->client_secret, proof->client_secret);
    }
    if (rc == 0 && l->given) {
        rc = copy(&r->refresh_token, l->given);
    }
    if (!proof->refresh_token ||
        (l->given && exo_seal_mark(l->given, r->adopted) != 0)) {
        r->adopted[0] = '\0';
    }
    memcpy(r->grant, proof->grant, strlen(proof->grant) + 1);
    r->granted = exo_grant_of_app(w->owner->grant) ? 0 : exo_clock_now();
    return rc;
}

static void drop(struct login *l)
{
    struct exo_record *r = &l->w->got->record;

    if (l->drop_secret) {
        exo_secret_free(&r->client_secret);
    }
    if (l->drop_refresh_token) {
        exo_secret_free(&r->refresh_token);
    }
}

/* Is the record as it was worth less than the new one? Not where a person has
 * authorised, and the file that stays has a credential that works: a code
 * spends no refresh token. */
static bool has_spent(const struct login *l, const struct exo_record *old)
{
    if (exo_grant_of_app(l->w->owner->grant)) {
        return false;
    }
    return l->proof->refresh_token ||
           (l->proof->tokens &&
            (old->revision == 0 || old->state != EXO_STATUS_OK));
}

/* Was it spent by a login before, by another at the same time, or by one that
 * could not finish? Then what it brought is in the record, and the same command
 * again must not send it: a strict provider ends the whole grant. Where the
 * grant has ended, there is nothing to lose. */
static bool is_spent(const struct exo_record *r, const struct exo_secret *given)
{
    char mark[EXO_SEAL_ID + 1];

    return r->state != EXO_STATUS_NEEDS_LOGIN &&
           !exo_secret_empty(&r->refresh_token) && r->adopted[0] != '\0' &&
           exo_seal_mark(given, mark) == 0 && strcmp(mark, r->adopted) == 0;
}

/* The file could not be replaced after all: the record as it was. Not where
 * a refresh token was spent, for which there is a new one now. */
static void give_back(struct login *l, struct exo_record *old)
{
    struct exo_work *w = l->w;
    struct exo_err ignored = EXO_ERR_INIT;
    int rc;

    if (has_spent(l, old)) {
        struct exo_err why = *w->err;

        l->stays = true;
        (void)exo_err_set(w->err, why.status, "the credential is stored; %-s",
                          exo_err_text(&why, EXO_E_STATUS));
        return;
    }
    if (old->revision == 0) {
        return;
    }
    old->revision = w->got->record.revision;
    rc = exo_store_put(w->app->store, &w->lock, old, &ignored);
    if (rc != 0) {
        exo_app_warn(w->app, "%-s", exo_err_text(&ignored, rc));
    }
}

static int save_both(struct login *l)
{
    struct exo_work *w = l->w;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record old;
    int rc;

    (void)!exo_store_get(w->app->store, &w->owner->file, &old, &ignored);
    rc = exo_work_save(w);
    if (rc == 0) {
        rc = exo_draft_write(l->proof->draft, w->err);
        if (rc != 0) {
            give_back(l, &old);
        }
    }
    exo_record_free(&old);
    if (rc == 0 && (l->drop_secret || l->drop_refresh_token)) {
        drop(l);
        rc = exo_work_save(w);
    }
    return rc;
}

static int save(struct login *l)
{
    if (exo_draft_waits(l->proof->draft)) {
        return save_both(l);
    }
    drop(l);
    return exo_work_save(l->w);
}

/*
 * An answer that is useless otherwise may bring a new refresh token, and the
 * one that was to be adopted is spent. The new one is kept, unless a stored
 * one works: that one still does.
 */
static bool keep_rotated(struct login *l, const struct exo_oauth_error *error)
{
    const struct exo_secret *given = l->given;
    struct exo_work *w = l->w;
    struct exo_record *r = &w->got->record;
    struct exo_err ignored = EXO_ERR_INIT;
    const char *name = w->owner->file.name;
    int rc;

    if (!given || exo_secret_empty(&l->tokens->refresh_token)) {
        return false;
    }
    if (r->state == EXO_STATUS_OK && !exo_secret_empty(&r->refresh_token) &&
        !exo_secret_same(&r->refresh_token, given)) {
        exo_app_warn(w->app,
                     "%s keeps the credential it has; the refresh token that "
                     "was given is spent",
                     name);
        return false;
    }
    if (take(l) != 0) {
        return false;
    }
    exo_secret_move(&r->refresh_token, &l->tokens->refresh_token);
    exo_work_refuse(w, error);
    rc = exo_draft_write(l->proof->draft, &ignored);
    if (rc != 0) {
        exo_app_warn(w->app, "%-s", exo_err_text(&ignored, rc));
    }
    exo_app_warn(w->app,
                 "%s: the answer brought a new refresh token, which is stored; "
                 "to try with it, run: exoauth refresh --force %s",
                 name, EXO_SH(name, "ACCOUNT"));
    return true;
}

/* The empty record of the rehearsal would be half an account. */
static void forget(struct login *l)
{
    struct exo_work *w = l->w;
    struct exo_err ignored = EXO_ERR_INIT;

    if (l->first && w->got->record.revision != 0) {
        (void)!exo_store_remove(w->app->store, &w->lock, &ignored);
    }
}

static int rehearse(struct login *l)
{
    struct exo_work *w = l->w;
    enum exo_grant grant;
    /* A code is spent already: then the file is looked at last. */
    int rc = l->proof->tokens ? 0 : exo_draft_check(l->proof->draft, w->err);

    if (rc == 0 && exo_grant_parse(l->proof->grant, &grant)) {
        rc = exo_settings_assume(w->got->settings, grant);
    }
    if (rc == 0 && l->proof->token_endpoint) {
        rc = exo_settings_found(w->got->settings, EXO_KEY_TOKEN_ENDPOINT,
                                l->proof->token_endpoint);
    }
    /* A code is spent already, and room for what it brought is held. */
    if (rc != 0 || l->proof->tokens) {
        return rc;
    }
    /* What cannot be saved must not be asked for. What is damaged may still
     * be worth something, until there is a better one. */
    if (!w->damaged) {
        rc = exo_store_put(w->app->store, &w->lock, &w->got->record, w->err);
    }
    return rc == 0 ? exo_work_reserve(w) : rc;
}

/* A person has authorised, and it ends with one token: that is not taken for
 * what renews itself and works. */
static int keep_lasting(const struct login *l)
{
    const struct exo_work *w = l->w;
    const struct exo_record *r = &w->got->record;
    char text[EXO_ERR_TEXT];
    enum exo_grant before;

    if (w->owner->grant == EXO_GRANT_PASSWORD ||
        exo_grant_of_app(w->owner->grant) ||
        !exo_secret_empty(&l->tokens->refresh_token) || r->serial == 0 ||
        r->state == EXO_STATUS_NEEDS_LOGIN ||
        !exo_grant_parse(r->grant, &before) ||
        exo_trouble_final(text, r, before, 0) ||
        (!l->fits && !exo_draft_waits(l->proof->draft))) {
        return 0;
    }
    return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                       "the provider gave no refresh token, so %s keeps the "
                       "credential that works; see that scope has what asks "
                       "for one, such as offline_access, and log in again",
                       w->owner->file.name);
}

int exo_work_prove(struct exo_work *w, const struct exo_proof *proof)
{
    struct exo_record *r = &w->got->record;
    struct exo_oauth_error error;
    struct exo_tokens own;
    struct login l = { .w = w, .proof = proof, .tokens = &own };
    bool kept = false;
    int rc;

    memset(&error, 0, sizeof(error));
    memset(&own, 0, sizeof(own));
    l.first = r->revision == 0 && !w->damaged;
    /* Before rehearse() takes on the grant of the login. */
    l.fits = strcmp(r->config, w->owner->fingerprint) == 0;
    if (proof->refresh_token && !is_spent(r, proof->refresh_token)) {
        l.given = proof->refresh_token;
    }
    rc = rehearse(&l);
    if (rc == 0 && proof->tokens) {
        l.tokens = proof->tokens;
        rc = keep_lasting(&l);
    } else if (rc == 0) {
        rc = exo_work_ask(w, proof->client_secret,
                          l.given ? l.given : &r->refresh_token, &own, &error);
        if (error.err.status != EXO_STATUS_OK) {
            *w->err = error.err;
            kept = keep_rotated(&l, &error);
        }
    }
    if (rc == 0) {
        rc = take(&l);
    }
    if (rc == 0) {
        rc = exo_work_accept(w, l.tokens);
    }
    if (rc == 0) {
        w->got->renewed = true;
        rc = save(&l);
    }
    if (rc != 0 && !kept && !l.stays) {
        forget(&l);
    }
    (void)exo_reserve_use();
    exo_tokens_free(&own);
    return rc;
}
