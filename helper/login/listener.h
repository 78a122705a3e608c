/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address on this host to which a browser comes back after a login: HTTP
 * as far as one GET needs it, on loopback only (RFC 8252 section 7.3).
 */
#ifndef EXOAUTH_LISTENER_H
#define EXOAUTH_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* A request to be answered. */
struct exo_visit {
    int fd;                 /* -1: none */
    struct exo_secret head; /* what was read; the code is in it */
    int64_t until_ms;       /* how long the browser may take to send it */
    const char *target;     /* "/?...", borrowed from head */
    size_t target_len;
};

#define EXO_LISTENER_MOST 16
#define EXO_LISTENER_UIDS 4

struct exo_listener {
    int fd[2]; /* 127.0.0.1 and [::1], -1 where there is none */
    unsigned port;
    uid_t uids[EXO_LISTENER_UIDS]; /* whose browser it may be */
    size_t n_uids;
    bool refused; /* somebody else's was */
    struct exo_visit visits[EXO_LISTENER_MOST];
    size_t n;
};

/* The same free port on both addresses; EXO_E_STATUS. */
int exo_listener_open(struct exo_listener *listener,
                      struct exo_err *err) EXO_MUST_CHECK;
void exo_listener_close(struct exo_listener *listener);

/*
 * The next GET of "/" with a query; whatever else comes is told 404 or 400
 * here and forgotten, and other users are told 403. Several connections at a
 * time, as browsers open some in advance; the oldest makes room.
 * EXO_E_TIMEOUT, EXO_E_IO, EXO_E_NOMEM. With 0 the request must be answered.
 */
int exo_listener_next(struct exo_listener *listener, int64_t deadline_ms,
                      struct exo_visit *request) EXO_MUST_CHECK;

/* Sends a page with these words, static ASCII without markup, and closes. */
void exo_visit_answer(struct exo_visit *request, const char *status,
                      const char *title, const char *text);

#endif
