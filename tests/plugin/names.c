/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who logs in, and as whom: names by callback and by prompt, the rules for
 * user=, and what becomes of a password.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/buf.h"

#define BOB "bob@example.org"
#define TEAM "team@example.org"

static void good_token(void)
{
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
}

/* --- callbacks and prompts ----------------------------------------------- */

static void by_callback(void **state)
{
    struct host host = { .no_prompt_need = true };

    (void)state;
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, TOKEN);
    assert_int_equal(host.rounds, 0);
    host_end(&host);
}

static void by_prompt(void **state)
{
    (void)state;
    good_token();
    for (int i = 0; i < 4; i++) {
        struct host host = { .give_name = GIVE_PROMPT,
                             .give_user = GIVE_PROMPT,
                             .give_pass = GIVE_PROMPT,
                             .user = (i & 1) != 0 ? TEAM : NULL,
                             .count_nul = (i & 2) != 0 };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        expect_response(&host, (i & 1) != 0 ? TEAM : ALICE, TOKEN);
        /* Both in one round, and no word about a password. */
        assert_int_equal(host.rounds, 1);
        assert_int_equal(host.asked_name, 1);
        assert_int_equal(host.asked_user, 1);
        assert_int_equal(host.asked_pass, 0);
        host_end(&host);
    }
}

static void by_prompt_without_initial_response(void **state)
{
    struct host host = { .give_name = GIVE_PROMPT, .no_ir = true };

    (void)state;
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, TOKEN);
    host_end(&host);
}

static void user_by_prompt_name_by_callback(void **state)
{
    struct host host = { .give_user = GIVE_PROMPT, .user = TEAM };

    (void)state;
    good_token();
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, TEAM, TOKEN);
    assert_int_equal(host.rounds, 1);
    host_end(&host);
}

static void prompts_where_none_can_be(void **state)
{
    struct host name = { .give_name = GIVE_PROMPT, .no_prompt_need = true };
    struct host user = { .give_user = GIVE_PROMPT, .no_prompt_need = true };

    (void)state;
    good_token();
    host_login(&name);
    expect_refusal(&name, SASL_BADPARAM, NULL);
    host_end(&name);
    assert_int_equal(host_login(&user), SASL_CONTINUE);
    expect_response(&user, ALICE, TOKEN);
    host_end(&user);
}

static void useless_names(void **state)
{
    static const char *const names[] = { "", "   ", "alice\001auth=x@y",
                                         "alice\n@example.org", "a\177b" };

    (void)state;
    good_token();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct host host = { .name = names[i] };
        struct host prompted = { .name = names[i], .give_name = GIVE_PROMPT };

        host_login(&host);
        expect_refusal(&host, SASL_BADPARAM, NULL);
        host_end(&host);
        host_login(&prompted);
        expect_refusal(&prompted, SASL_BADPARAM, NULL);
        host_end(&prompted);
    }
}

static void useless_users(void **state)
{
    struct host control = { .give_user = GIVE_CALLBACK, .user = "t\001e=m" };
    struct host blank = { .give_user = GIVE_CALLBACK, .user = " " };
    struct host failing = { .give_user = GIVE_FAILURE };
    struct host nameless = { .give_name = GIVE_FAILURE };

    (void)state;
    good_token();
    host_login(&control);
    expect_refusal(&control, SASL_BADPARAM, NULL);
    host_end(&control);
    assert_int_equal(host_login(&blank), SASL_CONTINUE);
    expect_response(&blank, ALICE, TOKEN);
    host_end(&blank);
    host_login(&failing);
    expect_refusal(&failing, SASL_BADPARAM, NULL);
    host_end(&failing);
    host_login(&nameless);
    expect_refusal(&nameless, SASL_BADPARAM, NULL);
    host_end(&nameless);
}

static void long_names(void **state)
{
    static const size_t sizes[] = { 240, 241, 1000, 1024, 1025, 20000 };

    (void)state;
    good_token();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *name = long_token(sizes[i]);
        struct host host = { .name = name };

        host_login(&host);
        assert_int_not_equal(host.rc, SASL_OK);
        assert_int_not_equal(host.rc, SASL_CONTINUE);
        expect_refusal(&host, host.rc, NULL);
        host_end(&host);
        free(name);
    }
}

/* --- user= --------------------------------------------------------------- */

static void check_user(const char *name, const char *user, const char *want)
{
    struct host host = { .name = name,
                         .give_user =
                             user != NULL ? GIVE_CALLBACK : GIVE_NOTHING,
                         .user = user };

    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, want, TOKEN);
    host_end(&host);
}

static void user_rules(void **state)
{
    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    world_token(BOB, &(struct token_spec){ .account = BOB, .user = TEAM });
    host_init(NULL);
    check_user(ALICE, NULL, ALICE);
    check_user(ALICE, "", ALICE);
    check_user(ALICE, ALICE, ALICE);
    check_user(ALICE, TEAM, TEAM);
    check_user(BOB, NULL, TEAM);
    check_user(BOB, BOB, TEAM);
    check_user(BOB, "sales@example.org", "sales@example.org");
}

static void user_of_the_whole_program(void **state)
{
    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init_user(TEAM);
    for (int i = 0; i < 3; i++) {
        check_user(ALICE, NULL, TEAM);
        check_user(ALICE, "sales@example.org", "sales@example.org");
    }
}

static void name_is_found_in_any_case(void **state)
{
    (void)state;
    good_token();
    check_user("Alice@Example.ORG", NULL, "Alice@Example.ORG");
}

static void domain_account(void **state)
{
    (void)state;
    world_token("@example.org",
                &(struct token_spec){ .account = "@example.org" });
    host_init(NULL);
    check_user("one@example.org", NULL, "one@example.org");
    check_user("Two@Example.org", NULL, "Two@Example.org");
    check_user("one@example.org", TEAM, TEAM);
}

static void own_file_before_domain(void **state)
{
    (void)state;
    world_token("@example.org",
                &(struct token_spec){ .account = "@example.org",
                                      .token = "another.token" });
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
    check_user(ALICE, NULL, ALICE);
}

static void credential_of_another(void **state)
{
    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    world_token(TEAM, &(struct token_spec){ .account = TEAM,
                                            .user = "shared@example.org",
                                            .credential = ALICE });
    world_token(BOB,
                &(struct token_spec){ .account = BOB, .credential = ALICE });
    host_init(NULL);
    check_user(TEAM, NULL, "shared@example.org");
    check_user(BOB, NULL, BOB);
}

static void credential_that_is_missing(void **state)
{
    struct host host = { .name = BOB };

    (void)state;
    world_token(BOB,
                &(struct token_spec){ .account = BOB, .credential = ALICE });
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    host_end(&host);
}

/* --- passwords ----------------------------------------------------------- */

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
    world_conf(exo_buf_text(&conf));
    exo_buf_free(&conf);
    good_token();
    host_login(&word);
    expect_refusal(&word, SASL_NOUSER, why);
    assert_int_equal(word.asked_pass, 1);
    host_end(&word);
    assert_int_equal(host_login(&token), SASL_CONTINUE);
    expect_response(&token, BOB, TOKEN);
    host_end(&token);
    free(peer_stop(peer, &connections));
    assert_int_equal(connections, 2);
    free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(by_callback),
        TEST(by_prompt),
        TEST(by_prompt_without_initial_response),
        TEST(user_by_prompt_name_by_callback),
        TEST(prompts_where_none_can_be),
        TEST(useless_names),
        TEST(useless_users),
        TEST(long_names),
        TEST(user_rules),
        TEST(user_of_the_whole_program),
        TEST(name_is_found_in_any_case),
        TEST(domain_account),
        TEST(own_file_before_domain),
        TEST(credential_of_another),
        TEST(credential_that_is_missing),
        TEST(long_password_is_a_token),
        TEST(short_password_never_leaves),
        TEST(known_account_is_not_asked),
        TEST(account_unknown_to_the_broker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
