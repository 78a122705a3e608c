/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that does not have its name yet. Every file that exoauth writes
 * whole begins as one of these, in the directory that it is to stand in, and
 * takes its name by one call. exo_file_put() is the usual way to it.
 *
 * One that is to be new has no name at all until then, and dies with its
 * writer. One that replaces another has a name of its own (.tmp.*), and its
 * writer holds a lock on it, which the kernel frees when the writer dies. So
 * whoever can take the lock knows that nobody will finish the file, and
 * removes it, however young it is.
 */
#ifndef EXOAUTH_TEMP_H
#define EXOAUTH_TEMP_H

#include <sys/types.h>

#include "exoauth/file.h"

#define EXO_TEMP_LIST "system.posix_acl_access" /* acl(5) */
#define EXO_TEMP_NAME 22 /* ".tmp.", 16 hexadecimal digits and a NUL */

struct exo_temp {
    int dirfd;                /* the caller's */
    int fd;                   /* for writing; -1 if there is none */
    char name[EXO_TEMP_NAME]; /* in dirfd; "" while it has none */
};

#define EXO_TEMP_INIT \
    {                 \
        -1, -1, ""    \
    }

/*
 * Makes an empty one in dirfd, mode 0600, after the leftovers of dead writers
 * there are swept (once a process for each directory). is_new: it can only
 * become a file that is not there yet, and has no name before, where the file
 * system knows such files. Ends by exo_temp_commit(), exo_temp_name() or
 * exo_temp_drop(). EXO_E_ACCESS, EXO_E_NOENT, EXO_E_IO, with errno.
 */
int exo_temp_open(struct exo_temp *temp, int dirfd, bool is_new) EXO_MUST_CHECK;

/* Room for size bytes, which writing it cannot lack then; for exo_file_put()
 * to fill and cut (how->room). 0 also where a file system cannot promise. */
int exo_temp_reserve(const struct exo_temp *temp, size_t size) EXO_MUST_CHECK;

/* Owner, mode, access list, and unless how->fleeting fsync: all but the name,
 * and all that can lack room but an entry in a directory. EXO_E_UNSAFE, with
 * errno: how->list cannot be set. */
int exo_temp_finish(const struct exo_temp *temp,
                    const struct exo_file_how *how) EXO_MUST_CHECK;

/*
 * Gives it its name, and closes it; is_new as it was opened. The directory is
 * the caller's to fsync. On failure, with errno, it is still there, to be
 * dropped. EXO_E_CONFLICT: is_new, and the name is taken.
 */
int exo_temp_name(struct exo_temp *temp, const char *name,
                  bool is_new) EXO_MUST_CHECK;

/* Both. */
int exo_temp_commit(struct exo_temp *temp, const char *name,
                    const struct exo_file_how *how) EXO_MUST_CHECK;

/* Removes it if it was not committed; errno stays as it is. */
void exo_temp_drop(struct exo_temp *temp);

#endif
