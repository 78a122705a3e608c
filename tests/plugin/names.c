/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who logs in, and as whom: names by callback and by prompt, and the rules
 * for user=.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>

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
    host_sends(&host, ALICE, TOKEN);
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
    host_refused(&name, SASL_BADPARAM, NULL);
    host_sends(&user, ALICE, TOKEN);
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

        host_refused(&host, SASL_BADPARAM, NULL);
        host_refused(&prompted, SASL_BADPARAM, NULL);
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
    host_refused(&control, SASL_BADPARAM, NULL);
    host_sends(&blank, ALICE, TOKEN);
    host_refused(&failing, SASL_BADPARAM, NULL);
    host_refused(&nameless, SASL_BADPARAM, NULL);
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

    host_sends(&host, want, TOKEN);
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
    host_refused(&host, SASL_UNAVAIL, NULL);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
