/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local protocol (libexoauth(8), LOCAL PROTOCOL): one request block,
 * one reply block over a UNIX socket or the socketpair of a spawned helper.
 */
#ifndef EXOAUTH_PROTO_H
#define EXOAUTH_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/token.h"

struct exo_request {
    const char *get;    /* account name */
    const char *server; /* host the token is for; NULL: not said */
    int64_t min_ttl;    /* seconds it must still live; -1: not said */
    int64_t reject;     /* serial that a server refused; -1: none */
    bool nowait;        /* no reply wanted */
    bool forwarded;     /* by a helper that may not open the store: another
                         * one in the same position must not ask again */
};

#define EXO_REQUEST_INIT                 \
    {                                    \
        NULL, NULL, -1, -1, false, false \
    }

struct exo_reply {
    enum exo_status status;
    const char *message;    /* one line, NULL with ok */
    int64_t retry_after;    /* seconds, 0: not said */
    struct exo_token token; /* with ok */
};

void exo_request_put(struct exo_buf *out, const struct exo_request *request);
int exo_request_parse(struct exo_request *request,
                      const struct exo_block *block) EXO_MUST_CHECK;

void exo_reply_put(struct exo_buf *out, const struct exo_reply *reply);
/* EXO_E_SYNTAX for an unknown status, or ok without a whole token. */
int exo_reply_parse(struct exo_reply *reply,
                    const struct exo_block *block) EXO_MUST_CHECK;

/*
 * Reads one block from fd until its empty line, end of file or the deadline.
 * in keeps the text, block borrows from it. EXO_E_SHORT: end of file first
 * (in->len == 0: nothing at all came). fd may be a socket, pipe or file.
 */
int exo_message_read(int fd, int64_t deadline_ms, struct exo_buf *in,
                     struct exo_block *block) EXO_MUST_CHECK;
/* Sends all of out (MSG_NOSIGNAL on a socket) before the deadline. */
int exo_message_write(int fd, int64_t deadline_ms,
                      const struct exo_buf *out) EXO_MUST_CHECK;

#endif
