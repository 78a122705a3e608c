/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What cmd_rekey.c does with the records (rekey.c).
 */
#ifndef EXOAUTH_HELPER_REKEY_H
#define EXOAUTH_HELPER_REKEY_H

#include "helper/app/app.h"

/*
 * Seals what is not sealed with the key of that id; all: also what is, since a
 * rekey that was cut short may have left a previous copy under the old one.
 * *done: how many were written. Goes on after one that fails: err is of the
 * first, and the others are warned of.
 */
int exo_rekey_round(struct exo_app *app, const char *id, bool all, size_t *done,
                    struct exo_err *err) EXO_MUST_CHECK;

/* A previous copy alone is what an interrupted remove, or a person, has left;
 * the key before opens it, or anybody. */
int exo_rekey_drop_left(struct exo_app *app,
                        struct exo_err *err) EXO_MUST_CHECK;

#endif
