/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way back from `status_file` to rows, for a user, such as a monitor's,
 * who may not open the store. Called by cmd_status.c; the rows are the
 * caller's to free(). What is not ours, not whole or too old is refused: a
 * monitor must not be told that all is well by a file that nobody writes any
 * more.
 */
#include "config.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/json.h"
#include "exoauth/clock.h"
#include "exoauth/token.h"
#include "status.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define DEPTH 8
#define OLD 10800 /* seconds; refresh writes it every hour or more often */

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_int)
               ? json_object_get_int64(value)
               : 0;
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    (void)json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : "";
}

static void copy(char *to, size_t size, const char *from)
{
    exo_text_fmt(to, size, "%-s", from); /* exo_status_json() wrote it */
}

static int read_row(struct exo_status_row *row, struct json_object *object,
                    int64_t now)
{
    const char *account = text_of(object, "account");
    const char *credential = text_of(object, "credential");

    if (exo_account_set(&row->account, account, strlen(account)) != 0 ||
        exo_account_set(&row->credential, credential, strlen(credential)) !=
            0 ||
        !exo_status_parse(text_of(object, "state"), &row->state)) {
        return EXO_E_SYNTAX;
    }
    copy(row->grant, sizeof(row->grant), text_of(object, "grant"));
    copy(row->error_code, sizeof(row->error_code),
         text_of(object, "error_code"));
    copy(row->message, sizeof(row->message), text_of(object, "message"));
    row->serial = number_of(object, "serial");
    row->granted = number_of(object, "granted");
    row->refreshed = number_of(object, "refreshed");
    row->delegated = number_of(object, "refresh_token_used") > 0;
    row->token_expires = number_of(object, "token_expires");
    row->credential_expires = number_of(object, "credential_expires");
    row->certificate =
        strcmp(text_of(object, "credential_kind"), "certificate") == 0;
    row->failures = number_of(object, "failures");
    row->next_try = number_of(object, "next_try");
    row->error_time = number_of(object, "error_time");
    exo_status_judge(row, now);
    return 0;
}

static int read_rows(const struct exo_buf *text, const struct exo_account *only,
                     struct exo_status_row **rows, size_t *n)
{
    struct json_object *top = NULL;
    struct json_object *list = NULL;
    const char *why;
    int64_t now = exo_clock_now();
    size_t count;
    const char *whole;
    int rc = exo_buf_done(text, &whole);

    if (rc == 0) {
        rc =
            exo_json_read(whole, text->len, DEPTH | EXO_JSON_BYTES, &top, &why);
    }

    if (rc != 0) {
        goto out;
    }
    if (number_of(top, "exoauth") != 1 ||
        !json_object_object_get_ex(top, "accounts", &list) ||
        !json_object_is_type(list, json_type_array)) {
        rc = EXO_E_SYNTAX;
        goto out;
    }
    count = json_object_array_length(list);
    *rows = calloc(count + 1, sizeof(**rows));
    rc = *rows ? 0 : EXO_E_NOMEM;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct exo_status_row *row = &(*rows)[*n];

        rc = read_row(row, json_object_array_get_idx(list, i), now);
        if (!only || strcmp(only->name, row->account.name) == 0) {
            (*n)++;
        } else {
            memset(row, 0, sizeof(*row));
        }
    }
out:
    exo_json_free(top);
    return rc;
}

static int read_text(const struct exo_app *app, struct exo_buf *text,
                     struct exo_err *err)
{
    const char *path = app->conf->status_file;
    const struct passwd *pw = getpwnam(app->conf->run_as);
    const char *why = NULL;
    struct stat st;
    int rc = exo_file_read(AT_FDCWD, path, EXO_FILE_TOKEN,
                           pw ? pw->pw_uid : EXO_NO_UID, text, &why);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_DENIED,
                           "you may not open the store, and status_file %s "
                           "cannot be read: %-s; to have it written, run as "
                           "root: exoauth refresh --all",
                           path, why ? why : exo_strerror(rc));
    }
    if (stat(path, &st) == 0 && exo_clock_now() - (int64_t)st.st_mtime > OLD) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "status_file %s was written %lld hours ago; see "
                           "that a timer runs exoauth refresh --all",
                           path,
                           (long long)((exo_clock_now() - st.st_mtime) / 3600));
    }
    return 0;
}

int exo_status_read(struct exo_app *app, const struct exo_account *only,
                    struct exo_status_row **rows, size_t *n,
                    struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(TEXT_MAX);
    int rc;

    *rows = NULL;
    *n = 0;
    rc = read_text(app, &text, err);
    if (rc != 0) {
        goto out;
    }
    rc = read_rows(&text, only, rows, n);
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "status_file %s: %s; to have it written anew, run as "
                         "root: exoauth refresh --all",
                         app->conf->status_file, exo_strerror(rc));
    } else if (only && *n == 0) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "no account %s in %s; run: exoauth list", only->name,
                         app->conf->status_file);
    }
out:
    if (rc != 0) {
        free(*rows);
        *rows = NULL;
        *n = 0;
    }
    exo_buf_free(&text);
    return rc;
}
