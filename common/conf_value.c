/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the values in exoauth.conf may be (common/conf.h).
 *
 * Called by conf.c for each line that has a rule. A value is either taken
 * over as a new string, which is the caller's and NULL for want of memory, or
 * refused with a static text that says what is expected. Every path becomes
 * absolute here, because the program that reads it runs in whatever directory
 * its host was started in.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/conf.h"

/* An absolute path, or in a user's own file one below HOME. *path is NULL and
 * no problem is named where there is no memory for it. */
static const char *path_value(const struct exo_conf *conf, const char *word,
                              size_t len, const char *problem, char **path)
{
    const char *home = conf->user ? exo_conf_home() : NULL;
    char *rest;

    *path = NULL;
    if (len > 0 && word[0] == '/') {
        *path = strndup(word, len);
        return NULL;
    }
    if (home == NULL || len < 2 || word[0] != '~' || word[1] != '/') {
        return problem;
    }
    rest = strndup(word + 1, len - 1);
    *path = rest != NULL ? exo_conf_join(home, rest) : NULL;
    free(rest);
    return NULL;
}

/* http://HOST:PORT, with or without a slash; what curl would make of other
 * things is not what was meant. */
static bool is_proxy(const char *text)
{
    static const char scheme[] = "http://";
    const char *host = text + sizeof scheme - 1;
    const char *port;
    char number[6] = "";
    int64_t value;
    size_t len;

    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (len == 0 || len > strlen(host) || host[len] != ':') {
        return false;
    }
    port = host + len + 1;
    len = strspn(port, "0123456789");
    if (len == 0 || len >= sizeof number ||
        (port[len] != '\0' && strcmp(port + len, "/") != 0)) {
        return false;
    }
    memcpy(number, port, len);
    return exo_block_number(number, &value) == EXO_OK && value >= 1 &&
           value <= 65535;
}

static const char *list_value(const struct exo_conf *conf, const char *list,
                              char **value)
{
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    const char *problem = NULL;
    const char *word, *text;
    char *path = NULL;
    bool whole = true;
    size_t len;

    while (whole && (word = exo_word_next(&list, &len)) != NULL) {
        problem = path_value(conf, word, len,
                             "every name in the list must be an absolute path",
                             &path);
        whole = path != NULL;
        if (whole) {
            exo_buf_str(&out, out.len > 0 ? " " : "");
            exo_buf_str(&out, path);
        }
        free(path);
    }
    if (whole && exo_buf_done(&out, &text) == EXO_OK) {
        *value = strdup(text);
    }
    exo_buf_free(&out);
    return problem;
}

/* In lower case and each once; their order is the user's, and means the
 * order of preference. */
static const char *mechanisms_value(const char *list, char **value)
{
    static const char *const names[] = { "xoauth2", "oauthbearer" };
    const size_t n = sizeof names / sizeof names[0];
    struct exo_buf out = EXO_BUF_INIT(64);
    bool seen[sizeof names / sizeof names[0]] = { false };
    const char *word, *text;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        size_t i = 0;

        while (i < n && (strlen(names[i]) != len ||
                         strncasecmp(word, names[i], len) != 0)) {
            i++;
        }
        if (i == n) {
            exo_buf_free(&out);
            return "must be xoauth2, oauthbearer or both";
        }
        if (!seen[i]) {
            exo_buf_str(&out, out.len > 0 ? " " : "");
            exo_buf_str(&out, names[i]);
        }
        seen[i] = true;
    }
    if (exo_buf_done(&out, &text) == EXO_OK) {
        *value = strdup(text);
    }
    exo_buf_free(&out);
    return NULL;
}

static const char *store_value(const struct exo_conf *conf, const char *text,
                               char **value)
{
    const char *need_file = "must be file: and an absolute path";
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    char *path;

    if (scheme == 0 || text[scheme] != ':') {
        return need_file;
    }
    if (strncmp(text, "file:", 5) != 0) {
        *value = strdup(text);
        return NULL;
    }
    need_file = path_value(conf, text + 5, strlen(text + 5), need_file, &path);
    if (path != NULL) {
        *value = exo_conf_join("file:", path);
    }
    free(path);
    return need_file;
}

const char *exo_conf_value(const struct exo_conf *conf, enum exo_conf_kind kind,
                           const char *text, char **value)
{
    const bool none = strcmp(text, "none") == 0;

    *value = NULL;
    if (text[0] == '\0') {
        return "has no value";
    }
    switch (kind) {
    case EXO_KIND_PATHS:
        if (!none) {
            return list_value(conf, text, value);
        }
        break;
    case EXO_KIND_WORD:
    case EXO_KIND_WORD_OR_NONE:
        if (strpbrk(text, " \t/") != NULL) {
            return "must be one name";
        }
        if (kind == EXO_KIND_WORD || !none) {
            *value = strdup(text);
        }
        break;
    case EXO_KIND_COMMAND:
        if (!none) {
            *value = strdup(text);
        }
        break;
    case EXO_KIND_STORE:
        return store_value(conf, text, value);
    case EXO_KIND_MECHANISMS:
        return mechanisms_value(text, value);
    case EXO_KIND_PROXY:
        if (strchr(text, '@') != NULL) {
            return "no user name or password here, use proxy_auth_file";
        }
        if (!none && !is_proxy(text)) {
            return "must be http://host:port, or none";
        }
        if (!none) {
            *value = strdup(text);
        }
        break;
    case EXO_KIND_LOG:
        if (strcmp(text, "syslog") == 0 || strcmp(text, "stderr") == 0) {
            *value = strdup(text);
            return NULL;
        }
        return path_value(conf, text, strlen(text),
                          "must be syslog, stderr or an absolute path", value);
    case EXO_KIND_PATH_OR_NONE:
        if (none) {
            break;
        }
        /* fall through */
    case EXO_KIND_PATH:
        return path_value(conf, text, strlen(text), "must be an absolute path",
                          value);
    default:
        return "is no text";
    }
    if (none && kind != EXO_KIND_WORD) {
        *value = strdup("");
    }
    return NULL;
}
