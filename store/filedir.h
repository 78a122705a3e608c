/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory of a `file:` store, shared by filedir.c (the directory),
 * file.c (records) and filelock.c (locks).
 */
#ifndef EXOAUTH_STORE_FILEDIR_H
#define EXOAUTH_STORE_FILEDIR_H

#include "backend.h"
#include "exoauth/temp.h"

/* A file name: an account's and one suffix of at most eight bytes. */
struct exo_filename {
    char text[EXO_ACCOUNT_MAX + 9];
};

#define EXO_FILEDIR_PATH 4096

/* An array, so that nothing can be missing from it. */
struct exo_filedir {
    int fd;               /* -1: the directory does not exist (yet) */
    struct exo_temp room; /* for the next put */
    /* What the last put under the lock that is held has written, revision 0:
     * none. So the next one need not read it. */
    int64_t revision;
    bool sealed;
    struct exo_account written;
    char path[EXO_FILEDIR_PATH + 1];
};

#define EXO_FILE_SUFFIX ".json"
#define EXO_FILE_PREVIOUS ".prev"

/* ACCOUNT.suffix */
struct exo_filename exo_filename_make(const struct exo_account *account,
                                      const char *suffix);

/* Opens dir->path; *owner is who owns it. create: makes it. Without it a
 * missing directory is no error: dir->fd stays -1. */
int exo_filedir_open(struct exo_filedir *dir, bool create, uid_t *owner,
                     struct exo_err *err) EXO_MUST_CHECK;

/* EXO_STATUS_STORE for what failed on dir/name ("": on dir): EXO_E_NOMEM, or
 * EXO_E_IO and errno says how. Returns EXO_E_STATUS. doing: "write". */
int exo_filedir_fail(const struct exo_filedir *dir, int code, const char *doing,
                     const char *name, struct exo_err *err);

/* Could a rename replace that file of the account? Said before anything is
 * spent. */
int exo_filedir_check(const struct exo_filedir *dir,
                      const struct exo_account *account, const char *suffix,
                      struct exo_err *err) EXO_MUST_CHECK;

/* exo_store_reserve(): dir->room, for the next write of dir/name. */
int exo_filedir_reserve(struct exo_filedir *dir, const char *name,
                        struct exo_err *err) EXO_MUST_CHECK;

/* Removes dir/name, durably; none is as good. */
int exo_filedir_forget(const struct exo_filedir *dir, const char *name,
                       struct exo_err *err) EXO_MUST_CHECK;

/* Every account of which there is ACCOUNT.suffix. Any other name is somebody
 * else's, or one of our other files. What killed writes left is removed. */
int exo_filedir_list(const struct exo_filedir *dir, const char *suffix,
                     void (*found)(void *context,
                                   const struct exo_account *account),
                     void *context, struct exo_err *err) EXO_MUST_CHECK;

/* The same of those of which there is no ACCOUNT.without. */
int exo_filedir_list_left(const struct exo_filedir *dir, const char *suffix,
                          const char *without,
                          void (*found)(void *context,
                                        const struct exo_account *account),
                          void *context, struct exo_err *err) EXO_MUST_CHECK;

/* EXO_STATUS_STORE for a store that is not there. */
int exo_filedir_missing(const struct exo_filedir *dir,
                        const struct exo_account *account, struct exo_err *err);

/* err for a record that is of no use: damaged, or by owner, mode or kind not to
 * be believed. EXO_E_STATUS. */
int exo_filefault_damaged(struct exo_store *store,
                          const struct exo_account *account, const char *why,
                          struct exo_err *err);
int exo_filefault_refused(struct exo_store *store,
                          const struct exo_account *account, const char *why,
                          struct exo_err *err);

int exo_filelock_take(const struct exo_filedir *dir,
                      struct exo_store_lock *lock, int64_t deadline_ms,
                      struct exo_err *err) EXO_MUST_CHECK;
void exo_filelock_drop(struct exo_store_lock *lock);

/* The note is the time of the last access, which nothing else sets ahead. */
void exo_filelock_note(const struct exo_store_lock *lock, int64_t until,
                       unsigned word);
int64_t exo_filelock_noted(const struct exo_store_lock *lock, unsigned *word);

/* Is it still the lock that others wait for? EXO_E_CONFLICT if not. */
int exo_filelock_check(const struct exo_filedir *dir,
                       const struct exo_store_lock *lock,
                       struct exo_err *err) EXO_MUST_CHECK;

#endif
