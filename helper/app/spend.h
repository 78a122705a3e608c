/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While a refresh token or a code is being spent, signals wait. A provider
 * that rotates has forgotten the old one when it answers; a process that ends
 * before the new one is on disk has lost the account.
 *
 * The state is the process's, as its signals are. Held are all that can be but
 * those that report a fault of the process itself (SIGSEGV, SIGBUS, SIGFPE,
 * SIGILL, SIGABRT, SIGTRAP, SIGSYS); what was ignored stays ignored.
 */
#ifndef EXOAUTH_SPEND_H
#define EXOAUTH_SPEND_H

#include <stdbool.h>
#include <stdint.h>

/* From now on they wait. left_ms: how long that may take, for the one line
 * that Ctrl-C gets on a terminal. Within a hold nothing changes. */
void exo_spend_begin(int64_t left_ms);

/* What came meanwhile acts now; without a hold nothing happens. */
void exo_spend_end(void);

bool exo_spend_on(void);

#endif
