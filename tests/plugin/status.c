/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens when there is no token: every status of the broker against
 * its SASL code and text.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

static void check_status(const char *status, int code, bool asks_password)
{
    static const char why[] = "no token for " ALICE ": AADSTS700082 refresh "
                              "token expired; run: exoauth login " ALICE;
    struct host host = { .give_pass = GIVE_CALLBACK, .pass = "secret" };
    char *reply = refusal_text(status, why);
    struct peer *peer = broker(PEER_REPLY, reply);

    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, code, why);
    assert_int_equal(host.asked_pass, asks_password ? 1 : 0);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

static void status_no_account(void **state)
{
    (void)state;
    check_status("no-account", SASL_NOUSER, true);
}

static void status_denied(void **state)
{
    (void)state;
    check_status("denied", SASL_CONFIGERR, false);
}

static void status_needs_login(void **state)
{
    (void)state;
    check_status("needs-login", SASL_EXPIRED, false);
}

static void status_transient(void **state)
{
    (void)state;
    check_status("transient", SASL_UNAVAIL, false);
}

static void status_misconfigured(void **state)
{
    (void)state;
    check_status("misconfigured", SASL_CONFIGERR, false);
}

static void text_is_not_a_format(void **state)
{
    struct host host = { 0 };
    char *reply = refusal_text("transient", "100%s of %n; %m %z %d");
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    host_init(NULL);
    host_refused(&host, SASL_UNAVAIL, "100%s of %n; %m %z %d");
    free(peer_stop(peer, NULL));
    free(reply);
}

static void status_without_message(void **state)
{
    struct host host = { 0 };
    struct peer *peer =
        broker(PEER_REPLY, "exoauth: 1\nstatus: needs-login\nmessage:\n\n");

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_EXPIRED, NULL);
    assert_true(strlen(host_error(&host)) > 0);
    host_end(&host);
    free(peer_stop(peer, NULL));
}

static void nobody_to_ask(void **state)
{
    struct host host = { 0 };

    (void)state;
    host_init(NULL);
    host_refused(&host, SASL_UNAVAIL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(status_no_account),      TEST(status_denied),
        TEST(status_needs_login),     TEST(status_transient),
        TEST(status_misconfigured),   TEST(text_is_not_a_format),
        TEST(status_without_message), TEST(nobody_to_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
