/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration in force as text (show.h), which is itself a valid
 * exoauth.conf, because account keys may stand there as defaults. Called by
 * `exoauth show` and for doctor's report. It opens no file that a key names:
 * paths of secrets are shown, secrets never.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "show.h"

struct show {
    struct exo_buf *out;
    bool report;
    const char *provider;
    const char *origin; /* of the line before */
    unsigned line;
};

/* For the eyes of others: a command, a URI of hardware (RFC 7512 allows a PIN
 * in it) or the query of a URL may hold what paths never do. */
static const char *discreet(const char *key, const char *value)
{
    enum exo_key known = exo_key_find(key);

    if ((known != EXO_KEYS && exo_key_row(known)->command) ||
        exo_conf_is_command(key) ||
        (known == EXO_KEY_PRIVATE_KEY && value[0] != '/') ||
        strchr(value, '?')) {
        return "(set, not shown)";
    }
    return value;
}

/* A path may be of bytes that are no text, or a URL of what a terminal obeys.
 */
static void put_value(struct show *show, const char *key, const char *value)
{
    char *copy;

    if (exo_text_is_clean(value)) {
        exo_block_put(show->out, key, value);
        return;
    }
    copy = strdup(value);
    if (!copy) {
        show->out->error = EXO_E_NOMEM;
        return;
    }
    exo_text_clean(copy);
    exo_block_put(show->out, key, copy);
    free(copy);
}

/* Lines of one origin stand together below one comment. */
static void put(struct show *show, const char *key, const char *value,
                const char *origin, unsigned line)
{
    if (value[0] == '\0') {
        return;
    }
    if (!show->origin || strcmp(show->origin, origin) != 0 ||
        show->line != line) {
        exo_buf_fmt(show->out, "# from %s", origin);
        if (line > 0) {
            exo_buf_fmt(show->out, ":%u", line);
        } else if (strcmp(origin, "provider") == 0) {
            exo_buf_fmt(show->out, " %s", show->provider);
        }
        exo_buf_str(show->out, "\n");
    }
    show->origin = origin;
    show->line = line;
    put_value(show, key, show->report ? discreet(key, value) : value);
}

static void put_system(struct show *show, const struct exo_conf *conf,
                       const char *key, const char *value)
{
    const struct exo_pair *pair = exo_block_find(&conf->block, key);

    if (pair) {
        put(show, key, value, conf->path, pair->line);
    } else {
        put(show, key, value, "default", 0);
    }
}

static void put_conf(struct show *show, const struct exo_conf *conf)
{
    struct exo_buf value = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    const char *key, *text;

    for (size_t i = 0; (key = exo_conf_key(i)) != NULL; i++) {
        exo_buf_reset(&value);
        exo_conf_print(conf, i, &value);
        if (exo_buf_done(&value, &text) != 0) {
            show->out->error = value.error;
            break;
        }
        put_system(show, conf, key, text);
    }
    exo_buf_free(&value);
}

static void put_settings(struct show *show, const struct exo_settings *settings)
{
    const struct exo_settings *owner = exo_settings_owner(settings);

    for (unsigned i = 0; i < EXO_KEYS; i++) {
        const enum exo_key key = (enum exo_key)i;
        const struct exo_setting *setting =
            exo_key_row(key)->own ? &settings->key[i] : &owner->key[i];
        const char *value = setting->value;

        /* `user` has no default of its own where any mailbox may ask. */
        if (key == EXO_KEY_USER && value[0] == '\0' &&
            settings->account.name[0] != '@') {
            value = settings->account.name;
        }
        put(show, exo_key_name(key), value, setting->origin, setting->line);
    }
}

void exo_show_settings(struct exo_buf *out, const struct exo_settings *settings,
                       bool report)
{
    struct show show = { out, report, "", NULL, 0 };

    show.provider =
        exo_settings_get(exo_settings_owner(settings), EXO_KEY_PROVIDER);
    exo_buf_fmt(out, "# account %s: %s\n", settings->account.name,
                settings->path);
    put_settings(&show, settings);
    if (exo_settings_asks_issuer(settings)) {
        exo_buf_str(out, "# token_endpoint: from discovery, at the first "
                         "request\n");
    }
    if (strcmp(settings->credential.name, settings->account.name) != 0) {
        exo_buf_fmt(out,
                    "# token and credential: those of %s, see: "
                    "exoauth show %s\n",
                    settings->credential.name,
                    EXO_SH(settings->credential.name, "ACCOUNT"));
    }
}

void exo_show_conf(struct exo_buf *out, const struct exo_conf *conf,
                   bool report)
{
    struct show show = { out, report, "", NULL, 0 };

    exo_buf_fmt(out, "# of all accounts: %s%s\n", conf->path,
                conf->present ? "" : " (does not exist)");
    put_conf(&show, conf);
}
