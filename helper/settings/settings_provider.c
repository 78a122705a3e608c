/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows for an account from its provider and grant: endpoints, scope
 * and servers; settings_client.c has the client's side of it. Called by
 * settings_load.c once the files' values are known, and by the broker when a
 * record says which grant a credential was made with. Values from templates
 * live in expanded[], which exo_settings_free() frees.
 */
#include "config.h"

#include <string.h>

#include "exoauth/provider.h"
#include "settings_inner.h"

static int take(struct exo_settings *s, enum exo_key key,
                const struct exo_buf *value, const char *origin)
{
    const char *text;
    int rc = exo_buf_done(value, &text);

    if (rc == 0) {
        exo_settings_set(s, key, text, origin, 0);
    }
    return rc;
}

static int expand(struct exo_settings *s, enum exo_key key, const char *pattern,
                  const char *origin, struct exo_err *err)
{
    const char *tenant = exo_settings_get(s, EXO_KEY_TENANT);
    struct exo_buf *out = &s->expanded[key];

    if (s->key[key].value[0] != '\0' || pattern[0] == '\0') {
        return 0;
    }
    if (exo_provider_expand(pattern, tenant, out) != 0 && out->error == 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: tenant (a GUID or domain) is missing; run: "
                           "exoauth login %s --set tenant=TENANT",
                           s->path, EXO_SH(s->file.name, "ACCOUNT"));
    }
    return take(s, key, out, origin);
}

/* A managed identity is asked for by the resource alone, and no endpoint of
 * the provider has a part in it. */
static int take_identity(struct exo_settings *s, const struct exo_provider *p,
                         struct exo_err *err)
{
    static const char suffix[] = "/.default";
    const char *end = strstr(p->app_scope, suffix);
    struct exo_buf *out = &s->expanded[EXO_KEY_RESOURCE];
    int rc = 0;

    exo_settings_take_identity(s);
    if (end && exo_settings_get(s, EXO_KEY_RESOURCE)[0] == '\0') {
        exo_buf_add(out, p->app_scope, (size_t)(end - p->app_scope));
        rc = take(s, EXO_KEY_RESOURCE, out, "provider");
    }
    return rc != 0 ? rc
                   : expand(s, EXO_KEY_RESOURCE, p->resource, "provider", err);
}

static enum exo_grant choose_grant(struct exo_settings *s)
{
    static const enum exo_key of_app[] = { EXO_KEY_SECRET_FILE,
                                           EXO_KEY_SECRET_COMMAND,
                                           EXO_KEY_CERTIFICATE,
                                           EXO_KEY_ASSERTION_FILE };
    enum exo_grant grant = EXO_GRANT_AUTHORIZATION_CODE;

    s->grant_said = exo_grant_parse(exo_settings_get(s, EXO_KEY_GRANT), &grant);
    for (size_t i = 0; !s->grant_said && i < sizeof(of_app) / sizeof(*of_app);
         i++) {
        if (exo_settings_get(s, of_app[i])[0] != '\0') {
            grant = EXO_GRANT_CLIENT_CREDENTIALS;
            /* What a person authorised counts more than the environment. */
            s->grant_said = !exo_settings_from_environment(s, of_app[i]);
        }
    }
    exo_settings_set(s, EXO_KEY_GRANT, exo_grant_word(grant),
                     s->key[EXO_KEY_GRANT].origin, s->key[EXO_KEY_GRANT].line);
    return grant;
}

/* Portals and other programs join scopes with commas; the wire has blanks
 * (RFC 6749 section 3.3). Where the value came from stays as it is. */
static int unite_scope(struct exo_settings *s)
{
    struct exo_setting *scope = &s->key[EXO_KEY_SCOPE];
    struct exo_buf *out = &s->expanded[EXO_KEY_SCOPE];
    const char *p = scope->value;
    size_t n;

    if (!strchr(p, ',')) {
        return 0;
    }
    for (; *(p += strspn(p, ", \t")) != '\0'; p += n) {
        n = strcspn(p, ", \t");
        exo_buf_str(out, out->len > 0 ? " " : "");
        exo_buf_add(out, p, n);
    }
    return exo_buf_done(out, &scope->value);
}

static const char *scope_of(const struct exo_provider *p, enum exo_grant grant)
{
    return grant == EXO_GRANT_CLIENT_CREDENTIALS ? p->app_scope
                                                 : p->delegated_scope;
}

int exo_settings_take_provider(struct exo_settings *s, struct exo_err *err)
{
    const struct exo_provider *p;
    int rc;

    if (exo_settings_get(s, EXO_KEY_PROVIDER)[0] == '\0') {
        exo_settings_set(s, EXO_KEY_PROVIDER, "microsoft", "default", 0);
    }
    exo_settings_take_environment(s);
    p = exo_provider_find(exo_settings_get(s, EXO_KEY_PROVIDER),
                          exo_settings_get(s, EXO_KEY_CLOUD));
    if (!p) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "%s: provider %s has no cloud %s; it has: %s", s->path,
            exo_settings_get(s, EXO_KEY_PROVIDER),
            exo_settings_get(s, EXO_KEY_CLOUD),
            exo_provider_clouds(exo_settings_get(s, EXO_KEY_PROVIDER)));
    }
    if (exo_settings_get(s, EXO_KEY_CLOUD)[0] == '\0') {
        exo_settings_set(s, EXO_KEY_CLOUD, p->cloud, "default", 0);
    }
    s->grant = choose_grant(s);
    if (s->grant == EXO_GRANT_MANAGED_IDENTITY) {
        rc = take_identity(s, p, err);
        return rc != 0 || s->owner
                   ? rc
                   : expand(s, EXO_KEY_SERVERS, p->servers, "provider", err);
    }
    rc = expand(s, EXO_KEY_TOKEN_ENDPOINT, p->token_endpoint, "provider", err);
    if (rc == 0) {
        rc = expand(s, EXO_KEY_AUTHORIZATION_ENDPOINT,
                    p->authorization_endpoint, "provider", err);
    }
    if (rc == 0) {
        rc = expand(s, EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT,
                    p->device_authorization_endpoint, "provider", err);
    }
    if (rc == 0) {
        rc = unite_scope(s);
    }
    if (rc == 0) {
        rc = expand(s, EXO_KEY_SCOPE, scope_of(p, s->grant), "provider", err);
    }
    if (rc == 0) {
        rc = expand(s, EXO_KEY_RESOURCE, p->resource, "provider", err);
    }
    if (rc == 0 && !s->owner) {
        rc = expand(s, EXO_KEY_SERVERS, p->servers, "provider", err);
    }
    return rc;
}

int exo_settings_found(struct exo_settings *settings, enum exo_key key,
                       const char *value)
{
    struct exo_settings *s = settings->owner ? settings->owner : settings;
    struct exo_buf *out = &s->expanded[key];

    if (value[0] == '\0' || s->key[key].value[0] != '\0') {
        return 0;
    }
    exo_buf_reset(out);
    exo_buf_str(out, value);
    return take(s, key, out, exo_settings_discovery);
}

int exo_settings_assume(struct exo_settings *settings, enum exo_grant grant)
{
    struct exo_settings *s = settings->owner ? settings->owner : settings;
    const struct exo_provider *p =
        exo_provider_find(exo_settings_get(s, EXO_KEY_PROVIDER),
                          exo_settings_get(s, EXO_KEY_CLOUD));
    int rc = 0;

    if (s->grant_said || s->grant == grant || !p) {
        return 0;
    }
    s->grant = grant;
    exo_settings_set(s, EXO_KEY_GRANT, exo_grant_word(grant), "default", 0);
    /* Only a preset's: a file's scope holds for every grant. */
    if (strcmp(s->key[EXO_KEY_SCOPE].origin, "provider") == 0) {
        exo_buf_reset(&s->expanded[EXO_KEY_SCOPE]);
        exo_settings_set(s, EXO_KEY_SCOPE, "", "default", 0);
        rc = expand(s, EXO_KEY_SCOPE, scope_of(p, grant), "provider", NULL);
    }
    exo_settings_derive(s);
    return rc;
}

bool exo_settings_asks_issuer(const struct exo_settings *settings)
{
    const struct exo_settings *s = exo_settings_owner(settings);

    return s->grant != EXO_GRANT_MANAGED_IDENTITY &&
           exo_settings_get(s, EXO_KEY_ISSUER)[0] != '\0' &&
           exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT)[0] == '\0';
}
