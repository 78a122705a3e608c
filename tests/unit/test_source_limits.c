/* SPDX-License-Identifier: BSD-2-Clause */
/* Where no source is asked, which are believed, and how long it takes. */
#include "config.h"

#include <limits.h>

#include "source.h"

static const struct exo_request simple = { .get = "a@b.c",
                                           .min_ttl = -1,
                                           .reject = -1 };

static void flags(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    struct exo_conf conf;
    char names[3][300];

    conf_make(&conf, place, names);
    publish(place, FRESH);
    put_file(place, "reply", 0644, OK_REPLY("3"));
    script_make(place, "cat reply");

    /* No server said: the caller answers for where the token goes. */
    exo_source_get(&conf, &simple, 0, NULL, NULL, &answer);
    assert_string_equal(answer.reply.token.token, "t1");
    exo_answer_free(&answer);
    exo_source_get(&conf, &simple, EXO_SOURCE_NO_FILE, NULL, NULL, &answer);
    assert_string_equal(answer.reply.token.token, "t3");
    exo_answer_free(&answer);
    assert_int_equal(unlink(place_name(place, "helper.asked")), 0);
    exo_source_get(&conf, &simple, EXO_SOURCE_NO_FILE | EXO_SOURCE_NO_SPAWN,
                   NULL, NULL, &answer);
    assert_int_equal(answer.reply.status, EXO_STATUS_TRANSIENT);
    assert_false(answer.known);
    assert_null(get_file(place, "helper.asked"));
    exo_answer_free(&answer);

    conf.helper[0] = '\0';
    conf.socket[0] = '\0';
    exo_source_get(&conf, &simple, EXO_SOURCE_NO_FILE, NULL, NULL, &answer);
    assert_non_null(strstr(answer.reply.message, "none is configured"));
    assert_non_null(strstr(answer.reply.message, "exoauth refresh a@b.c"));
    exo_answer_free(&answer);
}

static void never_in_a_set_id_process(void **state)
{
    struct place *place = *state;
    int status;
    pid_t pid;

    if (geteuid() != 0) {
        say_skipped("only root can become set-id in a test");
        return;
    }
    put_file(place, "reply", 0644, OK_REPLY("3"));
    script_make(place, "cat reply");
    assert_int_equal(fchmod(place->fd, 0755), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct exo_answer answer;
        struct exo_conf conf;
        char names[3][300];

        conf_make(&conf, place, names);
        if (setegid(NOBODY) != 0)
            _exit(2);
        exo_source_get(&conf, &simple, 0, NULL, NULL, &answer);
        _exit(answer.reply.status == EXO_STATUS_TRANSIENT &&
                      get_file(place, "helper.args") == NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void owner_of_directory_is_believed(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    struct exo_conf conf;
    char names[3][300];
    const char *path;
    int warnings = 0, ready[2], status;
    pid_t pid;
    char c;

    if (geteuid() != 0) {
        say_skipped("only root can run a broker as another user");
        return;
    }
    conf_make(&conf, place, names);
    path = place_name(place, "socket");
    assert_int_equal(fchown(place->fd, NOBODY, NOBODY), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct broker broker = { .how = HOW_REPLY, .reply = OK_REPLY("4") };

        if (setuid(NOBODY) != 0)
            _exit(1);
        broker.fd = broker_listen(path, 4);
        broker.max = INT_MAX;
        (void)!write(ready[1], "x", 1);
        (void)broker_main(&broker);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    for (int flag = 0; flag < 2; flag++) {
        exo_source_get(&conf, &simple, flag ? EXO_SOURCE_NO_FILE : 0,
                       count_warning, &warnings, &answer);
        assert_int_equal(answer.reply.status, EXO_STATUS_OK);
        exo_answer_free(&answer);
    }
    assert_int_equal(warnings, 0);
    /* Not if anybody may write to it, and then there are two to blame. */
    assert_int_equal(fchmod(place->fd, 0777), 0);
    exo_source_get(&conf, &simple, 0, count_warning, &warnings, &answer);
    assert_int_equal(answer.reply.status, EXO_STATUS_TRANSIENT);
    assert_non_null(strstr(answer.reply.message, "its owner is not"));
    exo_answer_free(&answer);
    assert_int_equal(warnings, 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void one_deadline_for_all(void **state)
{
    struct place *place = *state;
    struct broker broker = { .how = HOW_HANG };
    struct exo_answer answer;
    struct exo_conf conf;
    char names[3][300];

    conf_make(&conf, place, names);
    conf.timeout = 1;
    put_file(place, "reply", 0644, OK_REPLY("3"));
    script_make(place, "cat reply");
    broker_start(&broker, place_name(place, "socket"));
    exo_source_get(&conf, &simple, 0, NULL, NULL, &answer);
    broker_stop(&broker, true);
    assert_int_equal(answer.reply.status, EXO_STATUS_TRANSIENT);
    assert_non_null(strstr(answer.reply.message, "no answer in time"));
    assert_null(strstr(answer.reply.message, "/helper:"));
    exo_answer_free(&answer);
}

static void names_that_are_none(void **state)
{
    struct place *place = *state;
    struct exo_request request = simple;
    struct exo_answer answer;
    struct exo_conf conf;
    char names[3][300];

    conf_make(&conf, place, names);
    request.get = "a\nb";
    exo_source_get(&conf, &request, 0, NULL, NULL, &answer);
    assert_int_equal(answer.reply.status, EXO_STATUS_NO_ACCOUNT);
    assert_false(answer.known);
    assert_null(strchr(answer.reply.message, '\n'));
    exo_answer_free(&answer);
}

static void messages_stay_short(void **state)
{
    struct place *place = *state;
    struct exo_answer answer;
    struct exo_conf conf;
    char names[3][300], list[2000], name[200];
    struct exo_request request = simple;

    conf_make(&conf, place, names);
    memset(list, 's', sizeof list - 1);
    list[sizeof list - 1] = '\0';
    for (size_t i = 0; i < sizeof list - 2; i += 90)
        memcpy(list + i, " /", 2);
    conf.socket = list;
    memset(name, 'n', sizeof name);
    request.get = name;
    /* A name that is too long for it costs the command, and no more. */
    for (size_t len = 99; len < sizeof name; len += 100) {
        name[len] = '\0';
        exo_source_get(&conf, &request, 0, NULL, NULL, &answer);
        assert_int_equal(answer.reply.status, EXO_STATUS_TRANSIENT);
        assert_true(strlen(answer.reply.message) < EXO_ERR_TEXT - 1);
        assert_int_equal(strstr(answer.reply.message, "run:") != NULL,
                         len == 99);
        assert_non_null(strstr(answer.reply.message, "service in README"));
        exo_answer_free(&answer);
        name[len] = 'n';
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flags),
        TEST(never_in_a_set_id_process),
        TEST(owner_of_directory_is_believed),
        TEST(one_deadline_for_all),
        TEST(names_that_are_none),
        TEST(messages_stay_short),
    };

    return cmocka_run_group_tests_name("source_limits", tests, NULL, NULL);
}
