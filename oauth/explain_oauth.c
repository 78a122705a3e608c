/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error names of OAuth 2.0 and of its companions, as in `error` of RFC
 * 6749 section 5.2. explain.c searches the table with bsearch(), so the rows
 * stand in strcmp() order; the test checks it. A provider's own code, where
 * it sends one, says more and is looked for first.
 *
 * All is static; nothing is allocated and nothing fails.
 */
#include "config.h"

#include "explain_texts.h"

/* clang-format off */
const struct exo_explanation exo_explain_oauth[] = {
    { "access_denied", DECLINED, RFC6749_4 },
    { "account_selection_required", PERSON, OIDC },
    { "admin_policy_enforced", ADMIN_CONSENT, GOOGLE },
    { "authorization_declined", DECLINED, ENTRA_DEVICE },
    { "authorization_pending",
      "nobody has finished the sign-in yet",
      "enter the code on the page shown",
      WHO_USER, RUN_LOGIN, TAKES_CODE, RFC8628 },
    { "bad_verification_code", BAD_CODE, ENTRA_DEVICE },
    { "consent_required", NO_CONSENT, OIDC },
    { "expired_token", OLD_CODE, RFC8628 },
    { "insufficient_scope",
      "the access token lacks a scope that the server wants",
      "correct scope in the account file, then log in again",
      WHO_HOST, RUN_LOGIN, TAKES_NOW, RFC6750 },
    { "interaction_required", PERSON, OIDC },
    { "invalid_client",
      "the provider does not accept this client and its secret",
      "check client_id, and store a current secret with exoauth login or in "
      "the secret file",
      WHO_HOST, RUN_SECRET, TAKES_RETRY, RFC6749_5 },
    { "invalid_grant",
      "the grant was refused: expired, revoked, or made for another client",
      EXO_LOG_IN_AGAIN,
      WHO_USER, RUN_LOGIN, TAKES_NOW, RFC6749_5 },
    { "invalid_request",
      "the provider finds the request malformed",
      "check client_id, tenant, scope and client_auth in the account file",
      WHO_HOST, RUN_SHOW, TAKES_NOW, RFC6749_5 },
    { "invalid_resource", RESOURCE, ENTRA },
    { "invalid_scope",
      "the provider does not grant this scope to this client",
      "correct or remove scope in the account file",
      WHO_HOST, RUN_SHOW, TAKES_NOW, RFC6749_5 },
    { "invalid_target", RESOURCE, RFC8707 },
    { "invalid_token",
      "the server does not accept the access token: expired, revoked, or "
      "made for another service",
      "have a new one made, and compare scope with what the server wants",
      WHO_HOST, RUN_REFRESH, TAKES_NOW, RFC6750 },
    { "login_required", PERSON, OIDC },
    { "org_internal",
      "the app admits users of its own organisation only",
      "sign in with an account of that organisation, or set User type of "
      "the app to External",
      WHO_USER, RUN_LOGIN, TAKES_NOW, GOOGLE },
    { "redirect_uri_mismatch", REDIRECT, GOOGLE },
    { "server_error", FAULT, RFC6749_4 },
    { "slow_down", THROTTLED, RFC8628 },
    { "temporarily_unavailable", FAULT, RFC6749_4 },
    { "unauthorized_client",
      "this client may not use this grant",
      "allow the grant for the app at the provider, or change grant or "
      "client_auth in the account file",
      WHO_ADMIN, RUN_SHOW, TAKES_MINUTES, RFC6749_5 },
    { "unsupported_grant_type",
      "the provider does not offer this grant",
      "change grant in the account file, and check token_endpoint",
      WHO_HOST, RUN_SHOW, TAKES_NOW, RFC6749_5 },
    { "unsupported_response_type",
      "the provider does not give this client authorization codes",
      "allow the authorization code grant for the app, or set grant to "
      "device_code",
      WHO_ADMIN, RUN_SHOW, TAKES_MINUTES, RFC6749_4 },
    { "user_password_expired", OLD_PASSWORD, AZURE_DOCS },
};
/* clang-format on */

const size_t exo_explain_oauth_len =
    sizeof(exo_explain_oauth) / sizeof(exo_explain_oauth[0]);
