/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an account of another program consists of (import.h): keys of an
 * account file. Called by import_block.c, as root where root runs the command.
 * Items belong to the struct exo_import and are freed with it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/settings/draft.h"
#include "exoauth/block.h"
#include "import.h"

#define HOLE "{tenant}"

struct exo_import_item *exo_import_add(struct exo_import *in)
{
    struct exo_import_item *item =
        reallocarray(in->item, in->n + 1, sizeof(*item));

    if (!item) {
        return NULL;
    }
    in->item = item;
    item += in->n++;
    memset(item, 0, sizeof(*item));
    for (size_t i = 0; i < EXO_IMPORT_KEYS; i++) {
        exo_buf_init(&item->pair[i], EXO_BLOCK_VALUE);
    }
    exo_buf_init(&item->refresh_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&item->client_secret.hidden, EXO_SECRET_MAX);
    return item;
}

void exo_import_drop(struct exo_import_item *item)
{
    for (size_t i = 0; i < EXO_IMPORT_KEYS; i++) {
        exo_buf_free(&item->pair[i]);
    }
    exo_secret_free(&item->refresh_token);
    exo_secret_free(&item->client_secret);
    exo_draft_free(item->draft);
    item->draft = NULL;
}

void exo_import_key(struct exo_import_item *item, enum exo_key key,
                    const char *value)
{
    if (value && *value != '\0' && item->n_pairs < EXO_IMPORT_KEYS) {
        exo_buf_fmt(&item->pair[item->n_pairs++], "%s=%s", exo_key_name(key),
                    value);
    }
}

const char *exo_import_get(const struct exo_import_item *item, enum exo_key key)
{
    const char *name = exo_key_name(key);
    size_t len = strlen(name);

    for (size_t i = item->n_pairs; i > 0; i--) {
        const char *pair;

        if (exo_buf_done(&item->pair[i - 1], &pair) == 0 &&
            strncmp(pair, name, len) == 0 && pair[len] == '=') {
            return pair + len + 1;
        }
    }
    return NULL;
}

/* Does the URL fit the template? tenant is "" if there is none in it. Case
 * does not count in what is the same for all tenants. */
static bool fits(const char *pattern, const char *url, struct exo_buf *tenant)
{
    const char *hole = strstr(pattern, HOLE);
    const char *name;
    size_t before, after, len = strlen(url);

    exo_buf_reset(tenant);
    if (!hole) {
        return pattern[0] != '\0' && strcasecmp(pattern, url) == 0;
    }
    before = (size_t)(hole - pattern);
    after = strlen(hole + strlen(HOLE));
    if (len <= before + after || strncasecmp(url, pattern, before) != 0 ||
        strcasecmp(url + len - after, hole + strlen(HOLE)) != 0) {
        return false;
    }
    exo_buf_add(tenant, url + before, len - before - after);
    return exo_buf_done(tenant, &name) == 0 && exo_provider_tenant_ok(name);
}

/* Endpoints as they were spelt before those of today, where their refresh
 * tokens are as good: v1 of Entra and its former names, the one of Live, and
 * Google's. */
static const struct old_endpoint {
    const char *pattern;
    const char *provider;
    const char *cloud;
    const char *tenant; /* NULL: as the URL has it */
} old_endpoints[] = {
    { "https://login.microsoftonline.com/{tenant}/oauth2/token", "microsoft",
      "public", NULL },
    { "https://login.windows.net/{tenant}/oauth2/token", "microsoft", "public",
      NULL },
    { "https://login.windows.net/{tenant}/oauth2/v2.0/token", "microsoft",
      "public", NULL },
    { "https://login.live.com/oauth20_token.srf", "microsoft", "public",
      "consumers" },
    { "https://login.microsoftonline.us/{tenant}/oauth2/token", "microsoft",
      "usgov", NULL },
    { "https://login.chinacloudapi.cn/{tenant}/oauth2/token", "microsoft",
      "china-v1", NULL },
    { "https://accounts.google.com/o/oauth2/token", "google", NULL, NULL },
    { "https://accounts.google.com/o/oauth2/v2/token", "google", NULL, NULL },
    { "https://www.googleapis.com/oauth2/v3/token", "google", NULL, NULL },
    { "https://www.googleapis.com/oauth2/v4/token", "google", NULL, NULL },
};

static const struct exo_provider *find_row(const char *url,
                                           struct exo_buf *tenant)
{
    const struct exo_provider *row;

    for (size_t i = 0; (row = exo_provider_row(i)) != NULL; i++) {
        if (fits(row->token_endpoint, url, tenant)) {
            return row;
        }
    }
    for (size_t i = 0; i < sizeof(old_endpoints) / sizeof(old_endpoints[0]);
         i++) {
        const struct old_endpoint *old = &old_endpoints[i];

        if (fits(old->pattern, url, tenant)) {
            if (old->tenant) {
                exo_buf_str(tenant, old->tenant);
            }
            return exo_provider_find(old->provider, old->cloud);
        }
    }
    return NULL;
}

void exo_import_endpoint(struct exo_import_item *item, const char *url)
{
    struct exo_buf tenant = EXO_BUF_INIT(4096);
    const struct exo_provider *row = find_row(url, &tenant);
    const char *name = NULL;

    item->provider = row ? row : exo_provider_find("custom", NULL);
    exo_import_key(item, EXO_KEY_PROVIDER, item->provider->name);
    if (!row) {
        exo_import_key(item, EXO_KEY_TOKEN_ENDPOINT, url);
    } else if (exo_buf_done(&tenant, &name) == 0) {
        exo_import_key(item, EXO_KEY_CLOUD, row->cloud);
        exo_import_key(item, EXO_KEY_TENANT, name);
    } else if (item->n_pairs < EXO_IMPORT_KEYS) {
        item->pair[item->n_pairs++].error = tenant.error;
    }
    exo_buf_free(&tenant);
}

/* Is every word of the one in the other? */
static bool is_within(const char *list, const char *other)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (!exo_word_in(other, word, len)) {
            return false;
        }
    }
    return true;
}

void exo_import_scope(struct exo_import_item *item, const char *scope)
{
    const struct exo_provider *preset = item->provider;
    const char *same = !preset     ? ""
                       : item->app ? preset->app_scope
                                   : preset->delegated_scope;

    if (!is_within(scope, same) || !is_within(same, scope)) {
        exo_import_key(item, EXO_KEY_SCOPE, scope);
    }
}
