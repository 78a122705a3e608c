/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account files on disk: their names, and the list of them. Called by the
 * commands that walk over all accounts, and by whoever needs the name of one.
 * draft.c writes them.
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
#include "helper/app/ours.h"
#include "helper/app/place.h"
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

/* The length of an entry's name before the suffix; 0: no account file. */
static size_t stem(const char *name)
{
    size_t len = strlen(name);

    return len > strlen(SUFFIX) && name[0] != '.' &&
                   strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0
               ? len - strlen(SUFFIX)
               : 0;
}

/* len: of the account's part of the name, 0 if it is no account file. */
static int walk(const struct exo_conf *conf,
                void (*entry)(void *context, const char *name, size_t len),
                void *context, struct exo_err *err)
{
    DIR *dir = opendir(conf->account_dir);
    const struct dirent *one;

    if (!dir) {
        int rc = exo_error_from_errno(errno);

        if (rc == EXO_E_NOENT && errno == ENOENT) {
            return 0;
        }
        if (rc == EXO_E_ACCESS && exo_ours_listed(conf, err) != 0) {
            return EXO_E_STATUS;
        }
        return exo_err_system(err, rc, "cannot read account_dir %s",
                              conf->account_dir)
                   ? EXO_E_STATUS
                   : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                                 "cannot read account_dir %s: %m; name another "
                                 "directory for account_dir in %s",
                                 conf->account_dir, conf->path);
    }
    while ((one = readdir(dir)) != NULL) {
        entry(context, one->d_name, stem(one->d_name));
    }
    (void)closedir(dir);
    return 0;
}

struct listener {
    void (*found)(void *context, const struct exo_account *account);
    void *context;
};

static void hear(void *context, const char *name, size_t len)
{
    const struct listener *listener = context;
    struct exo_account account;

    if (len > 0 && exo_account_from_file(&account, name, len) == 0) {
        listener->found(listener->context, &account);
    }
}

int exo_settings_list(const struct exo_conf *conf,
                      void (*found)(void *context,
                                    const struct exo_account *account),
                      void *context, struct exo_err *err)
{
    struct listener listener = { found, context };

    return walk(conf, hear, &listener, err);
}

struct warner {
    const struct exo_conf *conf;
    void (*warn)(void *context, const char *text);
    void *context;
};

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The account that somebody meant with that name. */
static int guess(struct exo_account *account, const char *name, size_t len)
{
    char meant[256];
    size_t n = 0;

    for (size_t i = 0; i < len && n < sizeof(meant); i++) {
        int high = name[i] == '%' && i + 2 < len ? hex_digit(name[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(name[i + 2]) : -1;

        meant[n++] = low >= 0 ? (char)(high * 16 + low) : name[i];
        i += low >= 0 ? 2 : 0;
    }
    return exo_account_set(account, meant, n);
}

/* Is it what somebody meant with a file beside it, such as a backup? */
static bool is_there(const struct warner *w, const struct exo_account *account)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    const char *name;
    struct stat st;
    bool yes = exo_settings_path(w->conf, account, &path) == 0 &&
               exo_buf_done(&path, &name) == 0 && lstat(name, &st) == 0;

    exo_buf_free(&path);
    return yes;
}

static void find_stray(void *context, const char *name, size_t len)
{
    const struct warner *w = context;
    char text[EXO_ERR_TEXT];
    struct exo_account account;

    if (name[0] == '.' ||
        (len > 0 && exo_account_from_file(&account, name, len) == 0)) {
        return;
    }
    if (len == 0) { /* relay.CONF, relay.conf.bak, or without a suffix */
        const char *suffix = strcasestr(name, SUFFIX);

        len = suffix && suffix != name ? (size_t)(suffix - name) : strlen(name);
        if ((!suffix && !strchr(name, '@')) ||
            (guess(&account, name, len) == 0 ? is_there(w, &account)
                                             : !memchr(name, '@', len))) {
            return;
        }
    }
    if (guess(&account, name, len) == 0) {
        exo_text_fmt(text, sizeof(text),
                     "%s/%s is not read: the file of that account is named "
                     "%s%s; rename it",
                     w->conf->account_dir, name, account.file, SUFFIX);
    } else {
        exo_text_fmt(text, sizeof(text),
                     "%s/%s is not read: its name is not that of an account; "
                     "rename it as exoauth.conf(5) says",
                     w->conf->account_dir, name);
    }
    w->warn(w->context, text);
}

void exo_settings_strays(const struct exo_conf *conf,
                         void (*warn)(void *context, const char *text),
                         void *context)
{
    struct warner warner = { conf, warn, context };
    struct exo_err ignored = EXO_ERR_INIT;

    (void)!walk(conf, find_stray, &warner, &ignored);
}
