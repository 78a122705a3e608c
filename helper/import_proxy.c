/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The accounts of email-oauth2-proxy: a section of its configuration for each
 * (import_proxy_config.c), with tokens that are encrypted
 * (import_proxy_token.c). Called by import.c, which frees the items.
 *
 * One account that cannot be imported does not stop the others, so most errors
 * go into its item. All that is decrypted is in struct exo_secret.
 */
#include "config.h"

#include <string.h>

#include "import_proxy.h"
#include "ini.h"

/* In every value that a user of its sample must replace. */
#define SAMPLE "***"

/* What the proxy connects to, for a provider whose servers nobody knows. */
static void take_servers(struct exo_proxy *p, struct exo_import_item *item)
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
            exo_buf_fmt(&servers, "%s ", exo_proxy_value(p));
        }
    }
    exo_import_key_buf(item, EXO_KEY_SERVERS, &servers);
    exo_buf_free(&section);
    exo_buf_free(&servers);
}

static void take_keys(struct exo_proxy *p, struct exo_import_item *item,
                      const char *section)
{
    exo_import_endpoint(item, exo_proxy_look(p, section, "token_url"));
    if (strcmp(item->provider->name, "custom") == 0) {
        take_servers(p, item);
    }
    exo_import_key(item, EXO_KEY_CLIENT_ID,
                   exo_proxy_look(p, section, "client_id"));
    exo_import_scope(item, exo_proxy_look(p, section, "oauth2_scope"));
    if (strcmp(exo_proxy_look(p, section, "oauth2_resource"),
               item->provider->resource) != 0) {
        exo_import_key(item, EXO_KEY_RESOURCE,
                       exo_proxy_look(p, section, "oauth2_resource"));
    }
    if (!item->app &&
        strcmp(exo_proxy_look(p, section, "oauth2_flow"), "device") == 0) {
        exo_import_key(item, EXO_KEY_GRANT, "device_code");
    }
}

/* The secret that is not encrypted wins, as it does in the proxy. */
static int take_secret(struct exo_proxy *p, struct exo_import_item *item,
                       const char *section, struct exo_err *err)
{
    const char *plain = exo_proxy_look(p, section, "client_secret");
    int rc = 0;

    if (plain[0] != '\0' && !strstr(plain, SAMPLE)) {
        rc = exo_secret_set(&item->client_secret, plain, strlen(plain));
    } else {
        rc = exo_proxy_decrypt(p, item, section, "client_secret_encrypted",
                               &item->client_secret, err);
    }
    if (rc != 0 || !exo_secret_empty(&item->client_secret) ||
        item->err.status != EXO_STATUS_OK) {
        return rc;
    }
    exo_import_key(item, EXO_KEY_CERTIFICATE,
                   exo_proxy_look(p, section, "jwt_certificate_path"));
    exo_import_key(item, EXO_KEY_PRIVATE_KEY,
                   exo_proxy_look(p, section, "jwt_key_path"));
    if (item->app && !exo_import_get(item, EXO_KEY_CERTIFICATE) &&
        exo_proxy_is_on(p, "use_login_password_as_client_credentials_secret")) {
        rc = exo_proxy_password(p, section, err);
        if (rc == 0) {
            rc = exo_secret_copy(&item->client_secret, &p->password);
        }
    }
    return rc;
}

static int take_account(struct exo_proxy *p, const struct exo_account *account,
                        const char *section, struct exo_err *err)
{
    bool asked = p->in->options->has_account;
    bool app = exo_proxy_look(p, section, "permission_url")[0] == '\0' &&
               strcmp(exo_proxy_look(p, section, "oauth2_flow"),
                      "client_credentials") == 0;
    bool sample =
        strstr(exo_proxy_look(p, section, "client_id"), SAMPLE) != NULL;
    bool useful =
        !sample &&
        (app || exo_proxy_look(p, section, "refresh_token")[0] != '\0');
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
        rc = exo_proxy_decrypt(p, item, section, "refresh_token",
                               &item->refresh_token, err);
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

static int take_sections(struct exo_proxy *p, const struct exo_secret *text,
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

static int read_config(struct exo_import *in, struct exo_err *err)
{
    struct exo_proxy p;
    int rc = exo_proxy_open(&p, in, err);

    if (rc == 0) {
        rc = take_sections(&p, p.config, err);
    }
    if (rc == 0 && p.catch_all && p.cache) {
        rc = take_sections(&p, p.cache, err);
    }
    exo_proxy_close(&p);
    return rc;
}

const struct exo_import_tool exo_import_proxy = {
    .name = "email-oauth2-proxy",
    .read = read_config,
};
