/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address on this host to which a browser comes back after a login: HTTP
 * as far as one GET needs it, on loopback only (RFC 8252 section 7.3).
 */
#ifndef EXOAUTH_LISTENER_H
#define EXOAUTH_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_listener {
    int fd[2]; /* 127.0.0.1 and [::1], -1 where there is none */
    unsigned port;
};

/* A request to be answered. */
struct exo_visit {
    int fd;                 /* -1: none */
    struct exo_secret head; /* what was read; the code is in it */
    int64_t until_ms;       /* how long the browser may take to send it */
    const char *target;     /* "/?...", borrowed from head */
    size_t target_len;
};

/* The same free port on both addresses; EXO_E_STATUS. */
int exo_listener_open(struct exo_listener *listener,
                      struct exo_err *err) EXO_MUST_CHECK;
void exo_listener_close(struct exo_listener *listener);

/*
 * The next GET of "/" with a query; whatever else comes is told 404 or 400
 * here and forgotten. One connection at a time; one that sends nothing makes
 * room for the next, as browsers open some in advance. EXO_E_TIMEOUT,
 * EXO_E_IO, EXO_E_NOMEM. With 0 the request must be answered.
 */
int exo_listener_next(struct exo_listener *listener, int64_t deadline_ms,
                      struct exo_visit *request) EXO_MUST_CHECK;

/* Sends a page with these words, static ASCII without markup, and closes. */
void exo_visit_answer(struct exo_visit *request, const char *status,
                      const char *title, const char *text);

#endif
