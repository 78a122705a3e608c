/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: smtp_sasl_password_maps. Called by doctor_postfix.c for each set of
 * values that logs in. Only maps that are made from a text file are read,
 * `[server]:port user` or `user:password` a line. What stands behind the
 * colon is never copied, and the text is wiped.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "doctor_postfix.h"
#include "exoauth/file.h"
#include "helper/settings/reach.h"

#define MAP_MAX ((size_t)4 * 1024 * 1024)

struct users {
    size_t accounts; /* of ours */
    size_t others;   /* that log in with a password, and are not ours */
};

/* It is one; may Postfix ask for it? */
static bool is_account(struct exo_doctor *d, const struct exo_account *account)
{
    struct exo_settings *s = NULL;
    struct exo_err err = EXO_ERR_INIT;
    int rc = exo_settings_load(&s, d->app->conf, account, &err);

    if (rc == 0) {
        int refused =
            exo_reach_allows(s, d->app->conf->token_group,
                             exo_postfix_get(d->postfix, "mail_owner"), &err);

        if (refused != 0) {
            exo_doctor_error(d, NULL, &err, refused);
        }
    }
    exo_settings_free(s);
    return rc == 0 || err.status != EXO_STATUS_NO_ACCOUNT;
}

/* "user" or "user:password", at the end of a line; $1 is whoever matches. */
static void check_user(struct exo_doctor *d, const char *file, const char *user,
                       struct users *users)
{
    size_t len = strcspn(user, ": \t\r");
    bool password = user[len] == ':' && user[len + 1] != '\0';
    struct exo_account account;

    if (*user == '$') {
        users->accounts++;
        return;
    }
    if (len == 0 || exo_account_set(&account, user, len) != 0) {
        return;
    }
    if (is_account(d, &account)) {
        users->accounts++;
        if (password) {
            exo_doctor_warn(d, NULL,
                            "%s has a password for %s, which exoauth does not "
                            "use; remove it from there",
                            file, account.name);
        }
    } else if (password) {
        users->others++;
    } else {
        exo_doctor_warn(
            d, NULL,
            "%s names %s, which is no account; correct the name, or "
            "run: exoauth login %s",
            file, account.name, EXO_SH(account.name, "ACCOUNT"));
    }
}

static void check_text(struct exo_doctor *d, const char *file, char *text,
                       struct users *users)
{
    char *end;

    for (char *line = text; line && *line != '\0';
         line = end ? end + 1 : NULL) {
        char *value;

        end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        line += strspn(line, " \t");
        value = line + strcspn(line, " \t");
        value += strspn(value, " \t");
        if (*line != '#' && *value != '\0') {
            check_user(d, file, value, users);
        }
    }
}

/* The file that a map is made from; NULL for what is none. */
static const char *text_file(const char *map, size_t *len)
{
    static const char *const types[] = {
        "texthash:", "hash:", "lmdb:", "btree:", "cdb:", "regexp:", NULL
    };

    if (strncmp(map, "proxy:", 6) == 0 && *len > 6) {
        map += 6;
        *len -= 6;
    }
    for (size_t i = 0; types[i]; i++) {
        size_t n = strlen(types[i]);

        if (*len > n && strncmp(map, types[i], n) == 0) {
            *len -= n;
            return map + n;
        }
    }
    return NULL;
}

/* Was it read? */
static bool check_file(struct exo_doctor *d, const char *file,
                       struct users *users)
{
    struct exo_secret text = { EXO_BUF_INIT(MAP_MAX) };
    const char *why = NULL;
    int rc =
        exo_file_read(AT_FDCWD, file, EXO_FILE_CONFIG, 0, &text.hidden, &why);

    if (rc == 0 && text.hidden.data) {
        check_text(d, file, text.hidden.data, users); /* cuts it */
    } else if (rc == EXO_E_ACCESS) {
        exo_doctor_skip(d, NULL, "%s: not checked: needs root", file);
    } else if (rc != 0 && !exo_doctor_system(d, NULL, rc, file)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: %-s; correct smtp_sasl_password_maps, or the file",
                        file, why ? why : exo_strerror(rc));
    }
    exo_secret_free(&text);
    return rc == 0;
}

bool exo_postfix_check_map(struct exo_doctor *d, const char *maps)
{
    struct exo_buf file = EXO_BUF_INIT(4096);
    struct users users = { 0, 0 };
    const char *path = NULL;
    bool read = false;

    for (;;) {
        const char *name;
        size_t len;

        maps += strspn(maps, ", \t\r\n");
        len = strcspn(maps, ", \t\r\n");
        if (len == 0) {
            break;
        }
        name = maps;
        maps += len;
        name = text_file(name, &len);
        if (!d->app->conf) {
            continue; /* nobody can say which names are accounts */
        }
        if (name) {
            exo_buf_reset(&file);
            exo_buf_add(&file, name, len);
            if (exo_buf_done(&file, &path) != 0) {
                exo_doctor_skip(d, NULL,
                                "%.*s: not checked: its name is too "
                                "long",
                                (int)len, name);
                continue;
            }
            read |= check_file(d, path, &users);
        } else {
            exo_doctor_skip(d, NULL,
                            "a map in smtp_sasl_password_maps: not checked: it "
                            "is no text file");
        }
    }
    if (read && users.accounts == 0 && !exo_doctor_is_bad(d, NULL)) {
        exo_doctor_warn(d, NULL,
                        "%s names no account of exoauth; add a line: SERVER "
                        "ACCOUNT",
                        path);
    }
    exo_buf_free(&file);
    return !read || users.accounts > 0;
}
