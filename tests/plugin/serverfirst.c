/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `initial_response: no`: the command goes alone, and the response is the
 * answer to the server's empty challenge, for hosts of each kind.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *mech, *response;
} mechs[] = {
    { "XOAUTH2", "user=" ALICE "|auth=Bearer " TOKEN "||" },
    { "OAUTHBEARER", "n,a=" ALICE ",|host=" SERVER "|auth=Bearer " TOKEN "||" },
};

#define N_MECHS (sizeof mechs / sizeof mechs[0])

static void start_gives_nothing(void **state)
{
    (void)state;
    world_conf("initial_response: no\n");
    good_token();
    for (size_t i = 0; i < N_MECHS; i++) {
        struct host host = { 0 };

        host_new(&host);
        /* Neither empty nor anything else: a host must see the difference. */
        host.out = "not touched";
        host.out_len = 11;
        assert_int_equal(sasl_client_start(host.conn, mechs[i].mech, NULL,
                                           &host.out, &host.out_len,
                                           &host.mech),
                         SASL_CONTINUE);
        assert_string_equal(host.mech, mechs[i].mech);
        assert_null(host.out);
        assert_int_equal(host.out_len, 0);
        assert_int_equal(host.asked_name, 0);
        host_end(&host);
    }
}

static void first_step_sends(void **state)
{
    static const struct {
        const char *service;
        int want;
    } services[] = { { "smtp", SASL_CONTINUE },
                     { "imap", SASL_CONTINUE },
                     { "pop", SASL_OK },
                     { "pop3", SASL_OK } };

    (void)state;
    world_conf("initial_response: no\n");
    good_token();
    for (size_t i = 0; i < N_MECHS; i++) {
        for (size_t s = 0; s < 16; s++) {
            struct host host = { .mechlist = mechs[i].mech,
                                 .service = services[s / 4].service,
                                 .null_in = s % 2 == 1,
                                 .no_ir = s % 4 > 1 };

            assert_int_equal(host_login(&host), services[s / 4].want);
            expect_message(&host, mechs[i].response);
            assert_int_equal(host_step(&host, "{\"status\":\"401\"}", 16),
                             SASL_OK);
            assert_int_equal(host.out_len, i);
            assert_int_equal(host.n_warn, 1);
            host_end(&host);
        }
    }
}

static void prompts_in_the_first_step(void **state)
{
    struct host host = { .give_name = GIVE_PROMPT,
                         .give_user = GIVE_PROMPT,
                         .user = TEAM };

    (void)state;
    world_conf("initial_response: no\n");
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, TEAM, TOKEN);
    assert_int_equal(host.rounds, 1);
    host_end(&host);
}

/* Nothing of the account is asked for before the server has spoken. */
static void refusal_in_the_first_step(void **state)
{
    struct host host = { .server = "mail.example.com" };

    (void)state;
    world_conf("initial_response: no\n");
    good_token();
    host_new(&host);
    assert_int_equal(sasl_client_start(host.conn, "XOAUTH2", NULL, &host.out,
                                       &host.out_len, &host.mech),
                     SASL_CONTINUE);
    assert_int_equal(host_step(&host, "", 0), SASL_CONFIGERR);
    expect_refusal(&host, SASL_CONFIGERR, NULL);
    host_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(start_gives_nothing),
        TEST(first_step_sends),
        TEST(prompts_in_the_first_step),
        TEST(refusal_in_the_first_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
