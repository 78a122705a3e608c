/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child of root's that waits for the end of a command (later.h). Called in
 * before() and at the end of run(), by `remove --account-file`, rekey, export
 * and --set. The pipe is the order: a byte says go, its end without one says
 * no. So a command that dies on the way has done nothing more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/process.h"
#include "later.h"

/* Of several children none may hold the pipe of another. */
static void close_but(int pipe, const struct exo_temp *temp)
{
    const int keep[] = { pipe, temp ? temp->fd : -1, temp ? temp->dirfd : -1 };
    unsigned from = 3;

    for (;;) {
        unsigned next = ~0U;

        for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
            if ((unsigned)keep[i] >= from && (unsigned)keep[i] < next) {
                next = (unsigned)keep[i];
            }
        }
        if (next > from) {
            (void)close_range(from, next == ~0U ? next : next - 1, 0);
        }
        if (next == ~0U) {
            return;
        }
        from = next + 1;
    }
}

static void __attribute__((noreturn))
wait_and_act(int fd, const struct exo_temp *temp, int (*act)(void *context),
             int (*otherwise)(void *context), void *context)
{
    char told;
    ssize_t n;
    int saved, rc;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    close_but(fd, temp);
    /* What ends the command ends the pipe; what has begun is finished. */
    exo_signals_work();
    (void)setsid();
    (void)signal(SIGTERM, SIG_IGN);
    do {
        n = read(fd, &told, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        _exit(act(context));
    }
    saved = n < 0 ? errno : 0;
    rc = otherwise ? otherwise(context) : 0;
    /* Who was not heard is not told that it is done. */
    _exit(saved != 0 ? saved : rc);
}

int exo_later_start(struct exo_later *later, int (*act)(void *context),
                    void *context)
{
    return exo_later_start_temp(later, NULL, act, NULL, context);
}

int exo_later_start_temp(struct exo_later *later, const struct exo_temp *temp,
                         int (*act)(void *context),
                         int (*otherwise)(void *context), void *context)
{
    int fd[2];
    int saved;
    pid_t pid;

    later->pid = 0;
    later->fd = -1;
    if (pipe2(fd, O_CLOEXEC) != 0) {
        return errno;
    }
    pid = fork();
    saved = errno;
    if (pid == 0) {
        (void)close(fd[1]);
        wait_and_act(fd[0], temp, act, otherwise, context);
    }
    (void)close(fd[0]);
    if (pid < 0) {
        (void)close(fd[1]);
        return saved;
    }
    later->pid = pid;
    later->fd = fd[1];
    return 0;
}

int exo_later_finish(struct exo_later *later, bool go)
{
    int untold = 0;
    int status = 0;
    pid_t pid;

    if (later->pid <= 0) {
        return 0;
    }
    /* If it is gone, its status says so; if it heard nothing, it did nothing.
     */
    if (go && write(later->fd, "", 1) != 1) {
        untold = errno != 0 ? errno : EIO;
    }
    (void)close(later->fd);
    do {
        pid = waitpid(later->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    later->pid = 0;
    if (pid <= 0 || !WIFEXITED(status)) {
        return ECHILD;
    }
    return WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : untold;
}

const char *exo_later_why(int error)
{
    return error == ECHILD ? "the process that was to do it was killed"
                           : exo_errno_text(error);
}

const char *exo_later_remedy(int error)
{
    return exo_errno_remedy(error, "run it again");
}
