/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispositions and mask of signals, ours and of our children
 * (exoauth/process.h). Called by main() before anything else and by every
 * child after fork(). Handlers do not survive exec, so whatever main() finds
 * handled is the work of a sanitizer or the like in this process, and stays.
 * SIGXFSZ is ignored wherever code of ours writes: the write fails with EFBIG
 * then, which is said and cleaned up after, instead of ending the process with
 * the answer to a spent refresh token in hand. Nothing here can fail but for
 * signals that cannot be set at all.
 */
#include "config.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "exoauth/process.h"
#include "held.h"

static void set(int number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static void block_nothing(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void exo_signals_boot(void)
{
    set(SIGCHLD, SIG_DFL);
    set(SIGPIPE, SIG_IGN);
    set(SIGXFSZ, SIG_IGN);
    block_nothing();
}

bool exo_signals_ignored(int number)
{
    struct sigaction now;

    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* By default it ends a process, and can wait: it is no fault of the process's
 * own. */
static bool is_deadly(int number)
{
    switch (number) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGKILL:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGABRT:
    case SIGTRAP:
    case SIGSYS:
        return false;
    default:
        return true;
    }
}

void exo_signals_hold(sigset_t *before)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (is_deadly(number)) {
            (void)sigaddset(&set, number);
        }
    }
    (void)sigprocmask(SIG_BLOCK, &set, before);
}

bool exo_signals_end_us(const sigset_t *before)
{
    sigset_t waiting;

    if (sigpending(&waiting) != 0) {
        return false;
    }
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction now;

        /* What was blocked already waits for something else, and what is
         * ignored or handled ends nobody. */
        if (is_deadly(number) && sigismember(&waiting, number) == 1 &&
            sigismember(before, number) == 0 &&
            sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
            return true;
        }
    }
    return false;
}

void exo_signals_work(void)
{
    exo_signals_default();
    set(SIGXFSZ, SIG_IGN);
}

void exo_signals_default(void)
{
    for (int number = 1; number <= SIGRTMAX; number++) {
        set(number, SIG_DFL);
    }
    block_nothing();
}
