/* SPDX-License-Identifier: BSD-2-Clause */
/* One socket: what it may do, and what must not happen. */
#include "config.h"

#include "exoauth/clock.h"
#include "ask.h"

static void answers(void **state)
{
    static const struct {
        enum how how;
        const char *reply;
        int rc;
        enum exo_status status;
    } table[] = {
        { HOW_REPLY, OK_REPLY("7"), EXO_OK, EXO_STATUS_OK },
        { HOW_REPLY, OK_REPLY("7") "trailing", EXO_OK, EXO_STATUS_OK },
        { HOW_REPLY, V "status: denied\nmessage: no\n\n", EXO_OK,
          EXO_STATUS_DENIED },
        { HOW_REPLY, "", EXO_E_SHORT, 0 },
        { HOW_REPLY, V "status: ok\n", EXO_E_SHORT, 0 },
        { HOW_REPLY, "220 mail.example ESMTP\r\n", EXO_E_SHORT, 0 },
        { HOW_REPLY, "garbage\n\n", EXO_E_SYNTAX, 0 },
        { HOW_REPLY, V "status: ok\n\n", EXO_E_SYNTAX, 0 },
        { HOW_REPLY, "exoauth: 2\n\n", EXO_E_VERSION, 0 },
    };
    struct place *place = *state;

    for (size_t i = 0; i < N_OF(table); i++) {
        struct broker broker = { .how = table[i].how, .reply = table[i].reply };
        const char *path = place_name(place, "socket");
        struct exo_answer answer;
        unsigned files = open_files();

        broker_start(&broker, path);
        assert_int_equal(ask(path, &get, soon(), &answer), table[i].rc);
        if (table[i].rc == EXO_OK)
            assert_int_equal(answer.reply.status, table[i].status);
        if (i == 0)
            assert_string_equal(answer.reply.token.token, "t7");
        broker_stop(&broker, true);
        assert_string_equal(broker.asked, V "get: a@b.c\nserver: smtp.x\n\n");
        exo_answer_free(&answer);
        assert_int_equal(open_files(), files);
        assert_int_equal(unlink(path), 0);
    }
}

static void rude_and_silent(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct broker rude = { .how = HOW_RUDE }, silent = { .how = HOW_HANG };
    struct exo_answer answer;
    int rc;

    broker_start(&rude, path);
    rc = ask(path, &get, soon(), &answer);
    assert_true(rc == EXO_E_SHORT || rc == EXO_E_IO);
    broker_stop(&rude, true);
    exo_answer_free(&answer);
    assert_int_equal(unlink(path), 0);

    broker_start(&silent, path);
    assert_int_equal(ask(path, &get, exo_clock_ms() + 100, &answer),
                     EXO_E_TIMEOUT);
    broker_stop(&silent, true);
    exo_answer_free(&answer);
}

static void without_waiting(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct broker broker = { .how = HOW_REPLY, .reply = OK_REPLY("1") };
    struct exo_answer answer;

    broker_start(&broker, path);
    assert_int_equal(ask(path, &hint, soon(), &answer), EXO_OK);
    assert_int_equal(answer.in.len, 0);
    broker_stop(&broker, true);
    assert_string_equal(broker.asked,
                        V "get: a@b.c\nserver: smtp.x\nnowait: yes\n\n");
    exo_answer_free(&answer);
}

static void nobody_there(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct exo_answer answer;
    char far[300];
    int fd;

    assert_int_equal(ask(path, &get, soon(), &answer), EXO_E_NOENT);
    assert_int_equal(errno, ENOENT);
    fd = broker_listen(path, 1);
    (void)close(fd);
    assert_int_equal(ask(path, &get, soon(), &answer), EXO_E_NOENT);
    assert_int_equal(errno, ECONNREFUSED);
    put_file(place, "file", 0644, "");
    assert_int_equal(ask(place_name(place, "file"), &get, soon(), &answer),
                     EXO_E_NOENT);
    assert_int_equal(ask(place_name(place, "file/x"), &get, soon(), &answer),
                     EXO_E_NOENT);
    memset(far, 'x', sizeof far - 1);
    far[0] = '/';
    far[sizeof far - 1] = '\0';
    assert_int_equal(ask(far, &get, soon(), &answer), EXO_E_ARG);
    exo_answer_free(&answer);
}

static void strangers(void **state)
{
    const uid_t others[] = { geteuid() + 1, EXO_NO_UID };
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct broker broker = { .how = HOW_REPLY, .reply = OK_REPLY("1") };
    struct exo_answer answer;

    broker_start(&broker, path);
    exo_answer_init(&answer);
    assert_int_equal(exo_ask_socket(path, others, 2, &get, soon(), &answer),
                     EXO_E_UNSAFE);
    broker_stop(&broker, true);
    assert_string_equal(broker.asked, ""); /* it was told nothing */
    exo_answer_free(&answer);
}

static void strange_user(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct exo_answer answer;
    int ready[2], status;
    pid_t pid;
    char c;

    if (geteuid() != 0) {
        say_skipped("only root can run a broker as another user");
        return;
    }
    assert_int_equal(fchmod(place->fd, 0777), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (setuid(NOBODY) != 0)
            _exit(1);
        (void)broker_listen(path, 1);
        (void)!write(ready[1], "x", 1);
        (void)pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(ask(path, &get, soon(), &answer), EXO_E_UNSAFE);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ready[0]);
    (void)close(ready[1]);
    exo_answer_free(&answer);
}

static int connect_only(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void full_backlog(void **state)
{
    struct place *place = *state;
    const char *path = place_name(place, "socket");
    struct broker broker = { .how = HOW_REPLY, .reply = OK_REPLY("9") };
    struct exo_answer answer;
    int fds[8], n = 0;

    broker.fd = broker_listen(path, 1);
    while (n < 8 && (fds[n] = connect_only(path)) >= 0)
        n++;
    assert_in_range(n, 1, 7);
    assert_int_equal(ask(path, &get, exo_clock_ms() + 50, &answer),
                     EXO_E_TIMEOUT);
    /* Who has a token does not queue. */
    assert_int_equal(ask(path, &hint, soon(), &answer), EXO_E_TIMEOUT);
    for (int i = 0; i < n; i++)
        (void)close(fds[i]);
    broker.max = n + 1;
    broker_run(&broker);
    assert_int_equal(ask(path, &get, soon(), &answer), EXO_OK);
    assert_string_equal(answer.reply.token.token, "t9");
    broker_stop(&broker, true);
    exo_answer_free(&answer);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers),      TEST(rude_and_silent), TEST(without_waiting),
        TEST(nobody_there), TEST(strangers),       TEST(strange_user),
        TEST(full_backlog),
    };

    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
