/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of oauth/ share: a client, an answer, and both parsed.
 */
#ifndef EXOAUTH_TEST_OAUTH_UTIL_H
#define EXOAUTH_TEST_OAUTH_UTIL_H

#include "util.h"

#include "exoauth/oauth.h"

#define CLIENT_SECRET "s3cr3t/+ &~value"
#define SENT_TOKEN "0.AXkA-sent.refresh+token"

struct asked {
    struct exo_secret secret;
    struct exo_secret sent;
    struct exo_oauth_client client;
    struct exo_http_reply reply;
    struct exo_tokens tokens;
    struct exo_oauth_error error;
};

static inline void asked_make(struct asked *a)
{
    memset(a, 0, sizeof(*a));
    a->secret = (struct exo_secret)EXO_SECRET_INIT;
    a->sent = (struct exo_secret)EXO_SECRET_INIT;
    a->reply.body = (struct exo_secret)EXO_SECRET_INIT;
    assert_int_equal(
        exo_secret_set(&a->secret, CLIENT_SECRET, strlen(CLIENT_SECRET)), 0);
    assert_int_equal(exo_secret_set(&a->sent, SENT_TOKEN, strlen(SENT_TOKEN)),
                     0);
    a->client = (struct exo_oauth_client){
        .account = "relay@example.com",
        .token_endpoint = "https://as.example/token",
        .device_authorization_endpoint = "https://as.example/device",
        .client_id = "id:1",
        .auth = EXO_CLIENT_SECRET_POST,
        .secret = &a->secret,
        .scope = "mail offline_access",
    };
}

static inline void asked_free(struct asked *a)
{
    exo_secret_free(&a->reply.body);
    exo_secret_free(&a->secret);
    exo_secret_free(&a->sent);
}

/* Parses body as the answer to a grant with or without a user. The caller
 * frees a->tokens. */
static inline int asked_parse(struct asked *a, long status, bool user,
                              const char *body, size_t len)
{
    a->reply.status = status;
    assert_int_equal(exo_secret_set(&a->reply.body, body, len), 0);
    return exo_oauth_parse(&a->client, user ? &a->sent : NULL, &a->reply,
                           &a->tokens, &a->error);
}

static inline int asked_text(struct asked *a, long status, bool user,
                             const char *body)
{
    return asked_parse(a, status, user, body, strlen(body));
}

#endif
