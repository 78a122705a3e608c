/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the provider is the configured one and no other: nothing from
 * the environment or ~/.netrc, a proxy only as a tunnel, and every mistake
 * in proxy, proxy_auth_file and ca_file has a text with its remedy.
 */
#include "config.h"

#include "exoauth/http.h"
#include "http_server.h"
#include "util.h"
#include "../lib/whole.h"

#define ANSWER "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"
#define TUNNEL "HTTP/1.1 200 Connected\r\nX-Proxy: secret\r\n\r\n"

static struct place home;

static int make_home(void **state)
{
    (void)state;
    place_make(&home);
    return 0;
}

static int drop_home(void **state)
{
    (void)state;
    place_remove(&home);
    return 0;
}

/* The path of home/name, which then holds text. */
static const char *make_file(const char *name, const char *text, mode_t mode)
{
    put_file(&home, name, mode, text);
    return place_name(&home, name);
}

static int post_to(const char *host, int port, const struct exo_http_way *way,
                   struct exo_http_reply *reply, struct exo_err *err)
{
    struct exo_secret form = EXO_SECRET_INIT;
    char url[64];
    int rc;

    memset(err, 0, sizeof(*err));
    snprintf(url, sizeof(url), "%s:%d/token", host, port);
    assert_int_equal(exo_http_form_add(&form, "client_secret", "canary", 6), 0);
    rc = exo_http_post(url, &form, NULL, way, 0, reply, err);
    exo_secret_free(&form);
    return rc;
}

/* http; where there is a proxy https, as no http goes through one. */
static int post(int port, const struct exo_http_way *way,
                struct exo_http_reply *reply, struct exo_err *err)
{
    bool proxy = way->proxy != NULL && way->proxy[0] != '\0';

    return post_to(proxy ? "https://127.0.0.1" : "http://127.0.0.1", port, way,
                   reply, err);
}

static void test_environment(void **state)
{
    static const char *const names[] = { "http_proxy", "https_proxy",
                                         "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY" };
    const struct exo_http_way way = { .proxy = "",
                                      .proxy_auth_file = "",
                                      .ca_file = "" };
    struct http_server server;
    struct http_server trap;
    struct exo_http_reply reply;
    struct exo_err err;
    char proxy[64];
    const char *netrc;
    size_t i;

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, ANSWER));
    assert_true(http_server_start(&trap, HTTP_ANSWER, ANSWER));
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", trap.port);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(setenv(names[i], proxy, 1), 0);
    netrc = make_file(".netrc",
                      "machine 127.0.0.1 login eve password trapped\n"
                      "default login eve password trapped\n",
                      0600);
    assert_int_equal(setenv("HOME", home.path, 1), 0);
    assert_int_equal(setenv("NETRC", netrc, 1), 0);
    assert_int_equal(post(server.port, &way, &reply, &err), 0);
    exo_http_reply_free(&reply);
    http_server_stop(&server);
    http_server_stop(&trap);
    assert_int_equal(server.connections, 1);
    assert_int_equal(trap.connections, 0);
    assert_null(strcasestr(server.first, "Authorization:"));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_int_equal(unlink(netrc), 0);
}

/* Through the configured proxy, whatever no_proxy says, and what the proxy
 * reads is CONNECT, its own password, and the beginning of TLS. What goes on
 * inside the tunnel is test_http_tls.c's. */
static void test_proxy(void **state)
{
    struct http_server proxy;
    struct exo_http_reply reply;
    struct exo_http_way way = { 0 };
    struct exo_err err;
    char url[64];

    (void)state;
    assert_true(http_server_start(&proxy, HTTP_PROXY, ANSWER));
    proxy.tunnel = TUNNEL;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", proxy.port);
    way.proxy = url;
    way.proxy_auth_file = make_file("auth", "us%er:p:w%41 @\n", 0600);
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    assert_int_equal(setenv("NO_PROXY", "127.0.0.1", 1), 0);
    assert_int_equal(post(9, &way, &reply, &err), EXO_E_STATUS);
    assert_int_equal(unsetenv("no_proxy"), 0);
    assert_int_equal(unsetenv("NO_PROXY"), 0);
    http_server_stop(&proxy);
    exo_http_reply_free(&reply);
    assert_int_equal(
        strncmp(proxy.first, "CONNECT 127.0.0.1:9 HTTP/1.1\r\n", 30), 0);
    assert_non_null(strstr(proxy.first, "\r\nProxy-Authorization: Basic "
                                        "dXMlZXI6cDp3JTQxIEA=\r\n"));
    assert_null(strstr(proxy.first, "canary"));
    assert_null(strstr(proxy.first, "/token"));
    assert_int_equal(proxy.second[0], 0x16); /* a TLS handshake */
    assert_int_equal(unlink(way.proxy_auth_file), 0);
}

/* However this host is written, http to it is asked of nobody else. */
static void test_plain(void **state)
{
    static const char *const hosts[] = {
        "http://127.0.0.1", "http://localhost",  "http://0x7f000001",
        "http://127.1",     "http://2130706433", "http://127.0.0.1."
    };
    struct exo_http_way way = { 0 };
    struct http_server trap;
    char proxy[64];

    (void)state;
    assert_true(http_server_start(&trap, HTTP_PROXY, ANSWER));
    trap.tunnel = TUNNEL;
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", trap.port);
    way.proxy = proxy;
    way.proxy_auth_file = make_file("auth", "user:canary\n", 0600);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct exo_http_reply reply;
        struct http_server server;
        struct exo_err err;
        int rc;

        assert_true(http_server_start(&server, HTTP_ANSWER, ANSWER));
        rc = post_to(hosts[i], server.port, &way, &reply, &err);
        http_server_stop(&server);
        if (rc == 0) {
            assert_int_equal(server.connections, 1);
            assert_null(strstr(server.first, "Proxy-Authorization"));
        } else {
            assert_int_equal(err.status, EXO_STATUS_MISCONFIGURED);
        }
        exo_http_reply_free(&reply);
    }
    http_server_stop(&trap);
    assert_int_equal(trap.connections, 0);
    assert_int_equal(unlink(way.proxy_auth_file), 0);
}

static void refuse(const struct exo_http_way *way, enum exo_status status,
                   const char *cause)
{
    struct exo_http_reply reply;
    struct exo_err err;

    assert_int_equal(post(9, way, &reply, &err), EXO_E_STATUS);
    if (err.status != status || strstr(err.text, cause) == NULL)
        print_error("not \"%s\": %s\n", cause, err.text);
    assert_int_equal(err.status, status);
    assert_non_null(strstr(err.text, cause));
    assert_non_null(strstr(err.text, "; "));
    assert_null(strstr(err.text, "canary"));
    exo_http_reply_free(&reply);
}

static void test_proxy_refuses(void **state)
{
    static const struct {
        const char *tunnel;
        enum exo_status status;
        const char *cause;
    } rows[] = {
        { "HTTP/1.1 407 Proxy Authentication Required\r\n"
          "Proxy-Authenticate: Basic realm=x\r\n\r\n",
          EXO_STATUS_MISCONFIGURED, "wants a user name and password; " },
        { "HTTP/1.1 403 Forbidden\r\n\r\n", EXO_STATUS_MISCONFIGURED,
          "refuses to connect to 127.0.0.1 (HTTP 403); " },
        { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n",
          EXO_STATUS_MISCONFIGURED, "(HTTP 302)" },
        { "HTTP/1.1 502 Bad Gateway\r\n\r\n", EXO_STATUS_TRANSIENT,
          "cannot reach 127.0.0.1 (HTTP 502); " },
        { "HTTP/1.1 504 Gateway Timeout\r\n\r\n", EXO_STATUS_TRANSIENT,
          "(HTTP 504)" },
        { "SSH-2.0-OpenSSH\r\n", EXO_STATUS_TRANSIENT, "127.0.0.1" },
        { "", EXO_STATUS_TRANSIENT, "127.0.0.1" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_server proxy;
        struct exo_http_way way = { 0 };
        char url[64];

        assert_true(http_server_start(&proxy, HTTP_PROXY, ANSWER));
        proxy.tunnel = rows[i].tunnel;
        snprintf(url, sizeof(url), "http://127.0.0.1:%d/", proxy.port);
        way.proxy = url;
        refuse(&way, rows[i].status, rows[i].cause);
        http_server_stop(&proxy);
        assert_string_equal(proxy.second, "");
    }
}

static void test_proxy_gone(void **state)
{
    struct exo_http_way way = { 0 };
    struct http_server server;
    char url[64];

    (void)state;
    assert_true(http_server_start(&server, HTTP_ANSWER, ""));
    http_server_stop(&server);
    snprintf(url, sizeof(url), "http://localhost:%d", server.port);
    way.proxy = url;
    refuse(&way, EXO_STATUS_TRANSIENT, "cannot connect to proxy http://loc");
}

static void test_proxy_syntax(void **state)
{
    static const char *const wrong[] = {
        "proxy.example:3128",
        "https://127.0.0.1:3128",
        "socks5://127.0.0.1:1080",
        "http://127.0.0.1",
        "http://user:canary@127.0.0.1:3128",
        "http://user@127.0.0.1:3128",
        "http://127.0.0.1:3128/path",
        "http://127.0.0.1:3128/?q",
        "http://127.0.0.1:3128#f",
        "http://127.0.0.1:0x10",
        "none",
    };
    struct exo_http_way way = { 0 };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        way.proxy = wrong[i];
        refuse(&way, EXO_STATUS_MISCONFIGURED,
               "proxy: is not http://host:port; ");
    }
}

static void test_proxy_auth_file(void **state)
{
    static const char *const wrong[] = { "", "\n", "user", "user:canary\nmore",
                                         "user:canary\n\n" };
    struct exo_http_way way = { 0 };
    size_t i;

    (void)state;
    way.proxy = "http://127.0.0.1:9";
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        way.proxy_auth_file = make_file("auth", wrong[i], 0600);
        refuse(&way, EXO_STATUS_MISCONFIGURED, "not one line user:password; ");
    }
    way.proxy_auth_file = make_file("auth", "user:canary\n", 0666);
    refuse(&way, EXO_STATUS_MISCONFIGURED, "writable by group or others; ");
    assert_int_equal(unlink(way.proxy_auth_file), 0);
    refuse(&way, EXO_STATUS_MISCONFIGURED, "cannot use proxy_auth_file");
}

static void test_ca_file(void **state)
{
    struct exo_http_way way = { 0 };

    (void)state;
    way.ca_file = make_file("ca.pem", "", 0600);
    refuse(&way, EXO_STATUS_MISCONFIGURED, "holds no usable certificate; ");
    way.ca_file = make_file("ca.pem", "x", 0622);
    refuse(&way, EXO_STATUS_MISCONFIGURED, "writable by group or others; ");
    assert_int_equal(unlink(way.ca_file), 0);
    refuse(&way, EXO_STATUS_MISCONFIGURED, "cannot use ca_file");
    way.ca_file = home.path;
    refuse(&way, EXO_STATUS_MISCONFIGURED, "regular file; ");
    way.ca_file = "/dev/zero";
    refuse(&way, EXO_STATUS_MISCONFIGURED, "cannot use ca_file /dev/zero");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_proxy_refuses),
        cmocka_unit_test(test_proxy_gone),
        cmocka_unit_test(test_proxy_syntax),
        cmocka_unit_test(test_proxy_auth_file),
        cmocka_unit_test(test_ca_file),
    };

    if (skip_without_ipv4()) {
        return 0;
    }
    return cmocka_run_group_tests(tests, make_home, drop_home);
}
