/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which request to make for an account, with which secrets. Called by the
 * broker under the account's lock. What the provider answers goes through
 * exo_work_accept() or exo_work_refuse(); mistakes found before anything is
 * sent are only reported, as they cost nothing to find again.
 */
#include "config.h"

#include <string.h>

#include "exoauth/proto.h"
#include "work.h"

void exo_broker_client(const struct exo_app *app,
                       const struct exo_settings *settings,
                       const struct exo_secret *secret, int64_t deadline_ms,
                       struct exo_oauth_client *client)
{
    const struct exo_settings *s = exo_settings_owner(settings);

    memset(client, 0, sizeof(*client));
    client->account = s->file.name;
    client->token_endpoint = exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT);
    client->device_authorization_endpoint =
        exo_settings_get(s, EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT);
    client->client_id = exo_settings_get(s, EXO_KEY_CLIENT_ID);
    client->scope = exo_settings_get(s, EXO_KEY_SCOPE);
    client->resource = exo_settings_get(s, EXO_KEY_RESOURCE);
    client->auth = s->auth;
    if (secret && !exo_secret_empty(secret)) {
        client->secret = secret;
        if (!s->auth_said) {
            client->auth = EXO_CLIENT_SECRET_POST;
        }
    } else {
        client->auth = EXO_CLIENT_NONE;
    }
    client->way.proxy = app->conf->proxy;
    client->way.proxy_auth_file = app->conf->proxy_auth_file;
    client->way.ca_file = app->conf->ca_file;
    client->deadline_ms = deadline_ms;
}

/* Configured secrets win over the stored one: they are the newer word. */
static int find_secret(struct exo_work *w, const struct exo_secret *given,
                       struct exo_secret *secret)
{
    int rc;

    if (given) {
        return exo_secret_copy(secret, given);
    }
    rc = exo_client_secret(w->owner, secret, w->err);
    if (rc == EXO_E_NOENT) {
        rc = exo_secret_copy(secret, &w->got->record.client_secret);
    }
    return rc;
}

static int need_secret(struct exo_work *w)
{
    const char *name = w->owner->file.name;

    return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                       "no client secret is stored for %s; run: exoauth login "
                       "%s --secret-file FILE",
                       name, name);
}

static int need_login(struct exo_work *w)
{
    const char *name = w->owner->file.name;

    return exo_err_set(w->err, EXO_STATUS_NEEDS_LOGIN,
                       "no credential is stored for %s; run: exoauth login %s",
                       name, name);
}

/* One request. EXO_E_STATUS with error filled, or with w->err alone set and
 * error->err.status EXO_STATUS_OK when nothing was sent. */
static int ask(struct exo_work *w, const struct exo_secret *given_secret,
               const struct exo_secret *refresh_token,
               struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_oauth_client client;
    bool app_only = w->owner->grant == EXO_GRANT_CLIENT_CREDENTIALS;
    int rc = find_secret(w, given_secret, &secret);

    if (rc == 0 && app_only && exo_secret_empty(&secret)) {
        rc = need_secret(w);
    }
    if (rc == 0 && !app_only && exo_secret_empty(refresh_token)) {
        rc = need_login(w);
    }
    if (rc == 0) {
        exo_broker_client(w->app, w->owner, &secret, w->want->deadline_ms,
                          &client);
        rc = app_only ? exo_oauth_client_credentials(&client, tokens, error)
                      : exo_oauth_refresh(&client, refresh_token, tokens,
                                          error);
    }
    exo_secret_free(&secret);
    return rc;
}

/*
 * A refresh token can be worth only one use. If what the provider gives in
 * exchange could not be saved, the account would be lost; so the store must
 * take a write before the token is spent.
 */
static int rehearse(struct exo_work *w)
{
    if (w->owner->grant == EXO_GRANT_CLIENT_CREDENTIALS) {
        return 0;
    }
    if (exo_secret_empty(&w->got->record.refresh_token)) {
        return 0;
    }
    return exo_store_put(w->app->store, &w->lock, &w->got->record, w->err);
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
    rc = ask(w, NULL, &w->got->record.refresh_token, &tokens, &error);
    if (rc == 0) {
        rc = exo_work_accept(w, &tokens);
    }
    if (rc == 0) {
        w->got->renewed = true;
        if (exo_work_save(w) != 0) { /* loud, but the token is good */
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
    exo_tokens_free(&tokens);
    return rc;
}

int exo_work_prove(struct exo_work *w, const struct exo_proof *proof)
{
    struct exo_record *r = &w->got->record;
    struct exo_oauth_error error;
    struct exo_tokens tokens;
    const struct exo_secret *refresh_token =
        proof->refresh_token ? proof->refresh_token : &r->refresh_token;
    enum exo_grant grant;
    int rc = 0;

    memset(&error, 0, sizeof(error));
    memset(&tokens, 0, sizeof(tokens));
    if (exo_grant_parse(proof->grant, &grant)) {
        rc = exo_settings_assume(w->got->settings, grant);
    }
    /* What cannot be saved must not be asked for (see rehearse()). What is
     * damaged may still be worth something, until there is a better one. */
    if (rc == 0 && !w->damaged) {
        rc = exo_store_put(w->app->store, &w->lock, r, w->err);
    }
    if (rc == 0 && !proof->tokens) {
        rc = ask(w, proof->client_secret, refresh_token, &tokens, &error);
        if (error.err.status != EXO_STATUS_OK) {
            *w->err = error.err;
        }
    }
    if (rc == 0 && proof->client_secret) {
        rc = exo_secret_copy(&r->client_secret, proof->client_secret);
    }
    if (rc == 0 && proof->refresh_token) {
        rc = exo_secret_copy(&r->refresh_token, proof->refresh_token);
    }
    if (rc == 0) {
        memcpy(r->grant, proof->grant, strlen(proof->grant) + 1);
        r->granted = w->owner->grant == EXO_GRANT_CLIENT_CREDENTIALS
                         ? 0
                         : exo_clock_now();
        rc = exo_work_accept(w, proof->tokens ? proof->tokens : &tokens);
    }
    if (rc == 0) {
        w->got->renewed = true;
        rc = exo_work_save(w);
    }
    exo_tokens_free(&tokens);
    return rc;
}
