/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a value in an account file may look like: one rule per key, used
 * when a file is read and when `--set` writes one. Texts say what is wrong
 * and what would be right; the caller adds file and line.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "exoauth/discovery.h"
#include "exoauth/http.h"
#include "exoauth/provider.h"
#include "settings.h"

static bool one_of(const char *value, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(value, *words) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_word(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~') {
            return false;
        }
    }
    return value[0] != '\0';
}

static bool is_date(const char *value)
{
    struct tm tm;
    const char *end;

    memset(&tm, 0, sizeof(tm));
    end = strptime(value, "%Y-%m-%d", &tm);
    return end && *end == '\0';
}

/* RFC 6749 section 3.3 knows neither in a scope; one would split the list. */
static bool is_scope_list(const char *value)
{
    return value[strspn(value, ", ")] != '\0' && !strpbrk(value, "\"\\");
}

/* As OSSL_STORE knows them: a scheme, and then anything but blanks. */
static bool is_uri(const char *value)
{
    size_t len = strcspn(value, ":");

    return isalpha((unsigned char)value[0]) && value[len] == ':' &&
           value[len + 1] != '\0' && is_word(value);
}

static bool is_account(const char *value)
{
    struct exo_account account;

    return exo_account_set(&account, value, strlen(value)) == 0;
}

static int check_word(enum exo_key key, const char *value, struct exo_err *err)
{
    static const char *const auths[] = { "none",         "secret_post",
                                         "secret_basic", "private_key_jwt",
                                         "assertion",    NULL };
    static const char *const algs[] = { "PS256", "RS256", NULL };
    enum exo_grant grant;

    switch (key) {
    case EXO_KEY_PROVIDER:
        if (!exo_provider_find(value, NULL)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "provider %s is unknown; use one of: %s", value,
                               exo_provider_names());
        }
        return 0;
    case EXO_KEY_GRANT:
        if (!exo_grant_parse(value, &grant)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "grant %s is unknown; use client_credentials, "
                               "authorization_code, device_code, password or "
                               "managed_identity",
                               value);
        }
        return 0;
    case EXO_KEY_CLIENT_AUTH:
        if (!one_of(value, auths)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "client_auth %s is unknown; use none, "
                               "secret_post, secret_basic, private_key_jwt "
                               "or assertion",
                               value);
        }
        return 0;
    default:
        if (!one_of(value, algs)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "jwt_alg %s is unknown; use PS256 or RS256",
                               value);
        }
        return 0;
    }
}

/* Is it a URL that may be used? EXO_OK where it need be none. */
static int check_url(enum exo_key key, const char *value)
{
    switch (key) {
    case EXO_KEY_IDENTITY_ENDPOINT:
        return exo_http_identity_check(value);
    case EXO_KEY_ISSUER:
    case EXO_KEY_TOKEN_ENDPOINT:
    case EXO_KEY_AUTHORIZATION_ENDPOINT:
    case EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT:
        return exo_http_url_check(value);
    default:
        return EXO_OK;
    }
}

/* What is wrong with the value, NULL if nothing is. url: of check_url(). */
static const char *complaint(enum exo_key key, const char *value, int url)
{
    bool yes;

    switch (key) {
    case EXO_KEY_CREDENTIAL:
        return is_account(value) ? NULL : "must be an account name";
    case EXO_KEY_TENANT:
        return exo_provider_tenant_ok(value)
                   ? NULL
                   : "must be a GUID, a domain, organizations, common or "
                     "consumers";
    case EXO_KEY_CLIENT_ID:
        return is_word(value) ? NULL : "must be one word, the application id";
    case EXO_KEY_SCOPE:
        return is_scope_list(value) ? NULL : "must be scopes between blanks";
    case EXO_KEY_RESOURCE:
        return is_word(value) ? NULL
                              : "must be one word, such as "
                                "https://partner.outlook.cn";
    case EXO_KEY_CLOUD:
        return is_word(value) ? NULL : "must be one word, such as public";
    case EXO_KEY_SECRET_FILE:
    case EXO_KEY_CERTIFICATE:
    case EXO_KEY_ASSERTION_FILE:
        return value[0] == '/' ? NULL : "must be an absolute path";
    case EXO_KEY_SECRET_EXPIRES:
        return is_date(value) ? NULL : "must be a date such as 2027-06-30";
    case EXO_KEY_SERVERS:
        return exo_servers_fault(value);
    case EXO_KEY_PUBLISH:
        return exo_block_bool(value, &yes) == 0 ? NULL : "must be yes or no";
    case EXO_KEY_PRIVATE_KEY:
        return value[0] == '\0' ? "is empty"
               : value[0] == '/' || is_uri(value)
                   ? NULL
                   : "must be an absolute path, or a URI such as pkcs11:id=%01";
    case EXO_KEY_IDENTITY_ENDPOINT:
        return url == EXO_OK
                   ? NULL
                   : "must be an http URL of this host (a loopback address or "
                     "169.254.x.x), or an https URL";
    case EXO_KEY_ISSUER:
        return url == EXO_OK && !strchr(value, '?') &&
                       strlen(value) <= EXO_ISSUER_MAX
                   ? NULL
                   : "must be an https URL without a query (http only to a "
                     "loopback address)";
    case EXO_KEY_TOKEN_ENDPOINT:
    case EXO_KEY_AUTHORIZATION_ENDPOINT:
    case EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT:
        return url == EXO_OK
                   ? NULL
                   : "must be an https URL (http only to a loopback address)";
    default:
        return value[0] != '\0' ? NULL : "is empty";
    }
}

int exo_setting_check(enum exo_key key, const char *value, struct exo_err *err)
{
    const char *why;
    int url;

    if (exo_has_control(value, strlen(value))) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s holds a control character; remove it",
                           exo_key_name(key));
    }
    if (key == EXO_KEY_PROVIDER || key == EXO_KEY_GRANT ||
        key == EXO_KEY_CLIENT_AUTH || key == EXO_KEY_JWT_ALG) {
        return check_word(key, value, err);
    }
    url = check_url(key, value);
    if (exo_err_system(err, url, "cannot look at %s", exo_key_name(key))) {
        return EXO_E_STATUS;
    }
    why = complaint(key, value, url);
    if (why) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s %s; correct its value", exo_key_name(key), why);
    }
    return 0;
}

static void unknown_in(const struct exo_block *block, const char *path,
                       bool system, void (*warn)(void *, const char *),
                       void *context)
{
    for (size_t i = 0; i < block->n; i++) {
        const char *key = block->pair[i].key;
        char text[EXO_ERR_TEXT];

        if (exo_conf_is_account_key(key) ||
            (system && exo_conf_is_system_key(key))) {
            continue;
        }
        exo_text_fmt(text, sizeof(text),
                     "%s line %u: unknown key %s is ignored; correct or "
                     "remove it",
                     path, block->pair[i].line, key);
        warn(context, text);
    }
}

void exo_settings_unknown(const struct exo_conf *conf,
                          const struct exo_settings *settings,
                          void (*warn)(void *context, const char *text),
                          void *context)
{
    unknown_in(&conf->block, conf->path, true, warn, context);
    if (settings) {
        unknown_in(&settings->block, settings->path, false, warn, context);
        if (settings->owner) {
            unknown_in(&settings->owner->block, settings->owner->path, false,
                       warn, context);
        }
    }
}
