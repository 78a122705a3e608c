/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals wait while a credential is being spent (spend.h). begin() is called
 * by net/ through exo_oauth_client.spend, when the connection stands and
 * before the request is sent; end() by whoever made the record durable or
 * gave up: grant.c, prove.c, and cmd_login.c for a code. flight.c holds them
 * for a process that must not end before its child.
 *
 * They are blocked and not caught: no system call and no library has to cope
 * with EINTR, and the kernel keeps what is pending. SIGINT alone is caught
 * where there is a terminal, as whoever presses Ctrl-C has to hear something;
 * it is raised again at the end. Nothing here fails or allocates.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spend.h"

static struct {
    bool on;
    sigset_t before;
    int terminal; /* -1: none, so SIGINT is blocked like the others */
    struct sigaction interrupt;
    volatile sig_atomic_t interrupted;
    char text[80];
    size_t len;
} hold;

static void on_interrupt(int number)
{
    int saved = errno;

    (void)number;
    hold.interrupted = 1;
    (void)!write(hold.terminal, hold.text, hold.len);
    errno = saved;
}

static void prepare_text(int64_t left_ms)
{
    int len = snprintf(hold.text, sizeof(hold.text),
                       "\nexoauth: saving the credential, at most %lld s\n",
                       (long long)(left_ms / 1000 + 1));

    hold.len = len > 0 && (size_t)len < sizeof(hold.text) ? (size_t)len : 0;
}

/* Ignored (nohup, a background job of a script) it stays so. */
static void catch_interrupt(sigset_t *set)
{
    struct sigaction action = { .sa_handler = on_interrupt,
                                .sa_flags = SA_RESTART };

    /* Where output is stopped (Ctrl-S), what is said is lost, and not what is
     * to be saved. */
    hold.terminal = -1;
    hold.interrupted = 0;
    (void)sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &hold.interrupt) != 0 ||
        hold.interrupt.sa_handler == SIG_IGN) {
        return;
    }
    hold.terminal =
        open("/dev/tty", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (hold.terminal >= 0) {
        (void)sigdelset(set, SIGINT);
        (void)sigaction(SIGINT, &action, NULL);
    }
}

void exo_spend_begin(int64_t left_ms)
{
    /* Blocked, these would be lost or a spinning fault: the kernel sends them
     * for what this process has just done. */
    static const int faults[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                  SIGABRT, SIGTRAP, SIGSYS };
    sigset_t set;

    if (hold.on) {
        return;
    }
    hold.on = true;
    (void)sigfillset(&set);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        (void)sigdelset(&set, faults[i]);
    }
    prepare_text(left_ms);
    catch_interrupt(&set);
    (void)sigprocmask(SIG_BLOCK, &set, &hold.before);
}

void exo_spend_end(void)
{
    if (!hold.on) {
        return;
    }
    hold.on = false;
    if (hold.terminal >= 0) {
        (void)sigaction(SIGINT, &hold.interrupt, NULL);
        (void)close(hold.terminal);
        if (hold.interrupted) {
            (void)raise(SIGINT);
        }
    }
    (void)sigprocmask(SIG_SETMASK, &hold.before, NULL);
}

bool exo_spend_on(void)
{
    return hold.on;
}
