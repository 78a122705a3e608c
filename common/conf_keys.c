/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of exoauth.conf: one row a key, with its kind, its member of struct
 * exo_conf and its default. conf.c loads by these rows, exoauth show prints by
 * them, and whoever warns of an unknown key looks here. Keys come folded to
 * lower case from the parser. The keys of accounts are in
 * helper/settings/settings_key.c.
 *
 * Nothing is kept here; what a row puts into a configuration exo_conf_free()
 * frees.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "exoauth/log.h"

#define FIELD(member) offsetof(struct exo_conf, member)

const struct exo_conf_row exo_conf_rows[] = {
    { "account_dir", EXO_KIND_PATH, FIELD(account_dir), NULL },
    { "store", EXO_KIND_STORE, FIELD(store), NULL },
    { "token_dir", EXO_KIND_PATH, FIELD(token_dir), NULL },
    { "chroot", EXO_KIND_PATHS, FIELD(chroot), "" },
    { "token_group", EXO_KIND_WORD_OR_NONE, FIELD(token_group), "" },
    { "run_as", EXO_KIND_WORD, FIELD(run_as), NULL },
    { "socket", EXO_KIND_PATHS, FIELD(socket), NULL },
    { "helper", EXO_KIND_PATH_OR_NONE, FIELD(helper), NULL },
    { "timeout", EXO_KIND_TIMEOUT, FIELD(timeout), "20" },
    { "mechanisms", EXO_KIND_MECHANISMS, FIELD(mechanisms),
      "xoauth2 oauthbearer" },
    { "initial_response", EXO_KIND_BOOL, FIELD(initial_response), "yes" },
    { "noplaintext", EXO_KIND_BOOL, FIELD(noplaintext), "no" },
    { "refresh_margin", EXO_KIND_MARGIN, FIELD(refresh_margin), "600" },
    { "proxy", EXO_KIND_PROXY, FIELD(proxy), "" },
    { "proxy_auth_file", EXO_KIND_PATH_OR_NONE, FIELD(proxy_auth_file), "" },
    { "ca_file", EXO_KIND_PATH_OR_NONE, FIELD(ca_file), "" },
    { "key_file", EXO_KIND_PATH_OR_NONE, FIELD(key_file), NULL },
    { "key_command", EXO_KIND_COMMAND, FIELD(key_command), "" },
    { "log", EXO_KIND_LOG, FIELD(log), "" },
    { "log_level", EXO_KIND_LEVEL, FIELD(log_level), "notice" },
    { "on_event", EXO_KIND_COMMAND, FIELD(on_event), "" },
    { "status_file", EXO_KIND_PATH_OR_NONE, FIELD(status_file), "" },
};

const size_t exo_conf_n_rows = sizeof exo_conf_rows / sizeof exo_conf_rows[0];

static void *field_of(struct exo_conf *conf, const struct exo_conf_row *row)
{
    return (char *)conf + row->field;
}

static const void *value_of(const struct exo_conf *conf,
                            const struct exo_conf_row *row)
{
    return (const char *)conf + row->field;
}

static bool is_text(enum exo_conf_kind kind)
{
    return kind < EXO_KIND_TIMEOUT;
}

static bool take_number(const char *text, int64_t low, int64_t high,
                        int64_t *number)
{
    int64_t value;

    if (exo_block_number(text, &value) != EXO_OK || value < low ||
        value > high) {
        return false;
    }
    *number = value;
    return true;
}

static int take_text(struct exo_conf *conf, const struct exo_conf_row *row,
                     const char *text, const char **problem)
{
    char **field = field_of(conf, row);
    char *value;

    *problem = exo_conf_value(conf, row->kind, text, &value);
    if (*problem != NULL) {
        return EXO_E_SYNTAX;
    }
    /* There is no other user to become in a user's own file. */
    if (field == &conf->run_as && conf->user) {
        free(value);
        return EXO_OK;
    }
    if (value == NULL) {
        return EXO_E_NOMEM;
    }
    free(*field);
    *field = value;
    return EXO_OK;
}

int exo_conf_take(struct exo_conf *conf, const struct exo_conf_row *row,
                  const char *text, const char **problem)
{
    void *field = field_of(conf, row);
    bool good;

    if (is_text(row->kind)) {
        return take_text(conf, row, text, problem);
    }
    switch (row->kind) {
    case EXO_KIND_TIMEOUT:
        good = take_number(text, 1, 600, field);
        *problem = "must be a number of seconds from 1 to 600";
        break;
    case EXO_KIND_MARGIN:
        good = take_number(text, 0, 86400, field);
        *problem = "must be a number of seconds from 0 to 86400";
        break;
    case EXO_KIND_LEVEL:
        good = exo_log_level_parse(text, field);
        *problem = "must be error, warning, notice, info or debug";
        break;
    default:
        good = exo_block_bool(text, field) == EXO_OK;
        *problem = "must be yes or no";
        break;
    }
    return good ? EXO_OK : EXO_E_SYNTAX;
}

int exo_conf_preset(struct exo_conf *conf, const struct exo_conf_row *row)
{
    const char *problem;
    char **field;

    if (row->preset == NULL) {
        return EXO_OK;
    }
    if (!is_text(row->kind)) {
        return exo_conf_take(conf, row, row->preset, &problem);
    }
    field = field_of(conf, row);
    free(*field);
    *field = strdup(row->preset);
    return *field != NULL ? EXO_OK : EXO_E_NOMEM;
}

void exo_conf_release(struct exo_conf *conf)
{
    for (size_t i = 0; i < exo_conf_n_rows; i++) {
        if (is_text(exo_conf_rows[i].kind)) {
            free(*(char **)field_of(conf, &exo_conf_rows[i]));
        }
    }
}

const char *exo_conf_key(size_t i)
{
    return i < exo_conf_n_rows ? exo_conf_rows[i].key : NULL;
}

static const struct exo_conf_row *find(const char *key)
{
    for (size_t i = 0; i < exo_conf_n_rows; i++) {
        if (strcmp(key, exo_conf_rows[i].key) == 0) {
            return &exo_conf_rows[i];
        }
    }
    return NULL;
}

bool exo_conf_is_system_key(const char *key)
{
    return find(key) != NULL;
}

bool exo_conf_is_command(const char *key)
{
    const struct exo_conf_row *row = find(key);

    return row != NULL && row->kind == EXO_KIND_COMMAND;
}

/* "" stands for `none` where something is the default. */
static const char *text_of(const char *value, const struct exo_conf_row *row)
{
    if (value == NULL || value[0] == '\0') {
        return row->preset == NULL && row->kind != EXO_KIND_WORD ? "none" : "";
    }
    return value;
}

void exo_conf_print(const struct exo_conf *conf, size_t i, struct exo_buf *out)
{
    const struct exo_conf_row *row = &exo_conf_rows[i];
    const void *field = value_of(conf, row);

    switch (row->kind) {
    case EXO_KIND_TIMEOUT:
    case EXO_KIND_MARGIN:
        exo_buf_fmt(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case EXO_KIND_LEVEL:
        exo_buf_str(out,
                    exo_log_level_word(*(const enum exo_log_level *)field));
        break;
    case EXO_KIND_BOOL:
        exo_buf_str(out, *(const bool *)field ? "yes" : "no");
        break;
    default:
        exo_buf_str(out, text_of(*(char *const *)field, row));
        break;
    }
}
