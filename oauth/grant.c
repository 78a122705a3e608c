/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grants (exoauth/oauth.h): what each sends to the token endpoint.
 * authorization_code, password, client_credentials and refresh_token of RFC
 * 6749 sections 4.1.3, 4.3.2, 4.4.2 and 6; device.c has the one of RFC 8628.
 *
 * The broker and `exoauth login` call them, under the account's lock; one
 * call is one HTTP request. Tokens are the caller's to free, also after a
 * failure. Every failure has its line in error; forms hold secrets, live
 * only in struct exo_secret and are wiped here.
 */
#include "config.h"

#include "exoauth/oauth.h"

#include <string.h>

#include "answer.h"
#include "exoauth/reserve.h"

/* A field of the form: a text, or a secret where there is no text. */
struct field {
    const char *name;
    const char *text;
    const struct exo_secret *secret;
};

/* Fields end at a name that is NULL. */
static int fill(struct exo_secret *form, const struct field *fields)
{
    int rc = EXO_OK;

    for (; rc == EXO_OK && fields->name != NULL; fields++) {
        rc = fields->text != NULL
                 ? exo_form_text(form, fields->name, fields->text)
                 : exo_form_secret(form, fields->name, fields->secret);
    }
    return rc;
}

int exo_form_scope(struct exo_secret *form,
                   const struct exo_oauth_client *client)
{
    int rc = EXO_OK;

    if (client->scope != NULL && *client->scope != '\0') {
        rc = exo_form_text(form, "scope", client->scope);
    }
    if (rc == EXO_OK && client->resource != NULL && *client->resource != '\0') {
        rc = exo_form_text(form, "resource", client->resource);
    }
    return rc;
}

/* A code has its scope already, from the page where the user agreed. */
static int run(const struct exo_asked *asked, const struct field *fields,
               struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    struct exo_secret form = EXO_SECRET_INIT, made = EXO_SECRET_INIT;
    struct exo_asked with = *asked;
    struct exo_http_reply reply;
    int rc;

    with.made = &made;
    exo_tokens_init(tokens);
    memset(error, 0, sizeof(*error));
    rc = fill(&form, fields);
    if (rc == EXO_OK && asked->verifier == NULL) {
        rc = exo_form_scope(&form, asked->client);
    }
    if (rc != EXO_OK) {
        rc = exo_no_memory(error);
        goto out;
    }
    rc = exo_oauth_post(&with, &form, &reply, error);
    if (rc == EXO_OK) {
        rc = exo_oauth_answer(&with, &reply, tokens, error);
        /* There is no second answer to what is spent. */
        if (rc != EXO_OK && exo_reserve_use()) {
            exo_tokens_free(tokens);
            rc = exo_oauth_answer(&with, &reply, tokens, error);
        }
    }
    exo_http_reply_free(&reply);
out:
    exo_secret_free(&form);
    exo_secret_free(&made);
    return rc;
}

int exo_oauth_client_credentials(const struct exo_oauth_client *client,
                                 struct exo_tokens *tokens,
                                 struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint" };
    const struct field fields[] = {
        { .name = "grant_type", .text = "client_credentials" },
        { .name = NULL },
    };

    return run(&asked, fields, tokens, error);
}

int exo_oauth_refresh(const struct exo_oauth_client *client,
                      const struct exo_secret *refresh_token,
                      struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint",
                                     .sent = refresh_token,
                                     .spends = true };
    const struct field fields[] = {
        { .name = "grant_type", .text = "refresh_token" },
        { .name = "refresh_token", .secret = refresh_token },
        { .name = NULL },
    };

    return run(&asked, fields, tokens, error);
}

int exo_oauth_code(const struct exo_oauth_client *client,
                   const struct exo_secret *code, const char *redirect_uri,
                   const struct exo_secret *verifier, struct exo_tokens *tokens,
                   struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint",
                                     .sent = code,
                                     .verifier = verifier,
                                     .spends = true };
    const struct field fields[] = {
        { .name = "grant_type", .text = "authorization_code" },
        { .name = "code", .secret = code },
        { .name = "redirect_uri", .text = redirect_uri },
        { .name = "code_verifier", .secret = verifier },
        { .name = NULL },
    };

    return run(&asked, fields, tokens, error);
}

int exo_oauth_password(const struct exo_oauth_client *client,
                       const char *username, const struct exo_secret *password,
                       struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint",
                                     .sent = password };
    const struct field fields[] = {
        { .name = "grant_type", .text = "password" },
        { .name = "username", .text = username },
        { .name = "password", .secret = password },
        { .name = NULL },
    };

    return run(&asked, fields, tokens, error);
}
