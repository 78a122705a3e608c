/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One undo of setup, between setup_undo.c, which makes it and frees what is in
 * it, and setup_judge.c.
 */
#ifndef EXOAUTH_SETUP_UNDO_H
#define EXOAUTH_SETUP_UNDO_H

#include "setup_journal.h"

struct exo_undo {
    struct exo_setup *setup;
    struct json_object *journal;
    bool *stays;                /* of its changes, those that stay in it */
    size_t at;                  /* the change that is looked at */
    struct exo_changes whole;   /* all that is taken back, to be shown */
    struct exo_changes partial; /* those of files that others changed */
    bool kept[EXO_SETUP_KINDS]; /* of this kind one stays */
    size_t refused;
    struct exo_buf roots; /* that setup had put into chroot, and that go */
    bool left;            /* tokens that could not be removed there */
    bool in_use; /* something that stays leads to a map or service of ours */
    int failed;  /* what is there could not be read: sticky, with err */
    struct exo_err err; /* or why tokens are left */
};

/* Each change of the journal into the lists, or into what stays. main.cf
 * first: what it still uses is known then. */
void exo_undo_judge(struct exo_undo *u);

/* The file of a kind (of a map: with that path) as the journal has it; NULL if
 * it has none. */
struct json_object *exo_undo_file(const struct exo_undo *u,
                                  enum exo_setup_kind kind, const char *path);

#endif
