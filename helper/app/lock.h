/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One of its kind at a time: a lock on a file that only root, or the person
 * whose own files are at work, can open. A lock on what others can open would
 * be theirs to hold.
 */
#ifndef EXOAUTH_LOCK_H
#define EXOAUTH_LOCK_H

#include "exoauth/error.h"
#include "exoauth/path.h"

#define EXO_LOCK_NAME ".exoauth.lock"

/*
 * Takes the lock beside that file, until *fd is closed or the process ends.
 * busy is said if another holds it; EXO_STATUS_TRANSIENT.
 */
int exo_lock_take(const struct exo_path_rule *rule, const char *beside,
                  const char *busy, int *fd,
                  struct exo_err *err) EXO_MUST_CHECK;

#endif
