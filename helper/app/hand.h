/* SPDX-License-Identifier: BSD-2-Clause */
/* Which directory root gives to run_as, and how it is given. */
#ifndef EXOAUTH_HELPER_HAND_H
#define EXOAUTH_HELPER_HAND_H

#include "app.h"
#include "exoauth/path.h"

/*
 * Makes the directory that dir has open run_as's, of this group and mode. One
 * of root's is given only where root has made it in this walk, or where it is
 * empty and not of the system. taken: it is one of ours by its place,
 * /run/exoauth, whatever is in it. EXO_E_CONFLICT: it is another user's.
 * Otherwise dir->why says what is in the way, EXO_E_UNSAFE: that it is not for
 * us.
 */
int exo_hand_over(const struct exo_app *app, struct exo_path *dir, gid_t gid,
                  mode_t mode, bool taken) EXO_MUST_CHECK;

#endif
