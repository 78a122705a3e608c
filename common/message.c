/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One block over a descriptor, before a deadline (exoauth/proto.h).
 *
 * Called by both ends of the local protocol. The other end may be slow,
 * hostile or gone: reading is bounded in bytes and in time, and looks at
 * each byte once however small the pieces are that it comes in. The caller
 * owns descriptor and buffer; the block borrows from the buffer.
 */
#include "config.h"

#include "exoauth/clock.h"
#include "exoauth/proto.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK ((size_t)4096)

/* After the deadline what is already there may still be taken. */
static int wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd pfd = { .fd = fd, .events = events };

    for (;;) {
        int64_t left = deadline_ms - exo_clock_ms();
        int n;

        if (left < 0) {
            left = 0;
        }
        if (left > INT_MAX) {
            left = INT_MAX;
        }
        n = poll(&pfd, 1, (int)left);
        if (n > 0) {
            return EXO_OK;
        }
        if (n == 0) {
            return EXO_E_TIMEOUT;
        }
        if (errno != EINTR) {
            return exo_error_from_errno(errno);
        }
    }
}

/* May in->data end in, or hold, an empty line that was not there before? */
static bool ends_block(const struct exo_buf *in, size_t seen)
{
    const char *p = in->data + (seen > 0 ? seen - 1 : 0);
    const char *end = in->data + in->len;

    if (in->data[0] == '\n') {
        return true;
    }
    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        if (p == end) {
            return false;
        }
        if (*p == '\n') {
            return true;
        }
    }
    return false;
}

/* How much to read: what the buffer has room for, or else one chunk more. Who
 * keeps many buffers makes them small (helper/serve/waiting.c). */
static size_t room_in(const struct exo_buf *in)
{
    size_t left = EXO_BLOCK_SIZE - in->len;
    size_t room = in->cap > in->len + 1 ? in->cap - in->len - 1 : CHUNK;

    return room < left ? room : left;
}

int exo_message_read(int fd, int64_t deadline_ms, struct exo_buf *in,
                     struct exo_block *block)
{
    block->n = 0;
    block->size = 0;
    block->bad_line = 0;
    block->why = NULL;

    while (in->len < EXO_BLOCK_SIZE) {
        size_t room = room_in(in);
        size_t seen = in->len;
        char *to;
        ssize_t n;
        int rc;

        to = exo_buf_reserve(in, room);
        if (to == NULL) {
            return in->error;
        }
        rc = wait_for(fd, POLLIN, deadline_ms);
        if (rc != EXO_OK) {
            return rc;
        }
        n = read(fd, to, room);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n < 0) {
            return exo_error_from_errno(errno);
        }
        if (n == 0) {
            return EXO_E_SHORT;
        }
        in->len += (size_t)n;
        in->data[in->len] = '\0';
        if (ends_block(in, seen)) {
            return exo_block_parse(block, in->data, in->len, EXO_BLOCK_MESSAGE);
        }
    }
    return EXO_E_TOOBIG;
}

/* A pipe that is ready takes PIPE_BUF bytes at once without blocking. */
static ssize_t send_some(int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno == ENOTSOCK) {
        n = write(fd, data, len < PIPE_BUF ? len : PIPE_BUF);
    }
    return n;
}

int exo_message_write(int fd, int64_t deadline_ms, const struct exo_buf *out)
{
    size_t done = 0;

    if (out->error != 0) {
        return out->error;
    }
    while (done < out->len) {
        ssize_t n;
        int rc = wait_for(fd, POLLOUT, deadline_ms);

        if (rc != EXO_OK) {
            return rc;
        }
        n = send_some(fd, out->data + done, out->len - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return exo_error_from_errno(errno);
        }
    }
    return EXO_OK;
}
