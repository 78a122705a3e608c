/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of email-oauth2-proxy (import_proxy.h): an INI file with a
 * section per account, which inherits from those of its domain, of all, and
 * DEFAULT. With --config-file, FILE is what the proxy's --cache-store names,
 * and holds the tokens alone. Called by import_proxy.c.
 *
 * A value that is looked up lives in the configuration until the next one, and
 * wipes itself. A value that could not be kept is sticky (`failed`), as "" is
 * also what an option has that is not there.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "import_proxy.h"
#include "ini.h"

#define GLOBAL "emailproxy"

static bool is_one(const char *word, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool in_section(struct exo_proxy *p, const char *section,
                       const char *option)
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

const char *exo_proxy_value(struct exo_proxy *p)
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

const char *exo_proxy_look(struct exo_proxy *p, const char *account,
                           const char *option)
{
    const char *domain = strrchr(account, '@');

    if (!in_section(p, account, option) &&
        (!p->catch_all || strcmp(option, "refresh_token") == 0 ||
         (!in_section(p, domain, option) && !in_section(p, "@", option))) &&
        !in_section(p, "DEFAULT", option)) {
        return "";
    }
    return exo_proxy_value(p);
}

bool exo_proxy_is_on(struct exo_proxy *p, const char *option)
{
    static const char *const yes[] = { "1", "yes", "true", "on", NULL };
    const char *value = exo_ini_get(p->config, GLOBAL, option, &p->value)
                            ? exo_proxy_value(p)
                            : "";

    for (size_t i = 0; yes[i]; i++) {
        if (strcasecmp(value, yes[i]) == 0) {
            return true;
        }
    }
    return false;
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

static int read_other(struct exo_proxy *p, struct exo_err *err)
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

int exo_proxy_open(struct exo_proxy *p, struct exo_import *in,
                   struct exo_err *err)
{
    const char *file = in->options->config_file;
    int rc = 0;

    *p = (struct exo_proxy){ .in = in, .config = &in->text };
    exo_buf_init(&p->value.hidden, EXO_IMPORT_SIZE);
    exo_buf_init(&p->password.hidden, EXO_SECRET_MAX);
    exo_buf_init(&p->other.hidden, EXO_IMPORT_SIZE);
    exo_buf_init(&p->whose, EXO_ACCOUNT_MAX);
    if (file) {
        rc = read_other(p, err);
    }
    if (rc == 0) {
        rc = check(in, p->config, file ? file : in->shown, "token_url", err);
    }
    if (rc == 0) {
        p->catch_all = exo_proxy_is_on(p, "allow_catch_all_accounts");
        rc = p->failed;
    }
    return rc;
}

void exo_proxy_close(struct exo_proxy *p)
{
    exo_secret_free(&p->value);
    exo_secret_free(&p->password);
    exo_secret_free(&p->other);
    exo_buf_free(&p->whose);
}
