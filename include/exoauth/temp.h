/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that does not have its name yet. Every file that exoauth writes
 * whole begins as one of these, in the directory that it is to stand in, and
 * takes its name by one rename. exo_file_put() is the usual way to it.
 *
 * Its writer holds a lock on it, which the kernel frees when the writer dies.
 * So whoever can take the lock knows that nobody will finish the file, and
 * removes it, however young it is.
 */
#ifndef EXOAUTH_TEMP_H
#define EXOAUTH_TEMP_H

#include <sys/types.h>

#include "exoauth/file.h"

#define EXO_TEMP_NAME 22 /* ".tmp.", 16 hexadecimal digits and a NUL */

struct exo_temp {
    int dirfd;                /* the caller's */
    int fd;                   /* for writing; -1 if there is none */
    char name[EXO_TEMP_NAME]; /* in dirfd */
};

#define EXO_TEMP_INIT \
    {                 \
        -1, -1, ""    \
    }

/*
 * Makes an empty one in dirfd, mode 0600, after the leftovers of dead writers
 * there are swept (once a process for each directory). Ends by
 * exo_temp_commit() or exo_temp_drop(). EXO_E_ACCESS, EXO_E_NOENT, EXO_E_IO,
 * with errno.
 */
int exo_temp_open(struct exo_temp *temp, int dirfd) EXO_MUST_CHECK;

/* Room for size bytes, which writing it cannot lack then; for exo_file_put()
 * to fill and cut (how->room). 0 also where a file system cannot promise. */
int exo_temp_reserve(const struct exo_temp *temp, size_t size) EXO_MUST_CHECK;

/*
 * Owner, mode, and unless how->fleeting fsync; then it is dirfd/name. The
 * directory is the caller's to fsync. On failure it is still there, to be
 * dropped. EXO_E_CONFLICT: how->is_new, and the name is taken.
 */
int exo_temp_commit(struct exo_temp *temp, const char *name,
                    const struct exo_file_how *how) EXO_MUST_CHECK;

/* The last step of that for a process which has the directory alone: -1 and
 * errno, EEXIST if the name is taken. */
int exo_temp_name_new(const struct exo_temp *temp,
                      const char *name) EXO_MUST_CHECK;

/* Removes it if it was not committed; errno stays as it is. */
void exo_temp_drop(struct exo_temp *temp);

#endif
