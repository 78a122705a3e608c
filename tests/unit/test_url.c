/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which URLs may receive a secret, and how a form is written.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exoauth/http.h"
#include "../lib/whole.h"

static void check_urls(const char *const urls[], size_t count, bool ok)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if ((exo_http_url_check(urls[i]) == EXO_OK) != ok)
            print_error("wrong: %s\n", urls[i]);
        assert_int_equal(exo_http_url_check(urls[i]), ok ? EXO_OK : EXO_E_ARG);
    }
}

static void test_allowed(void **state)
{
    static const char *const urls[] = {
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
        "https://login.example:8443/token?x=1",
        "HTTPS://LOGIN.EXAMPLE/token",
        "https://10.0.0.1/token",
        "https://[2001:db8::1]/token",
        "http://127.0.0.1:8080/token",
        "http://127.255.255.254/token",
        "http://localhost/token",
        "http://LocalHost:9/token",
        "http://[::1]:8080/token",
        "http://[0:0:0:0:0:0:0:1]/token",
    };

    (void)state;
    check_urls(urls, sizeof(urls) / sizeof(urls[0]), true);
}

static void test_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "/token",
        "login.example/token",
        "localhost/token",
        "https://",
        "http://login.example/token",
        "http://10.0.0.1/token",
        "http://128.0.0.1/token",
        "http://0.0.0.0/token",
        "http://127.0.0.1.example/token",
        "http://localhost.example/token",
        "http://localhost@login.example/token",
        "http://login.example#@localhost/token",
        "http://login.example\\@localhost/token",
        "http://[::2]/token",
        "http://[::ffff:10.0.0.1]/token",
        "http://[::]/token",
        "https://user@login.example/token",
        "https://user:password@login.example/token",
        "https://:password@login.example/token",
        "https://@login.example/token",
        "https://login.example/token#fragment",
        "https://login.example/token#",
        "https://login.example:99999/token",
        "https://login.example:x/token",
        "https://login example/token",
        "https://login.example/to\nken",
        "https://login.example/to\x01ken",
        "ftp://login.example/token",
        "file:///etc/passwd",
        "gopher://127.0.0.1/token",
        "javascript:alert(1)",
    };

    (void)state;
    check_urls(urls, sizeof(urls) / sizeof(urls[0]), false);
    assert_int_equal(exo_http_url_check(NULL), EXO_E_ARG);
}

static void test_identity(void **state)
{
    static const char *const good[] = {
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://169.254.130.3:8081/msi/token",
        "http://localhost:40342/metadata/identity/oauth2/token",
        "https://identity.example/",
    };
    static const char *const bad[] = {
        "http://169.254.169.254.example/",
        "http://169.255.0.1/",
        "http://169.253.255.255/",
        "http://10.0.0.1/msi/token",
        "http://[fe80::1]/",
        "http://u@169.254.169.254/",
        "http://metadata.internal/",
        "",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(exo_http_identity_check(good[i]), EXO_OK);
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(exo_http_identity_check(bad[i]), EXO_E_ARG);
    }
    /* Nobody else may go there. */
    assert_int_equal(exo_http_url_check(good[0]), EXO_E_ARG);
    assert_int_equal(exo_http_url_check(good[1]), EXO_E_ARG);
}

static void test_long_url(void **state)
{
    char url[9000];

    (void)state;
    memset(url, 'a', sizeof(url));
    memcpy(url, "https://", 8);
    url[sizeof(url) - 1] = '\0';
    assert_int_equal(exo_http_url_check(url), EXO_E_ARG);
    url[300] = '/';
    assert_int_equal(exo_http_url_check(url), EXO_E_ARG);
    url[200] = '/';
    assert_int_equal(exo_http_url_check(url), EXO_OK);
}

static void test_form(void **state)
{
    static const struct {
        const char *value;
        size_t len;
        const char *encoded;
    } rows[] = {
        { "", 0, "" },
        { "plain-._09azAZ", 14, "plain-._09azAZ" },
        { "a+b&c%d=e", 9, "a%2Bb%26c%25d%3De" },
        { "~*'()!/:?#", 10, "%7E%2A%27%28%29%21%2F%3A%3F%23" },
        { "\r\n\t\x7f", 4, "%0D%0A%09%7F" },
        { "a\0b", 3, "a%00b" },
        { "\xff\x80", 2, "%FF%80" },
        /* RFC 6749, appendix B. */
        { " %&+\xc2\xa3\xe2\x82\xac", 9, "+%25%26%2B%C2%A3%E2%82%AC" },
    };
    struct exo_secret form = EXO_SECRET_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exo_secret one = EXO_SECRET_INIT;

        assert_int_equal(
            exo_http_form_add(&one, "n", rows[i].value, rows[i].len), 0);
        assert_memory_equal(whole_secret(&one), "n=", 2);
        assert_string_equal(whole_secret(&one) + 2, rows[i].encoded);
        exo_secret_free(&one);
    }
    assert_int_equal(exo_http_form_add(&form, "a b", "1", 1), 0);
    assert_int_equal(exo_http_form_add(&form, "c", "2&3", 3), 0);
    assert_int_equal(exo_http_form_add(&form, "d", "", 0), 0);
    assert_string_equal(whole_secret(&form), "a+b=1&c=2%263&d=");
    exo_secret_free(&form);
}

static void test_form_too_big(void **state)
{
    struct exo_secret form = EXO_SECRET_INIT;
    char *value = calloc(1, EXO_SECRET_MAX);

    (void)state;
    assert_non_null(value);
    memset(value, 'x', EXO_SECRET_MAX);
    assert_int_equal(exo_http_form_add(&form, "n", value, EXO_SECRET_MAX),
                     EXO_E_TOOBIG);
    /* Sticky: a form that lost a part is never sent. */
    assert_int_equal(exo_http_form_add(&form, "m", "1", 1), EXO_E_TOOBIG);
    exo_secret_free(&form);
    memset(value, '%', EXO_SECRET_MAX / 2);
    assert_int_equal(exo_http_form_add(&form, "n", value, EXO_SECRET_MAX / 2),
                     EXO_E_TOOBIG);
    exo_secret_free(&form);
    free(value);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_identity), cmocka_unit_test(test_long_url),
        cmocka_unit_test(test_form),     cmocka_unit_test(test_form_too_big),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
