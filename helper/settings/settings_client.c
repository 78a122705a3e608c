/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By what the client of an account proves who it is, the fingerprint of all
 * that decides about its token, and whether everything is there. Called by
 * settings_load.c for each account, and by commands before they ask the
 * provider.
 *
 * Nothing is opened here but for the size and time of files. Strings borrow
 * from the settings or from the environment. Errors name the account file
 * and the remedy.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "settings_inner.h"

static bool is_there(const struct exo_settings *s, enum exo_key key)
{
    return exo_settings_get(s, key)[0] != '\0';
}

static const struct {
    enum exo_key key;
    const char *variable;
    const char *origin;
} variables[] = {
    { EXO_KEY_TENANT, "AZURE_TENANT_ID", "environment: AZURE_TENANT_ID" },
    { EXO_KEY_CLIENT_ID, "AZURE_CLIENT_ID", "environment: AZURE_CLIENT_ID" },
    { EXO_KEY_ASSERTION_FILE, "AZURE_FEDERATED_TOKEN_FILE",
      "environment: AZURE_FEDERATED_TOKEN_FILE" },
};

/* The assertion is of no use where the files name another proof or grant. */
static bool wants_assertion(const struct exo_settings *s)
{
    const char *grant = exo_settings_get(s, EXO_KEY_GRANT);
    const char *auth = exo_settings_get(s, EXO_KEY_CLIENT_AUTH);

    return (grant[0] == '\0' || strcmp(grant, "client_credentials") == 0) &&
           (auth[0] == '\0' || strcmp(auth, "assertion") == 0) &&
           !is_there(s, EXO_KEY_SECRET_FILE) &&
           !is_there(s, EXO_KEY_SECRET_COMMAND) &&
           !is_there(s, EXO_KEY_CERTIFICATE);
}

void exo_settings_take_environment(struct exo_settings *s)
{
    if (exo_conf_secure_mode() ||
        strcmp(exo_settings_get(s, EXO_KEY_PROVIDER), "microsoft") != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
        enum exo_key key = variables[i].key;
        const char *value = getenv(variables[i].variable);

        if (value && !is_there(s, key) &&
            (key != EXO_KEY_ASSERTION_FILE || wants_assertion(s)) &&
            exo_setting_check(key, value, NULL) == 0) {
            exo_settings_set(s, key, value, variables[i].origin, 0);
        }
    }
}

static const char *variable(const char *name)
{
    const char *value = exo_conf_secure_mode() ? NULL : getenv(name);

    return value ? value : "";
}

/*
 * Azure sets the variables for App Service and Arc. Which of the two it is
 * shows in what comes with IDENTITY_ENDPOINT: that name alone is used by
 * others, too.
 */
void exo_settings_take_identity(struct exo_settings *s)
{
    const char *endpoint = variable("IDENTITY_ENDPOINT");
    bool app_service = variable("IDENTITY_HEADER")[0] != '\0';

    if (is_there(s, EXO_KEY_IDENTITY_ENDPOINT)) {
        s->identity = is_there(s, EXO_KEY_SECRET_FILE) ||
                              is_there(s, EXO_KEY_SECRET_COMMAND)
                          ? EXO_IDENTITY_APP_SERVICE
                          : EXO_IDENTITY_ARC;
    } else if ((app_service || variable("IMDS_ENDPOINT")[0] != '\0') &&
               exo_setting_check(EXO_KEY_IDENTITY_ENDPOINT, endpoint, NULL) ==
                   0) {
        s->identity = app_service ? EXO_IDENTITY_APP_SERVICE : EXO_IDENTITY_ARC;
        exo_settings_set(s, EXO_KEY_IDENTITY_ENDPOINT, endpoint,
                         "environment: IDENTITY_ENDPOINT", 0);
    } else {
        s->identity = EXO_IDENTITY_IMDS;
        exo_settings_set(s, EXO_KEY_IDENTITY_ENDPOINT, EXO_IDENTITY_IMDS_URL,
                         "default", 0);
    }
}

static void choose_auth(struct exo_settings *s)
{
    static const struct {
        const char *word;
        enum exo_client_auth auth;
    } words[] = {
        { "secret_post", EXO_CLIENT_SECRET_POST },
        { "secret_basic", EXO_CLIENT_SECRET_BASIC },
        { "private_key_jwt", EXO_CLIENT_PRIVATE_KEY_JWT },
        { "assertion", EXO_CLIENT_ASSERTION },
    };
    const char *word = exo_settings_get(s, EXO_KEY_CLIENT_AUTH);

    s->auth_said = word[0] != '\0';
    s->auth = EXO_CLIENT_NONE;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(word, words[i].word) == 0) {
            s->auth = words[i].auth;
        }
    }
    if (!s->auth_said && is_there(s, EXO_KEY_CERTIFICATE)) {
        s->auth = EXO_CLIENT_PRIVATE_KEY_JWT;
    } else if (!s->auth_said && is_there(s, EXO_KEY_ASSERTION_FILE) &&
               (s->grant == EXO_GRANT_CLIENT_CREDENTIALS ||
                !exo_settings_from_environment(s, EXO_KEY_ASSERTION_FILE))) {
        s->auth = EXO_CLIENT_ASSERTION;
    }
    s->jwt_alg = EXO_JWT_PS256;
    (void)exo_jwt_alg_parse(exo_settings_get(s, EXO_KEY_JWT_ALG), &s->jwt_alg);
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

/* What was discovered follows from the issuer, which counts. */
static const char *counts_as(const struct exo_settings *s, enum exo_key key)
{
    bool not_ours = key == EXO_KEY_IDENTITY_ENDPOINT && s->key[key].line == 0;

    return not_ours || exo_settings_discovered(s, key)
               ? ""
               : exo_settings_get(s, key);
}

/*
 * FNV-1a over what decides which token the provider gives, and over size and
 * time of the files with secret, certificate and key: a change means that an
 * old failure says nothing any more. Not those of the assertion, which is
 * new every hour. Not where the environment says a managed identity is given
 * out: processes with and without it get the same tokens. Not a security
 * measure.
 */
static void make_fingerprint(struct exo_settings *s)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (unsigned i = 0; i < EXO_KEYS; i++) {
        const struct exo_key_row *row = exo_key_row((enum exo_key)i);
        const char *file = exo_settings_get(s, (enum exo_key)i);
        int64_t extra[2] = { 0, 0 };
        struct stat st;

        if (row->counts) {
            const char *value = counts_as(s, (enum exo_key)i);

            /* The NUL counts, so that values cannot run together. */
            hash = mix(hash, value, strlen(value) + 1);
        }
        if (row->is_file && file[0] != '\0' && stat(file, &st) == 0) {
            extra[0] = st.st_size;
            extra[1] = st.st_mtime;
        }
        hash = mix(hash, extra, sizeof(extra));
    }
    (void)snprintf(s->fingerprint, sizeof(s->fingerprint), "%016" PRIx64, hash);
}

void exo_settings_derive(struct exo_settings *s)
{
    choose_auth(s);
    make_fingerprint(s);
}

static int missing(const struct exo_settings *s, enum exo_key key,
                   const char *value, struct exo_err *err)
{
    if (s->proposed) { /* nothing is kept of a first login that fails */
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: %s is missing; add: --set %s=%s", s->file.name,
                           exo_key_name(key), exo_key_name(key), value);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%s: %s is missing; run: exoauth login %s --set %s=%s",
                       s->path, exo_key_name(key),
                       EXO_SH(s->file.name, "ACCOUNT"), exo_key_name(key),
                       EXO_SH(value, "VALUE"));
}

/* Which of two proofs to use, nobody but the administrator can tell. */
static int check_single(const struct exo_settings *s, struct exo_err *err)
{
    bool secret =
        is_there(s, EXO_KEY_SECRET_FILE) || is_there(s, EXO_KEY_SECRET_COMMAND);
    bool certificate = is_there(s, EXO_KEY_CERTIFICATE);
    bool assertion = is_there(s, EXO_KEY_ASSERTION_FILE);

    if (s->auth_said || secret + certificate + assertion < 2) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%s: more than one of a secret, certificate and "
                       "assertion_file; remove one, or say which, see "
                       "exoauth.conf(5), and run: exoauth login %s --set "
                       "client_auth=WORD",
                       s->path, EXO_SH(s->file.name, "ACCOUNT"));
}

/* Its application id is optional, and nothing of its own can prove it. */
static int check_identity(const struct exo_settings *s, struct exo_err *err)
{
    if (!is_there(s, EXO_KEY_RESOURCE)) {
        return missing(s, EXO_KEY_RESOURCE, "URL", err);
    }
    if (s->auth != EXO_CLIENT_NONE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: grant managed_identity needs no client_auth, "
                           "certificate or assertion_file; remove that, or "
                           "use grant client_credentials",
                           s->path);
    }
    return 0;
}

static int check_auth(const struct exo_settings *s, struct exo_err *err)
{
    int rc = check_single(s, err);

    if (rc != 0) {
        return rc;
    }
    if ((s->auth == EXO_CLIENT_PRIVATE_KEY_JWT ||
         is_there(s, EXO_KEY_PRIVATE_KEY)) &&
        !is_there(s, EXO_KEY_CERTIFICATE)) {
        return missing(s, EXO_KEY_CERTIFICATE, "FILE", err);
    }
    if (s->auth == EXO_CLIENT_ASSERTION &&
        !is_there(s, EXO_KEY_ASSERTION_FILE)) {
        return missing(s, EXO_KEY_ASSERTION_FILE, "FILE", err);
    }
    return 0;
}

static int check_provider(const struct exo_settings *s, struct exo_err *err)
{
    if (s->grant == EXO_GRANT_MANAGED_IDENTITY) {
        return check_identity(s, err);
    }
    if (!is_there(s, EXO_KEY_CLIENT_ID)) {
        return missing(s, EXO_KEY_CLIENT_ID, "VALUE", err);
    }
    if (!is_there(s, EXO_KEY_TOKEN_ENDPOINT) && !is_there(s, EXO_KEY_ISSUER)) {
        return missing(s, EXO_KEY_TOKEN_ENDPOINT, "URL, or --set issuer=URL",
                       err);
    }
    return 0;
}

int exo_settings_complete(const struct exo_settings *settings,
                          struct exo_err *err)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    int rc = check_provider(s, err);

    if (rc != 0) {
        return rc;
    }
    if (!is_there(settings, EXO_KEY_SERVERS)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: servers is missing, so the token may go "
                           "nowhere; run: exoauth login %s --set servers=HOST",
                           settings->path,
                           EXO_SH(settings->file.name, "ACCOUNT"));
    }
    return s->grant == EXO_GRANT_MANAGED_IDENTITY ? 0 : check_auth(s, err);
}
