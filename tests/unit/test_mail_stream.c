/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines from a socket, however they are cut on the way.
 */
#include "config.h"

#include "util.h"

#include <sys/socket.h>

#include "exoauth/clock.h"
#include "mail/stream.h"

struct pair {
    struct exo_stream *s;
    int fd;
    struct exo_err err;
};

static int setup(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    int fds[2];

    assert_non_null(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pair->s = calloc(1, sizeof(*pair->s));
    assert_non_null(pair->s);
    pair->s->host = "mail.contoso.test";
    pair->s->step = "its greeting";
    pair->s->fd = fds[0];
    pair->fd = fds[1];
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    exo_stream_close(pair->s);
    free(pair->s);
    (void)close(pair->fd);
    free(pair);
    return 0;
}

static void say(struct pair *pair, const char *data, size_t len)
{
    assert_int_equal(write(pair->fd, data, len), len);
}

static int line(struct pair *pair, char **text)
{
    size_t len;
    int rc = exo_stream_line(pair->s, text, &len, exo_clock_ms() + 10000,
                             &pair->err);

    if (rc == 0) {
        assert_int_equal(len, strlen(*text));
    }
    return rc;
}

static void expect(struct pair *pair, const char *want)
{
    char *text;

    assert_int_equal(line(pair, &text), 0);
    assert_string_equal(text, want);
}

static void test_lines(void **state)
{
    static const char lines[] = "one\r\ntwo\n\r\n\nfi\0ve\r\n\rsix\r\nlast";
    struct pair *pair = *state;
    char *text;

    say(pair, lines, sizeof(lines) - 1);
    expect(pair, "one");
    expect(pair, "two");
    expect(pair, "");
    expect(pair, "");
    expect(pair, "fi?ve");
    expect(pair, "\rsix");
    (void)shutdown(pair->fd, SHUT_WR);
    assert_int_not_equal(line(pair, &text), 0);
    assert_int_equal(pair->err.status, EXO_STATUS_TRANSIENT);
    assert_non_null(strstr(pair->err.text, "ended before its greeting"));
}

static void test_long(void **state)
{
    struct pair *pair = *state;
    char *big = malloc(EXO_STREAM_LINE + 1);
    char *text;

    assert_non_null(big);
    memset(big, 'x', EXO_STREAM_LINE + 1);
    big[12000] = '\n';
    say(pair, big, 12001);
    assert_int_equal(line(pair, &text), 0);
    assert_int_equal(strlen(text), 12000);
    big[12000] = 'x';
    big[EXO_STREAM_LINE - 1] = '\n';
    say(pair, big, EXO_STREAM_LINE);
    assert_int_equal(line(pair, &text), 0);
    assert_int_equal(strlen(text), EXO_STREAM_LINE - 1);
    big[EXO_STREAM_LINE - 1] = 'x';
    say(pair, big, EXO_STREAM_LINE + 1);
    assert_int_not_equal(line(pair, &text), 0);
    assert_int_equal(pair->err.status, EXO_STATUS_MISCONFIGURED);
    free(big);
}

static void test_late(void **state)
{
    struct pair *pair = *state;
    char *text;
    size_t len;

    say(pair, "half", 4);
    assert_int_not_equal(
        exo_stream_line(pair->s, &text, &len, exo_clock_ms() + 20, &pair->err),
        0);
    assert_int_equal(pair->err.status, EXO_STATUS_TRANSIENT);
    assert_non_null(strstr(pair->err.text, "--timeout"));
    say(pair, " a line\n", 8);
    expect(pair, "half a line");
}

static void test_some(void **state)
{
    struct pair *pair = *state;
    char *data;
    size_t len;

    say(pair, "a {5}\r\n12345 b\r\n", strlen("a {5}\r\n12345 b\r\n"));
    expect(pair, "a {5}");
    assert_int_equal(exo_stream_some(pair->s, &data, &len, 5,
                                     exo_clock_ms() + 10000, &pair->err),
                     0);
    assert_int_equal(len, 5);
    assert_memory_equal(data, "12345", 5);
    expect(pair, " b");
}

/* What came before TLS is never taken for something said under it. */
static void test_injection(void **state)
{
    struct pair *pair = *state;

    say(pair, "220 go\r\n250 injected\r\n",
        strlen("220 go\r\n250 injected\r\n"));
    expect(pair, "220 go");
    assert_int_not_equal(
        exo_stream_tls(pair->s, NULL, 0, exo_clock_ms() + 10000, &pair->err),
        0);
    assert_non_null(strstr(pair->err.text, "plaintext behind"));
    assert_null(pair->s->ssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_some, setup, teardown),
        cmocka_unit_test_setup_teardown(test_injection, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
