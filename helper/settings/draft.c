/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a draft (draft.h): an account's file with `--set` put in.
 * Called by login and import in before(), as root where root runs them.
 * Comments and the order of lines stay as the administrator left them; what
 * would not be read again is not made. draft_file.c puts it into its place.
 */
#include "config.h"

#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/path.h"
#include "settings.h"

#define PATH_LIMIT ((size_t)4096)

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
        if (err->status == EXO_STATUS_MISCONFIGURED) { /* no shortage */
            exo_err_restate(err, EXO_STATUS_USAGE);
        }
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
    const char *p;
    const char *end;

    if (exo_buf_done(old, &p) != 0) {
        out->error = old->error;
        return;
    }
    end = p + old->len;
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
    const char *p;
    const char *nl;

    if (exo_buf_done(text, &p) != 0) {
        return true; /* nothing is added to what is not whole */
    }
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
    const char *whole;
    char *copy;
    int rc = exo_buf_done(text, &whole);

    if (rc != 0) {
        return rc;
    }
    copy = malloc(text->len + 1);
    if (!copy) {
        return EXO_E_NOMEM;
    }
    memcpy(copy, whole, text->len);
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

/* Where there is a link, the file that it leads to is read, and replaced. */
static int read_old(struct exo_draft *d, struct exo_err *err)
{
    struct exo_path path;
    struct stat st;
    int rc = exo_path_read(&path, d->path.data, EXO_FILE_CONFIG, &d->old);

    d->is_new = rc == EXO_E_NOENT;
    if (d->is_new && lstat(d->path.data, &st) == 0 && S_ISLNK(st.st_mode)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: it is a link that leads nowhere; correct or "
                           "remove it",
                           d->path.data);
    }
    if (exo_err_system(err, rc, "cannot read %.200s, nothing was changed",
                       d->path.data)) {
        return EXO_E_STATUS;
    }
    return rc == 0 || d->is_new
               ? 0
               : exo_err_set(
                     err, EXO_STATUS_MISCONFIGURED,
                     "cannot write %s, nothing was changed: %-s; correct "
                     "owner and mode",
                     d->path.data, path.why);
}

static int fill(struct exo_draft *d, const struct exo_conf *conf,
                char *const *pairs, size_t n, struct exo_err *err)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t key_len;

        rc = check_pair(pairs[i], &key_len, err);
    }
    if (rc == 0) {
        rc = exo_settings_path(conf, &d->account, &d->path);
    }
    if (rc == 0) {
        rc = read_old(d, err);
    }
    if (rc == 0) {
        merge(&d->text, &d->old, pairs, n);
        append(&d->text, pairs, n);
        rc = d->text.error;
    }
    if (rc == 0) {
        rc = check_whole(&d->text, d->path.data, err);
    }
    return rc;
}

int exo_draft_make(struct exo_draft **draft, const struct exo_conf *conf,
                   const struct exo_account *account, char *const *pairs,
                   size_t n, struct exo_err *err)
{
    struct exo_draft *d = calloc(1, sizeof(*d));
    int rc;

    *draft = NULL;
    if (!d) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "--set: out of memory; free some");
    }
    d->account = *account;
    d->mode = conf->user ? 0600 : 0644;
    d->dir_mode = conf->user ? 0700 : 0755;
    exo_buf_init(&d->path, PATH_LIMIT);
    exo_buf_init(&d->old, EXO_BLOCK_SIZE);
    exo_buf_init(&d->text, EXO_BLOCK_SIZE);
    rc = fill(d, conf, pairs, n, err);
    if (rc != 0 && rc != EXO_E_STATUS) {
        rc = exo_err_set(err,
                         rc == EXO_E_NOMEM ? EXO_STATUS_TRANSIENT
                                           : EXO_STATUS_MISCONFIGURED,
                         "--set: %s; free some memory", exo_strerror(rc));
    }
    if (rc != 0) {
        exo_draft_free(d);
        return rc;
    }
    d->changed = !exo_buf_same(&d->old, &d->text);
    *draft = d;
    return 0;
}

void exo_draft_free(struct exo_draft *d)
{
    if (!d) {
        return;
    }
    (void)exo_later_finish(&d->writer, false);
    exo_buf_free(&d->path);
    exo_buf_free(&d->old);
    exo_buf_free(&d->text);
    free(d);
}
