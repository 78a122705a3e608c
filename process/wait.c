/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a child (exoauth/process.h): its output, its end and its
 * deadline, in one loop. Its end alone counts: a program that it left in the
 * background may hold the pipes open for as long as it likes, and a child
 * that closed them may go on for as long as its time.
 *
 * The end is looked for at short intervals, which needs no signal handler,
 * and no pidfd of a newer kernel. The child is reaped last, so that its
 * number is nobody else's when it is killed.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/process.h"
#include "exoauth/clock.h"
#include "held.h"

#define PAUSE_LAST 32  /* ms between two looks */
#define KILLED_MS 2000 /* SIGKILL waits for a hanging file system */

/* 1: it has ended, 0: it runs, -1: there is no such child. */
static int look(const struct exo_child *child, int reap, siginfo_t *info)
{
    int rc;

    memset(info, 0, sizeof(*info));
    do {
        rc = waitid(P_PID, (id_t)child->pid, info, WEXITED | WNOHANG | reap);
    } while (rc != 0 && errno == EINTR);
    return rc != 0 ? -1 : info->si_pid != 0;
}

/* One read; 0: the pipe is at its end. */
static ssize_t take(struct exo_child *child, int i, size_t most, int *rc)
{
    struct exo_buf *to = child->to[i];
    char piece[4096];
    ssize_t n;

    do {
        n = read(child->fd[i], piece,
                 most < sizeof(piece) ? most : sizeof(piece));
    } while (n < 0 && errno == EINTR);
    if (n < 0) { /* half of it is not what it said */
        *rc = exo_error_from_errno(errno);
    }
    if (n > 0) {
        size_t room = to->max - to->len;
        bool cut = i == 1 && (size_t)n > room;

        exo_buf_add(to, piece, cut ? room : (size_t)n);
        *rc = to->error;
        explicit_bzero(piece, (size_t)n);
    }
    return n > 0 ? n : 0;
}

/* What is in the pipes, and nothing that comes now. */
static int take_rest(struct exo_child *child)
{
    int rc = 0;

    for (int i = 0; i < 2; i++) {
        int there = 0;

        if (child->fd[i] < 0 || ioctl(child->fd[i], FIONREAD, &there) != 0) {
            continue;
        }
        while (rc == 0 && there > 0) {
            ssize_t n = take(child, i, (size_t)there, &rc);

            there = n > 0 ? there - (int)n : 0;
        }
    }
    return rc;
}

static void close_end(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1; /* poll() passes over it */
}

/* gone: there is nobody to be killed. */
static int follow(struct exo_child *child, bool *gone)
{
    siginfo_t info;
    int pause = 1;
    int rc = 0;

    while (rc == 0) {
        struct pollfd p[2] = { { child->fd[0], POLLIN, 0 },
                               { child->fd[1], POLLIN, 0 } };
        int ended = look(child, WNOWAIT, &info);
        int64_t left = pause;

        if (ended != 0) {
            *gone = true;
            errno = ECHILD;
            return ended > 0 ? take_rest(child) : EXO_E_IO;
        }
        if (child->holds && exo_signals_end_us(&child->before)) {
            errno = EINTR;
            return EXO_E_IO;
        }
        if (child->deadline_ms != 0) {
            left = child->deadline_ms - exo_clock_ms();
            if (left <= 0) {
                return EXO_E_TIMEOUT;
            }
        }
        if (poll(p, 2, left < pause ? (int)left : pause) == 0) {
            pause = pause < PAUSE_LAST ? 2 * pause : pause;
            continue;
        }
        for (int i = 0; rc == 0 && i < 2; i++) {
            if (child->fd[i] >= 0 && p[i].revents != 0 &&
                take(child, i, SIZE_MAX, &rc) == 0) {
                close_end(&child->fd[i]);
            }
        }
    }
    return rc;
}

static void end(const struct exo_child *child)
{
    if (child->group) {
        (void)kill(-child->pid, SIGKILL);
    }
    (void)kill(child->pid, SIGKILL);
}

/* false: it does not die, or was reaped by nobody knows whom. */
static bool reap(const struct exo_child *child, siginfo_t *info)
{
    int64_t until = exo_clock_ms() + KILLED_MS;
    int got = look(child, 0, info);

    while (got == 0 && exo_clock_ms() < until) {
        (void)poll(NULL, 0, 1);
        got = look(child, 0, info);
    }
    return got > 0;
}

void exo_process_release(struct exo_child *child)
{
    if (child->holds) {
        child->holds = false;
        (void)sigprocmask(SIG_SETMASK, &child->before, NULL);
    }
}

static int wait_for(struct exo_child *child, struct exo_ended *ended)
{
    siginfo_t info;
    bool gone = false;
    int rc = follow(child, &gone);
    int saved = errno;

    *ended = (struct exo_ended){ .status = 127 };
    if (rc != 0 && !gone) {
        end(child);
    }
    close_end(&child->fd[0]);
    close_end(&child->fd[1]);
    if (!reap(child, &info)) {
        errno = rc != 0 ? saved : ECHILD;
        return rc != 0 ? rc : EXO_E_IO;
    }
    if (info.si_code == CLD_EXITED) {
        ended->status = info.si_status;
    } else {
        ended->signal = info.si_status;
        ended->status = 128 + info.si_status;
    }
    errno = saved;
    return rc;
}

int exo_process_wait(struct exo_child *child, struct exo_ended *ended)
{
    int rc = wait_for(child, ended);
    int saved = errno;

    exo_process_release(child);
    errno = saved;
    return rc;
}
