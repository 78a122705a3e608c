/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A provider's metadata (exoauth/discovery.h): where it is, and what of it is
 * believed.
 *
 * helper/broker/discover.c calls it for an account that names an issuer and no
 * token endpoint. Nothing is allocated for the caller; every failure has its
 * line in error. Whoever answers decides where the credential is sent next, so
 * the whole answer is refused when it names another issuer (RFC 8414
 * section 3.3) or one endpoint that is not https.
 */
#include "config.h"

#include "exoauth/discovery.h"

#include <string.h>

#include <json-c/json.h>

#include "answer.h"

#define URL_MAX (EXO_ISSUER_MAX + 64)

/* Appended as OpenID Connect Discovery section 4 wants it, or between host
 * and path as RFC 8414 section 3.1 does. */
static void well_known(const char *issuer, bool inserted, struct exo_buf *url)
{
    const char *host = strstr(issuer, "://");
    size_t len = strlen(issuer);
    size_t start;

    host = host == NULL ? issuer : host + 3;
    start = (size_t)(host - issuer) + strcspn(host, "/");
    if (len > start && issuer[len - 1] == '/') {
        len--;
    }
    if (inserted) {
        exo_buf_add(url, issuer, start);
        exo_buf_str(url, "/.well-known/oauth-authorization-server");
        exo_buf_add(url, issuer + start, len - start);
    } else {
        exo_buf_add(url, issuer, len);
        exo_buf_str(url, "/.well-known/openid-configuration");
    }
}

/* Another name is more often a mistake in the account file than a lie, but
 * they look the same. */
static int check_issuer(const char *issuer, struct json_object *object,
                        struct exo_oauth_error *error)
{
    static const char code[] = "issuer_mismatch";
    const char *said = exo_json_string(object, "issuer");

    if (strcmp(said, issuer) == 0) {
        return EXO_OK;
    }
    memcpy(error->code, code, sizeof(code));
    return exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                       "who answers for issuer %.120s calls itself "
                       "\"%.120s\"; set issuer in the account file to the "
                       "provider's own name, to the letter, or token_endpoint",
                       issuer, said);
}

/* EXO_E_ARG if it is there and unfit for a secret. */
static int copy_endpoint(struct json_object *object, const char *name, char *to)
{
    const char *url = exo_json_string(object, name);
    size_t len = strlen(url);

    int rc;

    if (len == 0) {
        return EXO_OK;
    }
    rc = len > EXO_ENDPOINT_MAX || exo_text_offers(url)
             ? EXO_E_ARG
             : exo_http_url_check(url);
    if (rc == EXO_OK) {
        memcpy(to, url, len + 1);
    }
    return rc;
}

static int read_metadata(const struct exo_asked *asked, const char *issuer,
                         const struct exo_http_reply *reply,
                         struct json_object *object,
                         struct exo_metadata *metadata,
                         struct exo_oauth_error *error)
{
    static const char says_iss[] =
        "authorization_response_iss_parameter_supported";
    struct json_object *value;
    int rc = check_issuer(issuer, object, error);

    if (rc != EXO_OK) {
        return rc;
    }
    rc = copy_endpoint(object, "token_endpoint", metadata->token_endpoint);
    if (rc == EXO_OK) {
        rc = copy_endpoint(object, "authorization_endpoint",
                           metadata->authorization_endpoint);
    }
    if (rc == EXO_OK) {
        rc = copy_endpoint(object, "device_authorization_endpoint",
                           metadata->device_authorization_endpoint);
    }
    if (rc == EXO_E_NOMEM) {
        return exo_no_memory(error);
    }
    if (rc != EXO_OK) {
        return exo_unusable(asked, reply, EXO_OK,
                            "an endpoint that is no https URL",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    if (metadata->token_endpoint[0] == '\0') {
        return exo_unusable(asked, reply, EXO_OK, "JSON without token_endpoint",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    metadata->sends_iss = json_object_object_get_ex(object, says_iss, &value) &&
                          json_object_is_type(value, json_type_boolean) &&
                          json_object_get_boolean(value);
    return EXO_OK;
}

static int parse(const struct exo_asked *asked, const char *issuer,
                 const struct exo_http_reply *reply,
                 struct exo_metadata *metadata, struct exo_oauth_error *error)
{
    struct json_object *object = NULL;
    int parse_rc = exo_json_parse(&reply->body, &object);
    int rc;

    if (parse_rc == EXO_E_NOMEM) {
        rc = exo_no_memory(error);
    } else if (reply->status / 100 != 2) {
        rc = exo_refused(asked, reply, object, error);
    } else if (parse_rc != EXO_OK) {
        rc = exo_unusable(asked, reply, parse_rc, "", EXO_STATUS_TRANSIENT,
                          error);
    } else {
        rc = read_metadata(asked, issuer, reply, object, metadata, error);
    }
    exo_json_free(object);
    return rc;
}

/* Not there, and not because the server has no time. */
static bool is_absent(const struct exo_http_reply *reply)
{
    return reply->status / 100 == 4 && reply->status != 408 &&
           reply->status != 429;
}

/* One form. EXO_E_NOENT, and error is filled: try the other one. */
static int ask(const struct exo_oauth_client *client, const char *issuer,
               bool inserted, struct exo_metadata *metadata,
               struct exo_oauth_error *error)
{
    struct exo_buf url = EXO_BUF_INIT(URL_MAX);
    struct exo_http_reply reply = { .body = EXO_SECRET_INIT };
    struct exo_asked asked = { .client = client, .key = "issuer" };
    struct exo_http_get get = { .url = NULL };
    int rc;

    memset(metadata, 0, sizeof(*metadata));
    memset(error, 0, sizeof(*error));
    well_known(issuer, inserted, &url);
    rc = exo_buf_done(&url, &get.url);
    if (rc == EXO_E_NOMEM) {
        rc = exo_no_memory(error);
        goto out;
    }
    if (rc != EXO_OK) {
        rc = exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                         "issuer of %s is too long; correct it in the account "
                         "file",
                         client->account);
        goto out;
    }
    asked.url = get.url;
    rc = exo_http_get(&get, &client->way, client->deadline_ms, &reply,
                      &error->err);
    if (rc == EXO_OK) {
        rc = parse(&asked, issuer, &reply, metadata, error);
        if (rc != EXO_OK && is_absent(&reply)) {
            rc = EXO_E_NOENT;
        }
    }
out:
    exo_http_reply_free(&reply);
    exo_buf_free(&url);
    return rc;
}

int exo_oauth_discover(const struct exo_oauth_client *client,
                       const char *issuer, struct exo_metadata *metadata,
                       struct exo_oauth_error *error)
{
    int rc = ask(client, issuer, false, metadata, error);

    if (rc == EXO_E_NOENT) {
        rc = ask(client, issuer, true, metadata, error);
    }
    return rc == EXO_E_NOENT ? EXO_E_STATUS : rc;
}
