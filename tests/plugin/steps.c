/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of a login, as hosts of all kinds take them: what the first one
 * returns and sends, and that no later one ever fails, whatever the server
 * (or the host's own stale buffer) hands in.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sasl/saslutil.h>

#include "../../plugin/plugin.h"
#include "exoauth/wire.h"
#include "../lib/whole.h"

/* --- the first step ------------------------------------------------------ */

static void check_service(const char *service, bool no_ir, int want)
{
    struct host host = { .service = service, .no_ir = no_ir };

    assert_int_equal(host_login(&host), want);
    expect_response(&host, ALICE, TOKEN);
    assert_string_equal(host.mech, "XOAUTH2");
    /* Were doneflag set, libsasl2 would refuse this. */
    assert_int_equal(host_step(&host, "", 0), SASL_OK);
    assert_non_null(host.out);
    assert_int_equal(host.out_len, 0);
    host_end(&host);
}

static void smtp_continues(void **state)
{
    (void)state;
    good_token();
    check_service("smtp", false, SASL_CONTINUE);
    check_service("smtp", true, SASL_CONTINUE);
}

static void imap_continues(void **state)
{
    (void)state;
    good_token();
    check_service("imap", false, SASL_CONTINUE);
    check_service("imap", true, SASL_CONTINUE);
}

static void pop_is_done(void **state)
{
    (void)state;
    good_token();
    check_service("pop", false, SASL_OK);
    check_service("pop", true, SASL_OK);
    check_service("pop3", false, SASL_OK);
    check_service("pop3", true, SASL_OK);
}

static void other_services_continue(void **state)
{
    (void)state;
    good_token();
    check_service("lmtp", false, SASL_CONTINUE);
    check_service("pop3s", false, SASL_CONTINUE);
    check_service("sieve", false, SASL_CONTINUE);
}

static void check_vector(const char *user, const char *token,
                         const char *base64)
{
    struct host host = { .name = user };
    char out[512];
    unsigned len = 0;

    world_account(user);
    world_token(user, &(struct token_spec){ .account = user, .token = token });
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_int_equal(
        sasl_encode64(host.out, host.out_len, out, sizeof out, &len), SASL_OK);
    assert_string_equal(out, base64);
    host_end(&host);
}

/* The examples of Microsoft's and Google's documentation. */
static void published_vectors(void **state)
{
    (void)state;
    host_init(NULL);
    check_vector(
        "test@contoso.onmicrosoft.com",
        "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
        "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVy"
        "IEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==");
    check_vector("someuser@example.com",
                 "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
                 "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZG"
                 "OWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
}

/* A host's own canonicaliser might bring in what the host did not say. */
static void response_without_control_bytes(void **state)
{
    static const char *const users[] = { "a\001auth=Bearer x", "\n", "a\177" };
    struct exo_secret message = EXO_SECRET_INIT;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        assert_int_equal(exo_wire_xoauth2(&message, users[i], "t", 1, &at),
                         EXO_E_ARG);
        assert_true(exo_secret_empty(&message));
    }
    assert_int_equal(exo_wire_xoauth2(&message, "\303\244", "t", 1, &at),
                     EXO_OK);
    assert_string_equal(whole_secret(&message),
                        "user=\303\244\001auth=Bearer t\001\001");
    assert_string_equal(whole_secret(&message) + at, "t\001\001");
    exo_secret_free(&message);
}

static void long_tokens(void **state)
{
    static const size_t sizes[] = { 1024, 2048, 4096, 8192, 12288, 16384 };

    (void)state;
    host_init(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct host host = { 0 };
        char *token = long_token(sizes[i]);

        /* Registered by an earlier init, found by a later step. */
        world_token(ALICE, &(struct token_spec){ .token = token });
        host_sends(&host, ALICE, token);
        free(token);
    }
}

/* --- later steps --------------------------------------------------------- */

static void any_later_step(const char *in, size_t len)
{
    struct host host = { 0 };

    assert_int_equal(host_login(&host), SASL_CONTINUE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(host_step(&host, in, (unsigned)len), SASL_OK);
        assert_non_null(host.out);
        assert_int_equal(host.out_len, 0);
    }
    assert_int_equal(host.n_fail, 0);
    assert_null(strstr(host.log, TOKEN));
    host_end(&host);
}

static void later_steps_never_fail(void **state)
{
    static const char binary[] = "\0\1\2\377\376{\"status\":";
    char *huge = malloc(1 << 20);

    (void)state;
    good_token();
    assert_non_null(huge);
    any_later_step(NULL, 0);
    any_later_step("", 0);
    any_later_step("{", 1);
    any_later_step(binary, sizeof binary - 1);
    any_later_step("AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQ==", 37);
    any_later_step("{\"status\":\"401\"", 15);
    any_later_step("{\"status\":\"401\"} ", 17);
    any_later_step("[{\"status\":\"401\"}]", 18);
    memset(huge, '[', 1 << 20);
    any_later_step(huge, 1 << 20);
    huge[0] = '{';
    any_later_step(huge, 1 << 20);
    any_later_step(huge, 8192);
    memcpy(huge, "{\"a\":", 5);
    any_later_step(huge, 8000);
    free(huge);
}

/* The challenge at the end of a page, nothing mapped behind it. */
static void challenge_without_end(void **state)
{
    static const char *const texts[] = { "{",
                                         "{\"",
                                         "{\"status",
                                         "{\"status\"",
                                         "{\"status\":",
                                         "{\"status\":\"",
                                         "{\"status\":\"4",
                                         "{\"status\":\"4\\",
                                         "{\"status\":\"401\"",
                                         "{\"status\":\"401\",",
                                         "{\"status\":4",
                                         "{\"a\":[",
                                         "{\"a\":{\"b\"",
                                         "{\"a\":{\"b\":[]}",
                                         "{\"status\":\"401\"}",
                                         "{\"status\":tru" };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    good_token();
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = strlen(texts[i]);

        memcpy(map + page - len, texts[i], len);
        any_later_step(map + page - len, len);
    }
    munmap(map, 2 * page);
}

static void check_challenge(const char *json, const char *want)
{
    struct host host = { 0 };

    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_int_equal(host_step(&host, json, (unsigned)strlen(json)), SASL_OK);
    assert_int_equal(host_step(&host, json, (unsigned)strlen(json)), SASL_OK);
    assert_int_equal(host.n_warn, want != NULL ? 1 : 0);
    if (want != NULL && strstr(host.log, want) == NULL)
        fail_msg("log is \"%s\", without \"%s\"", host.log, want);
    assert_null(strstr(host.log, "eyJhbGci"));
    assert_null(strchr(host.log, '\033'));
    host_end(&host);
}

static void challenge_is_logged(void **state)
{
    (void)state;
    good_token();
    check_challenge("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":"
                    "\"mail\"}",
                    SERVER " refused the token for " ALICE
                           " (status 401, scope mail)");
    check_challenge("{\"status\":401}", "(status 401, scope not given)");
    check_challenge(" {\"status\":\"400\"}", NULL);
    check_challenge("{ \"scope\" : \"https:\\/\\/mail.example.org\\/\" , "
                    "\"status\" : \"400\" } \r\n",
                    "(status 400, scope https://mail.example.org/)");
    check_challenge("{}", "(status not given, scope not given)");
    check_challenge("{\"nested\":{\"status\":\"500\",\"x\":[1,\"}\"]},"
                    "\"status\":\"401\"}",
                    "(status 401, scope not given)");
    check_challenge("{\"status\":\"401\",\"status\":\"500\"}",
                    "(status 401, scope not given)");
    check_challenge("{\"status\":\"insufficient_scope\",\"scope\":\"mail\","
                    "\"openid-configuration\":\"https://id.example.org/.w\"}",
                    "(status insufficient_scope, scope mail, "
                    "openid-configuration https://id.example.org/.w)");
    check_challenge("{\"openid-configuration-too-long-for-a-name\":\"x\"}",
                    "(status not given, scope not given)");
    check_challenge("{\"status\":null,\"scope\":[1]}",
                    "(status null, scope not given)");
}

static void challenge_is_sanitised(void **state)
{
    (void)state;
    good_token();
    check_challenge(
        "{\"status\":\"4\\n01\\u001b\",\"scope\":\"a\303\244\177\"}",
        "(status 4?01?001b, scope a?\?\?)");
    check_challenge("{\"status\":\"4\n01\"}", NULL);
    check_challenge("{\"status\":\"0123456789012345678901234567890123\"}",
                    "(status 0123456789012345678901234567890, scope not");
    check_challenge("{\"status\":\"%s%n%x\"}", "(status %s%n%x,");
    /* A server that echoes the token, whole or in part. */
    check_challenge("{\"status\":\"401\",\"scope\":\"" TOKEN "\"}",
                    "(status 401, scope (removed))");
    check_challenge("{\"openid-configuration\":\"x" TOKEN "\"}",
                    "(status not given, scope not given, "
                    "openid-configuration (removed));");
    check_challenge("{\"status\":\"eyJhbGciOiJub25\"}",
                    "(status (removed), scope not given)");
}

/* A token that this login knows nothing of: a word as long as one. */
static void challenge_with_an_older_token(void **state)
{
#define OLD "Qy9b.a0AfH6SMBx-_~+/Zz01"
    (void)state;
    good_token();
    check_challenge("{\"status\":\"401\",\"scope\":\"" OLD OLD "\"}",
                    "(status 401, scope (removed))");
    check_challenge("{\"status\":\"" OLD OLD "\"}", "(status (removed), ");
    check_challenge("{\"status\":\"an error: " OLD OLD "==\"}",
                    "(status (removed), ");
    /* What does not fit is looked at as well, */
    check_challenge("{\"scope\":\"one two three four five six seven eight nine "
                    "ten eleven twelve thirteen fourteen fifteen sixteen "
                    "seventeen " OLD OLD "\"}",
                    "scope (removed))");
    /* and so is what is written otherwise. */
    check_challenge(
        "{\"scope\":\"Qy9b\\u0061a0AfH6SMBxZz01\\/Qy9bZa0AfH6SMBx\"}",
        "scope (removed))");
    check_challenge("{\"scope\":\"Qy9ba0AfH6SMBxZz01%2BQy9bZa0AfH6SM%3D%3D\"}",
                    "scope (removed))");
    check_challenge("{\"openid-configuration\":\"" OLD OLD "\"}",
                    "openid-configuration (removed)");
    check_challenge("{\"status\":1234567890123456789012345678901234567890}",
                    "(status (removed), ");
    check_challenge("{\"status\":\"401\",\"scope\":\"" OLD " " OLD "\"}",
                    "scope " OLD " " OLD ")");
}

/* A name that would turn the line is no mailbox's: it is refused, and the log
 * shows none of it as it is, though a token of that name were there. */
static void names_in_the_log_are_clean(void **state)
{
    struct host host = { .name = "x\xe2\x80\xae@contoso.test" };

    (void)state;
    world_token("x%E2%80%AE@contoso.test",
                &(struct token_spec){ .account = host.name });
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_NOUSER);
    assert_non_null(strstr(host.log, "x?@contoso.test"));
    assert_null(strstr(host.log, "\xe2\x80\xae"));
    host_end(&host);
}

static void not_json_is_not_logged(void **state)
{
    (void)state;
    good_token();
    check_challenge("{\"status\":\"401\"} trailing", NULL);
    check_challenge("{\"status\" \"401\"}", NULL);
    check_challenge("{status:401}", NULL);
    check_challenge("{\"status\":\"401\",}", NULL);
    check_challenge("{\"status\":}", NULL);
    check_challenge("{\"a\":[1,2}", NULL);
    check_challenge("AUTHENTICATE XOAUTH2 " TOKEN, NULL);
}

/* --- odd hosts ----------------------------------------------------------- */

static void dispose_at_any_time(void **state)
{
    struct host before = { .no_ir = true };
    struct host prompted = { .give_name = GIVE_PROMPT, .leave_prompts = true };

    (void)state;
    good_token();
    /* Before the first step, */
    host_new(&before);
    assert_int_equal(
        sasl_client_start(before.conn, "XOAUTH2", NULL, NULL, NULL, NULL),
        SASL_CONTINUE);
    host_end(&before);
    /* and with the prompts still out. */
    assert_int_equal(host_login(&prompted), SASL_INTERACT);
    host_end(&prompted);
}

static void failed_step_may_be_repeated(void **state)
{
    struct host host = { 0 };

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(host_step(&host, "", 0), SASL_CONTINUE);
    host.n_fail = 0;
    expect_response(&host, ALICE, TOKEN);
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(smtp_continues),
        TEST(imap_continues),
        TEST(pop_is_done),
        TEST(other_services_continue),
        TEST(published_vectors),
        TEST(response_without_control_bytes),
        TEST(long_tokens),
        TEST(later_steps_never_fail),
        TEST(challenge_without_end),
        TEST(challenge_is_logged),
        TEST(challenge_is_sanitised),
        TEST(challenge_with_an_older_token),
        TEST(names_in_the_log_are_clean),
        TEST(not_json_is_not_logged),
        TEST(dispose_at_any_time),
        TEST(failed_step_may_be_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
