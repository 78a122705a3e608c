/* SPDX-License-Identifier: BSD-2-Clause */
/* Which directories are exoauth's own, so that a message may say chmod. */
#ifndef EXOAUTH_HELPER_OURS_H
#define EXOAUTH_HELPER_OURS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "exoauth/conf.h"
#include "exoauth/error.h"

/* The configuration file in force, whether it is a user's own, and what it says
 * once it is read, or NULL. conf is used until the next call; file NULL: there
 * is none any more. */
void exo_ours_are(const char *file, bool user, const struct exo_conf *conf);

/* Is it the directory of configuration, accounts, store, key or tokens, below
 * one of these, or made for tokens below a chroot? Or, in a configuration of
 * his own, one of this user's. The name has no links in it. */
bool exo_ours(const char *dir);

/* The first directory on the way to path that the effective user cannot enter;
 * whole: or path itself, if it cannot be listed. */
bool exo_ours_closed(const char *path, bool whole, char dir[PATH_MAX]);

/* That account_dir is closed to the effective user, as EXO_E_STATUS; 0 if it is
 * not, or is not there. */
int exo_ours_listed(const struct exo_conf *conf,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Why the effective user may not read an account's file, which holds no secret.
 * EXO_E_STATUS. */
int exo_ours_unreadable(const struct exo_conf *conf, const char *file,
                        struct exo_err *err);

/* Why run_as may not open the store, for root, who would be told to be root by
 * the store itself. What a restore made root's may be given back; what is
 * another user's is not taken over. EXO_E_ACCESS. */
int exo_ours_store(const struct exo_conf *conf, const char *run_as, uid_t uid,
                   struct exo_err *err);

#endif
