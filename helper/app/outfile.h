/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that somebody has named to be written (--out, --bundle), which is not
 * there yet. It is opened as root, filled as run_as, and gets its name when it
 * is whole: whatever fails before leaves none.
 */
#ifndef EXOAUTH_OUTFILE_H
#define EXOAUTH_OUTFILE_H

#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/path.h"
#include "exoauth/temp.h"
#include "later.h"

struct exo_outfile {
    const char *name; /* in its directory, borrowed */
    struct exo_temp temp;
    struct exo_later later;
};

#define EXO_OUTFILE_INIT     \
    {                        \
        NULL, EXO_TEMP_INIT, \
        {                    \
            0, -1            \
        }                    \
    }

/* 0 or an errno value; with why, which is a text of ours, where a directory on
 * the way is refused. path must stay where it is. */
int exo_outfile_begin(struct exo_outfile *file, const char *path,
                      char why[EXO_PATH_WHY]) EXO_MUST_CHECK;

/* Whole, durable and named. On failure there is no such file, and err says
 * why. */
int exo_outfile_finish(struct exo_outfile *file, const char *path,
                       const struct exo_buf *text,
                       struct exo_err *err) EXO_MUST_CHECK;

/* In every case; what is not finished is gone. */
void exo_outfile_drop(struct exo_outfile *file);

#endif
