/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What status and doctor print as JSON (report.h). Called by status_json.c and
 * doctor_print.c, which own the objects and lists.
 */
#include "config.h"

#include "report.h"

#include <json-c/json.h>

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

int exo_report_text(struct json_object *object, const char *key,
                    const char *text)
{
    struct json_object *value = NULL;

    if (text && text[0] != '\0') {
        value = json_object_new_string(text);
        if (!value) {
            return EXO_E_NOMEM;
        }
    }
    return put(object, key, value);
}

int exo_report_number(struct json_object *object, const char *key,
                      int64_t number)
{
    struct json_object *value = json_object_new_int64(number);

    return value ? put(object, key, value) : EXO_E_NOMEM;
}

int exo_report_time(struct json_object *object, const char *key, int64_t when)
{
    return when > 0 ? exo_report_number(object, key, when)
                    : put(object, key, NULL);
}

int exo_report_print(struct exo_buf *out, const char *name,
                     struct json_object *list)
{
    struct json_object *top = json_object_new_object();
    const char *text = NULL;
    int rc = EXO_E_NOMEM;

    if (top && exo_report_number(top, "exoauth", 1) == 0 &&
        put(top, name, json_object_get(list)) == 0) {
        text = json_object_to_json_string_ext(
            top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    }
    if (text) {
        exo_buf_str(out, text);
        exo_buf_str(out, "\n");
        rc = out->error;
    }
    json_object_put(top);
    return rc;
}
