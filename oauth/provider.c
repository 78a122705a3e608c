/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Provider presets (exoauth/provider.h): the one table of endpoints, scopes
 * and servers that follow from `provider`, `cloud` and `tenant`.
 *
 * The helper asks for a row and fills with it what the account file leaves
 * open. Everything returned is static. An unknown name is NULL; the caller
 * says so with exo_provider_names() and exo_provider_clouds(), because only
 * it knows file and line. The lists of names are written out, not built, to
 * stay static; the test compares them with the table.
 */
#include "config.h"

#include "exoauth/provider.h"

#include <string.h>

#define TENANT "{tenant}"
#define ENTRA_PUBLIC "https://login.microsoftonline.com/" TENANT "/oauth2/v2.0/"

/*
 * Delegated scopes are full URLs: the short names would be read as Microsoft
 * Graph's, whose tokens Exchange refuses. All are of one resource, as Entra
 * wants them in one request, so one token serves SMTP, IMAP and POP.
 *
 * The servers are those that take a token of this resource: Exchange Online
 * for SMTP and for IMAP and POP, personal outlook.com mailboxes for SMTP,
 * High Volume Email under its new and its old name. Exact names only: a
 * pattern such as *.office365.com also covers hosts that run customers' code.
 */
static const struct exo_provider table[] = {
    {
        .name = "microsoft",
        .cloud = "public",
        .needs_tenant = true,
        .token_endpoint = ENTRA_PUBLIC "token",
        .authorization_endpoint = ENTRA_PUBLIC "authorize",
        .device_authorization_endpoint = ENTRA_PUBLIC "devicecode",
        .app_scope = "https://outlook.office365.com/.default",
        .delegated_scope = "https://outlook.office.com/SMTP.Send "
                           "https://outlook.office.com/IMAP.AccessAsUser.All "
                           "https://outlook.office.com/POP.AccessAsUser.All "
                           "offline_access",
        .servers = "smtp.office365.com outlook.office365.com "
                   "smtp-mail.outlook.com smtp.hve.mx.microsoft "
                   "smtp-hve.office365.com",
    },
    {
        .name = "custom",
        .cloud = "",
        .needs_tenant = false,
        .token_endpoint = "",
        .authorization_endpoint = "",
        .device_authorization_endpoint = "",
        .app_scope = "",
        .delegated_scope = "",
        .servers = "",
    },
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

const struct exo_provider *exo_provider_find(const char *name,
                                             const char *cloud)
{
    size_t i;

    if (name == NULL)
        return NULL;
    for (i = 0; i < TABLE_LEN; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        if (cloud == NULL || *cloud == '\0' ||
            strcmp(table[i].cloud, cloud) == 0)
            return &table[i];
    }
    return NULL;
}

const char *exo_provider_names(void)
{
    return "microsoft, custom";
}

const char *exo_provider_clouds(const char *name)
{
    if (name != NULL && strcmp(name, "microsoft") == 0)
        return "public";
    return "";
}

bool exo_provider_tenant_ok(const char *tenant)
{
    static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t i, len = tenant == NULL ? 0 : strlen(tenant);

    /* A leading dot would make "." and "..", which are not names but ways
     * out of the path; a domain name has at most 253 bytes. */
    if (len == 0 || len > 253 || tenant[0] == '.')
        return false;
    for (i = 0; i < len; i++) {
        if (strchr(alnum, tenant[i]) == NULL && tenant[i] != '.' &&
            tenant[i] != '-')
            return false;
    }
    return true;
}

int exo_provider_expand(const char *pattern, const char *tenant,
                        struct exo_buf *out)
{
    const char *hole;

    while ((hole = strstr(pattern, TENANT)) != NULL) {
        if (!exo_provider_tenant_ok(tenant))
            return EXO_E_ARG;
        exo_buf_add(out, pattern, (size_t)(hole - pattern));
        exo_buf_str(out, tenant);
        pattern = hole + strlen(TENANT);
    }
    exo_buf_str(out, pattern);
    return out->error;
}
