/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and descriptors that are held back while a credential is spent. A
 * provider that rotates has forgotten the old refresh token when it answers, so
 * from then on nothing may fail for want of either: who runs short gives the
 * reserve up and tries once more. It is the process's, and not for the plugin.
 */
#ifndef EXOAUTH_RESERVE_H
#define EXOAUTH_RESERVE_H

#include "exoauth/error.h"

/* Before anything is spent. EXO_E_NOMEM or EXO_E_IO (errno) where there is
 * not so much: then nothing may be asked. Again: nothing happens. */
int exo_reserve_take(void) EXO_MUST_CHECK;

/* Gives it up; false if there was none, and trying again is no use. */
bool exo_reserve_use(void);

#endif
