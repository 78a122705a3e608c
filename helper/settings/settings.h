/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The effective configuration of one account: its file (or its @domain's),
 * then exoauth.conf, then the provider's preset, then the built-in default.
 * Every value knows where it came from.
 */
#ifndef EXOAUTH_SETTINGS_H
#define EXOAUTH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "exoauth/account.h"
#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/conf.h"
#include "exoauth/error.h"
#include "exoauth/oauth.h"

enum exo_key {
    EXO_KEY_CREDENTIAL,
    EXO_KEY_PROVIDER,
    EXO_KEY_CLOUD,
    EXO_KEY_TENANT,
    EXO_KEY_CLIENT_ID,
    EXO_KEY_GRANT,
    EXO_KEY_CLIENT_AUTH,
    EXO_KEY_SECRET_FILE,
    EXO_KEY_SECRET_COMMAND,
    EXO_KEY_SECRET_EXPIRES,
    EXO_KEY_CERTIFICATE,
    EXO_KEY_PRIVATE_KEY,
    EXO_KEY_JWT_ALG,
    EXO_KEY_KEY_PASSPHRASE_COMMAND,
    EXO_KEY_ASSERTION_FILE,
    EXO_KEY_USER,
    EXO_KEY_SCOPE,
    EXO_KEY_RESOURCE,
    EXO_KEY_SERVERS,
    EXO_KEY_ALLOW,
    EXO_KEY_PUBLISH,
    EXO_KEY_ISSUER,
    EXO_KEY_IDENTITY_ENDPOINT,
    EXO_KEY_TOKEN_ENDPOINT,
    EXO_KEY_AUTHORIZATION_ENDPOINT,
    EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT,
    EXO_KEYS
};

/* What is to know of a key: settings_key.c has a row for each. */
struct exo_key_row {
    const char *name;
    /* NULL, or what the value must be instead; words: a list of what it may
     * be. Static. */
    const char *(*fault)(const char *value);
    const char *preset; /* NULL: "" */
    bool words;
    bool own;     /* an account that borrows a credential still decides it */
    bool counts;  /* another value may lead to another token: fingerprint */
    bool is_file; /* so may a change of the file that it names */
    bool command; /* for sh(1): what is in it is not for others */
};

const struct exo_key_row *exo_key_row(enum exo_key key);

struct exo_setting {
    const char *value;  /* never NULL; "" where there is none */
    const char *origin; /* a file name, "default", "provider microsoft" */
    unsigned line;      /* in that file, 0: not a file */
};

enum exo_grant {
    EXO_GRANT_CLIENT_CREDENTIALS,
    EXO_GRANT_AUTHORIZATION_CODE,
    EXO_GRANT_DEVICE_CODE,
    EXO_GRANT_PASSWORD,
    EXO_GRANT_MANAGED_IDENTITY
};

struct exo_settings {
    struct exo_account account;    /* as asked for */
    struct exo_account file;       /* whose file it is: itself or @domain */
    struct exo_account credential; /* whose credential and token it uses */
    char *path;                    /* the account file */
    bool proposed;                 /* which is not there yet (draft.h) */
    struct exo_buf text;
    struct exo_block block;
    struct exo_setting key[EXO_KEYS];
    struct exo_buf expanded[EXO_KEYS]; /* what values from templates live in */
    struct exo_settings *owner; /* settings of the credential, NULL: these */
    enum exo_grant grant;
    bool grant_said; /* by a file, not by default */
    enum exo_client_auth auth;
    bool auth_said;
    enum exo_jwt_alg jwt_alg;
    enum exo_identity identity; /* with managed_identity */
    char fingerprint[65];       /* changes when a new token is needed */
};

/* The name of a key as it stands in the file. */
const char *exo_key_name(enum exo_key key);
/* The key of a name; EXO_KEYS if there is none. */
enum exo_key exo_key_find(const char *name);

/* The path of the account's own file, whether or not it exists. */
int exo_settings_path(const struct exo_conf *conf,
                      const struct exo_account *account,
                      struct exo_buf *path) EXO_MUST_CHECK;

/* May the effective user read the file as it stands, draft or not? One that is
 * not there is none to complain of. EXO_STATUS_MISCONFIGURED with the remedy.
 */
int exo_settings_readable(const struct exo_conf *conf,
                          const struct exo_account *account,
                          struct exo_err *err) EXO_MUST_CHECK;

/*
 * EXO_STATUS_NO_ACCOUNT if neither it nor its @domain has a file,
 * MISCONFIGURED with file, line and remedy for a broken one. *settings is
 * NULL on failure.
 */
int exo_settings_load(struct exo_settings **settings,
                      const struct exo_conf *conf,
                      const struct exo_account *account,
                      struct exo_err *err) EXO_MUST_CHECK;
/* The same where a draft, if it is one and changes anything, stands for the
 * file of its account. */
struct exo_draft; /* draft.h */
int exo_settings_load_draft(struct exo_settings **settings,
                            const struct exo_conf *conf,
                            const struct exo_draft *draft,
                            const struct exo_account *account,
                            struct exo_err *err) EXO_MUST_CHECK;
void exo_settings_free(struct exo_settings *settings);

static inline const char *exo_settings_get(const struct exo_settings *s,
                                           enum exo_key key)
{
    return s->key[key].value;
}

/*
 * The grant that a stored credential was made with stands in where no file
 * says one; the default scope follows it. Done before the fingerprint is
 * compared with a record's.
 */
int exo_settings_assume(struct exo_settings *settings,
                        enum exo_grant grant) EXO_MUST_CHECK;

/* Does a variable of the environment say it, and no file? */
bool exo_settings_from_environment(const struct exo_settings *s,
                                   enum exo_key key);

/* An endpoint that neither a file nor a preset gives, as the provider says it;
 * what is there stays. It does not count for the fingerprint. */
int exo_settings_found(struct exo_settings *settings, enum exo_key key,
                       const char *value) EXO_MUST_CHECK;
/* Where a token is asked for is still to be found out from the issuer. */
bool exo_settings_asks_issuer(const struct exo_settings *settings);
bool exo_settings_discovered(const struct exo_settings *s, enum exo_key key);

/* The settings whose grant is run: owner, or s itself. */
static inline const struct exo_settings *exo_settings_owner(
    const struct exo_settings *s)
{
    return s->owner ? s->owner : s;
}

/* Nobody authorises these: the host or its application is who asks. */
static inline bool exo_grant_of_app(enum exo_grant grant)
{
    return grant == EXO_GRANT_CLIENT_CREDENTIALS ||
           grant == EXO_GRANT_MANAGED_IDENTITY;
}

/* The word for a grant, as in the file and in the record. */
const char *exo_grant_word(enum exo_grant grant);
bool exo_grant_parse(const char *word, enum exo_grant *grant);

/* Is everything there that a request to the provider needs? */
int exo_settings_complete(const struct exo_settings *settings,
                          struct exo_err *err) EXO_MUST_CHECK;

/*
 * When the client secret or certificate ends, seconds since 1970: the date
 * secret_expires, or what the certificate says; the earlier of the two. 0 if
 * it cannot be told. kept: the record's certificate_ends (or 0), for a
 * certificate that cannot be read without its passphrase. certificate (may be
 * NULL): which of them it is.
 */
int64_t exo_settings_credential_expiry(const struct exo_settings *settings,
                                       int64_t kept, bool *certificate);

/* May this value stand for this key? For --set and for reading. */
int exo_setting_check(enum exo_key key, const char *value,
                      struct exo_err *err) EXO_MUST_CHECK;

/* One warning per unknown key of exoauth.conf and of the account's file. */
void exo_settings_unknown(const struct exo_conf *conf,
                          const struct exo_settings *settings,
                          void (*warn)(void *context, const char *text),
                          void *context);

/* Every account with a file of its own, in the order of the directory. */
int exo_settings_list(const struct exo_conf *conf,
                      void (*found)(void *context,
                                    const struct exo_account *account),
                      void *context, struct exo_err *err) EXO_MUST_CHECK;

/* One warning per file there that is named like an account file but for
 * capitals or bytes that should be %XX; nothing reads it. */
void exo_settings_strays(const struct exo_conf *conf,
                         void (*warn)(void *context, const char *text),
                         void *context);

#endif
