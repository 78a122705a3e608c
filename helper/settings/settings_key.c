/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of an account (settings.h), one row a key: what reads, checks,
 * shows and fingerprints a setting goes by it. And where the value of a key
 * came from. Nothing is to be freed: values and origins are borrowed.
 */
#include "config.h"

#include <string.h>

#include "settings_inner.h"

static const struct exo_key_row rows[EXO_KEYS] = {
    [EXO_KEY_CREDENTIAL] = { "credential", exo_fault_account, .own = true },
    [EXO_KEY_PROVIDER] = { "provider", exo_fault_provider, .words = true,
                           .counts = true },
    [EXO_KEY_CLOUD] = { "cloud", exo_fault_cloud, .counts = true },
    [EXO_KEY_TENANT] = { "tenant", exo_fault_tenant, .counts = true },
    [EXO_KEY_CLIENT_ID] = { "client_id", exo_fault_id, .counts = true },
    [EXO_KEY_GRANT] = { "grant", exo_fault_grant, .words = true,
                        .counts = true },
    [EXO_KEY_CLIENT_AUTH] = { "client_auth", exo_fault_auth, .words = true,
                              .counts = true },
    [EXO_KEY_SECRET_FILE] = { "secret_file", exo_fault_path, .counts = true,
                              .is_file = true },
    [EXO_KEY_SECRET_COMMAND] = { "secret_command", exo_fault_text,
                                 .counts = true, .command = true },
    [EXO_KEY_SECRET_EXPIRES] = { "secret_expires", exo_fault_date,
                                 .preset = NULL },
    [EXO_KEY_CERTIFICATE] = { "certificate", exo_fault_path, .counts = true,
                              .is_file = true },
    [EXO_KEY_PRIVATE_KEY] = { "private_key", exo_fault_private_key,
                              .counts = true, .is_file = true },
    [EXO_KEY_JWT_ALG] = { "jwt_alg", exo_fault_alg, .words = true,
                          .counts = true },
    [EXO_KEY_KEY_PASSPHRASE_COMMAND] = { "key_passphrase_command",
                                         exo_fault_text, .command = true },
    [EXO_KEY_ASSERTION_FILE] = { "assertion_file", exo_fault_path,
                                 .counts = true },
    [EXO_KEY_USER] = { "user", exo_fault_text, .own = true },
    [EXO_KEY_SCOPE] = { "scope", exo_fault_scope, .counts = true },
    [EXO_KEY_RESOURCE] = { "resource", exo_fault_resource, .counts = true },
    [EXO_KEY_SERVERS] = { "servers", exo_fault_servers, .own = true },
    [EXO_KEY_ALLOW] = { "allow", exo_fault_text, .own = true },
    [EXO_KEY_PUBLISH] = { "publish", exo_fault_bool, "yes", .own = true },
    [EXO_KEY_ISSUER] = { "issuer", exo_fault_issuer, .counts = true },
    [EXO_KEY_IDENTITY_ENDPOINT] = { "identity_endpoint", exo_fault_identity,
                                    .counts = true },
    [EXO_KEY_TOKEN_ENDPOINT] = { "token_endpoint", exo_fault_url,
                                 .counts = true },
    [EXO_KEY_AUTHORIZATION_ENDPOINT] = { "authorization_endpoint",
                                         exo_fault_url, .preset = NULL },
    [EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT] = { "device_authorization_endpoint",
                                                exo_fault_url, .preset = NULL },
};

const struct exo_key_row *exo_key_row(enum exo_key key)
{
    return &rows[key];
}

const char *exo_key_name(enum exo_key key)
{
    return rows[key].name;
}

enum exo_key exo_key_find(const char *name)
{
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return (enum exo_key)i;
        }
    }
    return EXO_KEYS;
}

void exo_settings_set(struct exo_settings *s, enum exo_key key,
                      const char *value, const char *origin, unsigned line)
{
    s->key[key].value = value;
    s->key[key].origin = origin;
    s->key[key].line = line;
}

const char exo_settings_discovery[] = "discovery";

bool exo_settings_from_environment(const struct exo_settings *s,
                                   enum exo_key key)
{
    return strncmp(s->key[key].origin, "environment:", 12) == 0;
}

bool exo_settings_discovered(const struct exo_settings *s, enum exo_key key)
{
    return s->key[key].origin == exo_settings_discovery;
}

int exo_setting_check(enum exo_key key, const char *value, struct exo_err *err)
{
    const struct exo_key_row *row = exo_key_row(key);
    const char *why;

    if (exo_has_control(value, strlen(value))) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s holds a control character; remove it",
                           row->name);
    }
    why = row->fault(value);
    if (why == exo_fault_no_memory) {
        (void)exo_err_system(err, EXO_E_NOMEM, "cannot look at %s", row->name);
        return EXO_E_STATUS;
    }
    if (why && row->words) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s %s is unknown; use one of: %-s", row->name,
                           value, why);
    }
    if (why) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s %-s; correct its value", row->name, why);
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

        if (exo_key_find(key) != EXO_KEYS ||
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
