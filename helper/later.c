/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child of root's that waits for the end of a command (later.h). Called in
 * before() and at the end of run(), by `remove --account-file` and rekey. The
 * pipe is the order: a byte says go, its end without one says no. So a
 * command that dies on the way has done nothing more.
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

static void __attribute__((noreturn))
wait_and_act(int fd, int (*act)(void *context), int (*otherwise)(void *context),
             void *context)
{
    char told;
    ssize_t n;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    /* Of several children none may hold the pipe of another. */
    if (fd != 3) {
        (void)dup2(fd, 3);
    }
    (void)close_range(4, ~0U, 0);
    /* What ends the command ends the pipe; what has begun is finished. */
    exo_signals_work();
    (void)setsid();
    (void)signal(SIGTERM, SIG_IGN);
    do {
        n = read(3, &told, 1);
    } while (n < 0 && errno == EINTR);
    _exit(n == 1 ? act(context) : otherwise ? otherwise(context) : 0);
}

int exo_later_start(struct exo_later *later, int (*act)(void *context),
                    void *context)
{
    return exo_later_start_or(later, act, NULL, context);
}

int exo_later_start_or(struct exo_later *later, int (*act)(void *context),
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
        wait_and_act(fd[0], act, otherwise, context);
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
    int status = 0;
    pid_t pid;

    if (later->pid <= 0) {
        return 0;
    }
    if (go) {
        (void)!write(later->fd, "", 1); /* if it is gone, its status says so */
    }
    (void)close(later->fd);
    do {
        pid = waitpid(later->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    later->pid = 0;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}
