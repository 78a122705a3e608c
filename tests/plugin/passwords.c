/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a password: one that is a token is sent as it is, another
 * never leaves, and a known account is not asked for one at all.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/buf.h"
#include "../lib/whole.h"

static struct host with_password(enum give give, const char *pass)
{
    struct host host = { .name = BOB, .give_pass = give, .pass = pass };

    return host;
}

static void long_password_is_a_token(void **state)
{
    char *token = long_token(4096);
    struct host callback = with_password(GIVE_CALLBACK, token);
    struct host prompt = with_password(GIVE_PROMPT, token);
    struct host nul = with_password(GIVE_PROMPT, TOKEN);

    (void)state;
    good_token();
    callback.no_prompt_need = true;
    assert_int_equal(host_login(&callback), SASL_CONTINUE);
    expect_response(&callback, BOB, token);
    assert_int_equal(callback.asked_pass, 1);
    host_end(&callback);

    assert_int_equal(host_login(&prompt), SASL_CONTINUE);
    expect_response(&prompt, BOB, token);
    assert_int_equal(prompt.asked_pass, 1);
    host_end(&prompt);

    /* Names in one round, the password in the next. */
    nul.give_name = GIVE_PROMPT;
    nul.give_user = GIVE_PROMPT;
    nul.user = TEAM;
    nul.count_nul = true;
    assert_int_equal(host_login(&nul), SASL_CONTINUE);
    expect_response(&nul, TEAM, TOKEN);
    assert_int_equal(nul.rounds, 2);
    host_end(&nul);
    free(token);
}

static void short_password_never_leaves(void **state)
{
    static const char *const passwords[] = {
        "",
        "secret",
        "0123456789012345678901234567890123456789"
        " ",
        "012345678901234567890123456789012345678",
        "correct horse battery staple and some more words",
        "0123456789012345678901234567890123456789\001x",
        "========================================",
        NULL
    };

    (void)state;
    good_token();
    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++) {
        for (enum give give = GIVE_CALLBACK; give <= GIVE_FAILURE; give++) {
            struct host host = with_password(give, passwords[i]);

            host_login(&host);
            expect_refusal(&host, SASL_UNAVAIL, NULL);
            assert_int_equal(host.asked_pass, 1);
            if (passwords[i] != NULL && passwords[i][0] != '\0')
                assert_null(strstr(host.log, passwords[i]));
            host_end(&host);
        }
    }
}

static void known_account_is_not_asked(void **state)
{
    struct host fresh = { .give_pass = GIVE_CALLBACK, .pass = "secret" };
    struct host useless = { .give_pass = GIVE_PROMPT, .pass = TOKEN };

    (void)state;
    good_token();
    assert_int_equal(host_login(&fresh), SASL_CONTINUE);
    expect_response(&fresh, ALICE, TOKEN);
    assert_int_equal(fresh.asked_pass, 0);
    host_end(&fresh);

    /* Known all the same with a token that has expired. */
    world_token(ALICE, &(struct token_spec){ .issued = -7200,
                                             .refresh_after = -3600,
                                             .usable_until = -1800,
                                             .expires = -60 });
    host_login(&useless);
    expect_refusal(&useless, SASL_UNAVAIL, NULL);
    assert_int_equal(useless.asked_pass, 0);
    host_end(&useless);
}

static void account_unknown_to_the_broker(void **state)
{
    static const char why[] = "no account bob@example.org; run: exoauth login "
                              "bob@example.org";
    char *reply = refusal_text("no-account", why);
    struct peer *peer = peer_start(world_path("socket"), PEER_REPLY, reply);
    struct host word = with_password(GIVE_PROMPT, "secret");
    struct host token = with_password(GIVE_PROMPT, TOKEN);
    struct exo_buf conf = EXO_BUF_INIT(4096);
    int connections = 0;

    (void)state;
    exo_buf_fmt(&conf, "socket: %s\ntimeout: 30\n", world_path("socket"));
    world_conf(whole_text(&conf));
    exo_buf_free(&conf);
    good_token();
    host_login(&word);
    expect_refusal(&word, SASL_NOUSER, why);
    assert_int_equal(word.asked_pass, 1);
    host_end(&word);
    host_sends(&token, BOB, TOKEN);
    free(peer_stop(peer, &connections));
    assert_int_equal(connections, 2);
    free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(long_password_is_a_token),
        TEST(short_password_never_leaves),
        TEST(known_account_is_not_asked),
        TEST(account_unknown_to_the_broker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
