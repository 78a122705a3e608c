/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talking to a token endpoint: RFC 6749 sections 4.1, 4.3, 4.4 and 6, RFC
 * 8628. Each call is one HTTP request. Control flow uses the HTTP status,
 * `error` and `suberror` only; descriptions and AADSTS codes explain, never
 * decide.
 */
#ifndef EXOAUTH_OAUTH_H
#define EXOAUTH_OAUTH_H

#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/http.h"
#include "exoauth/key.h"

enum exo_client_auth {
    EXO_CLIENT_NONE,
    EXO_CLIENT_SECRET_POST,
    EXO_CLIENT_SECRET_BASIC,
    EXO_CLIENT_PRIVATE_KEY_JWT, /* RFC 7523, a new assertion per request */
    EXO_CLIENT_ASSERTION        /* the same, made by another system */
};

/* Who asks, and where. Strings are borrowed. */
struct exo_oauth_client {
    const char *account; /* for the remedy: "run: exoauth login ACCOUNT" */
    const char *token_endpoint;
    const char *authorization_endpoint; /* for a browser; a query in it stays */
    const char *device_authorization_endpoint;
    const char *client_id; /* of a managed identity: "" for the host's own */
    enum exo_client_auth auth;
    const struct exo_secret *secret; /* with the two SECRET ones */
    const struct exo_keypair *key;   /* with PRIVATE_KEY_JWT */
    enum exo_jwt_alg jwt_alg;
    const struct exo_secret *assertion; /* with ASSERTION: a JWT, no newline */
    const char *scope;                  /* blank-separated, "" for none */
    const char *resource; /* RFC 8707, Entra's v1 endpoints, and managed
                           * identities; may be NULL */
    struct exo_http_way way;
    int64_t deadline_ms; /* 0: the defaults of http.h alone */
    bool issued;    /* tokens came from the token endpoint, asked like this */
    int64_t unsaid; /* refusals since then of which none gave a reason */
    /* Called just before a refresh token or a code is sent, which may be worth
     * one use only (way.before of http.h). NULL: not. */
    void (*spend)(int64_t left_ms);
};

/* A token response (RFC 6749 section 5.1). Free it in every case. */
struct exo_tokens {
    struct exo_secret access_token;  /* checked: b64token */
    struct exo_secret refresh_token; /* empty: none sent, keep the old one */
    int64_t received;                /* our clock when the request was sent */
    int64_t expires_in; /* seconds; 3600 where the server did not say */
    int64_t refresh_in; /* 0: not said */
    char scope[1024];   /* "" : as requested */
    char mailbox[256];  /* whom the ID token names, plain ASCII; "": nobody.
                         * To be shown, never to decide */
};

/* What went wrong (RFC 6749 section 5.2), for the record and the user. */
struct exo_oauth_error {
    struct exo_err err; /* TRANSIENT, NEEDS_LOGIN or MISCONFIGURED; one line:
                         * what the provider said, what it means, what to do */
    long http_status;   /* 0: no HTTP answer */
    char error[64];     /* `error`, sanitised */
    char code[64];      /* "AADSTS700082", else `error`, else "HTTP 503" */
    bool unsaid;        /* refused without a reason where it has issued */
    int64_t skew;       /* server's clock minus ours, seconds, 0: unknown */
};

int exo_oauth_client_credentials(const struct exo_oauth_client *client,
                                 struct exo_tokens *tokens,
                                 struct exo_oauth_error *error) EXO_MUST_CHECK;
int exo_oauth_refresh(const struct exo_oauth_client *client,
                      const struct exo_secret *refresh_token,
                      struct exo_tokens *tokens,
                      struct exo_oauth_error *error) EXO_MUST_CHECK;

/* RFC 6749 section 4.1.3: the code from a redirect (exoauth/pkce.h), the same
 * redirect_uri, and the verifier of RFC 7636. A code works once. */
int exo_oauth_code(const struct exo_oauth_client *client,
                   const struct exo_secret *code, const char *redirect_uri,
                   const struct exo_secret *verifier, struct exo_tokens *tokens,
                   struct exo_oauth_error *error) EXO_MUST_CHECK;

/* RFC 6749 section 4.3. Deprecated everywhere, and no second factor passes. */
int exo_oauth_password(const struct exo_oauth_client *client,
                       const char *username, const struct exo_secret *password,
                       struct exo_tokens *tokens,
                       struct exo_oauth_error *error) EXO_MUST_CHECK;

/* The service by which a host of Azure gives a program its managed identity;
 * nothing of it is OAuth but the answer. */
enum exo_identity {
    EXO_IDENTITY_IMDS,        /* virtual machines */
    EXO_IDENTITY_APP_SERVICE, /* App Service and its kin: wants a secret */
    EXO_IDENTITY_ARC          /* Arc: a file that himds may read proves it */
};

/* IMDS has one address everywhere. */
#define EXO_IDENTITY_IMDS_URL \
    "http://169.254.169.254/metadata/identity/oauth2/token"

/* client->token_endpoint is the address of the service, and client->secret
 * what App Service calls IDENTITY_HEADER. No proxy is used, whatever
 * client->way says. One request, two with Arc; there is no refresh token. */
int exo_oauth_managed_identity(const struct exo_oauth_client *client,
                               enum exo_identity identity,
                               struct exo_tokens *tokens,
                               struct exo_oauth_error *error) EXO_MUST_CHECK;

/* RFC 8628 section 3.2. */
struct exo_device {
    struct exo_secret device_code;
    char user_code[64];
    char verification_uri[256];          /* http(s), checked */
    char verification_uri_complete[512]; /* "" if none */
    int64_t expires_in;
    int64_t interval; /* seconds between polls, 5 where not said */
};

int exo_oauth_device_start(const struct exo_oauth_client *client,
                           struct exo_device *device,
                           struct exo_oauth_error *error) EXO_MUST_CHECK;
void exo_device_free(struct exo_device *device);

enum exo_device_step {
    EXO_DEVICE_GRANTED,
    EXO_DEVICE_PENDING, /* wait device->interval (slow_down added 5) */
    EXO_DEVICE_FAILED   /* declined, expired, or anything else: error */
};
/* One poll, RFC 8628 sections 3.4 and 3.5. A connection time-out is PENDING
 * with a doubled interval, as section 3.5 asks, and so is a 429 or 5xx: the
 * user may be half through. The caller stops when expires_in is over. */
enum exo_device_step exo_oauth_device_poll(
    const struct exo_oauth_client *client, struct exo_device *device,
    struct exo_tokens *tokens, struct exo_oauth_error *error);

void exo_tokens_free(struct exo_tokens *tokens);

/*
 * Parses a complete answer of a token endpoint: tokens on success, else
 * error. Separate from the request for tests and fuzzing. sent is the
 * refresh token or device code of the request, so that no error text repeats
 * it; NULL for client_credentials, where nobody could log in again.
 *
 * After a failure refresh_token alone may be set, here as in the grants: the
 * answer was no use but brought a new one. Keep it, the old may be dead.
 */
int exo_oauth_parse(const struct exo_oauth_client *client,
                    const struct exo_secret *sent,
                    const struct exo_http_reply *reply,
                    struct exo_tokens *tokens,
                    struct exo_oauth_error *error) EXO_MUST_CHECK;

#endif
