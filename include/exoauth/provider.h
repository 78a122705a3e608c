/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Provider presets: what follows from `provider`, `cloud` and `tenant`. The
 * presets are text, oauth/providers. "{tenant}" in a template is replaced by
 * the account's tenant, which must be a path segment of [A-Za-z0-9.-]. An
 * authorization endpoint may bring a query, to which parameters are added
 * (RFC 6749 section 3.1).
 */
#ifndef EXOAUTH_PROVIDER_H
#define EXOAUTH_PROVIDER_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_provider {
    const char *name;           /* "microsoft" */
    const char *cloud;          /* "public"; "" where there is one only */
    const char *token_endpoint; /* templates; "" if there is none */
    const char *authorization_endpoint;
    const char *device_authorization_endpoint;
    const char *app_scope;       /* client_credentials */
    const char *delegated_scope; /* everything with a user */
    const char *resource;        /* the v1 endpoints of Entra; "" elsewhere */
    const char *servers;
};

/* NULL if unknown; cloud NULL or "": the provider's first. "custom" has a
 * row with empty templates. */
const struct exo_provider *exo_provider_find(const char *name,
                                             const char *cloud);
/* Row 0, 1, ... of the table; NULL past its end. No member is ever NULL. */
const struct exo_provider *exo_provider_row(size_t row);
/* Names for error texts: "microsoft, google, ..."; static. */
const char *exo_provider_names(void);
const char *exo_provider_clouds(const char *name);

bool exo_provider_tenant_ok(const char *tenant);
/* Expands a template; EXO_E_ARG if tenant is needed and not ok. */
int exo_provider_expand(const char *pattern, const char *tenant,
                        struct exo_buf *out) EXO_MUST_CHECK;

#endif
