/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every program that we start has to be given (posix_spawn(3)).
 */
#ifndef EXOAUTH_SPAWN_H
#define EXOAUTH_SPAWN_H

#include <spawn.h>

#include "exoauth/error.h"

/*
 * No signal blocked and none ignored in the child, whatever the host or shell
 * that started us has: both are inherited over exec. flags are added to those
 * that this needs, as POSIX_SPAWN_SETPGROUP. 0 or an errno value.
 */
int exo_spawn_signals(posix_spawnattr_t *attributes,
                      short flags) EXO_MUST_CHECK;

#endif
