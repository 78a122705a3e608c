/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The servers that a token may be sent to, by what is published and by what
 * the broker says.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>

static void check_server(const char *servers, const char *server, bool allowed)
{
    struct host host = { .server = server };

    world_token(ALICE, &(struct token_spec){ .servers = servers });
    host_login(&host);
    if (allowed)
        expect_response(&host, ALICE, TOKEN);
    else
        expect_refusal(&host, SASL_CONFIGERR, NULL);
    host_end(&host);
}

static void servers(void **state)
{
    (void)state;
    host_init(NULL);
    check_server("smtp.example.org imap.example.org", "imap.example.org", true);
    check_server("smtp.example.org", "SMTP.Example.ORG", true);
    check_server("*.example.org", "a.b.example.org", true);
    check_server("*.example.org", "example.org", false);
    check_server("*.example.org", "evilexample.org", false);
    check_server("smtp.example.org", "smtp.example.org.evil.net", false);
    check_server("smtp.example.org", "", false);
    /* What no account file may say allows nothing where it is published. */
    check_server("*.org", "imap.example.org", false);
    check_server("*.co.uk", "evil.co.uk", false);
    check_server("*.0.0.1", "127.0.0.1", false);
    check_server("imap.example.org:993", "imap.example.org:993", false);
    check_server("*", "imap.example.org", false);
}

static void broker_knows_newer_servers(void **state)
{
    struct host host = { .server = "new.example.org" };
    char *reply = ok_text(
        &(struct token_spec){ .servers = "new.example.org", .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
    host_sends(&host, ALICE, FRESH);
    free(peer_stop(peer, NULL));
    free(reply);
}

static void broker_with_a_token_for_others(void **state)
{
    struct host host = { .server = "evil.example.net" };
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    host_init(NULL);
    host_login(&host);
    assert_int_not_equal(host.rc, SASL_CONTINUE);
    expect_refusal(&host, host.rc, NULL);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(servers),
        TEST(broker_knows_newer_servers),
        TEST(broker_with_a_token_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
