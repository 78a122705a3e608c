/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children of the program (exoauth/process.h): what they get, when they are
 * done, and that nothing of them is left.
 */
#include "config.h"

#include "util.h"

#include "exoauth/process.h"
#include "../lib/whole.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static int run(const char *command, int64_t timeout_ms, struct exo_buf *out,
               struct exo_buf *said, struct exo_ended *ended)
{
    struct exo_process process = EXO_PROCESS_INIT;

    process.command = command;
    process.out = out;
    process.said = said;
    process.timeout_ms = timeout_ms;
    return exo_process_run(&process, ended);
}

static void nothing_is_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int first_free_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    (void)close(fd);
    return fd;
}

static const struct row {
    const char *command;
    const char *out;
    const char *said;
    int status;
    int signal;
} rows[] = {
    { "true", "", "", 0, 0 },
    { "printf x; printf y >&2", "x", "y", 0, 0 },
    { "exit 3", "", "", 3, 0 },
    { "kill -KILL $$", "", "", 128 + SIGKILL, SIGKILL },
    { "cat; echo end", "end\n", "", 0, 0 },
    /* done when it has ended, whoever holds its output */
    { "sleep 60 & printf x", "x", "", 0, 0 },
    { "sleep 60 & printf x >&2; exit 7", "", "x", 7, 0 },
    { "exec >&- 2>&-; sleep 0.2; exit 5", "", "", 5, 0 },
    /* one pipe full and the other empty */
    { "head -c 100000 /dev/zero >&2; printf x", "x", NULL, 0, 0 },
    { "echo ${HOME-none} ${PATH:+path}", "none path\n", "", 0, 0 },
    { "ls /proc/self/fd | wc -l", "4\n", "", 0, 0 }, /* one is ls's own */
    { "ps -o pgid= -p $$ | tr -d ' ' | grep -qx $$", "", "", 0, 0 },
};

static void tells_what_became_of_it(void **state)
{
    int before = first_free_fd();
    int open_here = dup(0); /* not close-on-exec */

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exo_buf out = EXO_BUF_INIT(200);
        struct exo_buf said = EXO_BUF_INIT(200);
        struct exo_ended ended;

        if (run(rows[i].command, 30000, &out, &said, &ended) != 0 ||
            ended.status != rows[i].status || ended.signal != rows[i].signal)
            fail_msg("%s: %d %d", rows[i].command, ended.status, ended.signal);
        assert_string_equal(whole_text(&out), rows[i].out);
        if (rows[i].said != NULL)
            assert_string_equal(whole_text(&said), rows[i].said);
        else
            assert_int_equal(said.len, 200); /* its beginning */
        exo_buf_free(&out);
        exo_buf_free(&said);
    }
    (void)close(open_here);
    nothing_is_left();
    assert_int_equal(first_free_fd(), before);
}

static const char *const endless[] = {
    "sleep 600",
    "sleep 600 & wait",
    "printf x; exec >&- 2>&-; sleep 600",
    "trap '' TERM INT HUP; while :; do sleep 1; done",
    "while :; do echo x; sleep 0.01; done",
    "kill -STOP $$",
};

static void ends_what_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        struct exo_buf out = EXO_BUF_INIT(1000000);
        struct exo_ended ended;

        if (run(endless[i], 300, &out, NULL, &ended) != EXO_E_TIMEOUT)
            fail_msg("%s: status %d", endless[i], ended.status);
        assert_int_equal(ended.signal, SIGKILL);
        exo_buf_free(&out);
    }
    nothing_is_left();
}

static void caps_output(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(10);
    struct exo_ended ended;

    (void)state;
    assert_int_equal(run("yes", 30000, &out, NULL, &ended), EXO_E_TOOBIG);
    assert_int_equal(ended.signal, SIGKILL);
    exo_buf_free(&out);
    assert_int_equal(run("printf 0123456789", 30000, &out, NULL, &ended), 0);
    assert_string_equal(whole_text(&out), "0123456789");
    exo_buf_free(&out);
    nothing_is_left();
}

static void says_why_it_does_not_start(void **state)
{
    static const char *const absent[] = { "/no/such/program", NULL };
    static const char *const bare[] = { "no-such-program-at-all", NULL };
    static const char *const denied[] = { "/etc/passwd", NULL };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_child child;
    int before = first_free_fd();

    (void)state;
    process.argv = absent;
    assert_int_equal(exo_process_start(&child, &process), EXO_E_NOENT);
    assert_int_equal(errno, ENOENT);
    process.argv = bare;
    assert_int_equal(exo_process_start(&child, &process), EXO_E_NOENT);
    process.argv = denied;
    assert_int_equal(exo_process_start(&child, &process), EXO_E_ACCESS);
    process.command = "true";
    process.dir = "/no/such/directory";
    assert_int_equal(exo_process_start(&child, &process), EXO_E_NOENT);
    nothing_is_left();
    assert_int_equal(first_free_fd(), before);
}

static int tell_ids(void *context)
{
    const struct exo_process_user *user = context;
    uid_t r, e, s;
    gid_t group;

    return getresuid(&r, &e, &s) == 0 && r == user->uid && e == r && s == r &&
                   getgid() == user->gid && getgroups(1, &group) == 1 &&
                   group == user->gid
               ? 0
               : 1;
}

static void becomes_another(void **state)
{
    static const gid_t group = 65534;
    static const struct exo_process_user user = { NOBODY, 65534, &group, 1 };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_buf out = EXO_BUF_INIT(100);
    struct exo_ended ended;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    process.work = tell_ids;
    process.context = (void *)(uintptr_t)&user;
    process.user = &user;
    assert_int_equal(exo_process_run(&process, &ended), 0);
    assert_int_equal(ended.status, 0);
    /* Root that acts as another for a while does not lend what it was. */
    assert_int_equal(setresuid(0, NOBODY, 0), 0);
    assert_int_equal(exo_process_run(&process, &ended), 0);
    assert_int_equal(ended.status, 0);
    assert_int_equal(run("id -ru; id -u", 30000, &out, NULL, &ended), 0);
    assert_string_equal(whole_text(&out), "65534\n65534\n");
    exo_buf_free(&out);
    assert_int_equal(setresuid(0, 0, 0), 0);
}

/* Which ones a child has blocked or ignored. 32 and 33 are libc's own: nobody
 * can set them, and whoever started us may have them ignored. */
static uint64_t unusual(void)
{
    struct exo_buf out = EXO_BUF_INIT(500);
    struct exo_ended ended;
    uint64_t blocked, ignored;
    char *rest;

    assert_int_equal(run("while read -r a b; do case $a in SigBlk: | SigIgn:) "
                         "echo $b ;; esac; done </proc/$$/status",
                         30000, &out, NULL, &ended),
                     0);
    blocked = strtoull(whole_text(&out), &rest, 16);
    ignored = strtoull(rest, &rest, 16);
    assert_string_equal(rest, "\n");
    exo_buf_free(&out);
    return (blocked | ignored) & ~(uint64_t)0x180000000;
}

static void gives_signals_as_they_are_by_default(void **state)
{
    struct sigaction ignored, old[4];
    static const int numbers[] = { SIGHUP, SIGPIPE, SIGTERM, SIGALRM };
    sigset_t all, mask, now;
    uint64_t found;

    (void)state;
    memset(&ignored, 0, sizeof(ignored));
    ignored.sa_handler = SIG_IGN;
    for (int i = 0; i < 4; i++)
        assert_int_equal(sigaction(numbers[i], &ignored, &old[i]), 0);
    (void)sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_SETMASK, &all, &mask), 0);
    found = unusual();
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &now), 0);
    assert_int_equal(sigismember(&now, SIGTERM), 1); /* ours stays */
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sigaction(numbers[i], &old[i], NULL), 0);
    assert_true(found == 0);
}

/* In a child, as it is about the whole process. */
static int boot(void *context)
{
    sigset_t all, now;
    struct sigaction action;
    int bad = 0;

    (void)context;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 1; i < 32; i++)
        (void)signal(i, SIG_IGN);
    exo_signals_boot();
    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    for (int i = 1; i < 32; i++) {
        bool keeps = i != SIGCHLD;

        bad += sigismember(&now, i);
        if (i == SIGKILL || i == SIGSTOP)
            continue;
        (void)sigaction(i, NULL, &action);
        bad += action.sa_handler != (keeps ? SIG_IGN : SIG_DFL);
    }
    (void)signal(SIGHUP, SIG_DFL);
    exo_signals_boot();
    (void)sigaction(SIGHUP, NULL, &action);
    return bad + (action.sa_handler != SIG_DFL);
}

static void boots(void **state)
{
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_ended ended;

    (void)state;
    process.work = boot;
    assert_int_equal(exo_process_run(&process, &ended), 0);
    assert_int_equal(ended.status, 0);
}

/* A lost exit status is no success. */
static void notices_a_lost_end(void **state)
{
    struct exo_ended ended;

    (void)state;
    (void)signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("true", 30000, NULL, NULL, &ended), EXO_E_IO);
    (void)signal(SIGCHLD, SIG_DFL);
    assert_int_not_equal(ended.status, 0);
}

static void leaves_a_program_alone(void **state)
{
    struct exo_process process = EXO_PROCESS_INIT;
    int status;

    (void)state;
    process.command = "test \"$(ps -o sid= -p $$ | tr -d ' ')\" = $$";
    assert_int_equal(exo_process_leave(&process), 0);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

/* What a signal that ends us leaves behind: nothing. */
static void takes_its_child_along(void **state)
{
    const struct {
        int number;
        bool ignored;
    } table[] = { { SIGTERM, false },  { SIGINT, false },  { SIGHUP, false },
                  { SIGQUIT, false },  { SIGUSR1, false }, { SIGALRM, false },
                  { SIGRTMIN, false }, { SIGHUP, true } };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int ready[2], status;
        char byte;
        pid_t pid;

        assert_int_equal(pipe2(ready, 0), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct exo_process process = EXO_PROCESS_INIT;
            struct exo_ended ended;

            exo_signals_boot();
            (void)signal(table[i].number, table[i].ignored ? SIG_IGN : SIG_DFL);
            /* The pipe is open for as long as one of the two lives. */
            process.fd[0] = ready[0];
            process.fd[1] = ready[1];
            process.fd[2] = ready[1];
            process.command = "sleep 60 & echo; sleep 2";
            process.timeout_ms = 30000;
            _exit(exo_process_run(&process, &ended) == 0 ? 0 : 1);
        }
        (void)close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(kill(pid, table[i].number), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (table[i].ignored) {
            assert_int_equal(status, 0);
        } else {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), table[i].number);
            /* The end of the file: nobody has it open any more. */
            assert_int_equal(read(ready[0], &byte, 1), 0);
        }
        (void)close(ready[0]);
    }
}

static void shares_the_terminal_with_who_asks(void **state)
{
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_buf out = EXO_BUF_INIT(100);
    struct exo_ended ended;

    (void)state;
    process.command = "ps -o pgid= -p $$";
    process.asks = true;
    process.out = &out;
    assert_int_equal(exo_process_run(&process, &ended), 0);
    assert_int_equal(atoi(whole_text(&out)), (int)getpgrp());
    exo_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_became_of_it),
        cmocka_unit_test(ends_what_does_not),
        cmocka_unit_test(caps_output),
        cmocka_unit_test(says_why_it_does_not_start),
        cmocka_unit_test(becomes_another),
        cmocka_unit_test(gives_signals_as_they_are_by_default),
        cmocka_unit_test(boots),
        cmocka_unit_test(notices_a_lost_end),
        cmocka_unit_test(leaves_a_program_alone),
        cmocka_unit_test(takes_its_child_along),
        cmocka_unit_test(shares_the_terminal_with_who_asks),
    };

    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
