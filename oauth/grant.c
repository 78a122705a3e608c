/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests to a token endpoint (exoauth/oauth.h): client_credentials and
 * refresh_token of RFC 6749 sections 4.4 and 6, with the client's
 * authentication of section 2.3.1, which device.c shares.
 *
 * The broker calls each grant under the account's lock; one call is one HTTP
 * request. Tokens are the caller's to free, also after a failure. Every
 * failure has its line in error; forms and the Basic credentials hold
 * secrets, live only in struct exo_secret and are wiped here.
 */
#include "config.h"

#include "exoauth/oauth.h"

#include <string.h>

#include "answer.h"

int exo_form_text(struct exo_secret *form, const char *name, const char *value)
{
    return exo_http_form_add(form, name, value, strlen(value));
}

/* Appends text form-encoded: the value of a form with one field. */
static int append_encoded(struct exo_secret *out, const char *text, size_t len)
{
    struct exo_secret form = EXO_SECRET_INIT;
    const char *value;
    int rc;

    rc = exo_http_form_add(&form, "v", text, len);
    if (rc == EXO_OK) {
        value = strchr(exo_secret_reveal(&form), '=');
        exo_buf_str(&out->hidden, value == NULL ? "" : value + 1);
        rc = out->hidden.error;
    }
    exo_secret_free(&form);
    return rc;
}

/* RFC 6749 section 2.3.1: id and secret are form-encoded before they are
 * joined, or a colon in the id would move the border. */
static int make_basic(struct exo_secret *basic,
                      const struct exo_oauth_client *client)
{
    int rc;

    rc = append_encoded(basic, client->client_id, strlen(client->client_id));
    if (rc != EXO_OK)
        return rc;
    exo_buf_str(&basic->hidden, ":");
    return append_encoded(basic, exo_secret_reveal(client->secret),
                          exo_secret_len(client->secret));
}

/* One method only, as section 2.3 demands: with Basic nothing of it stands
 * in the form, and a public client never sends a secret (AADSTS700025). */
static int add_client(const struct exo_oauth_client *client,
                      struct exo_secret *form, struct exo_secret *basic)
{
    int rc;

    if (client->auth == EXO_CLIENT_SECRET_BASIC)
        return make_basic(basic, client);
    rc = exo_form_text(form, "client_id", client->client_id);
    if (rc == EXO_OK && client->auth == EXO_CLIENT_SECRET_POST)
        rc = exo_http_form_add(form, "client_secret",
                               exo_secret_reveal(client->secret),
                               exo_secret_len(client->secret));
    return rc;
}

int exo_oauth_post(const struct exo_asked *asked, struct exo_secret *form,
                   struct exo_http_reply *reply, struct exo_oauth_error *error)
{
    const struct exo_oauth_client *client = asked->client;
    struct exo_secret basic = EXO_SECRET_INIT;
    int rc;

    memset(error, 0, sizeof(*error));
    memset(reply, 0, sizeof(*reply));
    reply->body = (struct exo_secret)EXO_SECRET_INIT;

    if (asked->url == NULL || *asked->url == '\0')
        return exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                           "%s has no %s; set it in the account file, or use "
                           "another grant",
                           client->account, asked->key);
    if (client->auth != EXO_CLIENT_NONE &&
        (client->secret == NULL || exo_secret_empty(client->secret)))
        return exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                           "%s has no client secret; run: exoauth login %s",
                           client->account, client->account);

    rc = add_client(client, form, &basic);
    if (rc == EXO_E_NOMEM)
        rc = exo_no_memory(error);
    else if (rc != EXO_OK)
        rc = exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                         "the request for %s does not fit in 64 KiB; check "
                         "client_id, scope and the secret",
                         client->account);
    else
        rc = exo_http_post(
            asked->url, form, exo_secret_empty(&basic) ? NULL : &basic,
            &client->way, client->deadline_ms, reply, &error->err);
    exo_secret_free(&basic);
    return rc;
}

static int run_grant(const struct exo_oauth_client *client, const char *grant,
                     const struct exo_secret *refresh_token,
                     struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    const struct exo_asked asked = { client, client->token_endpoint,
                                     "token_endpoint", refresh_token };
    struct exo_secret form = EXO_SECRET_INIT;
    struct exo_http_reply reply;
    int rc;

    exo_tokens_init(tokens);
    memset(error, 0, sizeof(*error));
    rc = exo_form_text(&form, "grant_type", grant);
    if (rc == EXO_OK && refresh_token != NULL)
        rc = exo_http_form_add(&form, "refresh_token",
                               exo_secret_reveal(refresh_token),
                               exo_secret_len(refresh_token));
    if (rc == EXO_OK && client->scope != NULL && *client->scope != '\0')
        rc = exo_form_text(&form, "scope", client->scope);
    if (rc != EXO_OK) {
        rc = exo_no_memory(error);
        goto out;
    }
    rc = exo_oauth_post(&asked, &form, &reply, error);
    if (rc == EXO_OK)
        rc = exo_oauth_parse(client, refresh_token, &reply, tokens, error);
    exo_http_reply_free(&reply);
out:
    exo_secret_free(&form);
    return rc;
}

int exo_oauth_client_credentials(const struct exo_oauth_client *client,
                                 struct exo_tokens *tokens,
                                 struct exo_oauth_error *error)
{
    return run_grant(client, "client_credentials", NULL, tokens, error);
}

int exo_oauth_refresh(const struct exo_oauth_client *client,
                      const struct exo_secret *refresh_token,
                      struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    return run_grant(client, "refresh_token", refresh_token, tokens, error);
}
