/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source wins, for each age of the published token. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "source.h"

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
    { FRESH, NULL, 60, 7, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK, "t1",
      true, 0 },
    /* aging: used, and one is told */
    { AGING, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), SOCKET, true,
      EXO_STATUS_OK, "t1", true, 0 },
    { AGING, NULL, -1, -1, NULL, OK_REPLY("3"), HELPER, true, EXO_STATUS_OK,
      "t1", true, 0 },
    { AGING, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, true, EXO_STATUS_OK, "t1",
      true, 0 },
    /* stale: asked, and used all the same if nobody can do better */
    { STALE, NULL, -1, -1, OK_REPLY("2"), OK_REPLY("3"), SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { STALE, NULL, -1, -1, NULL, OK_REPLY("3"), HELPER, false, EXO_STATUS_OK,
      "t3", true, 0 },
    { STALE, NULL, -1, -1, "broken", OK_REPLY("3"), BOTH, false, EXO_STATUS_OK,
      "t3", true, 0 },
    { STALE, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK, "t1",
      true, 0 },
    { STALE, NULL, -1, -1, "broken", "broken", BOTH, false, EXO_STATUS_OK, "t1",
      true, 0 },
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
    { FRESH, NULL, -1, 1, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_OK, "t1",
      true, 0 },
    { FRESH, NULL, 100000, -1, OK_REPLY("2"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t2", true, 0 },
    { AGING, NULL, 100000, -1, SAY("transient"), NULL, SOCKET, false,
      EXO_STATUS_OK, "t1", true, 0 },
    /* expired: never used */
    { EXPIRED, NULL, -1, -1, OK_REPLY("2"), NULL, SOCKET, false, EXO_STATUS_OK,
      "t2", true, 0 },
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
    { NONE, NULL, -1, -1, "broken", NULL, SOCKET, false, EXO_STATUS_TRANSIENT,
      "a broken reply", false, 0 },
    { NONE, NULL, -1, -1, "broken", "", BOTH, false, EXO_STATUS_TRANSIENT,
      "ended without a reply, its log says why; run: exoauth refresh a@b.c",
      false, 0 },
    { NONE, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false, EXO_STATUS_TRANSIENT,
      "No such file or directory", false, 0 },
    /* the server is not in `servers`: the broker may know better */
    { FRESH, OTHER, -1, -1, OK_FOR("2", "other.x"), NULL, SOCKET, false,
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
    { REFUSED, NULL, -1, -1, OK_REPLY("2"), NULL, SOCKET, false, EXO_STATUS_OK,
      "t2", true, 1 },
    { REFUSED, NULL, -1, -1, NULL, NULL, NOBODY_ASKED, false,
      EXO_STATUS_TRANSIENT, "no usable file in", false, 1 },
};

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

static void check_answer(const struct row *row, const struct exo_answer *answer)
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

/* Listens, and is full: connections that nobody takes, as many as there may
 * be. Their descriptors are in fds, which ends with -1. */
static void fill(const char *path, int fds[16])
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t n = 0;

    assert_in_range(strlen(path), 1, sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(fds[n], (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fds[n], 0), 0);
    do {
        n++;
        assert_in_range(n, 1, 14);
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    } while (connect(fds[n], (const struct sockaddr *)&address,
                     sizeof address) == 0);
    assert_int_equal(errno, EAGAIN);
    fds[n + 1] = -1;
}

/* A broker that is too busy to hear that a token ages is not helped by one
 * process more for each login. */
static void starts_nothing_beside_a_busy_broker(void **state)
{
    const struct exo_request request = {
        .get = "a@b.c", .server = "smtp.x", .min_ttl = -1, .reject = -1
    };
    struct exo_answer answer;
    struct exo_conf conf;
    struct place place;
    char names[3][300];
    int warnings = 0;
    int fds[16];

    (void)state;
    place_make(&place);
    conf_make(&conf, &place, names);
    publish(&place, AGING);
    put_file(&place, "reply", 0644, OK_REPLY("3"));
    script_make(&place, "cat reply");
    fill(place_name(&place, "socket"), fds);
    exo_source_get(&conf, &request, 0, count_warning, &warnings, &answer);
    assert_int_equal(answer.reply.status, EXO_STATUS_OK);
    assert_string_equal(answer.reply.token.token, "t1");
    assert_int_equal(warnings, 0);
    assert_null(get_file(&place, "helper.asked"));
    for (size_t i = 0; fds[i] >= 0; i++)
        (void)close(fds[i]);
    exo_answer_free(&answer);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_wins),
        cmocka_unit_test(starts_nothing_beside_a_busy_broker),
    };

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
