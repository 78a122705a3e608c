/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: findings for people and for programs. Called by cmd_doctor.c and
 * for the report. Every finding is one line, and in JSON one object, by the
 * rules of status_json.c. What fails is the error of the buffer.
 */
#include "config.h"

#include "doctor.h"
#include "exoauth/json.h"

void exo_doctor_text(struct exo_buf *out, const struct exo_doctor *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct exo_finding *f = &d->finding[i];

        exo_buf_fmt(out, "%-8s %-14s%s%s%s\n", exo_level_word(f->level),
                    f->check, f->of ? f->of->name : "", f->of ? ": " : "",
                    f->text);
    }
}

static void put_finding(struct exo_json *json, const struct exo_finding *f)
{
    exo_json_object(json, NULL);
    exo_json_put_text(json, "check", f->check);
    exo_json_put_text(json, "level", exo_level_word(f->level));
    exo_json_put_text(json, "account", f->of ? f->of->name : NULL);
    exo_json_put_text(json, "state",
                      f->level == EXO_LEVEL_FAILURE ? exo_status_word(f->status)
                                                    : NULL);
    exo_json_put_text(json, "message", f->text);
    exo_json_end(json);
}

void exo_doctor_json(struct exo_buf *out, const struct exo_doctor *d)
{
    struct exo_json json;

    exo_json_begin(&json, out, true);
    exo_json_put_number(&json, "exoauth", 1);
    exo_json_array(&json, "checks");
    for (size_t i = 0; i < d->n; i++) {
        put_finding(&json, &d->finding[i]);
    }
    exo_json_end(&json);
    exo_json_end(&json);
}
