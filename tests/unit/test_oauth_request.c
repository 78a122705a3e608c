/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each grant sends, field by field, and the conversation of the device
 * grant.
 */
#include "config.h"

#include "oauth_wire.h"
#include "../lib/whole.h"

static void sends_client_credentials(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.client.scope = "https://outlook.office365.com/.default";
    a.client.way.proxy = "http://proxy:3128";
    a.client.deadline_ms = 1234;
    script(granted);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error), 0);
    assert_string_equal(wire.url, "https://as.example/token");
    assert_string_equal(wire.form,
                        "grant_type=client_credentials&scope=https%3A%2F%2F"
                        "outlook.office365.com%2F.default&client_id=id%3A1&"
                        "client_secret=s3cr3t%2F%2B+%26%7Evalue");
    assert_string_equal(wire.basic, "(none)");
    assert_string_equal(wire.proxy, "http://proxy:3128");
    assert_int_equal(wire.deadline_ms, 1234);
    assert_string_equal(whole_secret(&a.tokens.access_token), "at");
    assert_int_equal(a.tokens.received, 1000);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

/* RFC 6749 section 2.3.1: both halves form-encoded, nothing in the form. */
static void sends_basic(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.client.auth = EXO_CLIENT_SECRET_BASIC;
    a.client.scope = "";
    script(granted);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error), 0);
    assert_string_equal(wire.form, "grant_type=client_credentials");
    assert_string_equal(wire.basic, "id%3A1:s3cr3t%2F%2B+%26%7Evalue");
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

/* A public client's secret stays here even if there is one. */
static void sends_refresh_of_a_public_client(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.client.auth = EXO_CLIENT_NONE;
    script(granted);
    assert_int_equal(exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
                     0);
    assert_string_equal(
        wire.form,
        "grant_type=refresh_token&refresh_token=0.AXkA-sent."
        "refresh%2Btoken&scope=mail+offline_access&client_id=id%3A1");
    assert_string_equal(wire.basic, "(none)");
    assert_string_equal(whole_secret(&a.tokens.refresh_token), "0.next");
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void judges_by_the_grant(void **state)
{
    static const struct answer refused[] = {
        { 400, "{\"error\":\"invalid_grant\"}" },
        { 400, "{\"error\":\"invalid_grant\"}" },
    };
    struct asked a;

    (void)state;
    asked_make(&a);
    script(refused);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
        EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_MISCONFIGURED);
    exo_tokens_free(&a.tokens);
    assert_int_equal(exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
                     EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_NEEDS_LOGIN);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void stops_before_the_wire(void **state)
{
    struct exo_device device;
    struct asked a;

    (void)state;
    asked_make(&a);
    script(NULL);
    a.client.secret = NULL;
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
        EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_MISCONFIGURED);
    assert_has(a.error.err.text, "no client secret; run: exoauth login relay@");
    exo_tokens_free(&a.tokens);

    a.client.auth = EXO_CLIENT_NONE;
    a.client.device_authorization_endpoint = "";
    assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error),
                     EXO_E_STATUS);
    assert_has(a.error.err.text, "device_authorization_endpoint; set it");
    exo_device_free(&device);
    assert_int_equal(wire.requests, 0);
    asked_free(&a);
}

static void passes_on_a_dead_network(void **state)
{
    static const struct answer none[] = { { 0, "" } };
    struct asked a;

    (void)state;
    asked_make(&a);
    script(none);
    assert_int_equal(exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
                     EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_TRANSIENT);
    assert_string_equal(a.error.err.text, "no answer; look at the wire");
    assert_int_equal(a.error.http_status, 0);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

#define NEW \
    "{\"access_token\":\"at\",\"token_type\":\"Bearer\",\"refresh_token\":\"0.n\"}"

/* The provider has changed the token; what matters of its answer is here. */
static void takes_what_arrived_whole(void **state)
{
    static const struct {
        struct answer answer;
        bool taken;
    } rows[] = {
        { { -2, NEW }, true },
        { { -2, " \r\n" NEW "\r\n" }, true },
        { { -2, "\xef\xbb\xbf" NEW }, true },
        { { 200, "\xef\xbb\xbf" NEW }, true },
        { { -2, "{\"access_token\":\"at\",\"refresh_token\":\"0.n\"" }, false },
        { { -2, NEW "<!-- x -->" }, false },
        { { -2, "12" }, false },
        { { -2, "" }, false },
        { { 200, NEW "<!-- x -->" }, false },
        { { 200, "\xef\xbb\xbf\xef\xbb\xbf" NEW }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked a;
        int rc;

        asked_make(&a);
        script(&rows[i].answer);
        rc = exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error);
        assert_int_equal(rc, rows[i].taken ? 0 : EXO_E_STATUS);
        if (rows[i].taken) {
            assert_string_equal(whole_secret(&a.tokens.refresh_token), "0.n");
            assert_int_equal(a.error.err.status, EXO_STATUS_OK);
        } else {
            assert_int_equal(a.error.err.status, EXO_STATUS_TRANSIENT);
            /* What broke off is said, and not what came of it. */
            assert_int_equal(strstr(a.error.err.text, "look at the wire") !=
                                 NULL,
                             rows[i].answer.status == -2);
        }
        exo_tokens_free(&a.tokens);
        asked_free(&a);
    }
}

#define DEVICE                                                  \
    "{\"device_code\":\"dev+ice\",\"user_code\":\"ABCD-EFGH\"," \
    "\"verification_uri\":\"https://microsoft.com/devicelogin\""

static void starts_a_device(void **state)
{
    static const struct answer ok[] = {
        { 200, DEVICE ",\"expires_in\":900,\"interval\":\"7\"}" },
        { 200, DEVICE ",\"verification_uri_complete\":"
                      "\"https://x/?code=A\"}" },
        { 200, DEVICE ",\"interval\":0}" },
        { 200, DEVICE ",\"interval\":-5}" },
        { 200, DEVICE ",\"interval\":86400,\"verification_uri_complete\":"
                      "\"javascript:alert(1)\"}" },
    };
    static const int interval[] = { 7, 5, 5, 5, 5 };
    struct exo_device device;
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    a.client.auth = EXO_CLIENT_NONE;
    script(ok);
    for (i = 0; i < sizeof(ok) / sizeof(ok[0]); i++) {
        assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error),
                         0);
        assert_string_equal(wire.url, "https://as.example/device");
        assert_string_equal(wire.form,
                            "scope=mail+offline_access&client_id=id%3A1");
        assert_string_equal(whole_secret(&device.device_code), "dev+ice");
        assert_string_equal(device.user_code, "ABCD-EFGH");
        assert_string_equal(device.verification_uri,
                            "https://microsoft.com/devicelogin");
        assert_string_equal(device.verification_uri_complete,
                            i == 1 ? "https://x/?code=A" : "");
        assert_int_equal(device.expires_in, 900);
        assert_int_equal(device.interval, interval[i]);
        exo_device_free(&device);
    }
    asked_free(&a);
}

static void refuses_a_device_it_cannot_show(void **state)
{
    static const struct answer bad[] = {
        { 200, "{}" },
        { 200, "<html>" },
        { 404, "" },
        { 401, "{\"error\":\"invalid_client\"}" },
        { 200, "{\"device_code\":\"a\\u0001\",\"user_code\":\"A\","
               "\"verification_uri\":\"https://x\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\\u001b[2J\","
               "\"verification_uri\":\"https://x\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"\","
               "\"verification_uri\":\"https://x\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\","
               "\"verification_uri\":\"https://x\\u0007\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\","
               "\"verification_uri\":\"https://x y\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\","
               "\"verification_uri\":\"file:///etc/passwd\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"s3cr3t/+ &~value\","
               "\"verification_uri\":\"https://x\"}" },
        { 200, "{\"device_code\":\"a\",\"user_code\":\"A\","
               "\"verification_uri\":\"https://x/?s3cr3t%2F%2B+%26~value\"}" },
        { 200, DEVICE ",\"expires_in\":-1}" },
    };
    struct exo_device device;
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    script(bad);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error),
                         EXO_E_STATUS);
        assert_true(exo_secret_empty(&device.device_code));
        assert_lacks(a.error.err.text, "\x1b");
        assert_true(a.error.err.status != EXO_STATUS_NEEDS_LOGIN);
        exo_device_free(&device);
    }
    asked_free(&a);
}

/* Each poll with the interval it leaves behind. */
static void polls_a_device(void **state)
{
    static const struct answer answers[] = {
        { 200, DEVICE "}" },
        { 400, "{\"error\":\"authorization_pending\",\"error_codes\":"
               "[70016]}" },
        { 400, "{\"error\":\"slow_down\"}" },
        { 400, "{\"error\":\"authorization_pending\"}" },
        { 400, "{\"error\":\"slow_down\"}" },
        { 0, "" },
        { 503, "" },
        { 200, "{\"error\":\"authorization_pending\"}" },
        { 200, "{\"access_token\":\"at\",\"refresh_token\":\"0.next\"}" },
    };
    static const int interval[] = { 5, 5, 10, 10, 15, 30, 60, 60, 60 };
    struct exo_device device;
    struct asked a;
    size_t i, last = sizeof(answers) / sizeof(answers[0]) - 1;

    (void)state;
    asked_make(&a);
    a.client.auth = EXO_CLIENT_NONE;
    script(answers);
    assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error), 0);
    for (i = 1; i <= last; i++) {
        assert_int_equal(
            exo_oauth_device_poll(&a.client, &device, &a.tokens, &a.error),
            i == last ? EXO_DEVICE_GRANTED : EXO_DEVICE_PENDING);
        assert_int_equal(device.interval, interval[i]);
        assert_string_equal(wire.url, "https://as.example/token");
        assert_string_equal(
            wire.form, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type"
                       "%3Adevice_code&device_code=dev%2Bice&client_id=id%3A1");
    }
    assert_string_equal(whole_secret(&a.tokens.refresh_token), "0.next");
    exo_tokens_free(&a.tokens);
    exo_device_free(&device);
    asked_free(&a);
}

static void ends_a_device(void **state)
{
    static const struct {
        struct answer answer;
        enum exo_status status;
    } rows[] = {
        { { 400, "{\"error\":\"access_denied\"}" }, EXO_STATUS_NEEDS_LOGIN },
        { { 400, "{\"error\":\"authorization_declined\"}" },
          EXO_STATUS_NEEDS_LOGIN },
        { { 400, "{\"error\":\"expired_token\"}" }, EXO_STATUS_NEEDS_LOGIN },
        { { 400, "{\"error\":\"bad_verification_code\"}" },
          EXO_STATUS_NEEDS_LOGIN },
        { { 400, "{\"error\":\"invalid_grant\",\"error_description\":"
                 "\"dev%2Bice is unknown\"}" },
          EXO_STATUS_NEEDS_LOGIN },
        { { 401, "{\"error\":\"invalid_client\",\"error_codes\":[7000218]}" },
          EXO_STATUS_MISCONFIGURED },
        { { -1, "" }, EXO_STATUS_MISCONFIGURED },
        /* A success that cannot be read has used the code up. */
        { { 200, "{\"access_token\":" }, EXO_STATUS_TRANSIENT },
    };
    static const struct answer start[] = { { 200, DEVICE "}" } };
    struct exo_device device;
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    script(start);
    assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error), 0);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        script(&rows[i].answer);
        assert_int_equal(
            exo_oauth_device_poll(&a.client, &device, &a.tokens, &a.error),
            EXO_DEVICE_FAILED);
        assert_int_equal(a.error.err.status, rows[i].status);
        assert_lacks(a.error.err.text, "dev+ice");
        assert_lacks(a.error.err.text, "dev%2Bice");
        assert_int_equal(device.interval, 5);
        exo_tokens_free(&a.tokens);
    }
    exo_device_free(&device);
    asked_free(&a);
}

/* Where a v1 endpoint wants it: with every grant that asks for a scope. */
static void sends_a_resource(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.client.auth = EXO_CLIENT_NONE;
    a.client.resource = "https://mail.example";
    script(granted);
    assert_int_equal(exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
                     0);
    assert_has(wire.form, "&scope=mail+offline_access"
                          "&resource=https%3A%2F%2Fmail.example&client_id");
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_client_credentials),
        cmocka_unit_test(sends_basic),
        cmocka_unit_test(sends_refresh_of_a_public_client),
        cmocka_unit_test(sends_a_resource),
        cmocka_unit_test(judges_by_the_grant),
        cmocka_unit_test(stops_before_the_wire),
        cmocka_unit_test(passes_on_a_dead_network),
        cmocka_unit_test(takes_what_arrived_whole),
        cmocka_unit_test(starts_a_device),
        cmocka_unit_test(refuses_a_device_it_cannot_show),
        cmocka_unit_test(polls_a_device),
        cmocka_unit_test(ends_a_device),
    };

    return cmocka_run_group_tests_name("oauth_request", tests, NULL, NULL);
}
