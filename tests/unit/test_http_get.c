/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GETs: what they say on the wire, where they may go, and that the one for a
 * managed identity goes through no proxy.
 */
#include "config.h"

#include "exoauth/http.h"
#include "http_server.h"
#include "util.h"

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"

struct got {
    struct exo_http_reply reply;
    struct exo_err err;
    int rc;
};

static void get(struct got *got, int port, const struct exo_http_header *header,
                const char *proxy, bool identity)
{
    const struct exo_http_way way = { .proxy = proxy };
    struct exo_http_get what = { .header = header, .identity = identity };
    char url[64];

    memset(got, 0, sizeof(*got));
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/where?a=b", port);
    what.url = url;
    got->rc = exo_http_get(&what, &way, 0, &got->reply, &got->err);
    exo_http_reply_free(&got->reply);
}

static void test_wire(void **state)
{
    struct exo_secret secret = EXO_SECRET_INIT;
    const struct exo_http_header headers[] = {
        { .name = "Metadata", .text = "true" },
        { .name = "X-Proof", .secret = &secret },
        { .name = NULL },
    };
    struct http_server server;
    struct got got;

    (void)state;
    assert_int_equal(exo_secret_set(&secret, "canary", 6), 0);
    assert_true(http_server_start(
        &server, HTTP_ANSWER,
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=/a.key\r\n"
        "Connection: close\r\n\r\n"));
    get(&got, server.port, headers, NULL, false);
    http_server_stop(&server);
    assert_int_equal(got.rc, 0);
    assert_int_equal(got.reply.status, 401);
    assert_string_equal(got.reply.challenge, "Basic realm=/a.key");
    assert_int_equal(strncmp(server.first, "GET /where?a=b HTTP/1.1\r\n", 25),
                     0);
    assert_has(server.first, "\r\nMetadata: true\r\n");
    assert_has(server.first, "\r\nX-Proof: canary\r\n");
    assert_has(server.first, "\r\nAccept: application/json\r\n");
    assert_lacks(server.first, "Content-");
    assert_lacks(server.first, "Expect");
    exo_secret_free(&secret);
}

static void test_long_challenge(void **state)
{
    struct http_server server;
    char answer[2000] = "HTTP/1.1 401 No\r\nWWW-Authenticate: ";
    size_t len = strlen(answer);
    struct got got;

    (void)state;
    memset(answer + len, 'x', 1000);
    (void)snprintf(answer + len + 1000, sizeof(answer) - len - 1000,
                   "\r\nConnection: close\r\n\r\n");
    assert_true(http_server_start(&server, HTTP_ANSWER, answer));
    get(&got, server.port, NULL, NULL, false);
    http_server_stop(&server);
    assert_int_equal(got.rc, 0);
    assert_int_equal(strlen(got.reply.challenge),
                     sizeof(got.reply.challenge) - 1);
}

/* No secret may begin a line of its own. */
static void test_injection(void **state)
{
    static const char *const values[] = { "a\r\nX-Evil: b", "a\nb", "a\x01" };
    struct http_server server;
    struct got got;

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, OK));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct exo_http_header headers[] = {
            { .name = "X-Proof", .text = values[i] },
            { .name = NULL },
        };

        get(&got, server.port, headers, NULL, true);
        assert_int_equal(got.rc, EXO_E_STATUS);
        assert_int_equal(got.err.status, EXO_STATUS_MISCONFIGURED);
        assert_has(got.err.text, "control character; ");
    }
    http_server_stop(&server);
    assert_int_equal(server.connections, 0);
}

static void test_proxy(void **state)
{
    struct http_server server;
    struct http_server trap;
    char proxy[64];
    struct got got;

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, OK));
    assert_true(http_server_start(&trap, HTTP_ANSWER, OK));
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", trap.port);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    assert_int_equal(setenv("ALL_PROXY", proxy, 1), 0);
    get(&got, server.port, NULL, proxy, true);
    assert_int_equal(got.rc, 0);
    http_server_stop(&server);
    assert_int_equal(server.connections, 1);
    /* Nor does any other http go there. */
    assert_true(http_server_start(&server, HTTP_ANSWER, OK));
    get(&got, server.port, NULL, proxy, false);
    assert_int_equal(got.rc, 0);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
    http_server_stop(&server);
    http_server_stop(&trap);
    assert_int_equal(server.connections, 1);
    assert_int_equal(trap.connections, 0);
}

static void test_where(void **state)
{
    static const char *const urls[] = { "http://169.254.169.254/a",
                                        "http://10.0.0.1/a", "ftp://a/",
                                        "https://u@a/" };
    const struct exo_http_way way = { .proxy = NULL };
    struct exo_http_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const struct exo_http_get what = { .url = urls[i], .identity = i > 0 };
        struct exo_err err = EXO_ERR_INIT;

        assert_int_equal(exo_http_get(&what, &way, 0, &reply, &err),
                         EXO_E_STATUS);
        assert_int_equal(err.status, EXO_STATUS_MISCONFIGURED);
        assert_has(err.text, "no https URL");
        exo_http_reply_free(&reply);
    }
}

static void test_redirect_and_size(void **state)
{
    struct http_server server;
    struct got got;

    (void)state;
    assert_true(http_server_start(
        &server, HTTP_ANSWER,
        "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\n"
        "Connection: close\r\n\r\n"));
    get(&got, server.port, NULL, NULL, true);
    http_server_stop(&server);
    assert_int_equal(got.rc, 0);
    assert_int_equal(got.reply.status, 302);
    assert_true(
        http_server_start(&server, HTTP_FLOOD, "HTTP/1.1 200 OK\r\n\r\n"));
    get(&got, server.port, NULL, NULL, true);
    http_server_stop(&server);
    assert_int_equal(got.rc, EXO_E_STATUS);
    assert_has(got.err.text, "sent more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_long_challenge),
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_redirect_and_size),
    };

    if (skip_without_ipv4()) {
        return 0;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
