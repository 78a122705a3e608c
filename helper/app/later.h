/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root still has to do when the command is done, although by then it
 * has become run_as: a child is left behind before the drop that does it when
 * it is told to, and nothing when it hears nothing.
 */
#ifndef EXOAUTH_LATER_H
#define EXOAUTH_LATER_H

#include <stdbool.h>
#include <sys/types.h>

#include "exoauth/temp.h"

struct exo_later {
    pid_t pid; /* 0: none */
    int fd;
};

/* act runs in the child and returns 0 or an errno value. 0 or an errno value:
 * there is no child. */
int exo_later_start(struct exo_later *later, int (*act)(void *context),
                    void *context);

/* The same for a temporary file that it may have to name: its descriptors stay
 * open in the child. otherwise runs instead when it is not told to go, also
 * where the command was killed. */
int exo_later_start_temp(struct exo_later *later, const struct exo_temp *temp,
                         int (*act)(void *context),
                         int (*otherwise)(void *context), void *context);

/* Tells it to go, or lets it end without. What act returned; ECHILD if
 * nobody knows. Once is enough, and without a child it is 0. */
int exo_later_finish(struct exo_later *later, bool go);

/* Why it failed, and what to do: of an error of exo_later_finish(). */
const char *exo_later_why(int error);
const char *exo_later_remedy(int error);

#endif
