/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that would end us while a child runs (signals.c, for process.c and
 * wait.c): they wait, so that the child, whose group no terminal and no
 * kill(1) of ours reaches, is ended first.
 */
#ifndef EXOAUTH_PROCESS_HELD_H
#define EXOAUTH_PROCESS_HELD_H

#include <signal.h>
#include <stdbool.h>

#include "exoauth/process.h"

/* Blocks them; *before is the mask to go back to. */
void exo_signals_hold(sigset_t *before);

/* Has one come that will end us when *before is the mask again? */
bool exo_signals_end_us(const sigset_t *before);

/* What child holds acts now. */
void exo_process_release(struct exo_child *child);

#endif
