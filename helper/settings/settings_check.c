/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a value in an account file may look like: the rules that the rows of
 * settings_key.c name. Each gives NULL, or a static text that says what would
 * be right; the caller adds key, file and line.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "exoauth/discovery.h"
#include "exoauth/http.h"
#include "exoauth/provider.h"
#include "settings_inner.h"

static bool is_word(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~') {
            return false;
        }
    }
    return value[0] != '\0';
}

/* As OSSL_STORE knows them: a scheme, and then anything but blanks. */
static bool is_uri(const char *value)
{
    size_t len = strcspn(value, ":");

    return isalpha((unsigned char)value[0]) && value[len] == ':' &&
           value[len + 1] != '\0' && is_word(value);
}

const char exo_fault_no_memory[] = "out of memory";

/* rc is that of a check of a URL. */
static const char *judge_url(int rc, const char *fault)
{
    return rc == EXO_OK        ? NULL
           : rc == EXO_E_NOMEM ? exo_fault_no_memory
                               : fault;
}

const char *exo_fault_text(const char *value)
{
    return value[0] != '\0' ? NULL : "is empty";
}

const char *exo_fault_cloud(const char *value)
{
    return is_word(value) ? NULL : "must be one word, such as public";
}

const char *exo_fault_tenant(const char *value)
{
    return exo_provider_tenant_ok(value)
               ? NULL
               : "must be a GUID, a domain, organizations, common or consumers";
}

const char *exo_fault_id(const char *value)
{
    return is_word(value) ? NULL : "must be one word, the application id";
}

const char *exo_fault_resource(const char *value)
{
    return is_word(value)
               ? NULL
               : "must be one word, such as https://partner.outlook.cn";
}

const char *exo_fault_path(const char *value)
{
    return value[0] == '/' ? NULL : "must be an absolute path";
}

/* RFC 6749 section 3.3 knows neither in a scope; one would split the list. */
const char *exo_fault_scope(const char *value)
{
    return value[strspn(value, ", ")] != '\0' && !strpbrk(value, "\"\\")
               ? NULL
               : "must be scopes between blanks";
}

const char *exo_fault_servers(const char *value)
{
    return exo_servers_fault(value);
}

const char *exo_fault_account(const char *value)
{
    struct exo_account account;

    return exo_account_set(&account, value, strlen(value)) == 0
               ? NULL
               : "must be an account name";
}

const char *exo_fault_date(const char *value)
{
    struct tm tm;
    const char *end;

    memset(&tm, 0, sizeof(tm));
    end = strptime(value, "%Y-%m-%d", &tm);
    return end && *end == '\0' ? NULL : "must be a date such as 2027-06-30";
}

const char *exo_fault_bool(const char *value)
{
    bool yes;

    return exo_block_bool(value, &yes) == 0 ? NULL : "must be yes or no";
}

const char *exo_fault_private_key(const char *value)
{
    return value[0] == '\0' ? "is empty"
           : value[0] == '/' || is_uri(value)
               ? NULL
               : "must be an absolute path, or a URI such as pkcs11:id=%01";
}

const char *exo_fault_provider(const char *value)
{
    return exo_provider_find(value, NULL) ? NULL : exo_provider_names();
}

const char *exo_fault_grant(const char *value)
{
    enum exo_grant grant;

    return exo_grant_parse(value, &grant)
               ? NULL
               : "client_credentials, authorization_code, device_code, "
                 "password, managed_identity";
}

const char *exo_fault_auth(const char *value)
{
    static const char *const words[] = { "none", "secret_post", "secret_basic",
                                         "private_key_jwt", "assertion" };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(value, words[i]) == 0) {
            return NULL;
        }
    }
    return "none, secret_post, secret_basic, private_key_jwt, assertion";
}

const char *exo_fault_alg(const char *value)
{
    return strcmp(value, "PS256") == 0 || strcmp(value, "RS256") == 0
               ? NULL
               : "PS256, RS256";
}

const char *exo_fault_identity(const char *value)
{
    return judge_url(exo_http_identity_check(value),
                     "must be an http URL of this host (a loopback address or "
                     "169.254.x.x), or an https URL");
}

const char *exo_fault_url(const char *value)
{
    return judge_url(exo_http_url_check(value),
                     "must be an https URL (http only to a loopback address)");
}

const char *exo_fault_issuer(const char *value)
{
    int rc = exo_http_url_check(value);

    if (rc == EXO_OK &&
        (strchr(value, '?') || strlen(value) > EXO_ISSUER_MAX)) {
        rc = EXO_E_SYNTAX;
    }
    return judge_url(rc, "must be an https URL without a query (http only to a "
                         "loopback address)");
}
