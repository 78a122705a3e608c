/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a token endpoint should not do: send too much, too slowly, too little
 * or something that is not HTTP.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "exoauth/clock.h"
#include "http_exchange.h"
#include "../lib/whole.h"
#include "util.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define END "Connection: close\r\n\r\n"
#define MB ((size_t)1024 * 1024)

/* A body of the largest size, and of one byte more. */
static void test_body_limit(void **state)
{
    static const char head[] = OK END;
    const size_t start = sizeof(head) - 1;
    char *reply = malloc(start + EXO_HTTP_BODY_MAX + 2);
    struct http_server server;
    struct outcome out;

    (void)state;
    assert_non_null(reply);
    memset(reply, 'x', start + EXO_HTTP_BODY_MAX + 2);
    memcpy(reply, head, start);
    reply[start + EXO_HTTP_BODY_MAX] = '\0';
    exchange(&out, &server, HTTP_ANSWER, reply, 0);
    assert_int_equal(out.rc, 0);
    assert_int_equal(whole_len(&out.reply.body), EXO_HTTP_BODY_MAX);
    exo_http_reply_free(&out.reply);
    reply[start + EXO_HTTP_BODY_MAX] = 'x';
    reply[start + EXO_HTTP_BODY_MAX + 1] = '\0';
    exchange(&out, &server, HTTP_ANSWER, reply, 0);
    exchange_refused(&out, EXO_STATUS_TRANSIENT, "sent more than");
    free(reply);
}

/* 64 MB: what was sent beyond the limit only filled socket buffers. */
static void test_floods(void **state)
{
    static const struct {
        enum http_mode mode;
        const char *reply;
    } rows[] = {
        { HTTP_FLOOD, OK END },
        { HTTP_FLOOD, OK "Content-Length: 67108864\r\n" END },
        { HTTP_FLOOD, "HTTP/1.1 500 Oops\r\n" END },
        { HTTP_FLOOD_CHUNKED, OK "Transfer-Encoding: chunked\r\n\r\n" },
        { HTTP_FLOOD_HEADERS, OK },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, rows[i].mode, rows[i].reply, 0);
        exchange_refused(&out, EXO_STATUS_TRANSIENT, "sent more than");
        assert_true(server.sent < 32 * MB);
        assert_int_equal(server.connections, 1);
    }
}

/* libcurl calls it a lack of memory, which it is not. */
static void test_long_line(void **state)
{
    static const char *const starts[] = { OK "X: ", "HTTP/1.1 400 " };

    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, HTTP_FLOOD, starts[i], 0);
        exchange_refused(&out, EXO_STATUS_TRANSIENT, "header that is too long");
    }
}

/* Headers that are many, but fewer than 16 KiB, are fine. */
static void test_headers(void **state)
{
    struct exo_buf reply = EXO_BUF_INIT(65536);
    struct http_server server;
    struct outcome out;
    int i;

    (void)state;
    exo_buf_str(&reply, OK);
    for (i = 0; i < 100; i++)
        exo_buf_fmt(&reply, "X-%03d: %0100d\r\n", i, i);
    exo_buf_str(&reply, END "{}");
    exchange(&out, &server, HTTP_ANSWER, reply.data, 0);
    assert_int_equal(out.rc, 0);
    exo_http_reply_free(&out.reply);
    exo_buf_free(&reply);
}

/* The deadline ends each of these; no other limit is so near. */
static void test_slow(void **state)
{
    static const struct {
        enum http_mode mode;
        const char *reply;
    } rows[] = {
        { HTTP_HANG, "" },
        { HTTP_HANG, "HTTP/1.1 200 O" },
        { HTTP_HANG, OK "Content-Length: 10\r\n\r\n{}" },
        { HTTP_HANG, "HTTP/1.1 100 Continue\r\n\r\n" },
        { HTTP_DRIP, OK END },
        { HTTP_DRIP, OK "X:" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, rows[i].mode, rows[i].reply, 300);
        exchange_refused(&out, EXO_STATUS_TRANSIENT,
                         "no answer in time from 127.");
        assert_int_equal(server.connections, 1);
    }
}

static pid_t asker;

static void stop_it(void)
{
    int status;

    assert_true(asker > 0); /* not our whole process group */
    assert_int_equal(kill(asker, SIGSTOP), 0);
    assert_int_equal(waitpid(asker, &status, WUNTRACED), asker);
}

/* When its time has been up for a while. */
static void go_on(void)
{
    const struct timespec while_ = { .tv_sec = 3, .tv_nsec = 300000000 };

    (void)nanosleep(&while_, NULL);
    assert_int_equal(kill(asker, SIGCONT), 0);
}

/* The answer came in time, and who asked was stopped until it was too late. */
static void test_stopped(void **state)
{
    static const char *const replies[] = {
        OK END "{}",
        OK "Content-Length: 2\r\n\r\n{}",
        OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct http_server server;
        int known[2], status = 0;
        char c = 0;

        assert_int_equal(pipe(known), 0);
        assert_true(http_server_start(&server, HTTP_ANSWER, replies[i]));
        server.asked = stop_it;
        server.answered = go_on;
        asker = fork();
        if (asker == 0) {
            struct outcome out;

            (void)!read(known[0], &c, 1); /* who is to be stopped is known */
            exchange_post(&out, server.port, "a=b", exo_clock_ms() + 3000);
            _exit(out.rc == 0 && whole_len(&out.reply.body) == 2 ? 0 : 1);
        }
        assert_int_equal(write(known[1], &c, 1), 1);
        assert_int_equal(waitpid(asker, &status, 0), asker);
        http_server_stop(&server);
        assert_int_equal(status, 0);
        (void)close(known[0]);
        (void)close(known[1]);
    }
}

/* What came of a success that broke off is kept for who may know better. */
static void test_cut(void **state)
{
    static const struct {
        enum http_mode mode;
        const char *reply;
        bool cut;
    } rows[] = {
        { HTTP_ANSWER, OK "Content-Length: 10\r\n\r\n{}", true },
        { HTTP_ANSWER, OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}", true },
        { HTTP_HANG, OK "Content-Length: 10\r\n\r\n{}", true },
        { HTTP_ANSWER, OK "Content-Length: 10\r\n\r\n", false },
        { HTTP_ANSWER, "HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\n{}",
          false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, rows[i].mode, rows[i].reply, 500);
        exchange_refused(&out, EXO_STATUS_TRANSIENT, "127.0.0.1");
        assert_int_equal(out.reply.cut, rows[i].cut);
        assert_int_equal(whole_len(&out.reply.body), rows[i].cut ? 2 : 0);
        exo_http_reply_free(&out.reply);
    }
}

static void test_no_time_left(void **state)
{
    struct http_server server;
    struct outcome out;

    (void)state;
    exchange(&out, &server, HTTP_ANSWER, OK END, -1);
    exchange_refused(&out, EXO_STATUS_TRANSIENT, "no answer in time");
    assert_int_equal(server.connections, 0);
}

static void test_not_http(void **state)
{
    static const char *const replies[] = {
        "",
        "HTTP/1.1 200 O",
        OK "Content-Length: 10\r\n\r\n{}",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        OK "Content-Length: ten\r\n\r\n{}",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>HTTP 0.9</html>",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "\x16\x03\x01\x02",
        "220 mail.example ESMTP\r\n",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, HTTP_ANSWER, replies[i], 0);
        if (out.rc == 0)
            print_error("taken for HTTP: %s\n", replies[i]);
        exchange_refused(&out, EXO_STATUS_TRANSIENT, "127.0.0.1");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_limit), cmocka_unit_test(test_floods),
        cmocka_unit_test(test_headers),    cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_slow),       cmocka_unit_test(test_no_time_left),
        cmocka_unit_test(test_not_http),   cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_cut),
    };

    if (skip_without_ipv4()) {
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
