/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of an account (settings.h): their names, the words of grants, and
 * where the value of a key came from. Called by whoever reads, checks or says
 * a setting.
 *
 * The two tables are the only places that know the words. Nothing can fail
 * here, and nothing is to be freed: values and origins are borrowed.
 */
#include "config.h"

#include <string.h>

#include "settings_inner.h"

static const char *const key_names[EXO_KEYS] = {
    [EXO_KEY_CREDENTIAL] = "credential",
    [EXO_KEY_PROVIDER] = "provider",
    [EXO_KEY_CLOUD] = "cloud",
    [EXO_KEY_TENANT] = "tenant",
    [EXO_KEY_CLIENT_ID] = "client_id",
    [EXO_KEY_GRANT] = "grant",
    [EXO_KEY_CLIENT_AUTH] = "client_auth",
    [EXO_KEY_SECRET_FILE] = "secret_file",
    [EXO_KEY_SECRET_COMMAND] = "secret_command",
    [EXO_KEY_SECRET_EXPIRES] = "secret_expires",
    [EXO_KEY_CERTIFICATE] = "certificate",
    [EXO_KEY_PRIVATE_KEY] = "private_key",
    [EXO_KEY_JWT_ALG] = "jwt_alg",
    [EXO_KEY_KEY_PASSPHRASE_COMMAND] = "key_passphrase_command",
    [EXO_KEY_ASSERTION_FILE] = "assertion_file",
    [EXO_KEY_USER] = "user",
    [EXO_KEY_SCOPE] = "scope",
    [EXO_KEY_RESOURCE] = "resource",
    [EXO_KEY_SERVERS] = "servers",
    [EXO_KEY_ALLOW] = "allow",
    [EXO_KEY_PUBLISH] = "publish",
    [EXO_KEY_ISSUER] = "issuer",
    [EXO_KEY_IDENTITY_ENDPOINT] = "identity_endpoint",
    [EXO_KEY_TOKEN_ENDPOINT] = "token_endpoint",
    [EXO_KEY_AUTHORIZATION_ENDPOINT] = "authorization_endpoint",
    [EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT] = "device_authorization_endpoint",
};

static const char *const grant_words[] = {
    [EXO_GRANT_CLIENT_CREDENTIALS] = "client_credentials",
    [EXO_GRANT_AUTHORIZATION_CODE] = "authorization_code",
    [EXO_GRANT_DEVICE_CODE] = "device_code",
    [EXO_GRANT_PASSWORD] = "password",
    [EXO_GRANT_MANAGED_IDENTITY] = "managed_identity",
};

const char *exo_key_name(enum exo_key key)
{
    return key_names[key];
}

enum exo_key exo_key_find(const char *name)
{
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        if (strcmp(key_names[i], name) == 0) {
            return (enum exo_key)i;
        }
    }
    return EXO_KEYS;
}

const char *exo_grant_word(enum exo_grant grant)
{
    return grant_words[grant];
}

bool exo_grant_parse(const char *word, enum exo_grant *grant)
{
    for (unsigned i = 0; i < sizeof(grant_words) / sizeof(*grant_words); i++) {
        if (strcmp(grant_words[i], word) == 0) {
            *grant = (enum exo_grant)i;
            return true;
        }
    }
    return false;
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
