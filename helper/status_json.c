/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status --json`: one object for monitoring. Every member is always
 * there, null where nothing is known, so that a reader never has to ask
 * whether it exists; times are numbers, seconds since 1970. Members may be
 * added in later versions; "exoauth" changes when one changes its meaning.
 *
 * Called by cmd_status.c and status_file.c. EXO_E_NOMEM is the only failure.
 */
#include "config.h"

#include <json-c/json.h>

#include "status.h"

/* Takes over value; a NULL value is JSON's null, not a failure. */
static int put(struct json_object *object, const char *key,
               struct json_object *value)
{
    if (json_object_object_add(object, key, value) != 0) {
        json_object_put(value);
        return EXO_E_NOMEM;
    }
    return 0;
}

static int put_text(struct json_object *object, const char *key,
                    const char *text)
{
    struct json_object *value = NULL;

    if (text[0] != '\0') {
        value = json_object_new_string(text);
        if (!value) {
            return EXO_E_NOMEM;
        }
    }
    return put(object, key, value);
}

static int put_number(struct json_object *object, const char *key,
                      int64_t number)
{
    struct json_object *value = json_object_new_int64(number);

    return value ? put(object, key, value) : EXO_E_NOMEM;
}

static int put_time(struct json_object *object, const char *key, int64_t when)
{
    return when > 0 ? put_number(object, key, when) : put(object, key, NULL);
}

static const char *severity_word(enum exo_severity severity)
{
    return severity == EXO_SEVERITY_OK        ? "ok"
           : severity == EXO_SEVERITY_WARNING ? "warning"
                                              : "critical";
}

static int put_row(struct json_object *list, const struct exo_status_row *row)
{
    struct json_object *object = json_object_new_object();

    if (!object) {
        return EXO_E_NOMEM;
    }
    if (put_text(object, "account", row->account.name) != 0 ||
        put_text(object, "credential", row->credential.name) != 0 ||
        put_text(object, "grant", row->grant) != 0 ||
        put_text(object, "state", exo_status_word(row->state)) != 0 ||
        put_time(object, "serial", row->serial) != 0 ||
        put_time(object, "granted", row->granted) != 0 ||
        put_time(object, "refreshed", row->refreshed) != 0 ||
        put_time(object, "refresh_token_used",
                 row->delegated ? row->refreshed : 0) != 0 ||
        put_time(object, "token_expires", row->token_expires) != 0 ||
        put_time(object, "credential_expires", row->credential_expires) != 0 ||
        put_text(object, "credential_kind",
                 row->credential_expires == 0 ? ""
                 : row->certificate           ? "certificate"
                                              : "secret") != 0 ||
        put_text(object, "message", row->message) != 0 ||
        put_text(object, "error_code", row->error_code) != 0 ||
        put_time(object, "error_time", row->error_time) != 0 ||
        put_number(object, "failures", row->failures) != 0 ||
        put_time(object, "next_try", row->next_try) != 0 ||
        put_text(object, "severity", severity_word(row->severity)) != 0 ||
        put_text(object, "warning", row->warning) != 0 ||
        json_object_array_add(list, object) != 0) {
        json_object_put(object);
        return EXO_E_NOMEM;
    }
    return 0;
}

int exo_status_json(struct exo_buf *out, const struct exo_status_row *row,
                    size_t n)
{
    struct json_object *top = json_object_new_object();
    struct json_object *list = json_object_new_array();
    const char *text;
    int rc = EXO_E_NOMEM;

    if (!top || !list || put_number(top, "exoauth", 1) != 0 ||
        json_object_object_add(top, "accounts", json_object_get(list)) != 0) {
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        if (put_row(list, &row[i]) != 0) {
            goto out;
        }
    }
    text = json_object_to_json_string_ext(
        top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text) {
        exo_buf_str(out, text);
        exo_buf_str(out, "\n");
        rc = out->error;
    }
out:
    json_object_put(list);
    json_object_put(top);
    return rc;
}
