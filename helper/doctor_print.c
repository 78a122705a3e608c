/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: findings for people and for programs. Called by cmd_doctor.c and
 * for the report. Every finding is one line, and in JSON one object
 * (report.h). EXO_E_NOMEM is the only failure.
 */
#include "config.h"

#include <json-c/json.h>

#include "doctor.h"
#include "report.h"

void exo_doctor_text(struct exo_buf *out, const struct exo_doctor *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct exo_finding *f = &d->finding[i];

        exo_buf_fmt(out, "%-8s %-14s%s%s%s\n", exo_level_word(f->level),
                    f->check, f->of ? f->of->name : "", f->of ? ": " : "",
                    f->text);
    }
}

static int put_finding(struct json_object *list, const struct exo_finding *f)
{
    struct json_object *object = json_object_new_object();

    if (!object) {
        return EXO_E_NOMEM;
    }
    if (exo_report_text(object, "check", f->check) != 0 ||
        exo_report_text(object, "level", exo_level_word(f->level)) != 0 ||
        exo_report_text(object, "account", f->of ? f->of->name : NULL) != 0 ||
        exo_report_text(object, "state",
                        f->level == EXO_LEVEL_FAILURE
                            ? exo_status_word(f->status)
                            : NULL) != 0 ||
        exo_report_text(object, "message", f->text) != 0 ||
        json_object_array_add(list, object) != 0) {
        json_object_put(object);
        return EXO_E_NOMEM;
    }
    return 0;
}

int exo_doctor_json(struct exo_buf *out, const struct exo_doctor *d)
{
    struct json_object *list = json_object_new_array();
    int rc = list ? 0 : EXO_E_NOMEM;

    for (size_t i = 0; rc == 0 && i < d->n; i++) {
        rc = put_finding(list, &d->finding[i]);
    }
    if (rc == 0) {
        rc = exo_report_print(out, "checks", list);
    }
    json_object_put(list);
    return rc;
}
