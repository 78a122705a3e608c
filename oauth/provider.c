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

/* The endpoints of a cloud of Entra. Its v1 endpoints take a resource instead
 * of scopes, and their device flow is not that of RFC 8628. */
#define ENTRA(host)                                                    \
    .needs_tenant = true,                                              \
    .token_endpoint = "https://" host "/" TENANT "/oauth2/v2.0/token", \
    .authorization_endpoint =                                          \
        "https://" host "/" TENANT "/oauth2/v2.0/authorize",           \
    .device_authorization_endpoint =                                   \
        "https://" host "/" TENANT "/oauth2/v2.0/devicecode",          \
    .resource = ""
#define ENTRA_V1(host)                                                        \
    .needs_tenant = true,                                                     \
    .token_endpoint = "https://" host "/" TENANT "/oauth2/token",             \
    .authorization_endpoint = "https://" host "/" TENANT "/oauth2/authorize", \
    .device_authorization_endpoint = "", .app_scope = "",                     \
    .delegated_scope = ""
#define EXCHANGE(resource)                                             \
    resource "/SMTP.Send " resource "/IMAP.AccessAsUser.All " resource \
             "/POP.AccessAsUser.All offline_access"

/* A provider without clouds and tenants, whose tokens are a person's and whose
 * device flow, if it has one, has no scope for mail. */
#define PERSONS                                                        \
    .cloud = "", .device_authorization_endpoint = "", .app_scope = "", \
    .resource = ""

/*
 * Delegated scopes are full URLs: the short names would be read as Microsoft
 * Graph's, whose tokens Exchange refuses. All are of one resource, as Entra
 * wants them in one request, so one token serves SMTP, IMAP and POP.
 *
 * The servers are those that take a token of this resource: in the public
 * cloud Exchange Online for SMTP and for IMAP and POP, personal outlook.com
 * mailboxes for SMTP, High Volume Email under its new and its old name. Exact
 * names only: a pattern such as *.office365.com also covers hosts that run
 * customers' code.
 *
 * Google gives a refresh token only when asked by two parameters of its own,
 * which stand in the endpoint's query (RFC 6749 section 3.1).
 */
static const struct exo_provider table[] = {
    {
        .name = "microsoft",
        .cloud = "public",
        ENTRA("login.microsoftonline.com"),
        .app_scope = "https://outlook.office365.com/.default",
        .delegated_scope = EXCHANGE("https://outlook.office.com"),
        .servers = "smtp.office365.com outlook.office365.com "
                   "smtp-mail.outlook.com smtp.hve.mx.microsoft "
                   "smtp-hve.office365.com",
    },
    {
        .name = "microsoft",
        .cloud = "usgov",
        ENTRA("login.microsoftonline.us"),
        .app_scope = "https://outlook.office365.us/.default",
        .delegated_scope = EXCHANGE("https://outlook.office365.us"),
        .servers = "outlook.office365.us smtp.office365.us",
    },
    {
        .name = "microsoft",
        .cloud = "usgov-dod",
        ENTRA("login.microsoftonline.us"),
        .app_scope = "https://outlook.office365.us/.default",
        .delegated_scope = EXCHANGE("https://outlook.office365.us"),
        .servers = "outlook-dod.office365.us webmail.apps.mil",
    },
    {
        .name = "microsoft",
        .cloud = "china",
        ENTRA("login.partner.microsoftonline.cn"),
        .app_scope = "https://partner.outlook.cn/.default",
        .delegated_scope = EXCHANGE("https://partner.outlook.cn"),
        .servers = "partner.outlook.cn smtp.partner.outlook.cn",
    },
    {
        .name = "microsoft",
        .cloud = "china-v1",
        ENTRA_V1("login.partner.microsoftonline.cn"),
        .resource = "https://partner.outlook.cn",
        .servers = "partner.outlook.cn smtp.partner.outlook.cn",
    },
    {
        .name = "google",
        PERSONS,
        .token_endpoint = "https://oauth2.googleapis.com/token",
        .authorization_endpoint = "https://accounts.google.com/o/oauth2/v2/auth"
                                  "?access_type=offline&prompt=consent",
        .delegated_scope = "https://mail.google.com/",
        .servers = "smtp.gmail.com imap.gmail.com pop.gmail.com "
                   "smtp-relay.gmail.com",
    },
    {
        .name = "fastmail",
        PERSONS,
        .token_endpoint = "https://api.fastmail.com/oauth/refresh",
        .authorization_endpoint = "https://api.fastmail.com/oauth/authorize",
        .delegated_scope = "https://www.fastmail.com/dev/protocol-smtp "
                           "https://www.fastmail.com/dev/protocol-imap "
                           "https://www.fastmail.com/dev/protocol-pop",
        .servers = "smtp.fastmail.com imap.fastmail.com pop.fastmail.com",
    },
    {
        .name = "yahoo",
        PERSONS,
        .token_endpoint = "https://api.login.yahoo.com/oauth2/get_token",
        .authorization_endpoint =
            "https://api.login.yahoo.com/oauth2/request_auth",
        .delegated_scope = "mail-w",
        .servers = "smtp.mail.yahoo.com imap.mail.yahoo.com "
                   "pop.mail.yahoo.com",
    },
    {
        .name = "aol",
        PERSONS,
        .token_endpoint = "https://api.login.aol.com/oauth2/get_token",
        .authorization_endpoint =
            "https://api.login.aol.com/oauth2/request_auth",
        .delegated_scope = "mail-w",
        .servers = "smtp.aol.com imap.aol.com pop.aol.com",
    },
    {
        .name = "yandex",
        PERSONS,
        .token_endpoint = "https://oauth.yandex.com/token",
        .authorization_endpoint = "https://oauth.yandex.com/authorize",
        .delegated_scope = "mail:smtp mail:imap_full",
        .servers = "smtp.yandex.com imap.yandex.com",
    },
    {
        .name = "mail.ru",
        PERSONS,
        .token_endpoint = "https://o2.mail.ru/token",
        .authorization_endpoint = "https://o2.mail.ru/login",
        .delegated_scope = "mail.imap",
        .servers = "smtp.mail.ru imap.mail.ru",
    },
    {
        .name = "comcast",
        PERSONS,
        .token_endpoint = "https://oauth.xfinity.com/oauth/token",
        .authorization_endpoint = "https://oauth.xfinity.com/oauth/authorize",
        .delegated_scope = "https://email.comcast.net/ profile openid",
        .servers = "smtp.comcast.net imap.comcast.net pop.comcast.net",
    },
    {
        .name = "seznam",
        PERSONS,
        .token_endpoint = "https://login.seznam.cz/api/v1/oauth/token",
        .authorization_endpoint = "https://login.seznam.cz/api/v1/oauth/auth",
        .delegated_scope = "identity calendar email",
        .servers = "smtp.seznam.cz imap.seznam.cz pop3.seznam.cz",
    },
    {
        .name = "thundermail",
        PERSONS,
        .token_endpoint = "https://auth.tb.pro/realms/tbpro/protocol/"
                          "openid-connect/token",
        .authorization_endpoint = "https://auth.tb.pro/realms/tbpro/protocol/"
                                  "openid-connect/auth",
        .delegated_scope = "openid profile email offline_access",
        .servers = "mail.thundermail.com thundermail.com",
    },
    {
        .name = "custom",
        PERSONS,
        .token_endpoint = "",
        .authorization_endpoint = "",
        .delegated_scope = "",
        .servers = "",
    },
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

const struct exo_provider *exo_provider_find(const char *name,
                                             const char *cloud)
{
    size_t i;

    if (name == NULL) {
        return NULL;
    }
    for (i = 0; i < TABLE_LEN; i++) {
        if (strcmp(table[i].name, name) != 0) {
            continue;
        }
        if (cloud == NULL || *cloud == '\0' ||
            strcmp(table[i].cloud, cloud) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const struct exo_provider *exo_provider_row(size_t row)
{
    return row < TABLE_LEN ? &table[row] : NULL;
}

const char *exo_provider_names(void)
{
    return "microsoft, google, fastmail, yahoo, aol, yandex, mail.ru, comcast, "
           "seznam, thundermail, custom";
}

const char *exo_provider_clouds(const char *name)
{
    if (name != NULL && strcmp(name, "microsoft") == 0) {
        return "public, usgov, usgov-dod, china, china-v1";
    }
    return "";
}

bool exo_provider_tenant_ok(const char *tenant)
{
    static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t i, len = tenant == NULL ? 0 : strlen(tenant);

    /* A leading dot would make "." and "..", which are not names but ways
     * out of the path; a domain name has at most 253 bytes. */
    if (len == 0 || len > 253 || tenant[0] == '.') {
        return false;
    }
    for (i = 0; i < len; i++) {
        if (strchr(alnum, tenant[i]) == NULL && tenant[i] != '.' &&
            tenant[i] != '-') {
            return false;
        }
    }
    return true;
}

int exo_provider_expand(const char *pattern, const char *tenant,
                        struct exo_buf *out)
{
    const char *hole;

    while ((hole = strstr(pattern, TENANT)) != NULL) {
        if (!exo_provider_tenant_ok(tenant)) {
            return EXO_E_ARG;
        }
        exo_buf_add(out, pattern, (size_t)(hole - pattern));
        exo_buf_str(out, tenant);
        pattern = hole + strlen(TENANT);
    }
    exo_buf_str(out, pattern);
    return out->error;
}
