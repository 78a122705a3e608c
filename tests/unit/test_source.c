/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source wins, for each age of the published token. */
#include "config.h"

#include <inttypes.h>
#include <limits.h>

#include "broker.h"

enum published { NONE, FRESH, AGING, STALE, EXPIRED, REFUSED };
enum who { NOBODY_ASKED, SOCKET, HELPER, BOTH };

#define SAY(status) V "status: " status "\nmessage: because\n\n"
#define OTHER "other.x"

struct row {
    enum published published;
    const char *server; /* NULL: smtp.x, which is allowed */
    int64_t min_ttl, reject;
    const char *socket, *helper; /* replies; NULL: there is none */
    enum who asked;
    bool nowait; /* and the request said so */
    enum exo_status status;
    const char *token; /* or a part of the message */
    bool known;
    int warnings;
};

static const struct row rows[] = {
    /* fresh: nobody is asked */
    { FRESH, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), NOBODY_ASKED, false,
      EXO_STATUS_OK, "t1", true, 0 },
    { FRESH, NULL, 60, 7, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK,
      "t1", true, 0 },
    /* aging: used, and one is told */
    { AGING, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), SOCKET, true,
      EXO_STATUS_OK, "t1", true, 0 },
    { AGING, NULL, -1, -1, NULL, OK_REPLY("3"), HELPER, true, EXO_STATUS_OK,
      "t1", true, 0 },
    { AGING, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, true, EXO_STATUS_OK,
      "t1", true, 0 },
    /* stale: asked, and used all the same if nobody can do better */
    { STALE, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { STALE, NULL, -1, -1, NULL, OK_REPLY("3"), HELPER, false, EXO_STATUS_OK,
      "t3", true, 0 },
    { STALE, NULL, -1, -1, "broken", OK_REPLY("3"), BOTH, false,
      EXO_STATUS_OK, "t3", true, 0 },
    { STALE, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK,
      "t1", true, 0 },
    { STALE, NULL, -1, -1, "broken", "broken", BOTH, false, EXO_STATUS_OK,
      "t1", true, 0 },
    { STALE, NULL, -1, -1, SAY("transient"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_OK, "t1", true, 0 },
    { STALE, NULL, -1, -1, SAY("needs-login"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_OK, "t1", true, 1 },
    { STALE, NULL, -1, -1, SAY("misconfigured"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t1", true, 1 },
    { STALE, NULL, -1, -1, SAY("denied"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_DENIED, "because", true, 0 },
    { STALE, NULL, -1, -1, SAY("no-account"), NULL, SOCKET, false,
      EXO_STATUS_NO_ACCOUNT, "because", true, 0 },
    /* a rejected or too short-lived token is as good as stale */
    { FRESH, NULL, -1, 1, OK_REPLY("2"), NULL, SOCKET, false, EXO_STATUS_OK,
      "t2", true, 0 },
    { FRESH, NULL, -1, 1, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK,
      "t1", true, 0 },
    { FRESH, NULL, 100000, -1, OK_REPLY("2"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { AGING, NULL, 100000, -1, SAY("transient"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t1", true, 0 },
    /* expired: never used */
    { EXPIRED, NULL, -1, -1, OK_REPLY("2"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { EXPIRED, NULL, -1, -1, SAY("transient"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_TRANSIENT, "because", true, 0 },
    { EXPIRED, NULL, -1, -1, SAY("needs-login"), NULL, SOCKET, false,
      EXO_STATUS_NEEDS_LOGIN, "because", true, 0 },
    { EXPIRED, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false,
      EXO_STATUS_TRANSIENT, "an expired token in", true, 0 },
    /* nothing published */
    { NONE, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { NONE, NULL, -1, -1, NULL, OK_REPLY("3"), HELPER, false, EXO_STATUS_OK,
      "t3", true, 0 },
    { NONE, NULL, 600, 42, OK_REPLY("2"), NULL, SOCKET, false, EXO_STATUS_OK,
      "t2", true, 0 },
    { NONE, NULL, -1, -1, SAY("no-account"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_NO_ACCOUNT, "because", false, 0 },
    { NONE, NULL, -1, -1, NULL, SAY("misconfigured"), HELPER, false,
      EXO_STATUS_MISCONFIGURED, "because", true, 0 },
    { NONE, NULL, -1, -1, "broken", "", BOTH, false, EXO_STATUS_TRANSIENT,
      "a broken reply", false, 0 },
    { NONE, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false,
      EXO_STATUS_TRANSIENT, "No such file or directory", false, 0 },
    /* the server is not in `servers`: the broker may know better */
    { FRESH, OTHER, -1, -1, OK_FOR("2", "*.x"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { FRESH, OTHER, -1, -1, OK_REPLY("2"), NULL, SOCKET, false,
      EXO_STATUS_MISCONFIGURED, "may not be sent to other.x", true, 0 },
    { NONE, OTHER, -1, -1, NULL, OK_REPLY("3"), HELPER, false,
      EXO_STATUS_MISCONFIGURED, "may not be sent to other.x", true, 0 },
    { FRESH, OTHER, -1, -1, SAY("misconfigured"), NULL, SOCKET, false,
      EXO_STATUS_MISCONFIGURED, "because", true, 0 },
    { FRESH, OTHER, -1, -1, SAY("transient"), NULL, SOCKET, false,
      EXO_STATUS_TRANSIENT, "because", true, 0 },
    { FRESH, OTHER, -1, -1, NULL, NULL, NOBODY_ASKED, false,
      EXO_STATUS_MISCONFIGURED, "may not be sent to other.x", true, 0 },
    /* a refused file counts as absent, with one warning */
    { REFUSED, NULL, -1, -1, OK_REPLY("2"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t2", true, 1 },
    { REFUSED, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false,
      EXO_STATUS_TRANSIENT, "no usable file in", false, 1 },
};

static void publish(const struct place *place, enum published published)
{
    static const int64_t left[] = { 0, 3600, 1800, 900, -1, 3600 };
    const int64_t expires = exo_clock_now() + left[published];
    char text[600];

    if (published == NONE)
        return;
    (void)snprintf(text, sizeof text,
                   V "account: a@b.c\nservers: smtp.x\nserial: 1\n"
                     "issued: %" PRId64 "\nrefresh_after: %" PRId64 "\n"
                     "usable_until: %" PRId64 "\nexpires: %" PRId64 "\n"
                     "token: t1\n\n",
                   expires - 7200, expires - 2400, expires - 1200, expires);
    put_file(place, "a@b.c", published == REFUSED ? 0666 : 0640, text);
}

static void count_warning(void *context, const char *text)
{
    assert_true(strlen(text) > 0);
    assert_null(strchr(text, '\n'));
    ++*(int *)context;
}

static void conf_make(struct exo_conf *conf, const struct place *place,
                      char names[3][300])
{
    memset(conf, 0, sizeof *conf);
    (void)snprintf(names[0], 300, "%s", place->path);
    (void)snprintf(names[1], 300, "/nonexistent/socket %s",
                   place_name(place, "socket"));
    (void)snprintf(names[2], 300, "%s", place_name(place, "helper"));
    conf->token_dir = names[0];
    conf->socket = names[1];
    conf->helper = names[2];
    conf->path = names[0];
    conf->timeout = 60;
}

static void check_request(const struct row *row, const char *text)
{
    char want[300];
    int n = snprintf(want, sizeof want, V "get: a@b.c\nserver: %s\n",
                     row->server != NULL ? row->server : "smtp.x");

    if (row->min_ttl >= 0)
        n += snprintf(want + n, sizeof want - (size_t)n,
                      "min_ttl: %" PRId64 "\n", row->min_ttl);
    if (row->reject >= 0)
        n += snprintf(want + n, sizeof want - (size_t)n,
                      "reject: %" PRId64 "\n", row->reject);
    if (row->nowait)
        (void)snprintf(want + n, sizeof want - (size_t)n, "nowait: yes\n");
    assert_non_null(text);
    assert_int_equal(strncmp(text, want, strlen(want)), 0);
}

static void check_answer(const struct row *row,
                         const struct exo_answer *answer)
{
    assert_int_equal(answer->reply.status, row->status);
    assert_int_equal(answer->known, row->known);
    if (row->status == EXO_STATUS_OK) {
        assert_string_equal(answer->reply.token.token, row->token);
        assert_null(answer->reply.message);
    } else {
        assert_non_null(strstr(answer->reply.message, row->token));
        assert_null(answer->reply.token.token);
    }
}

static void check_row(const struct row *row)
{
    const struct exo_request request = {
        .get = "a@b.c",
        .server = row->server != NULL ? row->server : "smtp.x",
        .min_ttl = row->min_ttl,
        .reject = row->reject,
    };
    const bool socket_asked = row->asked == SOCKET || row->asked == BOTH;
    const bool helper_asked = row->asked == HELPER || row->asked == BOTH;
    struct broker broker = { .how = HOW_REPLY, .reply = row->socket };
    struct exo_answer answer;
    struct exo_conf conf;
    struct place place;
    char names[3][300];
    int warnings = 0;

    place_make(&place);
    conf_make(&conf, &place, names);
    publish(&place, row->published);
    if (row->socket != NULL)
        broker_start(&broker, place_name(&place, "socket"));
    if (row->helper != NULL) {
        put_file(&place, "reply", 0644, row->helper);
        script_make(&place, "cat reply");
    }
    exo_source_get(&conf, &request, 0, count_warning, &warnings, &answer);
    if (row->socket != NULL)
        broker_stop(&broker, socket_asked);
    check_answer(row, &answer);
    assert_int_equal(warnings, row->warnings);
    assert_int_equal(broker.taken, socket_asked ? 1 : 0);
    if (socket_asked)
        check_request(row, broker.asked);
    assert_int_equal(get_file(&place, "helper.asked") != NULL, helper_asked);
    if (helper_asked)
        check_request(row, get_file(&place, "helper.asked"));
    exo_answer_free(&answer);
    place_remove(&place);
}

static void who_wins(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(rows); i++) {
        print_message("# row %zu\n", i);
        check_row(&rows[i]);
    }
}

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
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    request.get = name;
    exo_source_get(&conf, &request, 0, NULL, NULL, &answer);
    assert_int_equal(answer.reply.status, EXO_STATUS_TRANSIENT);
    assert_true(strlen(answer.reply.message) < EXO_ERR_TEXT - 1);
    assert_non_null(strstr(answer.reply.message, "in README"));
    exo_answer_free(&answer);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_wins),
        TEST(flags),
        TEST(never_in_a_set_id_process),
        TEST(owner_of_directory_is_believed),
        TEST(one_deadline_for_all),
        TEST(names_that_are_none),
        TEST(messages_stay_short),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
