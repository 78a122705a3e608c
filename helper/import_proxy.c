/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of email-oauth2-proxy: an INI file with a section per
 * account. Tokens in it are encrypted with the password that the mail program
 * gives to the proxy (import_proxy_token.c). With --config-file, FILE is what
 * the proxy's --cache-store names, and holds the tokens alone. Called by
 * import.c; one account that cannot be imported does not stop the others, so
 * most errors go into its item. All that is decrypted is in struct exo_secret.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "import.h"
#include "ini.h"
#include "prompt.h"

#define GLOBAL "emailproxy"
#define SAMPLE                                                     \
    "***" /* in every value that a user of its sample must replace \
           */

struct proxy {
    struct exo_import *in;
    const struct exo_secret *config;
    const struct exo_secret *cache; /* NULL: in the configuration itself */
    struct exo_secret other;        /* what --config-file names */
    bool catch_all;
    struct exo_secret password;
    bool same_password;      /* for all: from --password-file */
    struct exo_buf whose;    /* the section it was asked for */
    struct exo_secret value; /* the last one looked up */
    int failed;              /* a value that is there could not be kept */
};

static bool is_one(const char *word, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool in_section(struct proxy *p, const char *section, const char *option)
{
    static const char *const cached[] = { "refresh_token", "token_salt",
                                          "token_iterations",
                                          "client_secret_encrypted", NULL };

    if (p->cache && is_one(option, cached) &&
        exo_ini_get(p->cache, section, option, &p->value)) {
        return true;
    }
    return exo_ini_get(p->config, section, option, &p->value);
}

static const char *value_of(struct proxy *p)
{
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(&p->value, &text, &len);

    if (rc != 0) {
        p->failed = rc;
        return "";
    }
    return text;
}

/* The option of an account, or what it inherits; "" if there is none. Good
 * until the next one. */
static const char *look(struct proxy *p, const char *account,
                        const char *option)
{
    const char *domain = strrchr(account, '@');

    if (!in_section(p, account, option) &&
        (!p->catch_all || strcmp(option, "refresh_token") == 0 ||
         (!in_section(p, domain, option) && !in_section(p, "@", option))) &&
        !in_section(p, "DEFAULT", option)) {
        return "";
    }
    return value_of(p);
}

static bool global(struct proxy *p, const char *option)
{
    static const char *const yes[] = { "1", "yes", "true", "on", NULL };
    const char *value =
        exo_ini_get(p->config, GLOBAL, option, &p->value) ? value_of(p) : "";

    for (size_t i = 0; yes[i]; i++) {
        if (strcasecmp(value, yes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int get_password(struct proxy *p, const char *account,
                        struct exo_err *err)
{
    const char *file = p->in->options->password_file;
    struct exo_buf question = EXO_BUF_INIT(1024);
    const char *text;
    int rc;

    if (p->same_password ||
        (exo_buf_done(&p->whose, &text) == 0 && strcmp(text, account) == 0)) {
        return 0;
    }
    exo_buf_reset(&p->whose);
    exo_buf_str(&p->whose, account);
    exo_secret_free(&p->password);
    if (file) {
        p->same_password = true;
        return exo_prompt_file("password-file", file, &p->password, err);
    }
    exo_buf_fmt(&question, "Password of %s at email-oauth2-proxy: ", account);
    rc = exo_buf_done(&question, &text);
    if (rc == 0) {
        rc = exo_prompt_secret(text, &p->password, err);
    }
    exo_buf_free(&question);
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(&p->password))) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "the tokens of %s are encrypted with the password "
                         "that the mail program gives to the proxy; give it "
                         "with --password-file FILE",
                         account);
    }
    return rc;
}

/* Opens token with the password, as the account's salt and rounds say. */
static int open_token(struct proxy *p, const char *account, const char *token,
                      struct exo_secret *plain)
{
    const char *text = look(p, account, "token_iterations");
    int64_t rounds = 0;

    if (text[0] != '\0' && exo_block_number(text, &rounds) != 0) {
        return EXO_E_SYNTAX;
    }
    return exo_import_proxy_open(&p->password, look(p, account, "token_salt"),
                                 rounds, token, plain);
}

/* Decrypts an option of the account, if there is one, into plain. */
static int decrypt(struct proxy *p, struct exo_import_item *item,
                   const char *section, const char *option,
                   struct exo_secret *plain, struct exo_err *err)
{
    struct exo_secret token = EXO_SECRET_INIT;
    const char *text = look(p, section, option);
    size_t len;
    int rc = exo_secret_set(&token, text, strlen(text));

    if (rc == 0 && !exo_secret_empty(&token)) {
        rc = get_password(p, section, err);
        if (rc != 0) {
            goto out;
        }
        rc = exo_secret_reveal(&token, &text, &len);
        if (rc == 0) {
            rc = open_token(p, section, text, plain);
        }
    }
    if (rc == EXO_E_UNSAFE) {
        (void)exo_err_set(&item->err, EXO_STATUS_DENIED,
                          "%s: the password does not decrypt %s of %s; give "
                          "the one that the mail program gives to the proxy",
                          p->in->shown, option, item->account.name);
        rc = 0;
    } else if (rc != 0) {
        (void)exo_err_set(&item->err, EXO_STATUS_USAGE,
                          "%s: %s, token_salt or token_iterations of %s is "
                          "damaged; run: exoauth login %s",
                          p->in->shown, option, item->account.name,
                          EXO_SH(item->account.name, "ACCOUNT"));
        rc = 0;
    }
out:
    exo_secret_free(&token);
    return rc;
}

/* What the proxy connects to, for a provider whose servers nobody knows. */
static void take_servers(struct proxy *p, struct exo_import_item *item)
{
    static const char *const kinds[] = { "IMAP-", "POP-", "SMTP-" };
    struct exo_buf servers = EXO_BUF_INIT(4096);
    struct exo_buf section = EXO_BUF_INIT(256);
    const char *name;
    struct exo_ini ini;
    enum exo_ini_kind kind;

    servers.error = exo_ini_begin(&ini, p->config);
    while ((kind = exo_ini_next(&ini)) != EXO_INI_END) {
        bool server = false;

        for (size_t i = 0; kind == EXO_INI_SECTION && i < 3; i++) {
            server |= ini.name_len > strlen(kinds[i]) &&
                      strncmp(ini.name, kinds[i], strlen(kinds[i])) == 0;
        }
        exo_buf_reset(&section);
        exo_buf_add(&section, ini.name, ini.name_len);
        if (server && exo_buf_done(&section, &name) != 0) {
            servers.error = section.error;
        } else if (server &&
                   exo_ini_get(p->config, name, "server_address", &p->value)) {
            exo_buf_fmt(&servers, "%s ", value_of(p));
        }
    }
    exo_import_key_buf(item, EXO_KEY_SERVERS, &servers);
    exo_buf_free(&section);
    exo_buf_free(&servers);
}

static void take_keys(struct proxy *p, struct exo_import_item *item,
                      const char *section)
{
    exo_import_endpoint(item, look(p, section, "token_url"));
    if (strcmp(item->provider->name, "custom") == 0) {
        take_servers(p, item);
    }
    exo_import_key(item, EXO_KEY_CLIENT_ID, look(p, section, "client_id"));
    exo_import_scope(item, look(p, section, "oauth2_scope"));
    if (strcmp(look(p, section, "oauth2_resource"), item->provider->resource) !=
        0) {
        exo_import_key(item, EXO_KEY_RESOURCE,
                       look(p, section, "oauth2_resource"));
    }
    if (!item->app && strcmp(look(p, section, "oauth2_flow"), "device") == 0) {
        exo_import_key(item, EXO_KEY_GRANT, "device_code");
    }
}

/* The secret that is not encrypted wins, as it does in the proxy. */
static int take_secret(struct proxy *p, struct exo_import_item *item,
                       const char *section, struct exo_err *err)
{
    const char *plain = look(p, section, "client_secret");
    int rc = 0;

    if (plain[0] != '\0' && !strstr(plain, SAMPLE)) {
        rc = exo_secret_set(&item->client_secret, plain, strlen(plain));
    } else {
        rc = decrypt(p, item, section, "client_secret_encrypted",
                     &item->client_secret, err);
    }
    if (rc != 0 || !exo_secret_empty(&item->client_secret) ||
        item->err.status != EXO_STATUS_OK) {
        return rc;
    }
    exo_import_key(item, EXO_KEY_CERTIFICATE,
                   look(p, section, "jwt_certificate_path"));
    exo_import_key(item, EXO_KEY_PRIVATE_KEY, look(p, section, "jwt_key_path"));
    if (item->app && !exo_import_get(item, EXO_KEY_CERTIFICATE) &&
        global(p, "use_login_password_as_client_credentials_secret")) {
        rc = get_password(p, section, err);
        if (rc == 0) {
            rc = exo_secret_copy(&item->client_secret, &p->password);
        }
    }
    return rc;
}

static int take_account(struct proxy *p, const struct exo_account *account,
                        const char *section, struct exo_err *err)
{
    bool asked = p->in->options->has_account;
    bool app =
        look(p, section, "permission_url")[0] == '\0' &&
        strcmp(look(p, section, "oauth2_flow"), "client_credentials") == 0;
    bool sample = strstr(look(p, section, "client_id"), SAMPLE) != NULL;
    bool useful =
        !sample && (app || look(p, section, "refresh_token")[0] != '\0');
    struct exo_import_item *item;
    int rc;

    if (p->failed != 0) {
        return p->failed;
    }
    if (!useful && !asked) {
        return 0; /* never used, or a part of the sample */
    }
    item = exo_import_add(p->in);
    if (!item) {
        return EXO_E_NOMEM;
    }
    item->account = *account;
    item->app = app;
    if (!useful) {
        exo_import_no_token(p->in, item);
        return 0;
    }
    take_keys(p, item, section);
    rc = take_secret(p, item, section, err);
    if (rc == 0 && !app && item->err.status == EXO_STATUS_OK) {
        rc = decrypt(p, item, section, "refresh_token", &item->refresh_token,
                     err);
    }
    return rc == 0 ? p->failed : rc;
}

static bool is_taken(const struct exo_import *in,
                     const struct exo_account *account)
{
    for (size_t i = 0; i < in->n; i++) {
        if (strcmp(in->item[i].account.name, account->name) == 0) {
            return true;
        }
    }
    return false;
}

static int take_sections(struct proxy *p, const struct exo_secret *text,
                         struct exo_err *err)
{
    const struct exo_options *o = p->in->options;
    struct exo_buf section = EXO_BUF_INIT(EXO_ACCOUNT_MAX);
    const char *name;
    struct exo_ini ini;
    enum exo_ini_kind kind;
    int rc = exo_ini_begin(&ini, text);

    while (rc == 0 && (kind = exo_ini_next(&ini)) != EXO_INI_END) {
        struct exo_account account;

        if (kind != EXO_INI_SECTION || !memchr(ini.name, '@', ini.name_len) ||
            ini.name_len == 1 ||
            exo_account_set(&account, ini.name, ini.name_len) != 0 ||
            (o->has_account && strcmp(account.name, o->account.name) != 0) ||
            is_taken(p->in, &account)) {
            continue;
        }
        exo_buf_reset(&section);
        exo_buf_add(&section, ini.name, ini.name_len);
        rc = exo_buf_done(&section, &name);
        if (rc == 0) {
            rc = take_account(p, &account, name, err);
        }
    }
    exo_buf_free(&section);
    return rc;
}

/* A file that is none of the proxy's has no token_url for anybody. */
static int check(const struct exo_import *in, const struct exo_secret *text,
                 const char *shown, const char *wanted, struct exo_err *err)
{
    struct exo_ini ini;
    enum exo_ini_kind kind;
    bool found = false;
    int rc = exo_ini_begin(&ini, text);

    if (rc != 0) {
        return rc;
    }
    do {
        kind = exo_ini_next(&ini);
        found |= kind == EXO_INI_OPTION && ini.name_len == strlen(wanted) &&
                 strncasecmp(ini.name, wanted, ini.name_len) == 0;
    } while (kind != EXO_INI_END && kind != EXO_INI_BAD);
    if (kind == EXO_INI_BAD || !found) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s is not a configuration of email-oauth2-proxy "
                           "(line %u); name its emailproxy.config%s",
                           shown, ini.line,
                           in->options->config_file
                               ? ""
                               : ", with --config-file if FILE is its "
                                 "--cache-store");
    }
    return 0;
}

static int read_other(struct proxy *p, struct exo_err *err)
{
    const char *name = p->in->options->config_file;
    int rc = exo_import_read(name, &p->other, err);

    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--config-file %s: no such file; name "
                         "emailproxy.config",
                         name);
    }
    p->cache = &p->in->text;
    p->config = &p->other;
    return rc == 0 ? check(p->in, p->cache, p->in->shown, "token_salt", err)
                   : rc;
}

static int read_config(struct exo_import *in, struct exo_err *err)
{
    struct proxy p = { .in = in, .config = &in->text };
    int rc = 0;

    exo_buf_init(&p.value.hidden, EXO_IMPORT_SIZE);
    exo_buf_init(&p.password.hidden, EXO_SECRET_MAX);
    exo_buf_init(&p.other.hidden, EXO_IMPORT_SIZE);
    exo_buf_init(&p.whose, EXO_ACCOUNT_MAX);
    if (in->options->config_file) {
        rc = read_other(&p, err);
    }
    if (rc == 0) {
        rc = check(in, p.config,
                   in->options->config_file ? in->options->config_file
                                            : in->shown,
                   "token_url", err);
    }
    if (rc == 0) {
        p.catch_all = global(&p, "allow_catch_all_accounts");
        rc = p.failed != 0 ? p.failed : take_sections(&p, p.config, err);
    }
    if (rc == 0 && p.catch_all && p.cache) {
        rc = take_sections(&p, p.cache, err);
    }
    exo_secret_free(&p.value);
    exo_secret_free(&p.password);
    exo_secret_free(&p.other);
    exo_buf_free(&p.whose);
    return rc;
}

const struct exo_import_tool exo_import_proxy = {
    .name = "email-oauth2-proxy",
    .read = read_config,
};
