/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The browser's part of the authorization_code grant: the URL a person opens
 * (RFC 6749 section 4.1.1 with PKCE, RFC 7636, S256 always) and the address
 * the browser comes back to (section 4.1.2, RFC 9207). What happens with the
 * code then is exo_oauth_code() in exoauth/oauth.h.
 */
#ifndef EXOAUTH_PKCE_H
#define EXOAUTH_PKCE_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/oauth.h"

#define EXO_PKCE_LEN ((size_t)43)                /* 256 bits in base64url */
#define EXO_REDIRECT_MAX ((size_t)16 * 1024)     /* longest address or query */
#define EXO_REDIRECT_CODE_MAX ((size_t)4 * 1024) /* longest code */

/* What one login keeps until the browser is back. Good for one login only. */
struct exo_pkce {
    struct exo_secret verifier;
    struct exo_secret state;
    char challenge[EXO_PKCE_LEN + 1]; /* S256 of the verifier */
};

/* Fresh random values. EXO_E_IO if the system has no random bytes,
 * EXO_E_NOMEM. Free pkce in every case. */
int exo_pkce_make(struct exo_pkce *pkce) EXO_MUST_CHECK;
void exo_pkce_free(struct exo_pkce *pkce);

/* RFC 7636 section 4.2. EXO_E_NOMEM. */
int exo_pkce_challenge(const struct exo_secret *verifier,
                       char challenge[EXO_PKCE_LEN + 1]) EXO_MUST_CHECK;

/*
 * Appends the URL to open: client->authorization_endpoint with client_id,
 * scope, state, challenge and so on, form-encoded. login_hint, usually the
 * mailbox, is left out if it is NULL or "". EXO_E_STATUS, MISCONFIGURED, if
 * there is no endpoint; TRANSIENT without memory.
 */
int exo_authorization_url(const struct exo_oauth_client *client,
                          const struct exo_pkce *pkce, const char *redirect_uri,
                          const char *login_hint, struct exo_buf *url,
                          struct exo_err *err) EXO_MUST_CHECK;

/*
 * Reads the address the browser ended on, or the target of its HTTP request:
 * what stands between the first '?' and a '#' or the end. code is set only
 * if the result is 0. Else error says why in one line, and the result is
 *
 *   EXO_E_SYNTAX  not an authorization response at all: malformed, too long,
 *                 a parameter twice, neither code nor error. Anybody can send
 *                 that, so a listener may go on waiting.
 *   EXO_E_UNSAFE  state or iss is not ours: the response of another login,
 *                 or a forgery. The code in it must not be used.
 *   EXO_E_STATUS  the provider's refusal, with our state.
 *
 * issuer is what `iss` must be where the provider sends one; NULL or "": not
 * known, not checked. sends_iss: it always does, so one without is refused.
 */
int exo_redirect_parse(const struct exo_oauth_client *client,
                       const struct exo_pkce *pkce, const char *issuer,
                       bool sends_iss, const char *address, size_t len,
                       struct exo_secret *code,
                       struct exo_oauth_error *error) EXO_MUST_CHECK;

#endif
