/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the readers of other programs' files share (import.h): reading such a
 * file, and the account that is made of what it says. Called by import.c and
 * import_*.c, as root where root runs the command. Items belong to the struct
 * exo_import and are freed with it. Texts name the file and the key, never a
 * value that could be secret.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/path.h"
#include "import.h"

#define HOLE "{tenant}"

static int open_original(const char *name, int *fd, struct exo_err *err)
{
    struct exo_path path;
    struct stat st;
    int rc;

    *fd = 0;
    if (strcmp(name, "-") == 0) {
        return 0;
    }
    rc = exo_path_open(&path, name, fd, &st);
    if (rc == EXO_E_NOENT) {
        return rc;
    }
    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(err, EXO_STATUS_USAGE, "%.200s: %-s", name,
                           path.why);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: %m; run it as root or as the owner of the file",
                           name);
    }
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: not a file; name the file itself, or - for "
                           "standard input",
                           name);
    }
    /* What is in it decides where the refresh token is sent. */
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: everybody may write it; if what is in it is "
                           "yours, put it into a file that only you can write",
                           name);
    }
    return 0;
}

static int read_to_end(int fd, struct exo_buf *buf)
{
    for (;;) {
        char *room = exo_buf_reserve(buf, 4096);
        ssize_t n;

        if (!room) {
            return buf->error;
        }
        n = read(fd, room, 4096);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return exo_error_from_errno(errno);
        }
        buf->len += (size_t)n;
        buf->data[buf->len] = '\0';
        if (n == 0) {
            return 0;
        }
    }
}

int exo_import_read(const char *path, struct exo_secret *text,
                    struct exo_err *err)
{
    int fd;
    int rc = open_original(path, &fd, err);

    exo_buf_init(&text->hidden, EXO_IMPORT_SIZE);
    if (rc == 0) {
        rc = read_to_end(fd, &text->hidden);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "%s: %s; name a file that is not larger than "
                             "1 MiB",
                             path, exo_strerror(rc));
        }
    }
    if (fd > 2) {
        (void)close(fd);
    }
    return rc;
}

struct exo_import_item *exo_import_add(struct exo_import *in)
{
    struct exo_import_item *item =
        reallocarray(in->item, in->n + 1, sizeof(*item));

    if (!item) {
        return NULL;
    }
    in->item = item;
    item += in->n++;
    memset(item, 0, sizeof(*item));
    for (size_t i = 0; i < EXO_IMPORT_KEYS; i++) {
        exo_buf_init(&item->pair[i], EXO_BLOCK_VALUE);
    }
    exo_buf_init(&item->refresh_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&item->client_secret.hidden, EXO_SECRET_MAX);
    return item;
}

void exo_import_key(struct exo_import_item *item, enum exo_key key,
                    const char *value)
{
    struct exo_buf *pair = &item->pair[item->n_pairs];
    static const char blanks[] = " \t\r\n";

    value += strspn(value, blanks);
    if (*value == '\0' || item->n_pairs == EXO_IMPORT_KEYS) {
        return;
    }
    exo_buf_fmt(pair, "%s=", exo_key_name(key));
    for (;;) {
        size_t len = strcspn(value, blanks);

        exo_buf_add(pair, value, len);
        value += len;
        value += strspn(value, blanks);
        if (*value == '\0') {
            break;
        }
        exo_buf_str(pair, " ");
    }
    item->n_pairs++;
}

void exo_import_key_buf(struct exo_import_item *item, enum exo_key key,
                        const struct exo_buf *value)
{
    const char *text;
    int rc = exo_buf_done(value, &text);

    if (rc == 0) {
        exo_import_key(item, key, text);
    } else if (item->n_pairs < EXO_IMPORT_KEYS) {
        item->pair[item->n_pairs++].error = rc;
    }
}

const char *exo_import_get(const struct exo_import_item *item, enum exo_key key)
{
    const char *name = exo_key_name(key);
    size_t len = strlen(name);

    for (size_t i = item->n_pairs; i > 0; i--) {
        const char *pair;

        if (exo_buf_done(&item->pair[i - 1], &pair) == 0 &&
            strncmp(pair, name, len) == 0 && pair[len] == '=') {
            return pair + len + 1;
        }
    }
    return NULL;
}

/* Does the URL fit the template? tenant is "" if there is none in it. */
static bool fits(const char *pattern, const char *url, struct exo_buf *tenant)
{
    const char *hole = strstr(pattern, HOLE);
    const char *name;
    size_t before, after, len = strlen(url);

    exo_buf_reset(tenant);
    if (!hole) {
        return pattern[0] != '\0' && strcmp(pattern, url) == 0;
    }
    before = (size_t)(hole - pattern);
    after = strlen(hole + strlen(HOLE));
    if (len <= before + after || strncmp(url, pattern, before) != 0 ||
        strcmp(url + len - after, hole + strlen(HOLE)) != 0) {
        return false;
    }
    exo_buf_add(tenant, url + before, len - before - after);
    return exo_buf_done(tenant, &name) == 0 && exo_provider_tenant_ok(name);
}

/* Google's endpoints of former years lead where today's does. */
static const char *todays(const char *url)
{
    static const char *const old[] = {
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
    };

    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        if (strcmp(url, old[i]) == 0) {
            return exo_provider_find("google", NULL)->token_endpoint;
        }
    }
    return url;
}

void exo_import_endpoint(struct exo_import_item *item, const char *url)
{
    const char *name = todays(url);
    struct exo_buf tenant = EXO_BUF_INIT(4096);
    const struct exo_provider *row;

    for (size_t i = 0; (row = exo_provider_row(i)) != NULL; i++) {
        if (fits(row->token_endpoint, name, &tenant)) {
            break;
        }
    }
    item->provider = row ? row : exo_provider_find("custom", NULL);
    exo_import_key(item, EXO_KEY_PROVIDER, item->provider->name);
    if (row) {
        exo_import_key(item, EXO_KEY_CLOUD, row->cloud);
        exo_import_key_buf(item, EXO_KEY_TENANT, &tenant);
    } else {
        exo_import_key(item, EXO_KEY_TOKEN_ENDPOINT, url);
    }
    exo_buf_free(&tenant);
}

static bool has_word(const char *list, const char *word, size_t len)
{
    const char *other;
    size_t other_len;

    while ((other = exo_word_next(&list, &other_len)) != NULL) {
        if (other_len == len && strncmp(other, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Is every word of the one in the other? */
static bool is_within(const char *list, const char *other)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (!has_word(other, word, len)) {
            return false;
        }
    }
    return true;
}

void exo_import_scope(struct exo_import_item *item, const char *scope)
{
    const char *preset =
        item->app ? item->provider->app_scope : item->provider->delegated_scope;

    if (!is_within(scope, preset) || !is_within(preset, scope)) {
        exo_import_key(item, EXO_KEY_SCOPE, scope);
    }
}

int exo_import_name(const struct exo_import *in, struct exo_import_item *item,
                    const char *name, struct exo_err *err)
{
    struct exo_account named;

    if (name[0] == '\0' && !in->options->has_account) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s does not say whose it is; add the account, "
                           "usually the mailbox address, to the command",
                           in->shown);
    }
    if (name[0] != '\0' && exo_account_set(&named, name, strlen(name)) != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: the name in it is not usable; add the account, "
                           "usually the mailbox address, to the command",
                           in->shown);
    }
    item->account = in->options->has_account ? in->options->account : named;
    if (name[0] != '\0' && strcmp(item->account.name, named.name) != 0) {
        exo_import_key(item, EXO_KEY_USER, name);
    }
    return 0;
}

void exo_import_no_token(const struct exo_import *in,
                         struct exo_import_item *item)
{
    (void)exo_err_set(&item->err, EXO_STATUS_NEEDS_LOGIN,
                      "%s: no refresh token for %s in it; run: exoauth login "
                      "%s",
                      in->shown, item->account.name,
                      EXO_SH(item->account.name, "ACCOUNT"));
}
