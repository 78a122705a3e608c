/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing a session over (exoauth/mail.h): bytes from one side to the other.
 * Called by exoauth connect when the login is done.
 *
 * in and out are often one socket, and always somebody else's: they are not
 * made non-blocking, which their owner would notice. Reading after poll(2)
 * does not block, a socket is written with MSG_DONTWAIT, and a pipe takes
 * PIPE_BUF bytes when it takes any. Nothing is read before what was read has
 * gone out, so that a slow side slows the other down and no buffer grows.
 *
 * It ends when the server does. Mail servers take the end of what they hear
 * for a client that left, and throw away what they had to say: so the end of
 * in is not passed on, and the server has some time to answer to what was
 * said before. If out has no reader any more, nobody waits for that.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/clock.h"
#include "inner.h"

#define CHUNK ((size_t)16 * 1024) /* a record of TLS */

struct half {
    char data[CHUNK];
    size_t at, end;
    bool ended; /* nothing more will come */
};

struct pump {
    struct exo_stream *s;
    int in, out;
    struct half up, down;
    short want_get, want_put; /* what the stream waits for, 0: nothing */
    bool gone;                /* nobody reads out any more */
    int64_t linger, until;    /* once in has ended: how long to wait */
};

static bool is_empty(const struct half *h)
{
    return h->at == h->end;
}

/* Bytes written, EXO_STREAM_AGAIN, or EXO_STREAM_FAILED with errno. */
static ssize_t write_some(int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && errno == ENOTSOCK) {
        n = write(fd, data, len < PIPE_BUF ? len : PIPE_BUF);
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? EXO_STREAM_AGAIN
                                                 : EXO_STREAM_FAILED;
    }
    return n;
}

static int no_reader(struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_STORE,
                       "cannot write to standard output: %s; see what reads "
                       "it",
                       exo_errno_text(errno));
}

/* in is ready. */
static void read_in(struct pump *p)
{
    ssize_t n = read(p->in, p->up.data, CHUNK);

    if (n > 0) {
        p->up.at = 0;
        p->up.end = (size_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        p->up.ended = true;
        p->until = exo_clock_ms() + p->linger;
    }
}

static void serve_up(struct pump *p)
{
    p->want_put = 0;
    while (!is_empty(&p->up)) {
        ssize_t n = exo_stream_put(p->s, p->up.data + p->up.at,
                                   p->up.end - p->up.at, &p->want_put);

        if (n == EXO_STREAM_AGAIN) {
            return;
        }
        p->until = exo_clock_ms() + p->linger;
        if (n <= 0) {
            /* It may have said why, before it closed. */
            p->up.at = p->up.end;
            p->up.ended = true;
            return;
        }
        p->up.at += (size_t)n;
    }
}

static int serve_down(struct pump *p, struct exo_err *err)
{
    ssize_t n;

    p->want_get = 0;
    if (!is_empty(&p->down) || p->down.ended) {
        return 0;
    }
    n = exo_stream_get(p->s, p->down.data, CHUNK, &p->want_get);
    if (n > 0) {
        p->down.at = 0;
        p->down.end = (size_t)n;
        p->until = exo_clock_ms() + p->linger;
    } else if (n == 0) {
        p->down.ended = true;
    } else if (n == EXO_STREAM_FAILED) {
        p->down.ended = true;
        if (!p->up.ended) {
            return exo_err_set(err, EXO_STATUS_TRANSIENT,
                               "%.100s port %u: the connection broke: %s; try "
                               "again",
                               p->s->host, p->s->port, exo_errno_text(errno));
        }
    }
    return 0;
}

static int write_out(struct pump *p, struct exo_err *err)
{
    ssize_t n =
        write_some(p->out, p->down.data + p->down.at, p->down.end - p->down.at);

    if (n == EXO_STREAM_FAILED) {
        /* The same as when there was nothing to write as it went. */
        p->gone = errno == EPIPE || errno == ECONNRESET;
        return p->gone ? 0 : no_reader(err);
    }
    if (n > 0) {
        p->down.at += (size_t)n;
    }
    return 0;
}

/* What to wait for; a descriptor of -1 is passed over. */
static void ask(const struct pump *p, struct pollfd fds[3])
{
    short events = 0;

    if (is_empty(&p->down) && !p->down.ended) {
        events |= p->want_get;
    }
    if (!is_empty(&p->up)) {
        events |= p->want_put;
    }
    fds[0] = (struct pollfd){ events ? p->s->fd : -1, events, 0 };
    fds[1] = (struct pollfd){ is_empty(&p->up) && !p->up.ended ? p->in : -1,
                              POLLIN, 0 };
    /* Without data only to hear that the reader is gone. */
    fds[2] = (struct pollfd){ p->gone ? -1 : p->out,
                              is_empty(&p->down) ? 0 : POLLOUT, 0 };
}

/* In milliseconds, -1: for ever. A slow reader may take its time, and what a
 * client said before it went is still passed on. */
static int wait_time(const struct pump *p)
{
    int64_t left;

    if (p->gone && !p->up.ended && is_empty(&p->up)) {
        return 0;
    }
    if (!p->up.ended || !is_empty(&p->down)) {
        return -1;
    }
    left = p->until - exo_clock_ms();
    return left < 0 ? 0 : (int)left;
}

static int take_events(struct pump *p, const struct pollfd fds[3],
                       struct exo_err *err)
{
    if (fds[1].revents) {
        read_in(p);
    }
    if (!fds[2].revents) {
        return 0;
    }
    if (is_empty(&p->down)) {
        p->gone = true;
        return 0;
    }
    return write_out(p, err);
}

static bool is_over(struct pump *p)
{
    if (p->gone) {
        p->down.at = p->down.end;
        return p->up.ended && is_empty(&p->up);
    }
    return p->down.ended && is_empty(&p->down);
}

static int pump(struct pump *p, struct exo_err *err)
{
    struct pollfd fds[3];
    int rc = 0;

    while (rc == 0) {
        int n;

        serve_up(p);
        rc = serve_down(p, err);
        if (rc != 0 || is_over(p)) {
            break;
        }
        ask(p, fds);
        n = poll(fds, 3, wait_time(p));
        if (n < 0 && errno != EINTR) {
            rc = exo_err_set(err, EXO_STATUS_BUG, "poll: %s",
                             exo_errno_text(errno));
        } else if (n > 0) {
            rc = take_events(p, fds, err);
        } else if (n == 0 && p->gone && !p->up.ended) {
            p->up.ended = true;
        } else if (n == 0) {
            break; /* its time to say goodbye is over */
        }
    }
    return rc;
}

/* Before the pump runs: waits until it is written. */
static int write_all(int fd, const char *data, size_t len, struct exo_err *err)
{
    while (len > 0) {
        struct pollfd p = { fd, POLLOUT, 0 };
        ssize_t n;

        if (poll(&p, 1, -1) < 0 && errno != EINTR) {
            return no_reader(err);
        }
        n = write_some(fd, data, len);
        if (n == EXO_STREAM_FAILED) {
            return no_reader(err);
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int exo_mail_pipe(struct exo_mail *mail, int in, int out, const char *first,
                  size_t len, struct exo_err *err)
{
    struct exo_stream *s = &mail->stream;
    struct pump p = {
        .s = s, .in = in, .out = out, .linger = mail->way.timeout_ms
    };
    int rc = write_all(out, first, len, err);

    if (rc == 0) {
        rc = write_all(out, s->in + s->at, s->end - s->at, err);
        s->at = s->end;
    }
    return rc == 0 ? pump(&p, err) : rc;
}
