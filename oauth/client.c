/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request with the client's authentication (answer.h): a secret in the
 * form or as HTTP Basic (RFC 6749 section 2.3.1), or a JWT (RFC 7521 section
 * 4.2, RFC 7523) that is made here or comes from another system.
 *
 * grant.c and device.c call exo_oauth_post(); the reply is theirs to free,
 * also after a failure. Every failure has its line in error. The forms, the
 * Basic credentials and the assertion live only in struct exo_secret and are
 * wiped here.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "answer.h"
#include "exoauth/jwt.h"

#define JWT_BEARER "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

int exo_form_text(struct exo_secret *form, const char *name, const char *value)
{
    return exo_http_form_add(form, name, value, strlen(value));
}

int exo_form_secret(struct exo_secret *form, const char *name,
                    const struct exo_secret *value)
{
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(value, &text, &len);

    return rc == EXO_OK ? exo_http_form_add(form, name, text, len) : rc;
}

/* Appends text form-encoded: the value of a form with one field. */
static int append_encoded(struct exo_secret *out, const char *text, size_t len)
{
    struct exo_secret form = EXO_SECRET_INIT;
    const char *field;
    int rc;

    rc = exo_http_form_add(&form, "v", text, len);
    if (rc == EXO_OK) {
        rc = exo_secret_reveal(&form, &field, &len);
    }
    if (rc == EXO_OK) {
        exo_buf_str(&out->hidden, field + strlen("v="));
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
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(client->secret, &text, &len);

    if (rc == EXO_OK) {
        rc =
            append_encoded(basic, client->client_id, strlen(client->client_id));
    }
    if (rc != EXO_OK) {
        return rc;
    }
    exo_buf_str(&basic->hidden, ":");
    return append_encoded(basic, text, len);
}

static int add_assertion(struct exo_secret *form,
                         const struct exo_secret *assertion)
{
    int rc = exo_form_text(form, "client_assertion_type", JWT_BEARER);

    if (rc == EXO_OK) {
        rc = exo_form_secret(form, "client_assertion", assertion);
    }
    return rc;
}

/* The audience is the token endpoint whatever the request is for: that is
 * what Entra ID compares it with. */
static int add_new_assertion(const struct exo_asked *asked,
                             struct exo_secret *form, struct exo_err *err)
{
    const struct exo_oauth_client *client = asked->client;
    struct exo_secret assertion = EXO_SECRET_INIT;
    int rc;

    rc = exo_jwt_assertion(&assertion, client->key, client->jwt_alg,
                           client->client_id, client->token_endpoint,
                           time(NULL), err);
    if (rc == EXO_OK) {
        rc = add_assertion(form, &assertion);
    }
    if (rc == EXO_OK && asked->made != NULL) {
        exo_secret_move(asked->made, &assertion);
    }
    exo_secret_free(&assertion);
    return rc;
}

/* One method only, as section 2.3 demands: with Basic nothing of it stands
 * in the form, and a public client never sends a secret (AADSTS700025). */
static int add_client(const struct exo_asked *asked, struct exo_secret *form,
                      struct exo_secret *basic, struct exo_err *err)
{
    const struct exo_oauth_client *client = asked->client;
    int rc;

    if (client->auth == EXO_CLIENT_SECRET_BASIC) {
        return make_basic(basic, client);
    }
    rc = exo_form_text(form, "client_id", client->client_id);
    if (rc != EXO_OK) {
        return rc;
    }
    switch (client->auth) {
    case EXO_CLIENT_SECRET_POST:
        return exo_form_secret(form, "client_secret", client->secret);
    case EXO_CLIENT_PRIVATE_KEY_JWT:
        return add_new_assertion(asked, form, err);
    case EXO_CLIENT_ASSERTION:
        return add_assertion(form, client->assertion);
    default:
        return EXO_OK;
    }
}

static bool missing(const struct exo_secret *secret)
{
    return secret == NULL || exo_secret_empty(secret);
}

/* Has the client what its authentication needs? */
static int check_client(const struct exo_oauth_client *client,
                        struct exo_err *err)
{
    const char *text;
    size_t len;

    switch (client->auth) {
    case EXO_CLIENT_SECRET_POST:
    case EXO_CLIENT_SECRET_BASIC:
        if (missing(client->secret)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s has no client secret; run: exoauth login %s",
                               client->account,
                               EXO_SH(client->account, "ACCOUNT"));
        }
        return EXO_OK;
    case EXO_CLIENT_PRIVATE_KEY_JWT:
        if (client->key == NULL || client->token_endpoint == NULL) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s has no certificate with its key; set "
                               "certificate in the account file",
                               client->account);
        }
        return EXO_OK;
    case EXO_CLIENT_ASSERTION:
        if (missing(client->assertion) ||
            (exo_secret_reveal(client->assertion, &text, &len) == EXO_OK &&
             !exo_is_vschar(text))) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s has no usable assertion; check the file "
                               "that assertion_file in the account file names",
                               client->account);
        }
        return EXO_OK;
    default:
        return EXO_OK;
    }
}

int exo_oauth_post(const struct exo_asked *asked, struct exo_secret *form,
                   struct exo_http_reply *reply, struct exo_oauth_error *error)
{
    const struct exo_oauth_client *client = asked->client;
    struct exo_secret basic = EXO_SECRET_INIT;
    struct exo_http_way way = client->way;
    int rc;

    memset(error, 0, sizeof(*error));
    memset(reply, 0, sizeof(*reply));
    reply->body = (struct exo_secret)EXO_SECRET_INIT;

    if (asked->url == NULL || *asked->url == '\0') {
        return exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                           "%s has no %s; set it in the account file, or use "
                           "another grant",
                           client->account, asked->key);
    }
    rc = check_client(client, &error->err);
    if (rc != EXO_OK) {
        return rc;
    }

    rc = add_client(asked, form, &basic, &error->err);
    if (rc == EXO_OK) {
        way.before = asked->spends ? client->spend : NULL;
        rc = exo_http_post(asked->url, form,
                           exo_secret_empty(&basic) ? NULL : &basic, &way,
                           client->deadline_ms, reply, &error->err);
        /* What it lacks is the end of the transfer, and no second answer to
         * what was spent will come. */
        if (rc != EXO_OK && reply->cut && exo_json_is_whole(&reply->body)) {
            memset(error, 0, sizeof(*error));
            rc = EXO_OK;
        }
    } else if (rc == EXO_E_NOMEM) {
        rc = exo_no_memory(error);
    } else if (rc != EXO_E_STATUS) {
        rc = exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                         "the request for %s does not fit in 64 KiB; check "
                         "client_id, scope and the secret",
                         client->account);
    }
    exo_secret_free(&basic);
    return rc;
}
