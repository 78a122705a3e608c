/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proof key, state and URL for a login in the browser (exoauth/pkce.h).
 *
 * `exoauth login` makes a struct exo_pkce, shows the URL, and frees it when
 * the code has been redeemed. Verifier and state are 256 random bits each;
 * both are secret until they have been used, and live in struct exo_secret.
 * The URL holds the state but not the verifier, so it may be shown.
 */
#include "config.h"

#include "exoauth/pkce.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "answer.h"
#include "exoauth/base64.h"

static int make_random(struct exo_secret *to)
{
    unsigned char bytes[32];
    int rc = EXO_E_IO;

    if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
        rc = exo_base64url(&to->hidden, bytes, sizeof(bytes));
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return rc;
}

int exo_pkce_challenge(const struct exo_secret *verifier,
                       char challenge[EXO_PKCE_LEN + 1])
{
    struct exo_buf text = EXO_BUF_INIT(64);
    unsigned char hash[32];
    const char *made;
    size_t len;
    int rc = exo_secret_reveal(verifier, &made, &len);

    challenge[0] = '\0';
    if (rc == EXO_OK) {
        rc = EVP_Digest(made, len, hash, NULL, EVP_sha256(), NULL) == 1
                 ? exo_base64url(&text, hash, sizeof(hash))
                 : EXO_E_NOMEM;
    }
    if (rc == EXO_OK) {
        rc = exo_buf_done(&text, &made);
    }
    if (rc == EXO_OK) {
        memcpy(challenge, made, EXO_PKCE_LEN + 1);
    }
    exo_buf_free(&text);
    return rc;
}

int exo_pkce_make(struct exo_pkce *pkce)
{
    int rc;

    memset(pkce, 0, sizeof(*pkce));
    pkce->verifier = (struct exo_secret)EXO_SECRET_INIT;
    pkce->state = (struct exo_secret)EXO_SECRET_INIT;
    rc = make_random(&pkce->verifier);
    if (rc == EXO_OK) {
        rc = make_random(&pkce->state);
    }
    if (rc == EXO_OK) {
        rc = exo_pkce_challenge(&pkce->verifier, pkce->challenge);
    }
    return rc;
}

void exo_pkce_free(struct exo_pkce *pkce)
{
    exo_secret_free(&pkce->verifier);
    exo_secret_free(&pkce->state);
}

static int add_all(struct exo_secret *query,
                   const struct exo_oauth_client *client,
                   const struct exo_pkce *pkce, const char *redirect_uri,
                   const char *login_hint)
{
    const struct {
        const char *name, *value;
        const struct exo_secret *secret;
    } fields[] = {
        { "client_id", client->client_id, NULL },
        { "response_type", "code", NULL },
        { "redirect_uri", redirect_uri, NULL },
        { "response_mode", "query", NULL },
        { "scope", client->scope, NULL },
        { "resource", client->resource, NULL },
        { "state", NULL, &pkce->state },
        { "code_challenge", pkce->challenge, NULL },
        { "code_challenge_method", "S256", NULL },
        { "login_hint", login_hint, NULL },
    };
    size_t i;
    int rc = EXO_OK;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]) && rc == EXO_OK; i++) {
        if (fields[i].secret != NULL) {
            rc = exo_form_secret(query, fields[i].name, fields[i].secret);
        } else if (fields[i].value != NULL && fields[i].value[0] != '\0') {
            rc = exo_form_text(query, fields[i].name, fields[i].value);
        }
    }
    return rc;
}

int exo_authorization_url(const struct exo_oauth_client *client,
                          const struct exo_pkce *pkce, const char *redirect_uri,
                          const char *login_hint, struct exo_buf *url,
                          struct exo_err *err)
{
    const char *endpoint = client->authorization_endpoint;
    struct exo_secret query = EXO_SECRET_INIT;
    int rc;

    if (endpoint == NULL || *endpoint == '\0') {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s has no authorization_endpoint; set it in the "
                           "account file, or use another grant",
                           client->account);
    }
    rc = add_all(&query, client, pkce, redirect_uri, login_hint);
    if (rc == EXO_OK) {
        exo_buf_str(url, endpoint);
        /* RFC 6749 section 3.1: a query that is there already stays. */
        exo_buf_str(url, strchr(endpoint, '?') == NULL ? "?" : "&");
        exo_buf_join(url, &query.hidden);
        rc = url->error;
    }
    exo_secret_free(&query);
    if (rc == EXO_E_NOMEM) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "out of memory while making a URL; free some "
                           "memory and try again");
    }
    if (rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the URL for %s would be too long; check client_id "
                           "and scope in the account file",
                           client->account);
    }
    return EXO_OK;
}
