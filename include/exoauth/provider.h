/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Provider presets: what follows from `provider`, `cloud` and `tenant`. One
 * table in oauth/provider.c. "{tenant}" in a template is replaced by the
 * account's tenant, which must be a path segment of [A-Za-z0-9.-].
 */
#ifndef EXOAUTH_PROVIDER_H
#define EXOAUTH_PROVIDER_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_provider {
    const char *name;  /* "microsoft" */
    const char *cloud; /* "public" */
    bool needs_tenant;
    const char *token_endpoint; /* templates; "" if there is none */
    const char *authorization_endpoint;
    const char *device_authorization_endpoint;
    const char *app_scope;       /* client_credentials */
    const char *delegated_scope; /* everything with a user */
    const char *servers;
};

/* NULL if unknown; cloud NULL or "": the provider's first. "custom" has a
 * row with empty templates. */
const struct exo_provider *exo_provider_find(const char *name,
                                             const char *cloud);
/* Names for error texts: "microsoft, custom"; static. */
const char *exo_provider_names(void);
const char *exo_provider_clouds(const char *name);

bool exo_provider_tenant_ok(const char *tenant);
/* Expands a template; EXO_E_ARG if tenant is needed and not ok. */
int exo_provider_expand(const char *pattern, const char *tenant,
                        struct exo_buf *out) EXO_MUST_CHECK;

#endif
