/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals while a credential is being spent: each waits and then acts, one
 * that was ignored stays so, a fault of the process acts at once; and what
 * Ctrl-C says on a terminal, here a pty.
 */
#include "config.h"

#include "util.h"

#include "exoauth/process.h"
#include "helper/app/spend.h"

#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

static const int held[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGALRM,
                            SIGUSR1, SIGUSR2, SIGPIPE, SIGXCPU,  SIGXFSZ,
                            SIGPROF, SIGPWR,  SIGIO,   SIGVTALRM };
static const int faults[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                              SIGABRT, SIGTRAP, SIGSYS };
static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

/* In a session of its own, without a terminal. Exit status or signal. */
static int in_child(void (*body)(int number), int number)
{
    pid_t pid = fork();
    int state;

    if (pid == 0) {
        (void)setsid();
        body(number);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &state, 0), pid);
    return WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
}

static void raise_within(int number)
{
    exo_spend_begin(1000);
    exo_spend_begin(1000);
    (void)raise(number);
    if (!exo_spend_on()) {
        _exit(1);
    }
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) {
        _exit(2);
    }
    exo_spend_end();
    _exit(3);
}

static void survive_within(int number)
{
    exo_spend_begin(1000);
    (void)raise(number);
    _exit(42);
}

/* cmocka handles some of them. */
static void fault_within(int number)
{
    (void)signal(number, SIG_DFL);
    survive_within(number);
}

static void ignored_within(int number)
{
    (void)signal(number, SIG_IGN);
    exo_spend_begin(1000);
    (void)raise(number);
    exo_spend_end();
    _exit(42);
}

static void raise_after(int number)
{
    exo_spend_begin(1000);
    exo_spend_end();
    exo_spend_end();
    (void)raise(number);
    _exit(42);
}

static void they_wait_and_act(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(held); i++) {
        assert_int_equal(in_child(survive_within, held[i]), 42);
        assert_int_equal(in_child(raise_within, held[i]), 128 + held[i]);
        assert_int_equal(in_child(ignored_within, held[i]), 42);
        assert_int_equal(in_child(raise_after, held[i]), 128 + held[i]);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
        assert_int_equal(in_child(survive_within, number), 42);
        assert_int_equal(in_child(raise_within, number), 128 + number);
    }
#ifdef SIGSTKFLT
    assert_int_equal(in_child(survive_within, SIGSTKFLT), 42);
#endif
    for (size_t i = 0; i < N_OF(stops); i++) {
        assert_int_equal(in_child(survive_within, stops[i]), 42);
    }
    for (size_t i = 0; i < N_OF(faults); i++) {
        assert_int_equal(in_child(fault_within, faults[i]), 128 + faults[i]);
    }
    assert_false(exo_spend_on());
}

static void blocked(int number)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, number);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    exo_spend_begin(1000);
    exo_spend_end();
    (void)raise(number);
    _exit(42);
}

static void the_mask_before_comes_back(void **state)
{
    (void)state;
    assert_int_equal(in_child(blocked, SIGTERM), 42);
}

/* Reads until it has seen the text. */
static void expect(int fd, const char *text)
{
    char seen[400] = "";
    size_t len = 0;

    while (!strstr(seen, text)) {
        ssize_t n = read(fd, seen + len, sizeof(seen) - 1 - len);

        if (n <= 0)
            fail_msg("\"%s\" and no \"%s\"", seen, text);
        len += (size_t)n;
        seen[len] = '\0';
    }
}

/* A child on a terminal of its own that spends until a byte comes at go. */
static pid_t spender(int *terminal, int *go)
{
    int ready[2], ends[2];
    pid_t pid;
    char c;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(ends), 0);
    pid = forkpty(terminal, NULL, NULL, NULL);
    if (pid == 0) {
        exo_spend_begin(14999);
        (void)!write(ready[1], "x", 1);
        (void)!read(ends[0], &c, 1);
        exo_spend_end();
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &c, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    (void)close(ends[0]);
    *go = ends[1];
    return pid;
}

static void ctrl_c_is_answered(void **state)
{
    int go, terminal, wait_status;
    pid_t pid;

    (void)state;
    pid = spender(&terminal, &go);
    assert_int_equal(write(terminal, "\003", 1), 1);
    expect(terminal, "exoauth: saving the credential, at most 15 s");
    assert_int_equal(waitpid(pid, &wait_status, WNOHANG), 0);
    assert_int_equal(write(go, "x", 1), 1);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGINT);
    (void)close(go);
    (void)close(terminal);
}

/* Output is stopped, as with Ctrl-S: nothing is said, and all is saved. */
static void a_stopped_terminal_holds_nothing_up(void **state)
{
    const struct timespec moment = { .tv_nsec = 100000000 };
    int go, terminal, wait_status = 0;
    pid_t pid, gone = 0;

    (void)state;
    pid = spender(&terminal, &go);
    assert_int_equal(write(terminal, "\023", 1), 1);
    (void)nanosleep(&moment, NULL);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(write(go, "x", 1), 1);
    for (int i = 0; gone == 0 && i < 100; i++) {
        (void)nanosleep(&moment, NULL);
        gone = waitpid(pid, &wait_status, WNOHANG);
    }
    if (gone != pid) {
        (void)kill(pid, SIGKILL);
    }
    assert_int_equal(gone, pid);
    assert_true(WIFSIGNALED(wait_status));
    assert_int_equal(WTERMSIG(wait_status), SIGINT);
    (void)close(go);
    (void)close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_wait_and_act),
        cmocka_unit_test(the_mask_before_comes_back),
        cmocka_unit_test(ctrl_c_is_answered),
        cmocka_unit_test(a_stopped_terminal_holds_nothing_up),
    };

    /* A script's background job, as in tests/all, has SIGINT and SIGQUIT
     * ignored, and what is ignored stays so. */
    exo_signals_default();
    return cmocka_run_group_tests_name("spend", tests, NULL, NULL);
}
