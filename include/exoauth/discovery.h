/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a provider says about itself: OpenID Connect Discovery 1.0 and RFC
 * 8414. It is asked for by the issuer's name alone, and believed only if it
 * gives that name itself.
 */
#ifndef EXOAUTH_DISCOVERY_H
#define EXOAUTH_DISCOVERY_H

#include "exoauth/oauth.h"

#define EXO_ISSUER_MAX ((size_t)511)
#define EXO_ENDPOINT_MAX ((size_t)1023)

/* Endpoints are such that exo_http_url_check(); "" for what it does not have.
 */
struct exo_metadata {
    char token_endpoint[EXO_ENDPOINT_MAX + 1]; /* never "" */
    char authorization_endpoint[EXO_ENDPOINT_MAX + 1];
    char device_authorization_endpoint[EXO_ENDPOINT_MAX + 1];
    bool sends_iss; /* with every browser it sends back (RFC 9207) */
};

/*
 * Of client only account, way and deadline_ms are used. Two requests at most:
 * ISSUER/.well-known/openid-configuration, and where that is not there the
 * form of RFC 8414 section 3.1. EXO_E_STATUS and error: TRANSIENT or
 * MISCONFIGURED.
 */
int exo_oauth_discover(const struct exo_oauth_client *client,
                       const char *issuer, struct exo_metadata *metadata,
                       struct exo_oauth_error *error) EXO_MUST_CHECK;

#endif
