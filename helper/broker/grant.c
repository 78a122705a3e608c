/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which request to make for an account, with which secrets. Called by the
 * broker under the account's lock. What the provider answers goes through
 * exo_work_accept() or exo_work_refuse(); mistakes found before anything is
 * sent are only reported, as they cost nothing to find again.
 */
#include "config.h"

#include <string.h>

#include "discover.h"
#include "exoauth/clock.h"
#include "exoauth/reserve.h"
#include "helper/app/spend.h"
#include "helper/settings/trouble.h"
#include "work.h"

void exo_broker_client(const struct exo_app *app,
                       const struct exo_settings *settings,
                       const struct exo_means *means, int64_t deadline_ms,
                       struct exo_oauth_client *client)
{
    const struct exo_settings *s = exo_settings_owner(settings);

    memset(client, 0, sizeof(*client));
    client->account = s->file.name;
    client->token_endpoint = exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT);
    client->device_authorization_endpoint =
        exo_settings_get(s, EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT);
    if (s->grant == EXO_GRANT_MANAGED_IDENTITY) {
        client->token_endpoint = exo_settings_get(s, EXO_KEY_IDENTITY_ENDPOINT);
    }
    client->client_id = exo_settings_get(s, EXO_KEY_CLIENT_ID);
    client->scope = exo_settings_get(s, EXO_KEY_SCOPE);
    client->resource = exo_settings_get(s, EXO_KEY_RESOURCE);
    client->authorization_endpoint =
        exo_settings_get(s, EXO_KEY_AUTHORIZATION_ENDPOINT);
    client->auth = s->auth;
    client->jwt_alg = s->jwt_alg;
    if (s->auth == EXO_CLIENT_PRIVATE_KEY_JWT) {
        client->key = means->key;
    } else if (s->auth == EXO_CLIENT_ASSERTION) {
        client->assertion = &means->assertion;
    } else if (exo_secret_empty(&means->secret)) {
        client->auth = EXO_CLIENT_NONE;
    } else {
        client->secret = &means->secret;
        if (!s->auth_said) {
            client->auth = EXO_CLIENT_SECRET_POST;
        }
    }
    client->way.proxy = app->conf->proxy;
    client->way.proxy_auth_file = app->conf->proxy_auth_file;
    client->way.ca_file = app->conf->ca_file;
    client->deadline_ms = deadline_ms;
    client->spend = exo_spend_begin;
}

static int need_secret(struct exo_work *w)
{
    const char *name = w->owner->file.name;

    return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                       "no client secret is stored for %s; run: exoauth login "
                       "%s --secret-file FILE",
                       name, EXO_SH(name, "ACCOUNT"));
}

static int need_login(struct exo_work *w)
{
    const char *name = w->owner->file.name;
    char text[EXO_ERR_TEXT];

    if (exo_trouble_final(text, &w->got->record, w->owner->grant,
                          exo_clock_now())) {
        return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN, "%-s", text);
    }
    return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                       "no credential is stored for %s; run: exoauth login %s",
                       name, EXO_SH(name, "ACCOUNT"));
}

/* Has the client of an app what the provider will ask for? */
static bool has_proof(const struct exo_settings *s,
                      const struct exo_means *means)
{
    return s->auth == EXO_CLIENT_PRIVATE_KEY_JWT ||
           s->auth == EXO_CLIENT_ASSERTION || !exo_secret_empty(&means->secret);
}

/* A provider that gives no refresh token for a password leaves the password
 * to be stored, in the place of the client secret. */
static bool by_password(const struct exo_work *w,
                        const struct exo_secret *refresh_token)
{
    return w->owner->grant == EXO_GRANT_PASSWORD &&
           exo_secret_empty(refresh_token) &&
           exo_record_has_password(&w->got->record);
}

static int ask_by_password(struct exo_work *w,
                           const struct exo_oauth_client *client,
                           struct exo_tokens *tokens,
                           struct exo_oauth_error *error)
{
    const char *user = exo_settings_get(w->owner, EXO_KEY_USER);
    int rc =
        exo_oauth_password(client, user[0] != '\0' ? user : w->owner->file.name,
                           &w->got->record.client_secret, tokens, error);

    /* Or the next request would take the password for a client secret. */
    exo_secret_free(&tokens->refresh_token);
    return rc;
}

/* --force is for what may have changed, and that may be the endpoint. */
static int find_endpoint(struct exo_work *w, struct exo_oauth_error *error)
{
    if (!w->want->force) {
        exo_discovery_recall(w->got->settings, &w->got->record);
    }
    return exo_settings_asks_issuer(w->owner)
               ? exo_discover(w->app, w->got->settings, w->want->deadline_ms,
                              NULL, error)
               : 0;
}

static int ask_client(struct exo_work *w, const struct exo_oauth_client *client,
                      const struct exo_secret *refresh_token,
                      struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    switch (w->owner->grant) {
    case EXO_GRANT_CLIENT_CREDENTIALS:
        return exo_oauth_client_credentials(client, tokens, error);
    case EXO_GRANT_MANAGED_IDENTITY:
        return exo_oauth_managed_identity(client, w->owner->identity, tokens,
                                          error);
    default:
        return exo_oauth_refresh(client, refresh_token, tokens, error);
    }
}

/* Who waits for the lock until the last moment must not then give up on an
 * answer that is on its way: it may hold the only refresh token. */
static int64_t request_deadline(const struct exo_work *w)
{
    int64_t least = exo_clock_ms() + EXO_HTTP_TOTAL_MS;
    int64_t deadline = w->want->deadline_ms;

    return exo_grant_of_app(w->owner->grant) || deadline > least ? deadline
                                                                 : least;
}

int exo_work_ask(struct exo_work *w, const struct exo_secret *given_secret,
                 const struct exo_secret *refresh_token,
                 struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    struct exo_means means;
    struct exo_oauth_client client;
    enum exo_grant grant = w->owner->grant;
    bool password = by_password(w, refresh_token);
    int rc = exo_means_find(&means, w->app, w->owner, given_secret,
                            exo_record_has_password(&w->got->record)
                                ? NULL
                                : &w->got->record.client_secret,
                            w->err);

    if (rc == 0 && grant == EXO_GRANT_CLIENT_CREDENTIALS &&
        !has_proof(w->owner, &means)) {
        rc = need_secret(w);
    }
    if (rc == 0 && !exo_grant_of_app(grant) && !password &&
        exo_secret_empty(refresh_token)) {
        rc = need_login(w);
    }
    if (rc == 0) {
        rc = find_endpoint(w, error);
    }
    if (rc == 0) {
        exo_broker_client(w->app, w->owner, &means, request_deadline(w),
                          &client);
        client.issued =
            w->got->record.serial > 0 &&
            strcmp(w->got->record.config, w->owner->fingerprint) == 0;
        client.unsaid = w->got->record.unsaid;
        rc = password ? ask_by_password(w, &client, tokens, error)
                      : ask_client(w, &client, refresh_token, tokens, error);
    }
    if (rc == 0) {
        w->got->record.certificate_ends =
            means.key ? exo_keypair_certificate(means.key)->not_after : 0;
    }
    exo_means_free(&means);
    return rc;
}

int exo_work_reserve(struct exo_work *w)
{
    int rc = exo_store_reserve(w->app->store, &w->owner->file, w->err);

    if (rc == 0) {
        rc = exo_reserve_take();
        exo_err_words(w->err, rc);
    }
    return rc;
}

/*
 * A refresh token can be worth only one use. If what the provider gives in
 * exchange could not be saved, the account would be lost; so the store must
 * take a write before the token is spent, and hold room for the next.
 */
static int rehearse(struct exo_work *w)
{
    int rc;

    if (exo_grant_of_app(w->owner->grant) ||
        exo_secret_empty(&w->got->record.refresh_token)) {
        return 0;
    }
    rc = exo_store_put(w->app->store, &w->lock, &w->got->record, w->err);
    return rc == 0 ? exo_work_reserve(w) : rc;
}

int exo_work_request(struct exo_work *w)
{
    struct exo_oauth_error error;
    struct exo_tokens tokens;
    int rc;

    memset(&error, 0, sizeof(error));
    memset(&tokens, 0, sizeof(tokens));
    rc = rehearse(w);
    if (rc != 0) {
        return rc;
    }
    rc = exo_work_ask(w, NULL, &w->got->record.refresh_token, &tokens, &error);
    if (rc == 0) {
        rc = exo_work_accept(w, &tokens);
    }
    if (rc == 0) {
        w->got->renewed = true;
        if (exo_work_save(w) != 0) { /* loud, but the token is good */
            w->got->unsaved = !exo_secret_empty(&w->got->record.refresh_token);
            *w->err = (struct exo_err)EXO_ERR_INIT;
        }
    } else if (error.err.status != EXO_STATUS_OK) {
        /* In an answer that is useless otherwise; the old one may be spent. */
        if (!exo_secret_empty(&tokens.refresh_token)) {
            exo_secret_move(&w->got->record.refresh_token,
                            &tokens.refresh_token);
        }
        *w->err = error.err;
        exo_work_refuse(w, &error);
    }
    (void)exo_reserve_use();
    exo_tokens_free(&tokens);
    return rc;
}
