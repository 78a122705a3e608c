/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Effective settings of an account. exo_settings_load() is the only place
 * that knows the order in which a value is looked for. The result belongs
 * to the caller (exo_settings_free()); every string in it borrows from the
 * account's file, from exoauth.conf, from static text, or from expanded[].
 *
 * Errors name file, line and remedy. Nothing here touches a secret.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/file.h"
#include "exoauth/provider.h"
#include "settings.h"

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
    [EXO_KEY_ASSERTION_FILE] = "assertion_file",
    [EXO_KEY_USER] = "user",
    [EXO_KEY_SCOPE] = "scope",
    [EXO_KEY_SERVERS] = "servers",
    [EXO_KEY_ALLOW] = "allow",
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

/* The account's file into s->block; EXO_E_NOENT if there is none. */
static int read_file(struct exo_settings *s, const struct exo_conf *conf,
                     const struct exo_account *account, struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    const char *why = NULL;
    int rc = exo_settings_path(conf, account, &path);

    if (rc != 0) {
        goto out;
    }
    exo_buf_reset(&s->text);
    rc = exo_file_read(AT_FDCWD, path.data, EXO_FILE_CONFIG, 0, &s->text, &why);
    if (rc == EXO_E_NOENT) {
        goto out;
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s: %s; correct owner and mode, it must be a regular "
                         "file of root or yours that nobody else can write",
                         path.data, why ? why : exo_strerror(rc));
        goto out;
    }
    rc = exo_buf_reserve(&s->text, 1) ? 0 : EXO_E_NOMEM;
    if (rc == 0) {
        rc = exo_block_parse(&s->block, s->text.data, s->text.len,
                             EXO_BLOCK_FILE);
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s line %u: %s; correct that line", path.data,
                         s->block.bad_line,
                         s->block.why ? s->block.why : exo_strerror(rc));
        goto out;
    }
    s->file = *account;
    s->path = strdup(path.data);
    rc = s->path ? 0 : EXO_E_NOMEM;
out:
    exo_buf_free(&path);
    return rc;
}

static int find_file(struct exo_settings *s, const struct exo_conf *conf,
                     struct exo_err *err)
{
    struct exo_account domain;
    int rc = read_file(s, conf, &s->account, err);

    if (rc == EXO_E_NOENT && exo_account_domain(&domain, &s->account) == 0) {
        rc = read_file(s, conf, &domain, err);
    }
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "no account %s in %s; run: exoauth login %s --set "
                         "tenant=TENANT --set client_id=ID",
                         s->account.name, conf->account_dir, s->account.name);
    }
    return rc;
}

static void set(struct exo_settings *s, enum exo_key key, const char *value,
                const char *origin, unsigned line)
{
    s->key[key].value = value;
    s->key[key].origin = origin;
    s->key[key].line = line;
}

/* Values that a file gives: the account's own first. */
static int take_files(struct exo_settings *s, const struct exo_conf *conf,
                      struct exo_err *err)
{
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        const char *where = s->path;
        const struct exo_pair *pair = exo_block_find(&s->block, key_names[i]);
        struct exo_err why = EXO_ERR_INIT;

        /* A default for every account cannot name one of them. */
        if (!pair && i != EXO_KEY_CREDENTIAL) {
            pair = exo_block_find(&conf->block, key_names[i]);
            where = conf->path;
        }
        if (!pair) {
            set(s, (enum exo_key)i, "", "default", 0);
            continue;
        }
        set(s, (enum exo_key)i, pair->value, where, pair->line);
        if (exo_setting_check((enum exo_key)i, pair->value, &why) != 0) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s line %u: %s", where, pair->line, why.text);
        }
    }
    return 0;
}

static int expand(struct exo_settings *s, enum exo_key key, const char *pattern,
                  const char *origin, struct exo_err *err)
{
    const char *tenant = exo_settings_get(s, EXO_KEY_TENANT);
    struct exo_buf *out = &s->expanded[key];

    if (s->key[key].value[0] != '\0' || pattern[0] == '\0') {
        return 0;
    }
    if (exo_provider_expand(pattern, tenant, out) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: tenant is missing; run: exoauth login %s "
                           "--set tenant=TENANT (a GUID or domain)",
                           s->path, s->file.name);
    }
    set(s, key, exo_buf_text(out), origin, 0);
    return 0;
}

static enum exo_grant choose_grant(struct exo_settings *s)
{
    static const enum exo_key of_app[] = { EXO_KEY_SECRET_FILE,
                                           EXO_KEY_SECRET_COMMAND,
                                           EXO_KEY_CERTIFICATE,
                                           EXO_KEY_ASSERTION_FILE };
    enum exo_grant grant = EXO_GRANT_AUTHORIZATION_CODE;

    s->grant_said =
        exo_grant_parse(exo_settings_get(s, EXO_KEY_GRANT), &grant);
    for (size_t i = 0; !s->grant_said && i < sizeof(of_app) / sizeof(*of_app);
         i++) {
        if (exo_settings_get(s, of_app[i])[0] != '\0') {
            grant = EXO_GRANT_CLIENT_CREDENTIALS;
            s->grant_said = true;
        }
    }
    set(s, EXO_KEY_GRANT, grant_words[grant], s->key[EXO_KEY_GRANT].origin,
        s->key[EXO_KEY_GRANT].line);
    return grant;
}

static const char *scope_of(const struct exo_provider *p, enum exo_grant grant)
{
    return grant == EXO_GRANT_CLIENT_CREDENTIALS ? p->app_scope
                                                 : p->delegated_scope;
}

static int take_provider(struct exo_settings *s, struct exo_err *err)
{
    const struct exo_provider *p;
    int rc;

    if (exo_settings_get(s, EXO_KEY_PROVIDER)[0] == '\0') {
        set(s, EXO_KEY_PROVIDER, "microsoft", "default", 0);
    }
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
        set(s, EXO_KEY_CLOUD, p->cloud, "default", 0);
    }
    s->grant = choose_grant(s);
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
        rc = expand(s, EXO_KEY_SCOPE, scope_of(p, s->grant), "provider", err);
    }
    if (rc == 0 && !s->owner) {
        rc = expand(s, EXO_KEY_SERVERS, p->servers, "provider", err);
    }
    return rc;
}

static void choose_auth(struct exo_settings *s)
{
    const char *word = exo_settings_get(s, EXO_KEY_CLIENT_AUTH);

    s->auth_said = word[0] != '\0';
    if (strcmp(word, "secret_basic") == 0) {
        s->auth = EXO_CLIENT_SECRET_BASIC;
    } else if (strcmp(word, "secret_post") == 0) {
        s->auth = EXO_CLIENT_SECRET_POST;
    } else {
        s->auth = EXO_CLIENT_NONE;
    }
}

/*
 * FNV-1a over what decides which token the provider gives, and over size and
 * time of the secret's file: a change means that an old failure says nothing
 * any more. Not a security measure.
 */
static void make_fingerprint(struct exo_settings *s)
{
    static const enum exo_key counts[] = {
        EXO_KEY_PROVIDER,       EXO_KEY_CLOUD,          EXO_KEY_TENANT,
        EXO_KEY_CLIENT_ID,      EXO_KEY_CLIENT_AUTH,    EXO_KEY_SECRET_FILE,
        EXO_KEY_SECRET_COMMAND, EXO_KEY_SCOPE,          EXO_KEY_TOKEN_ENDPOINT,
        EXO_KEY_GRANT
    };
    uint64_t hash = UINT64_C(14695981039346656037);
    struct stat st;
    const char *file = exo_settings_get(s, EXO_KEY_SECRET_FILE);
    int64_t extra[2] = { 0, 0 };

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        const char *p = exo_settings_get(s, counts[i]);

        do { /* the NUL counts, so that values cannot run together */
            hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
        } while (*p++ != '\0');
    }
    if (file[0] != '\0' && stat(file, &st) == 0) {
        extra[0] = st.st_size;
        extra[1] = st.st_mtime;
    }
    for (size_t i = 0; i < sizeof(extra); i++) {
        hash = (hash ^ ((const unsigned char *)extra)[i]) *
               UINT64_C(1099511628211);
    }
    (void)snprintf(s->fingerprint, sizeof(s->fingerprint), "%016" PRIx64, hash);
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
    set(s, EXO_KEY_GRANT, grant_words[grant], "default", 0);
    if (exo_buf_text(&s->expanded[EXO_KEY_SCOPE]) ==
        exo_settings_get(s, EXO_KEY_SCOPE)) {
        exo_buf_reset(&s->expanded[EXO_KEY_SCOPE]);
        set(s, EXO_KEY_SCOPE, "", "default", 0);
        rc = expand(s, EXO_KEY_SCOPE, scope_of(p, grant), "provider", NULL);
    }
    make_fingerprint(s);
    return rc;
}

/* The settings of the credential that this account borrows. */
static int take_credential(struct exo_settings *s, const struct exo_conf *conf,
                           struct exo_err *err)
{
    const char *name = exo_settings_get(s, EXO_KEY_CREDENTIAL);
    int rc;

    s->credential = s->file;
    if (name[0] == '\0') {
        return 0;
    }
    rc = exo_account_set(&s->credential, name, strlen(name));
    if (rc != 0 || strcmp(s->credential.name, s->file.name) == 0) {
        return rc;
    }
    rc = exo_settings_load(&s->owner, conf, &s->credential, err);
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: credential %s has no valid account file; "
                           "correct credential, or run: exoauth login %s",
                           s->path, name, name);
    }
    if (s->owner->owner ||
        strcmp(s->owner->file.name, s->credential.name) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: credential %s uses the credential %s itself; "
                           "name that one here",
                           s->path, name, s->owner->credential.name);
    }
    if (exo_settings_get(s, EXO_KEY_SERVERS)[0] == '\0') {
        s->key[EXO_KEY_SERVERS] = s->owner->key[EXO_KEY_SERVERS];
    }
    return 0;
}

int exo_settings_load(struct exo_settings **settings,
                      const struct exo_conf *conf,
                      const struct exo_account *account, struct exo_err *err)
{
    struct exo_settings *s = calloc(1, sizeof(*s));
    int rc;

    *settings = NULL;
    if (!s) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT, "out of memory");
    }
    s->account = *account;
    exo_buf_init(&s->text, EXO_BLOCK_SIZE);
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        exo_buf_init(&s->expanded[i], 4096);
    }
    rc = find_file(s, conf, err);
    if (rc == 0) {
        rc = take_files(s, conf, err);
    }
    if (rc == 0) {
        rc = take_credential(s, conf, err);
    }
    if (rc == 0 && !s->owner) {
        rc = take_provider(s, err);
    }
    if (rc != 0) {
        if (err->status == EXO_STATUS_OK) {
            (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED, "%s: %s",
                              account->name, exo_strerror(rc));
        }
        exo_settings_free(s);
        return EXO_E_STATUS;
    }
    choose_auth(s);
    make_fingerprint(s);
    *settings = s;
    return 0;
}

void exo_settings_free(struct exo_settings *settings)
{
    if (!settings) {
        return;
    }
    exo_settings_free(settings->owner);
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        exo_buf_free(&settings->expanded[i]);
    }
    exo_buf_free(&settings->text);
    free(settings->path);
    free(settings);
}

int exo_settings_complete(const struct exo_settings *settings,
                          struct exo_err *err)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    static const enum exo_key needed[] = { EXO_KEY_CLIENT_ID,
                                           EXO_KEY_TOKEN_ENDPOINT };

    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
        if (exo_settings_get(s, needed[i])[0] == '\0') {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s: %s is missing; run: exoauth login %s "
                               "--set %s=VALUE",
                               s->path, key_names[needed[i]], s->file.name,
                               key_names[needed[i]]);
        }
    }
    if (exo_settings_get(settings, EXO_KEY_SERVERS)[0] == '\0') {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: servers is missing, so the token may go "
                           "nowhere; run: exoauth login %s --set servers=HOST",
                           settings->path, settings->file.name);
    }
    if (s->grant == EXO_GRANT_PASSWORD ||
        s->grant == EXO_GRANT_MANAGED_IDENTITY ||
        exo_settings_get(s, EXO_KEY_CERTIFICATE)[0] != '\0' ||
        exo_settings_get(s, EXO_KEY_PRIVATE_KEY)[0] != '\0' ||
        exo_settings_get(s, EXO_KEY_ASSERTION_FILE)[0] != '\0' ||
        (s->auth_said && s->auth == EXO_CLIENT_NONE &&
         strcmp(exo_settings_get(s, EXO_KEY_CLIENT_AUTH), "none") != 0)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: this version knows the grants "
                           "client_credentials with a secret, and device_code; "
                           "set grant and client_auth to one of those",
                           s->path);
    }
    return 0;
}
