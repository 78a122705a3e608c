/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ask.c and spawn.c share: one conversation with a broker, whatever the
 * socket came from. Nobody else includes this.
 */
#ifndef EXOAUTH_ASK_H
#define EXOAUTH_ASK_H

#include "exoauth/source.h"

/* Moves *fd to 3 or above, closing the old number: a host may run with its
 * standard descriptors closed, and what it then prints must not go to the
 * broker. EXO_E_IO, and *fd is -1, if there is no descriptor left. */
int exo_fd_raise(int *fd) EXO_MUST_CHECK;

/* Sends the request, shuts down that direction, and reads and parses the
 * reply unless the request says nowait. fd stays the caller's. */
int exo_ask_talk(int fd, const struct exo_request *request, int64_t deadline_ms,
                 struct exo_answer *answer) EXO_MUST_CHECK;

/* Milliseconds that a wait of want may take now, 0 at the deadline. */
int exo_ask_left(int64_t deadline_ms, int want);

#endif
