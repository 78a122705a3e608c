/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ages of a published token: used alone, used and reported, replaced if
 * possible, or of no use.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct token_spec aging = { .issued = -3000,
                                         .refresh_after = -600 };
static const struct token_spec stale = { .issued = -3000,
                                         .refresh_after = -1200,
                                         .usable_until = -600 };
static const struct token_spec expired = { .issued = -7200,
                                           .refresh_after = -3600,
                                           .usable_until = -1800,
                                           .expires = -60 };
static const struct token_spec of_the_future = { .issued = 1000 };

static void check_age(const struct token_spec *spec, enum peer_mode mode,
                      const char *want, const char *asked)
{
    struct host host = { 0 };
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct peer *peer = broker(mode, reply);
    char *heard;

    world_token(ALICE, spec);
    host_init(NULL);
    if (want != NULL) {
        assert_int_equal(host_login(&host), SASL_CONTINUE);
        expect_response(&host, ALICE, want);
    } else {
        host_login(&host);
        expect_refusal(&host, SASL_UNAVAIL, NULL);
    }
    host_end(&host);
    sasl_done();
    heard = peer_stop(peer, NULL);
    if (asked == NULL)
        assert_string_equal(heard, "");
    else if (strstr(heard, asked) == NULL)
        fail_msg("asked \"%s\"", heard);
    free(heard);
    free(reply);
    (void)unlink(world_path("socket"));
}

static void fresh_token_asks_nobody(void **state)
{
    (void)state;
    check_age(&(struct token_spec){ 0 }, PEER_REPLY, TOKEN, NULL);
    host_init(NULL);
}

static void aging_token_is_used_and_reported(void **state)
{
    (void)state;
    check_age(&aging, PEER_REPLY, TOKEN,
              "get: " ALICE "\nserver: " SERVER "\nnowait: yes\n\n");
    host_init(NULL);
}

static void stale_token_is_replaced(void **state)
{
    (void)state;
    check_age(&stale, PEER_REPLY, FRESH, "get: " ALICE);
    host_init(NULL);
}

static void stale_token_is_better_than_none(void **state)
{
    (void)state;
    check_age(&stale, PEER_HANG, TOKEN, "get: " ALICE);
    check_age(&stale, PEER_CLOSE, TOKEN, NULL);
    host_init(NULL);
}

static void expired_token_is_replaced(void **state)
{
    (void)state;
    check_age(&expired, PEER_REPLY, FRESH, "get: " ALICE);
    host_init(NULL);
}

static void expired_token_is_of_no_use(void **state)
{
    (void)state;
    check_age(&expired, PEER_HANG, NULL, "get: " ALICE);
    host_init(NULL);
}

static void clock_before_issued(void **state)
{
    (void)state;
    check_age(&of_the_future, PEER_REPLY, FRESH, "get: " ALICE);
    check_age(&of_the_future, PEER_CLOSE, TOKEN, NULL);
    host_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(fresh_token_asks_nobody),   TEST(aging_token_is_used_and_reported),
        TEST(stale_token_is_replaced),   TEST(stale_token_is_better_than_none),
        TEST(expired_token_is_replaced), TEST(expired_token_is_of_no_use),
        TEST(clock_before_issued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
