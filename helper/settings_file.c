/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account files on disk: their names, the list of them, and `--set`. Called
 * by login (before root becomes run_as) and by the commands that walk over
 * all accounts. A write replaces the whole file or changes nothing; comments
 * and the order of lines stay as the administrator left them.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "place.h"
#include "settings.h"

#define SUFFIX ".conf"

int exo_settings_path(const struct exo_conf *conf,
                      const struct exo_account *account, struct exo_buf *path)
{
    exo_buf_str(path, conf->account_dir);
    exo_buf_str(path, "/");
    exo_buf_str(path, account->file);
    exo_buf_str(path, SUFFIX);
    return path->error;
}

int exo_settings_list(const struct exo_conf *conf,
                      void (*found)(void *context,
                                    const struct exo_account *account),
                      void *context, struct exo_err *err)
{
    DIR *dir = opendir(conf->account_dir);
    const struct dirent *entry;

    if (!dir) {
        if (errno == ENOENT) {
            return 0;
        }
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot read %s: %m; correct its mode",
                           conf->account_dir);
    }
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        struct exo_account account;

        if (len <= strlen(SUFFIX) ||
            strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0 ||
            exo_account_from_file(&account, entry->d_name,
                                  len - strlen(SUFFIX)) != 0) {
            continue;
        }
        found(context, &account);
    }
    (void)closedir(dir);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Splits key=value and validates; *key_len is the length of the key. */
static int check_pair(const char *pair, size_t *key_len, struct exo_err *err)
{
    const char *eq = strchr(pair, '=');
    char name[64];
    enum exo_key key;

    *key_len = eq ? (size_t)(eq - pair) : 0;
    if (!eq || *key_len == 0 || *key_len >= sizeof(name)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--set %s: give it as key=value", pair);
    }
    memcpy(name, pair, *key_len);
    name[*key_len] = '\0';
    key = exo_key_find(name);
    if (key == EXO_KEYS) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--set %s: no account has such a key; see "
                           "exoauth.conf(5)",
                           name);
    }
    if (exo_setting_check(key, eq + 1, err) != 0) {
        err->status = EXO_STATUS_USAGE;
        return EXO_E_STATUS;
    }
    if (is_blank(eq[1]) || is_blank(eq[strlen(eq) - 1])) {
        /* A file could not keep it. */
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--set %s: the value begins or ends with a blank; "
                           "remove it",
                           name);
    }
    return 0;
}

/* Is this line (without its "\n") one of that key? */
static bool line_has_key(const char *line, size_t len, const char *key,
                         size_t key_len)
{
    size_t i = 0;

    while (i < len && is_blank(line[i])) {
        i++;
    }
    if (len - i < key_len || strncasecmp(line + i, key, key_len) != 0) {
        return false;
    }
    i += key_len;
    while (i < len && is_blank(line[i])) {
        i++;
    }
    return i < len && line[i] == ':';
}

/* A later --set of the same key wins. */
static const char *last_value(char *const *pairs, size_t n, const char *key,
                              size_t key_len)
{
    const char *value = NULL;

    for (size_t i = 0; i < n; i++) {
        if (strncmp(pairs[i], key, key_len) == 0 && pairs[i][key_len] == '=') {
            value = pairs[i] + key_len + 1;
        }
    }
    return value;
}

static void put_pair(struct exo_buf *out, const char *key, size_t key_len,
                     const char *value)
{
    char name[64] = "";

    memcpy(name, key, key_len);
    exo_block_put(out, name, value);
}

/* old with the pairs put in. done[i]: pairs[i] stands in a line already. */
static void merge(struct exo_buf *out, const struct exo_buf *old,
                  char *const *pairs, size_t n)
{
    const char *p = exo_buf_text(old);
    const char *end = p + old->len;

    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
        bool mine = false;

        for (size_t i = 0; i < n && !mine; i++) {
            size_t key_len = strcspn(pairs[i], "=");

            if (line_has_key(p, len, pairs[i], key_len)) {
                put_pair(out, pairs[i], key_len,
                         last_value(pairs, n, pairs[i], key_len));
                mine = true;
            }
        }
        if (!mine) {
            exo_buf_add(out, p, len);
            exo_buf_str(out, "\n");
        }
        p += len + (nl ? 1 : 0);
    }
}

static bool has_key(const struct exo_buf *text, const char *key, size_t len)
{
    const char *p = exo_buf_text(text);
    const char *nl;

    for (; *p != '\0'; p = nl + 1) {
        nl = strchr(p, '\n');
        if (!nl) {
            return line_has_key(p, strlen(p), key, len);
        }
        if (line_has_key(p, (size_t)(nl - p), key, len)) {
            return true;
        }
    }
    return false;
}

static void append(struct exo_buf *out, char *const *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t key_len = strcspn(pairs[i], "=");

        if (!has_key(out, pairs[i], key_len)) {
            put_pair(out, pairs[i], key_len,
                     last_value(pairs, n, pairs[i], key_len));
        }
    }
}

/* The result must be a file that we would read again. */
static int check_whole(const struct exo_buf *text, const char *path,
                       struct exo_err *err)
{
    struct exo_block block;
    char *copy = malloc(text->len + 1);
    int rc;

    if (!copy) {
        return EXO_E_NOMEM;
    }
    memcpy(copy, exo_buf_text(text), text->len);
    rc = exo_block_parse(&block, copy, text->len, EXO_BLOCK_FILE);
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s line %u: %s; correct that line first", path,
                         block.bad_line,
                         block.why ? block.why : exo_strerror(rc));
    }
    free(copy);
    return rc;
}

static int replace(const struct exo_conf *conf,
                   const struct exo_account *account, const char *path,
                   const struct exo_buf *text, struct exo_err *err)
{
    mode_t mode = conf->user ? 0600 : 0644;
    struct exo_buf name = EXO_BUF_INIT(512);
    int dir = -1;
    int rc;

    rc = exo_place_mkdirs(conf->account_dir, conf->user ? 0700 : 0755);
    exo_buf_str(&name, account->file);
    exo_buf_str(&name, SUFFIX);
    if (rc == 0) {
        rc = name.error;
    }
    if (rc == 0) {
        dir = open(conf->account_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = dir < 0 ? exo_error_from_errno(errno) : 0;
    }
    if (rc == 0) {
        rc = exo_file_replace(dir, name.data, NULL, mode, exo_buf_text(text),
                              text->len);
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot write %s: %m; nothing was changed; run it as "
                         "root, or correct the mode of %s",
                         path, conf->account_dir);
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    exo_buf_free(&name);
    return rc;
}

int exo_settings_write(const struct exo_conf *conf,
                       const struct exo_account *account, char *const *pairs,
                       size_t n, bool *changed, struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    struct exo_buf old = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    const char *why = NULL;
    int rc = 0;

    *changed = false;
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t key_len;

        rc = check_pair(pairs[i], &key_len, err);
    }
    if (rc == 0) {
        rc = exo_settings_path(conf, account, &path);
    }
    if (rc != 0) {
        goto out;
    }
    rc = exo_file_read(AT_FDCWD, path.data, EXO_FILE_CONFIG, 0, &old, &why);
    if (rc != 0 && rc != EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s: %s; correct owner and mode", path.data,
                         why ? why : exo_strerror(rc));
        goto out;
    }
    merge(&text, &old, pairs, n);
    append(&text, pairs, n);
    rc = text.error;
    if (rc == 0) {
        rc = check_whole(&text, path.data, err);
    }
    if (rc == 0 && (old.len != text.len ||
                    memcmp(exo_buf_text(&old), exo_buf_text(&text), old.len))) {
        rc = replace(conf, account, path.data, &text, err);
        *changed = rc == 0;
    }
out:
    if (rc != 0 && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED, "--set: %s",
                         exo_strerror(rc));
    }
    exo_buf_free(&path);
    exo_buf_free(&old);
    exo_buf_free(&text);
    return rc;
}
