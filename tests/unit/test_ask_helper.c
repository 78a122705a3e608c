/* SPDX-License-Identifier: BSD-2-Clause */
/* One helper: what it may do, and what it must not get from its host. */
#include "config.h"

#include <sys/resource.h>

#include "exoauth/clock.h"
#include "ask.h"

static void helper_answers(void **state)
{
    static const struct {
        const char *line;
        int rc;
    } table[] = {
        { "cat reply; exit 7", EXO_OK }, /* the status does not count */
        { "cat reply; echo trailing", EXO_OK },
        { "exit 0", EXO_E_SHORT },
        { "kill -9 $$", EXO_E_SHORT },
        { "echo nonsense; echo", EXO_E_SYNTAX },
        { "cat reply >&2; exit 0", EXO_E_SHORT },
    };
    struct place *place = *state;

    put_file(place, "reply", 0644, OK_REPLY("5"));
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_answer answer;
        unsigned files = open_files();

        script_make(place, table[i].line);
        assert_int_equal(run(place, &get, soon(), &answer), table[i].rc);
        assert_string_equal(get_file(place, "helper.asked"),
                            V "get: a@b.c\nserver: smtp.x\n");
        assert_string_equal(get_file(place, "helper.args"),
                            "serve --config /etc/x.conf\n");
        if (table[i].rc == EXO_OK)
            assert_string_equal(answer.reply.token.token, "t5");
        exo_answer_free(&answer);
        assert_int_equal(open_files(), files);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
    }
}

static void helper_not_there(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    unsigned files = open_files();

    assert_int_equal(run(place, &get, soon(), &answer), EXO_E_NOENT);
    put_file(place, "helper", 0644, "#!/bin/sh\n");
    assert_int_equal(run(place, &get, soon(), &answer), EXO_E_NOENT);
    put_file(place, "helper", 0755, "not a program");
    assert_true(run(place, &get, soon(), &answer) != EXO_OK);
    exo_answer_free(&answer);
    assert_int_equal(open_files(), files);
}

/* What others can exchange is not run: the judge comes before the start. */
static void helper_that_others_can_exchange(void **state)
{
    static const struct {
        mode_t dir, file;
        int rc;
    } table[] = {
        { 0700, 0755, EXO_OK },
        { 0700, 0757, EXO_E_UNSAFE },
        { 0707, 0755, EXO_E_UNSAFE },
        { 01707, 0755, EXO_OK }, /* sticky, and the file is ours */
    };
    struct place *place = *state;

    put_file(place, "reply", 0644, OK_REPLY("5"));
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_answer answer;

        script_make(place, "cat reply");
        (void)unlinkat(place->fd, "helper.asked", 0);
        assert_int_equal(fchmod(place->fd, table[i].dir), 0);
        assert_int_equal(fchmodat(place->fd, "helper", table[i].file, 0), 0);
        assert_int_equal(run(place, &get, soon(), &answer), table[i].rc);
        exo_answer_free(&answer);
        assert_int_equal(get_file(place, "helper.asked") != NULL,
                         table[i].rc == EXO_OK);
    }
    assert_int_equal(fchmod(place->fd, 0700), 0);
}

static void helper_hangs(void **state)
{
    static const char *const lines[] = {
        "exec sleep 600",               /* no answer */
        "cat reply; exec sleep 600",    /* an answer, and then it stays */
        "exec <&- >&-; exec sleep 600", /* closed, and it stays */
    };
    struct place *place = *state;

    put_file(place, "reply", 0644, OK_REPLY("5"));
    for (size_t i = 0; i < N_OF(lines); i++) {
        struct exo_answer answer;
        int rc;

        script_make(place, lines[i]);
        rc = run(place, &get, exo_clock_ms() + 500, &answer);
        assert_true(rc == (i == 1 ? EXO_OK : EXO_E_TIMEOUT) ||
                    (i == 2 && rc == EXO_E_SHORT) || rc == EXO_E_TIMEOUT);
        exo_answer_free(&answer);
        /* It is gone, and nothing is left to wait for. */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
    }
}

static void helper_with_deaf_host(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    sigset_t all, old;

    put_file(place, "reply", 0644, OK_REPLY("5"));
    /* The helper hears what its host does not: it kills itself with a
     * signal that the host ignores and blocks. */
    script_make(place, "cat reply\nkill -PIPE $$\n: >survived");
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_SETMASK, &all, &old), 0);
    assert_int_equal(run(place, &get, soon(), &answer), EXO_OK);
    assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    (void)signal(SIGCHLD, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    assert_string_equal(answer.reply.token.token, "t5");
    assert_null(get_file(place, "survived"));
    exo_answer_free(&answer);
}

static void helper_without_waiting(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;

    script_make(place, "exit 0");
    assert_int_equal(run(place, &hint, soon(), &answer), EXO_OK);
    assert_string_equal(get_file(place, "helper.asked"),
                        V "get: a@b.c\nserver: smtp.x\nnowait: yes\n");
    exo_answer_free(&answer);
}

/* A host that was started with its standard descriptors closed. */
static void without_standard_files(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct broker broker = { .how = HOW_REPLY, .reply = OK_REPLY("1") };
    int status;
    pid_t pid;

    put_file(place, "reply", 0644, OK_REPLY("5"));
    script_make(place, "cat reply");
    broker.fd = broker_listen(path, 1);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct exo_answer answer;
        bool ok;

        for (int fd = 0; fd < 3; fd++)
            (void)close(fd);
        ok = ask(path, &get, soon(), &answer) == EXO_OK;
        exo_answer_free(&answer);
        ok = ok && run(place, &get, soon(), &answer) == EXO_OK &&
             strcmp(answer.reply.token.token, "t5") == 0;
        exo_answer_free(&answer);
        /* The numbers are as free as before. */
        ok = ok && open("/dev/null", O_RDONLY) == 0;
        _exit(ok ? 0 : 1);
    }
    broker_run(&broker);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    broker_stop(&broker, true);
}

static void descriptors_are_raised(void **state)
{
    int fd = fcntl(((struct place *)*state)->fd, F_DUPFD_CLOEXEC, 10);
    int same = fd, status;
    pid_t pid;

    assert_int_equal(exo_fd_raise(&fd), EXO_OK);
    assert_int_equal(fd, same);
    (void)close(fd);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = { 3, 3 };
        bool ok;

        (void)close(0);
        fd = open("/dev/null", O_RDONLY);
        ok = fd == 0 && exo_fd_raise(&fd) == EXO_OK && fd >= 3 &&
             fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(0, F_GETFD) == -1;
        fd = open("/dev/null", O_RDONLY);
        ok = ok && fd == 0 && setrlimit(RLIMIT_NOFILE, &none) == 0 &&
             exo_fd_raise(&fd) == EXO_E_IO && fd == -1 &&
             fcntl(0, F_GETFD) == -1;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What the host has open is not what the helper gets. */
static void helper_gets_three_files(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    int leak = dup2(place->fd, 77); /* without close-on-exec */

    assert_int_equal(leak, 77);
    script_make(place, "ls /proc/self/fd >files; cat reply");
    put_file(place, "reply", 0644, OK_REPLY("5"));
    assert_int_equal(run(place, &get, soon(), &answer), EXO_OK);
    exo_answer_free(&answer);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    assert_null(strstr(get_file(place, "files"), "77"));
#endif
    (void)close(leak);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(helper_answers),
        TEST(helper_not_there),
        TEST(helper_that_others_can_exchange),
        TEST(helper_hangs),
        TEST(helper_with_deaf_host),
        TEST(helper_without_waiting),
        TEST(without_standard_files),
        TEST(descriptors_are_raised),
        TEST(helper_gets_three_files),
    };

    return cmocka_run_group_tests_name("ask_helper", tests, NULL, NULL);
}
