/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connecting (stream.h): all addresses of the name in the order of
 * getaddrinfo(3), IPv6 and IPv4, each with its share of the time that is left,
 * so that a dead IPv6 route does not use it up.
 *
 * Called by mail.c. The descriptor is the stream's. A failure is
 * EXO_STATUS_TRANSIENT.
 */
#include "config.h"

#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/clock.h"
#include "lookup.h"

static void set(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* A client may be silent for hours (IMAP IDLE), and a host that went away
 * must be noticed all the same. */
static void tune(int fd)
{
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 120);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* The descriptor, or -1 with errno. */
static int try_one(const struct addrinfo *a, int64_t deadline)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    a->ai_protocol);
    int why = 0;
    socklen_t len = sizeof(why);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        why = errno;
        if (why == EINPROGRESS) {
            if (exo_stream_wait(fd, POLLOUT, deadline) != 0) {
                why = ETIMEDOUT;
            } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0) {
                why = errno;
            }
        }
    }
    if (why != 0) {
        (void)close(fd);
        errno = why;
        return -1;
    }
    tune(fd);
    return fd;
}

/* This host has no such addresses, or no way there: it says nothing of the
 * server, as ::1 in /etc/hosts where IPv6 is off. */
static bool is_away(int error)
{
    return error == EADDRNOTAVAIL || error == ENETUNREACH ||
           error == EAFNOSUPPORT;
}

/* The descriptor, or -1 with the errno that says most. */
static int try_all(const struct addrinfo *list, int64_t deadline, int *n)
{
    const struct addrinfo *a;
    int left = 0;
    int why = 0;
    int fd = -1;

    for (a = list; a; a = a->ai_next) {
        left++;
    }
    *n = left;
    for (a = list; a && fd < 0; a = a->ai_next, left--) {
        int64_t now = exo_clock_ms();

        fd = try_one(a, now + (deadline - now) / left);
        if (fd < 0 && (why == 0 || !is_away(errno))) {
            why = errno;
        }
    }
    errno = why;
    return fd;
}

int exo_stream_dial(struct exo_stream *s, int64_t deadline, struct exo_err *err)
{
    struct addrinfo *list = NULL;
    int n = 0;
    int rc = exo_lookup(s->host, s->port, deadline, &list);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot find %s: %s; check the name, and the DNS "
                           "of this host",
                           s->host,
                           rc == EAI_SYSTEM ? exo_errno_text(errno)
                                            : gai_strerror(rc));
    }
    s->fd = try_all(list, deadline, &n);
    freeaddrinfo(list);
    if (s->fd < 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot connect to %s port %u: %s (addresses "
                           "tried: %d); check host, port and firewall",
                           s->host, s->port, exo_errno_text(errno), n);
    }
    return 0;
}
