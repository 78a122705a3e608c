/* SPDX-License-Identifier: BSD-2-Clause */
/* serve --listen: connections that have no process, oldest first. */
#ifndef EXOAUTH_WAITING_H
#define EXOAUTH_WAITING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/buf.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"

#define EXO_WAITING_MOST 320
#define EXO_WAITING_UID 256 /* of one uid that was never given anything */
#define EXO_WAITING_MS 2000 /* for a request to be whole */

struct exo_waiter {
    int fd;
    uid_t uid;
    int64_t since;              /* exo_clock_ms() */
    bool whole;                 /* all of the request is there */
    struct exo_buf text;        /* what came */
    struct exo_request request; /* if whole; borrows from text */
};

struct exo_waiting {
    struct exo_waiter of[EXO_WAITING_MOST];
    size_t n;
};

/* The last one is the new one, and fd is its. There must be room. */
void exo_waiting_add(struct exo_waiting *w, int fd, uid_t uid, int64_t now);

/* Takes what is there without waiting. 0: whole; EXO_E_TIMEOUT: not yet;
 * EXO_E_NOENT: it went without a byte; else it is no request. */
int exo_waiting_read(struct exo_waiting *w, size_t i) EXO_MUST_CHECK;

/* Closes it; those behind it move up. */
void exo_waiting_drop(struct exo_waiting *w, size_t i);
void exo_waiting_free(struct exo_waiting *w);

/* In the process for one of them: who is dropped later must see the end. */
void exo_waiting_leave(const struct exo_waiting *w, size_t i);

/* How many are this uid's. */
size_t exo_waiting_of(const struct exo_waiting *w, uid_t uid);

#endif
