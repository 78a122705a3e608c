/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request on the wire, and the answers a token endpoint may give.
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

#include "exoauth/clock.h"
#include "http_exchange.h"
#include "../lib/whole.h"
#include "util.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define END "Connection: close\r\n\r\n"

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
    exchange_post(&out, server.port, form, 0);
    http_server_stop(&server);

    assert_int_equal(out.rc, 0);
    assert_int_equal(out.reply.status, 200);
    assert_string_equal(whole_secret(&out.reply.body), "{\"a\":1}");
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
        exo_http_post(url, &form, &basic, &exchange_direct, 0, &reply, NULL),
        0);
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
        assert_string_equal(whole_secret(&out.reply.body), rows[i].body);
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
    exchange_post(&out, server.port, "a=b", 0);
    exchange_refused(&out, EXO_STATUS_TRANSIENT, "cannot connect to 127.0.0.1");

    /* A label that is too long is never asked of a name server. */
    out.rc = exo_http_post(label, &form, NULL, &exchange_direct, 0, &out.reply,
                           &out.err);
    exchange_refused(&out, EXO_STATUS_TRANSIENT, "cannot resolve a1234");

    out.rc = exo_http_post("http://192.0.2.1/", &form, NULL, &exchange_direct,
                           0, &out.reply, &out.err);
    exchange_refused(&out, EXO_STATUS_MISCONFIGURED, "no https URL");
}

/* A probe says nothing about who asks, and how far it came. */
static void test_probe(void **state)
{
    struct http_server server;
    struct exo_http_reply reply;
    struct exo_err err = EXO_ERR_INIT;
    char url[64];

    (void)state;
    assert_true(
        http_server_start(&server, HTTP_ANSWER,
                          "HTTP/1.1 405 Not Allowed\r\n"
                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" END));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/token", server.port);
    assert_int_equal(exo_http_probe(url, &exchange_direct, 0, &reply, &err), 0);
    assert_int_equal(reply.phase, EXO_HTTP_DONE);
    assert_int_equal(reply.status, 405);
    assert_int_equal(reply.date, 784111777);
    assert_string_equal(reply.address, "127.0.0.1");
    exo_http_reply_free(&reply);
    http_server_stop(&server);
    assert_int_equal(strncmp(server.first, "HEAD /token HTTP/1.1\r\n", 22), 0);
    assert_null(strcasestr(server.first, "Authorization:"));
    assert_null(strcasestr(server.first, "Content-"));

    assert_int_not_equal(exo_http_probe(url, &exchange_direct, 0, &reply, &err),
                         0);
    assert_int_equal(reply.phase, EXO_HTTP_CONNECTION);
    exo_http_reply_free(&reply);
    assert_int_not_equal(exo_http_probe("https://no-such-host.invalid/",
                                        &exchange_direct, 0, &reply, &err),
                         0);
    assert_int_equal(reply.phase, EXO_HTTP_NAME);
    exo_http_reply_free(&reply);
    assert_int_not_equal(
        exo_http_probe("http://192.0.2.1/", &exchange_direct, 0, &reply, &err),
        0);
    assert_int_equal(reply.phase, EXO_HTTP_SETUP);
    exo_http_reply_free(&reply);

    assert_true(http_server_start(&server, HTTP_HANG, ""));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/token", server.port);
    assert_int_not_equal(exo_http_probe(url, &exchange_direct,
                                        exo_clock_ms() + 500, &reply, &err),
                         0);
    assert_int_equal(reply.phase, EXO_HTTP_ANSWER);
    exo_http_reply_free(&reply);
    http_server_stop(&server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_basic),
        cmocka_unit_test(test_statuses),     cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_content_type), cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_probe),
    };

    if (skip_without_ipv4()) {
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
