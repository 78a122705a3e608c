/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a login stands on: exoauth.conf, the account's file, the store and its
 * key. A person takes minutes, and an administrator may edit or move them
 * meanwhile. A code is not spent for a file that says something else now, and
 * no login says `changed` of a credential that no command will find.
 */
#ifndef EXOAUTH_GROUND_H
#define EXOAUTH_GROUND_H

#include "helper/app/app.h"
#include "helper/settings/draft.h"
#include "helper/settings/settings.h"

struct exo_ground {
    struct exo_app *app;        /* borrowed, as is the */
    struct exo_draft *draft;    /* NULL: no --set */
    struct exo_settings *begun; /* the account, as it was */
    int fd[2];                  /* store and account_dir; -1: not seen */
};

/* Takes it down, with the store open and before anybody is asked. */
int exo_ground_take(struct exo_ground *ground, struct exo_app *app,
                    const struct exo_account *account, struct exo_draft *draft,
                    struct exo_err *err) EXO_MUST_CHECK;
void exo_ground_free(struct exo_ground *ground);

/* Is it still so? EXO_STATUS_TRANSIENT names what was changed; nothing is
 * lost before a code is spent, and afterwards it is for the caller to say what
 * is stored. */
int exo_ground_check(const struct exo_ground *ground,
                     struct exo_err *err) EXO_MUST_CHECK;

#endif
