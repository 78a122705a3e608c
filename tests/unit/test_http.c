/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request on the wire, the answers a token endpoint may give, and the
 * ones it should not: too much, too slow, too little, or something else.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "exoauth/http.h"
#include "exoauth/proto.h"
#include "http_server.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define END "Connection: close\r\n\r\n"
#define MB ((size_t)1024 * 1024)

static const struct exo_http_way direct = { NULL, NULL, NULL };

struct outcome {
    int rc;
    struct exo_err err;
    struct exo_http_reply reply;
};

static void post(struct outcome *out, int port, const char *form_text,
                 int64_t deadline_ms)
{
    struct exo_secret form = EXO_SECRET_INIT;
    char url[64];

    memset(out, 0, sizeof(*out));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/token", port);
    assert_int_equal(exo_secret_set(&form, form_text, strlen(form_text)), 0);
    out->rc = exo_http_post(url, &form, NULL, &direct, deadline_ms, &out->reply,
                            &out->err);
    exo_secret_free(&form);
}

/* One exchange with a server of its own. */
static void exchange(struct outcome *out, struct http_server *server,
                     enum http_mode mode, const char *reply,
                     int64_t deadline_ms)
{
    assert_true(http_server_start(server, mode, reply));
    post(out, server->port, "a=b",
         deadline_ms == 0 ? 0 : exo_clock_ms() + deadline_ms);
    http_server_stop(server);
}

static void check_text(const struct outcome *out, enum exo_status status,
                       const char *cause)
{
    assert_int_equal(out->rc, EXO_E_STATUS);
    assert_int_equal(out->err.status, status);
    if (strstr(out->err.text, cause) == NULL)
        print_error("not \"%s\": %s\n", cause, out->err.text);
    assert_non_null(strstr(out->err.text, cause));
    assert_non_null(strstr(out->err.text, "; "));
    assert_null(strchr(out->err.text, '\n'));
    assert_true(exo_secret_empty(&out->reply.body));
    assert_int_equal(out->reply.status, 0);
}

/* The request has exactly one such header line. */
static void check_header(const char *request, const char *line)
{
    const char *at = strcasestr(request, line);

    if (at == NULL)
        print_error("no %s in:\n%s\n", line, request);
    assert_non_null(at);
    assert_true(at[-1] == '\n');
    assert_null(strcasestr(at + 1, line));
}

static void test_request(void **state)
{
    struct http_server server;
    struct outcome out;
    int64_t before = exo_clock_now();
    char form[2048];

    (void)state;
    memset(form, 'x', sizeof(form));
    form[1] = '=';
    form[sizeof(form) - 1] = '\0';
    assert_true(http_server_start(
        &server, HTTP_ANSWER,
        OK "Content-Type: application/json; charset=utf-8\r\n"
           "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" END "{\"a\":1}"));
    post(&out, server.port, form, 0);
    http_server_stop(&server);

    assert_int_equal(out.rc, 0);
    assert_int_equal(out.reply.status, 200);
    assert_string_equal(exo_secret_reveal(&out.reply.body), "{\"a\":1}");
    assert_string_equal(out.reply.content_type,
                        "application/json; charset=utf-8");
    assert_int_equal(out.reply.date, 784111777);
    assert_int_equal(out.reply.retry_after, 0);
    assert_true(out.reply.sent >= before);
    assert_true(out.reply.sent <= exo_clock_now());
    exo_http_reply_free(&out.reply);

    assert_int_equal(strncmp(server.first, "POST /token HTTP/1.1\r\n", 22), 0);
    check_header(server.first, "Accept: application/json\r\n");
    check_header(server.first, "User-Agent: exoauth/" PACKAGE_VERSION "\r\n");
    check_header(server.first,
                 "Content-Type: application/x-www-form-urlencoded\r\n");
    check_header(server.first, "Content-Length: 2047\r\n");
    assert_null(strcasestr(server.first, "Expect:"));
    assert_null(strcasestr(server.first, "Authorization:"));
    assert_null(strcasestr(server.first, "Cookie:"));
    assert_string_equal(strstr(server.first, "\r\n\r\n") + 4, form);
}

static void test_basic(void **state)
{
    struct http_server server;
    struct exo_http_reply reply;
    struct exo_secret form = EXO_SECRET_INIT;
    struct exo_secret basic = EXO_SECRET_INIT;
    char url[64];

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, OK END "{}"));
    snprintf(url, sizeof(url), "http://localhost:%d/token?q=1", server.port);
    assert_int_equal(exo_secret_set(&basic, "cl%3Aient:s%2Bcret", 18), 0);
    assert_int_equal(
        exo_http_post(url, &form, &basic, &direct, 0, &reply, NULL), 0);
    http_server_stop(&server);
    check_header(server.first,
                 "Authorization: Basic Y2wlM0FpZW50OnMlMkJjcmV0\r\n");
    check_header(server.first, "Content-Length: 0\r\n");
    assert_non_null(strstr(server.first, "POST /token?q=1 HTTP/1.1\r\n"));
    exo_http_reply_free(&reply);
    exo_secret_free(&basic);
}

/* Any complete answer is one, and none leads to a second request. */
static void test_statuses(void **state)
{
    static const struct {
        const char *reply;
        long status;
        const char *body;
    } rows[] = {
        { OK END, 200, "" },
        { OK "Content-Length: 4\r\n" END "null", 200, "null" },
        { OK "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1\r\n \r\n0\r\n\r\n",
          200, "{} " },
        { "HTTP/1.0 200 OK\r\n\r\n{}", 200, "{}" },
        { "HTTP/1.1 204 No Content\r\n" END, 204, "" },
        { "HTTP/1.1 100 Continue\r\n\r\n" OK END "{}", 200, "{}" },
        { "HTTP/1.1 302 Found\r\nLocation: /other\r\n" END "moved", 302,
          "moved" },
        { "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\n" END, 307,
          "" },
        { "HTTP/1.1 400 Bad Request\r\n" END "{\"error\":1}", 400,
          "{\"error\":1}" },
        { "HTTP/1.1 401 Unauthorized\r\n"
          "WWW-Authenticate: Basic realm=x\r\n" END "no",
          401, "no" },
        { "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic\r\n" END "no", 407,
          "no" },
        { "HTTP/1.1 503 Busy\r\n" END "<html>", 503, "<html>" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server server;
        struct outcome out;

        exchange(&out, &server, HTTP_ANSWER, rows[i].reply, 0);
        if (out.rc != 0)
            print_error("row %zu: %s\n", i, out.err.text);
        assert_int_equal(out.rc, 0);
        assert_int_equal(out.reply.status, rows[i].status);
        assert_string_equal(exo_secret_reveal(&out.reply.body), rows[i].body);
        assert_int_equal(server.connections, 1);
        exo_http_reply_free(&out.reply);
    }
}

static int64_t retry_after(const char *value)
{
    struct http_server server;
    struct outcome out;
    char reply[256];

    snprintf(reply, sizeof(reply),
             "HTTP/1.1 429 Slow down\r\nRetry-After: %s\r\n" END, value);
    exchange(&out, &server, HTTP_ANSWER, reply, 0);
    assert_int_equal(out.rc, 0);
    assert_int_equal(out.reply.status, 429);
    exo_http_reply_free(&out.reply);
    return out.reply.retry_after;
}

static void test_retry_after(void **state)
{
    time_t later = time(NULL) + 1000;
    struct tm parts;
    char date[64];

    (void)state;
    assert_int_equal(retry_after("30"), 30);
    assert_int_equal(retry_after("0"), 0);
    assert_int_equal(retry_after("-5"), 0);
    assert_int_equal(retry_after("soon"), 0);
    assert_int_equal(retry_after("99999999"), EXO_HTTP_RETRY_MAX);
    assert_int_equal(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    assert_non_null(gmtime_r(&later, &parts));
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    assert_in_range(retry_after(date), 1, 1000);
}

static void test_content_type(void **state)
{
    struct http_server server;
    struct outcome out;
    char reply[400];

    (void)state;
    memset(reply, 'x', sizeof(reply));
    memcpy(reply, OK "Content-Type: ", 31);
    snprintf(reply + 200, 200, "\r\nDate: yesterday\r\n" END "{}");
    exchange(&out, &server, HTTP_ANSWER, reply, 0);
    assert_int_equal(out.rc, 0);
    assert_int_equal(strlen(out.reply.content_type), 63);
    assert_int_equal(out.reply.date, 0);
    exo_http_reply_free(&out.reply);
    exchange(&out, &server, HTTP_ANSWER, OK END "{}", 0);
    assert_string_equal(out.reply.content_type, "");
    assert_int_equal(out.reply.date, 0);
    exo_http_reply_free(&out.reply);
}

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
    assert_int_equal(exo_secret_len(&out.reply.body), EXO_HTTP_BODY_MAX);
    exo_http_reply_free(&out.reply);
    reply[start + EXO_HTTP_BODY_MAX] = 'x';
    reply[start + EXO_HTTP_BODY_MAX + 1] = '\0';
    exchange(&out, &server, HTTP_ANSWER, reply, 0);
    check_text(&out, EXO_STATUS_TRANSIENT, "sent more than");
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
        check_text(&out, EXO_STATUS_TRANSIENT, "sent more than");
        assert_true(server.sent < 32 * MB);
        assert_int_equal(server.connections, 1);
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
        check_text(&out, EXO_STATUS_TRANSIENT, "no answer in time from 127.");
        assert_int_equal(server.connections, 1);
    }
}

static void test_no_time_left(void **state)
{
    struct http_server server;
    struct outcome out;

    (void)state;
    exchange(&out, &server, HTTP_ANSWER, OK END, -1);
    check_text(&out, EXO_STATUS_TRANSIENT, "no answer in time");
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
        check_text(&out, EXO_STATUS_TRANSIENT, "127.0.0.1");
    }
}

static void test_unreachable(void **state)
{
    static const char label[] =
        "https://a123456789012345678901234567890123456789012345678901234567890"
        "1234.invalid/";
    struct exo_secret form = EXO_SECRET_INIT;
    struct http_server server;
    struct outcome out;

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, ""));
    http_server_stop(&server);
    post(&out, server.port, "a=b", 0);
    check_text(&out, EXO_STATUS_TRANSIENT, "cannot connect to 127.0.0.1");

    /* A label that is too long is never asked of a name server. */
    out.rc =
        exo_http_post(label, &form, NULL, &direct, 0, &out.reply, &out.err);
    check_text(&out, EXO_STATUS_TRANSIENT, "cannot resolve a1234");

    out.rc = exo_http_post("http://192.0.2.1/", &form, NULL, &direct, 0,
                           &out.reply, &out.err);
    check_text(&out, EXO_STATUS_MISCONFIGURED, "no https URL");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_no_time_left),
        cmocka_unit_test(test_not_http),
        cmocka_unit_test(test_unreachable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
