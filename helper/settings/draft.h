/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An account's file as it is to be. `--set` is put into a copy in memory,
 * which stands for the file where it is given to exo_settings_load_draft(),
 * while a login proves it; then it replaces the file, or is forgotten. The file
 * is root's, so a child that was left behind before the drop writes it
 * (later.h).
 */
#ifndef EXOAUTH_DRAFT_H
#define EXOAUTH_DRAFT_H

#include <stdbool.h>

#include "exoauth/account.h"
#include "exoauth/buf.h"
#include "exoauth/conf.h"
#include "exoauth/error.h"
#include "exoauth/path.h"
#include "helper/app/later.h"

struct exo_draft {
    struct exo_account account;
    struct exo_buf path;   /* of the file; a link there is followed */
    struct exo_buf old;    /* what stood there, */
    struct exo_buf text;   /* and what shall */
    bool is_new;           /* there was no file */
    bool changed;          /* text is not old */
    bool written;          /* it is in its place */
    int mode;              /* of the file, if it is new, */
    int dir_mode;          /* and of its directory, if that is to be made */
    struct exo_path place; /* where it goes, */
    struct exo_temp temp;  /* and the file that it will be: of the child */
    struct exo_later writer;
};

/*
 * Merges key=value pairs into what the account's file says now: a line of
 * that key is replaced, others and comments stay, new ones are appended.
 * Nothing is written. *draft is NULL on failure; its keys are checked one by
 * one, not together.
 */
int exo_draft_make(struct exo_draft **draft, const struct exo_conf *conf,
                   const struct exo_account *account, char *const *pairs,
                   size_t n, struct exo_err *err) EXO_MUST_CHECK;
void exo_draft_free(struct exo_draft *draft); /* NULL allowed */

/* As root: makes the directory, writes all of the file but its name, so that
 * nothing is spent where it cannot be written, and leaves the child. Nothing
 * to do for one that changes nothing. */
int exo_draft_prepare(struct exo_draft *draft,
                      struct exo_err *err) EXO_MUST_CHECK;

/* Is the file still what the draft was made from? One that already says the
 * same by itself is as good. EXO_STATUS_TRANSIENT if somebody changed it. */
int exo_draft_check(struct exo_draft *draft,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Replaces the file, all or nothing. Once is enough; NULL, and one that
 * changes nothing, is 0. */
int exo_draft_write(struct exo_draft *draft,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Is a file still to be written? */
static inline bool exo_draft_waits(const struct exo_draft *draft)
{
    return draft && draft->changed && !draft->written;
}

#endif
