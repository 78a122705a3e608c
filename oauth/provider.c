/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Provider presets (exoauth/provider.h). The build makes the table of the file
 * oauth/providers.
 *
 * The helper asks for a row and fills with it what the account file leaves
 * open. Everything returned is static. An unknown name is NULL; the caller
 * says so with exo_provider_names() and exo_provider_clouds(), because only
 * it knows file and line.
 */
#include "config.h"

#include "exoauth/provider.h"

#include <string.h>

#define TENANT "{tenant}"

static const struct exo_provider table[] = {
#include "oauth/providers.inc"
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
    return EXO_PROVIDERS;
}

const char *exo_provider_clouds(const char *name)
{
    static const struct {
        const char *name, *clouds;
    } of[] = { EXO_CLOUDS };

    for (size_t i = 0; name != NULL && i < sizeof(of) / sizeof(of[0]); i++) {
        if (strcmp(of[i].name, name) == 0) {
            return of[i].clouds;
        }
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
