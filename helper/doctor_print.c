/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: findings for people and for programs. Called by cmd_doctor.c and
 * for the report. Every finding is one line, and in JSON one object whose
 * members are always there; members may be added in later versions.
 * EXO_E_NOMEM is the only failure.
 */
#include "config.h"

#include <json-c/json.h>

#include "doctor.h"

void exo_doctor_text(struct exo_buf *out, const struct exo_doctor *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct exo_finding *f = &d->finding[i];

        exo_buf_fmt(out, "%-8s %-14s%s%s%s\n", exo_level_word(f->level),
                    f->check, f->of ? f->of->name : "", f->of ? ": " : "",
                    f->text);
    }
}

/* Takes over value; a NULL value is JSON's null where there is none. */
static bool put(struct json_object *object, const char *key,
                struct json_object *value)
{
    if (json_object_object_add(object, key, value) == 0) {
        return true;
    }
    json_object_put(value);
    return false;
}

static bool put_text(struct json_object *object, const char *key,
                     const char *text)
{
    struct json_object *value = text ? json_object_new_string(text) : NULL;

    return (value || !text) && put(object, key, value);
}

static int put_finding(struct json_object *list, const struct exo_finding *f)
{
    struct json_object *object = json_object_new_object();

    if (!object) {
        return EXO_E_NOMEM;
    }
    if (!put_text(object, "check", f->check) ||
        !put_text(object, "level", exo_level_word(f->level)) ||
        !put_text(object, "account", f->of ? f->of->name : NULL) ||
        !put_text(object, "state",
                  f->level == EXO_LEVEL_FAILURE ? exo_status_word(f->status)
                                                : NULL) ||
        !put_text(object, "message", f->text) ||
        json_object_array_add(list, object) != 0) {
        json_object_put(object);
        return EXO_E_NOMEM;
    }
    return 0;
}

int exo_doctor_json(struct exo_buf *out, const struct exo_doctor *d)
{
    struct json_object *top = json_object_new_object();
    struct json_object *list = json_object_new_array();
    const char *text;
    int rc = EXO_E_NOMEM;

    if (!top || !list || !put(top, "exoauth", json_object_new_int(1)) ||
        !put(top, "checks", json_object_get(list))) {
        goto out;
    }
    for (size_t i = 0; i < d->n; i++) {
        if (put_finding(list, &d->finding[i]) != 0) {
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
