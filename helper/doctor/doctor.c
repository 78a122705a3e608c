/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of findings that the checks of doctor fill and the printers read.
 * cmd_doctor.c owns it and frees it. A finding that does not fit in memory is
 * noted in nomem and told of at the end; nothing else fails.
 */
#include "config.h"

#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct exo_finding *more(struct exo_doctor *d)
{
    if (d->n == d->cap) {
        size_t cap = d->cap > 0 ? d->cap * 2 : 32;
        struct exo_finding *grown = realloc(d->finding, cap * sizeof(*grown));

        if (!grown) {
            d->nomem = true;
            return NULL;
        }
        d->finding = grown;
        d->cap = cap;
    }
    return &d->finding[d->n++];
}

static void add(struct exo_doctor *d, enum exo_level level,
                const struct exo_account *account, enum exo_status status,
                const char *fmt, va_list ap) EXO_PRINTF(5, 0);

static void add(struct exo_doctor *d, enum exo_level level,
                const struct exo_account *account, enum exo_status status,
                const char *fmt, va_list ap)
{
    struct exo_finding *f = more(d);

    if (!f) {
        return;
    }
    f->check = d->check;
    f->level = level;
    f->status = status;
    f->of = account;
    exo_text_set(f->text, sizeof(f->text), fmt, ap);
}

void exo_doctor_ok(struct exo_doctor *d, const struct exo_account *account,
                   const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, EXO_LEVEL_OK, account, EXO_STATUS_OK, fmt, ap);
    va_end(ap);
}

void exo_doctor_skip(struct exo_doctor *d, const struct exo_account *account,
                     const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, EXO_LEVEL_SKIPPED, account, EXO_STATUS_OK, fmt, ap);
    va_end(ap);
}

void exo_doctor_warn(struct exo_doctor *d, const struct exo_account *account,
                     const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, EXO_LEVEL_WARNING, account, EXO_STATUS_OK, fmt, ap);
    va_end(ap);
}

void exo_doctor_fail(struct exo_doctor *d, const struct exo_account *account,
                     enum exo_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, EXO_LEVEL_FAILURE, account, status, fmt, ap);
    va_end(ap);
}

void exo_doctor_error(struct exo_doctor *d, const struct exo_account *account,
                      struct exo_err *err, int rc)
{
    (void)exo_err_words_of(err, rc, d->check);
    exo_doctor_fail(d, account, err->status, "%-s", exo_err_text(err, rc));
}

bool exo_doctor_system(struct exo_doctor *d, const struct exo_account *account,
                       int rc, const char *path)
{
    struct exo_err err = EXO_ERR_INIT;
    bool is = exo_err_system(&err, rc, "cannot read %.200s", path);

    if (is) {
        exo_doctor_error(d, account, &err, rc);
    }
    return is;
}

bool exo_doctor_infirm(struct exo_doctor *d, const char *path, const char *what)
{
    const char *why = exo_path_infirm(path, d->app->uid);

    if (why) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE, "%s %s: %-s", path, what,
                        why);
    }
    return why != NULL;
}

bool exo_doctor_is_bad(const struct exo_doctor *d,
                       const struct exo_account *account)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->finding[i].check == d->check && d->finding[i].of == account &&
            d->finding[i].level != EXO_LEVEL_OK) {
            return true;
        }
    }
    return false;
}

size_t exo_doctor_count(const struct exo_doctor *d, enum exo_level level)
{
    size_t count = 0;

    for (size_t i = 0; i < d->n; i++) {
        count += d->finding[i].level == level;
    }
    return count;
}

enum exo_status exo_doctor_worst(const struct exo_doctor *d)
{
    enum exo_status worst = EXO_STATUS_OK;

    for (size_t i = 0; i < d->n; i++) {
        if (d->finding[i].level == EXO_LEVEL_FAILURE &&
            exo_status_is_worse(d->finding[i].status, worst)) {
            worst = d->finding[i].status;
        }
    }
    return worst;
}

const char *exo_level_word(enum exo_level level)
{
    return level == EXO_LEVEL_OK        ? "ok"
           : level == EXO_LEVEL_SKIPPED ? "skipped"
           : level == EXO_LEVEL_WARNING ? "warning"
                                        : "failure";
}
