/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which keys exist (exoauth/conf.h): one table for exoauth.conf, one for
 * account files. Called by every command that reads or writes
 * configuration, to warn of a key it does not know. Keys come folded to
 * lower case from the parser. A key that has a default or a rule of its own
 * also stands in conf.c.
 */
#include "config.h"

#include "exoauth/conf.h"

#include <string.h>

static const char *const system_keys[] = {
    "account_dir",
    "store",
    "token_dir",
    "chroot",
    "token_group",
    "run_as",
    "socket",
    "helper",
    "timeout",
    "mechanisms",
    "initial_response",
    "refresh_margin",
    "proxy",
    "ca_file",
    "proxy_auth_file",
    "key_file",
    "key_command",
    "log",
    "log_level",
    "on_event",
    "status_file",
    "noplaintext",
    NULL,
};

static const char *const account_keys[] = {
    "credential",
    "provider",
    "cloud",
    "tenant",
    "client_id",
    "grant",
    "client_auth",
    "secret_file",
    "secret_command",
    "secret_expires",
    "certificate",
    "private_key",
    "jwt_alg",
    "key_passphrase_command",
    "assertion_file",
    "user",
    "scope",
    "resource",
    "servers",
    "allow",
    "publish",
    "issuer",
    "identity_endpoint",
    "token_endpoint",
    "authorization_endpoint",
    "device_authorization_endpoint",
    NULL,
};

static bool is_one_of(const char *key, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        if (strcmp(key, *keys) == 0) {
            return true;
        }
    }
    return false;
}

bool exo_conf_is_system_key(const char *key)
{
    return is_one_of(key, system_keys);
}

bool exo_conf_is_account_key(const char *key)
{
    return is_one_of(key, account_keys);
}
