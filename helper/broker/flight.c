/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the provider in a process of its own (flight.h). The broker calls it
 * for `token` and `serve`, where a request has become necessary and before the
 * account's lock, which the one that asks takes for itself.
 *
 * It is fork() and not a thread: it goes on when we have answered and ended,
 * and the process has one thread here. The two share the executable, so what
 * passes between them is a struct and a token in one packet. The one that is
 * away has a session of its own and holds nothing of the asker's, who may wait
 * for the end of a pipe. Where no process can be had, the request is made
 * here; nothing else fails.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/http.h"
#include "exoauth/clock.h"
#include "flight.h"
#include "helper/app/spend.h"

static void drop(int *fd)
{
    if (*fd > 2) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* fds up to this one lead nowhere. */
static void to_null(int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; null >= 0 && fd <= last; fd++) {
        (void)dup2(null, fd);
    }
    drop(&null);
}

int exo_flight_leave(struct exo_flight *flight)
{
    pid_t pid;

    if (!flight->spawned) {
        return 0;
    }
    pid = fork();
    if (pid < 0) {
        return EXO_E_NOMEM;
    }
    if (pid > 0) {
        _exit(0);
    }
    (void)setsid();
    flight->spawned = false;
    return 0;
}

static void go_away(struct exo_flight *flight, const int note[2],
                    const int said[2])
{
    exo_spend_end();
    (void)setsid();
    to_null(1);
    drop(&flight->in);
    drop(&flight->out);
    if (said[1] >= 0) {
        (void)dup2(said[1], 2);
    } else {
        to_null(2);
    }
    (void)close(note[0]);
    flight->note = note[1];
    flight->stays = false;
}

enum exo_side exo_flight_begin(struct exo_flight *flight, bool spends,
                               bool to_stderr)
{
    int note[2] = { -1, -1 };
    int said[2] = { -1, -1 };

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, note) != 0 ||
        (to_stderr && pipe2(said, O_CLOEXEC) != 0)) {
        goto here;
    }
    if (flight->stays && spends) {
        exo_spend_begin(EXO_HTTP_TOTAL_MS);
    }
    flight->pid = fork();
    if (flight->pid == 0) {
        go_away(flight, note, said);
        drop(&said[0]);
        drop(&said[1]);
        return EXO_SIDE_AWAY;
    }
    if (flight->pid < 0) {
        exo_spend_end();
        goto here;
    }
    drop(&note[1]);
    drop(&said[1]);
    flight->note = note[0];
    flight->said = said[0];
    return EXO_SIDE_WAITING;
here:
    flight->pid = 0;
    drop(&note[0]);
    drop(&note[1]);
    drop(&said[0]);
    return EXO_SIDE_HERE;
}

void exo_flight_tell(struct exo_flight *flight, const struct exo_note *note,
                     const struct exo_secret *token)
{
    struct iovec part[2] = { { (void *)(uintptr_t)note, sizeof(*note) } };
    struct msghdr message = { .msg_iov = part, .msg_iovlen = 2 };
    const char *text;

    /* Who has gone, and who hears nothing, has the token in the store. */
    if (exo_secret_reveal(token, &text, &part[1].iov_len) == 0) {
        part[1].iov_base = (void *)(uintptr_t)text;
        (void)!sendmsg(flight->note, &message, MSG_NOSIGNAL);
    }
    drop(&flight->note);
}

/* What it says on stderr; false at its end. */
static bool pass_on(int fd)
{
    char text[4096];
    ssize_t n = read(fd, text, sizeof(text));

    if (n > 0) {
        (void)!write(2, text, (size_t)n);
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

static int take(int fd, struct exo_note *note, struct exo_secret *token)
{
    char bytes[EXO_SECRET_MAX];
    struct iovec part[2] = { { note, sizeof(*note) },
                             { bytes, sizeof(bytes) } };
    struct msghdr message = { .msg_iov = part, .msg_iovlen = 2 };
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
    int rc = n < 0 ? exo_error_from_errno(errno) : EXO_E_SHORT;

    if (n >= (ssize_t)sizeof(*note) && (message.msg_flags & MSG_TRUNC) == 0) {
        rc = exo_secret_set(token, bytes, (size_t)n - sizeof(*note));
    }
    explicit_bzero(bytes, sizeof(bytes));
    return rc;
}

int exo_flight_wait(struct exo_flight *flight, int64_t until_ms,
                    struct exo_note *note, struct exo_secret *token)
{
    for (;;) {
        struct pollfd p[2] = { { flight->said, POLLIN, 0 },
                               { flight->note, POLLIN, 0 } };
        int64_t left = until_ms - exo_clock_ms();

        if (left <= 0) {
            return EXO_E_TIMEOUT;
        }
        if (poll(p, 2, (int)left) <= 0) {
            continue;
        }
        if (p[0].revents != 0) {
            if (!pass_on(flight->said)) {
                drop(&flight->said);
            }
        } else if (p[1].revents != 0) {
            int rc = take(flight->note, note, token);

            drop(&flight->note);
            return rc;
        }
    }
}

bool exo_flight_pending(const struct exo_flight *flight)
{
    return flight->pid > 0;
}

void exo_flight_end(struct exo_flight *flight)
{
    drop(&flight->note);
    drop(&flight->said);
    if (flight->pid <= 0) {
        return;
    }
    while (flight->stays && waitpid(flight->pid, NULL, 0) < 0 &&
           errno == EINTR) {
    }
    flight->pid = 0;
    exo_spend_end();
}
