/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token endpoint's answer becomes tokens or an error (exoauth/oauth.h,
 * RFC 6749 section 5).
 *
 * grant.c and device.c call it with each complete HTTP answer; tests and the
 * fuzzer call it with anything. The caller frees the tokens. A refusal goes
 * to error.c. An answer that claims success and cannot be used is TRANSIENT
 * where it is damaged or not JSON: a captive portal, a proxy or a broken
 * front end did that, and trying again costs nothing. It is MISCONFIGURED
 * where it is sound but of another kind: the address is not a token
 * endpoint, or its tokens are not for the Bearer scheme.
 */
#include "config.h"

#include "exoauth/oauth.h"

#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "answer.h"
#include "exoauth/token.h"

#define DEFAULT_LIFE 3600

/* As a list of printable words; one that is too long ends at a blank. */
static void copy_scope(char *to, size_t size, const char *from)
{
    size_t i, len = strnlen(from, size);

    if (len == size) {
        for (len = size - 1; len > 0 && from[len] != ' '; len--) {
            ;
        }
    }
    for (i = 0; i < len; i++) {
        to[i] = (char)(from[i] < 0x20 || from[i] > 0x7e ? '?' : from[i]);
    }
    to[len] = '\0';
}

/* RFC 6749 section 5.1 wants token_type, some servers leave it out. Then it
 * is taken for bearer: the token goes to the allowed servers only, and if it
 * is of another type they refuse it, which is what we would do here. */
static bool is_bearer(struct json_object *object)
{
    struct json_object *type;

    if (!json_object_object_get_ex(object, "token_type", &type) ||
        type == NULL) {
        return true;
    }
    return strcasecmp(exo_json_string(object, "token_type"), "bearer") == 0;
}

static int set_token(struct exo_secret *to, const char *text)
{
    return exo_secret_set(to, text, strlen(text));
}

/* App Service says when its tokens end, and not how long they live. */
static int read_life(const struct exo_asked *asked,
                     const struct exo_http_reply *reply,
                     struct json_object *object, int64_t *seconds)
{
    int rc = exo_json_seconds(object, "expires_in", 0, seconds);

    if (rc == EXO_OK && *seconds == 0 && asked->identity) {
        rc = exo_json_until(object, "expires_on", reply->sent, 0, seconds);
    }
    if (*seconds == 0) {
        *seconds = DEFAULT_LIFE;
    }
    return rc;
}

/* What is kept in the clear and shown: what repeats a secret was not said. */
static void read_words(const struct exo_asked *asked,
                       struct json_object *object, struct exo_tokens *tokens)
{
    copy_scope(tokens->scope, sizeof(tokens->scope),
               exo_json_string(object, "scope"));
    exo_id_token_mailbox(exo_json_string(object, "id_token"), tokens->mailbox,
                         sizeof(tokens->mailbox));
    /* In doubt nor was it: a token that was given is kept all the same. */
    if (exo_leaks(asked, tokens, tokens->scope, strlen(tokens->scope)) != 0) {
        tokens->scope[0] = '\0';
    }
    if (exo_leaks(asked, tokens, tokens->mailbox, strlen(tokens->mailbox)) !=
        0) {
        tokens->mailbox[0] = '\0';
    }
}

static int read_tokens(const struct exo_asked *asked,
                       const struct exo_http_reply *reply,
                       struct json_object *object, struct exo_tokens *tokens,
                       struct exo_oauth_error *error)
{
    const char *access = exo_json_string(object, "access_token");
    const char *refresh = exo_json_string(object, "refresh_token");

    tokens->received = reply->sent;
    /* First, and kept if anything below fails: with rotation the old one may
     * be dead by now. */
    if (exo_is_vschar(refresh) &&
        set_token(&tokens->refresh_token, refresh) != EXO_OK) {
        return exo_no_memory(error);
    }

    if (*access == '\0' && !exo_json_has_nul(object, "access_token")) {
        return exo_unusable(asked, reply, EXO_OK, "JSON without access_token",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    if (!is_bearer(object)) {
        return exo_unusable(asked, reply, EXO_OK,
                            "a token that is not of type Bearer",
                            EXO_STATUS_MISCONFIGURED, error);
    }
    if (*access == '\0' || strlen(access) > EXO_TOKEN_MAX ||
        !exo_token_is_b64token(access, strlen(access))) {
        return exo_unusable(asked, reply, EXO_OK,
                            "an access_token that is too long or holds bytes "
                            "no token may hold",
                            EXO_STATUS_TRANSIENT, error);
    }
    if ((*refresh != '\0' || exo_json_has_nul(object, "refresh_token")) &&
        exo_secret_empty(&tokens->refresh_token)) {
        return exo_unusable(asked, reply, EXO_OK,
                            "a refresh_token that is too long or holds bytes "
                            "no token may hold",
                            EXO_STATUS_TRANSIENT, error);
    }
    if (read_life(asked, reply, object, &tokens->expires_in) != EXO_OK) {
        return exo_unusable(asked, reply, EXO_OK,
                            asked->identity
                                ? "an expiry that is no time to come"
                                : "an expires_in that is no sensible number "
                                  "of seconds",
                            EXO_STATUS_TRANSIENT, error);
    }
    /* A hint only; the broker has its own idea where there is none. */
    if (exo_json_seconds(object, "refresh_in", 0, &tokens->refresh_in) !=
            EXO_OK ||
        tokens->refresh_in > tokens->expires_in) {
        tokens->refresh_in = 0;
    }
    if (set_token(&tokens->access_token, access) != EXO_OK) {
        return exo_no_memory(error);
    }
    read_words(asked, object, tokens);
    return EXO_OK;
}

void exo_tokens_init(struct exo_tokens *tokens)
{
    memset(tokens, 0, sizeof(*tokens));
    tokens->access_token = (struct exo_secret)EXO_SECRET_INIT;
    tokens->refresh_token = (struct exo_secret)EXO_SECRET_INIT;
}

void exo_tokens_free(struct exo_tokens *tokens)
{
    exo_secret_free(&tokens->access_token);
    exo_secret_free(&tokens->refresh_token);
}

int exo_oauth_answer(const struct exo_asked *asked,
                     const struct exo_http_reply *reply,
                     struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    struct json_object *object = NULL;
    int parse_rc, rc;

    exo_tokens_init(tokens);
    memset(error, 0, sizeof(*error));
    parse_rc = exo_json_parse(&reply->body, &object);
    if (parse_rc == EXO_E_NOMEM) {
        rc = exo_no_memory(error);
    } else if (exo_is_refusal(reply, object, "access_token")) {
        rc = exo_refused(asked, reply, object, error);
    } else if (parse_rc != EXO_OK) {
        rc = exo_unusable(asked, reply, parse_rc, "", EXO_STATUS_TRANSIENT,
                          error);
    } else {
        rc = read_tokens(asked, reply, object, tokens, error);
    }
    exo_json_free(object);
    return rc;
}

int exo_oauth_parse(const struct exo_oauth_client *client,
                    const struct exo_secret *sent,
                    const struct exo_http_reply *reply,
                    struct exo_tokens *tokens, struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->token_endpoint,
                                     .key = "token_endpoint",
                                     .sent = sent };

    return exo_oauth_answer(&asked, reply, tokens, error);
}
