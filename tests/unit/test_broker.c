/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the broker asks for a new token, and when it does not. What happens
 * after a failure: test_broker_failure.c; what is written when:
 * test_broker_order.c.
 */
#include "config.h"

#include "broker_fixture.h"

#include "exoauth/clock.h"

static struct exo_want waiting(void)
{
    struct exo_want want = EXO_WANT_INIT;

    want.deadline_ms = exo_clock_ms() + 60000;
    return want;
}

static const struct answer plenty[] = {
    { .access = "t1" }, { .access = "t2" }, { .access = "t3" },
    { .access = "t4" }, { .access = "t5" }, { .access = "t6" },
};

static void gets_the_first_token(void **state)
{
    struct exo_record r;

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    assert_true(world.got.renewed);
    assert_string_equal(world.secret, "s3cret");
    assert_string_equal(world.scope, "mail");
    assert_string_equal(world.got.token.token, "t1");
    assert_int_equal(world.got.token.token_len, 2);
    assert_string_equal(world.got.token.account, "a@b");
    assert_string_equal(world.got.token.user, "a@b");
    assert_string_equal(world.got.token.servers, "mail.example");

    broker_record("a@b", &r);
    assert_int_equal(r.serial, 1);
    assert_int_equal(r.state, EXO_STATUS_OK);
    assert_string_equal(r.grant, "client_credentials");
    assert_string_equal(r.scope, "mail");
    assert_int_equal(r.granted, 0);
    assert_int_equal(r.refreshed, T0);
    exo_record_free(&r);

    /* And again, without a request or a lock. */
    world.locks = 0;
    assert_gives(NULL, 1, 0);
    assert_false(world.got.renewed);
    assert_int_equal(world.locks, 0);
}

static const struct times {
    int64_t margin, expires_in, refresh_in;
    int64_t refresh_after, usable_until; /* after T0 */
} times[] = {
    { 600, 3600, 0, 1800, 3000 },
    { 600, 3600, 1200, 1200, 3000 },
    /* never after the margin, whatever the provider thinks */
    { 600, 3600, 3500, 3000, 3000 },
    { 600, 86400, 0, 43200, 85800 },
    /* a margin is never more than half a lifetime */
    { 600, 1200, 0, 600, 600 },
    { 600, 600, 0, 300, 300 },
    { 600, 60, 0, 30, 30 },
    { 600, 1, 0, 0, 1 },
    { 0, 3600, 0, 1800, 3600 },
    { 3000, 3600, 0, 1800, 1800 },
};

static void computes_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(times); i++) {
        const struct times *t = &times[i];
        const struct answer one = { .access = "t",
                                    .expires_in = t->expires_in,
                                    .refresh_in = t->refresh_in };
        struct exo_want want = waiting();
        char line[60];

        (void)snprintf(line, sizeof(line), "refresh_margin: %lld\n",
                       (long long)t->margin);
        house_conf(&world.house, line);
        want.force = true;
        script(&one, 1);
        assert_gives(&want, (int64_t)i + 1, 1);
        assert_int_equal(world.got.token.issued, T0);
        assert_int_equal(world.got.token.expires, T0 + t->expires_in);
        assert_int_equal(world.got.token.usable_until, T0 + t->usable_until);
        assert_int_equal(world.got.token.refresh_after, T0 + t->refresh_after);
    }
}

static void renews_at_the_margin(void **state)
{
    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    world.now = T0 + 3000;
    assert_gives(NULL, 1, 0);
    world.now = T0 + 3001;
    assert_gives(NULL, 2, 1);
    assert_gives(NULL, 2, 0);
}

/* With a life of 60 s, a margin of 600 would mean a request per login. */
static void lives_with_short_lifetimes(void **state)
{
    static const struct answer brief[] = {
        { .access = "t1", .expires_in = 60 },
        { .access = "t2", .expires_in = 60 },
    };

    (void)state;
    SCRIPT(brief);
    assert_gives(NULL, 1, 1);
    world.now = T0 + 30;
    assert_gives(NULL, 1, 0);
    world.now = T0 + 31;
    assert_gives(NULL, 2, 1);
}

static void renews_what_is_due(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    want.due = true;
    SCRIPT(plenty);
    assert_gives(&want, 1, 1);
    world.now = T0 + 1799;
    assert_gives(&want, 1, 0);
    world.now = T0 + 1800;
    assert_gives(NULL, 1, 0);
    assert_gives(&want, 2, 1);
}

static void heeds_min_ttl(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    world.now = T0 + 1000; /* 2600 left */
    want.min_ttl = 2600;
    assert_gives(&want, 1, 0);
    want.min_ttl = 2601;
    assert_gives(&want, 2, 1);
    /* Less than the margin is enough for who says so. */
    world.now = T0 + 1000 + 3599;
    want.min_ttl = 1;
    assert_gives(&want, 2, 0);
    want.min_ttl = 0;
    assert_gives(&want, 2, 0);
    want.min_ttl = 2;
    assert_gives(&want, 3, 1);
    /* No token of this provider can live so long: half of it must do. */
    want.min_ttl = 3600;
    assert_gives(&want, 3, 0);
    world.now += 1800;
    assert_gives(&want, 3, 0);
    world.now += 1;
    assert_gives(&want, 4, 1);
}

static void renews_by_force(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    want.force = true;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    assert_gives(&want, 2, 1);
    assert_true(world.got.renewed);
}

/* Two by force at once: the one who waited takes what the other got. */
static void does_not_repeat_what_another_did(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    world.now = T0 + 3500;
    world.before_lock = other_renews;
    assert_gives(NULL, 2, 0);
    assert_false(world.got.renewed);
    assert_string_equal(world.got.token.token, "of-another");
    assert_has(published("a@b"), "token: of-another\n");

    want.force = true;
    world.before_lock = other_renews;
    assert_gives(&want, 3, 0);
}

static void pauses_between_refused_tokens(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    /* Fresh from the provider: a new one would be no better. */
    want.reject = 1;
    world.now = T0 + 59;
    assert_gives(&want, 1, 0);
    world.now = T0 + 60;
    assert_gives(&want, 2, 1);
    /* Another than the present one was refused. */
    assert_gives(&want, 2, 0);
    want.reject = 2;
    assert_gives(&want, 2, 0);
    want.force = true;
    assert_gives(&want, 3, 1);
    /* Expired in the pause: it is of no use at all. */
    want.force = false;
    want.reject = 3;
    world.now += 3600;
    assert_gives(&want, 4, 1);
}

/* Of a provider in trouble an expired token asks after five seconds, ten and
 * so on; a refused one asks once a minute. */
static void a_refusal_does_not_hurry_an_outage(void **state)
{
    static const struct answer outage[] = {
        { .access = "t1" },
        { .status = EXO_STATUS_TRANSIENT, .text = "busy" },
        { .status = EXO_STATUS_TRANSIENT, .text = "busy" },
        { .access = "t2" },
    };
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(outage);
    assert_gives(NULL, 1, 1);
    want.reject = 1;
    world.now = T0 + 100;
    assert_fails(&want, EXO_STATUS_TRANSIENT, 1);
    for (world.now = T0 + 106; world.now < T0 + 160; world.now += 6)
        assert_fails(&want, EXO_STATUS_TRANSIENT, 0);
    /* To everybody else it is as good as ever. */
    assert_gives(NULL, 1, 0);
    world.now = T0 + 160;
    assert_fails(&want, EXO_STATUS_TRANSIENT, 1);
    world.now = T0 + 219;
    assert_fails(&want, EXO_STATUS_TRANSIENT, 0);
    /* Somebody says that it is mended. */
    want.force = true;
    assert_gives(&want, 2, 1);
}

static void leaves_it_to_whoever_is_at_it(void **state)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_store *other;
    struct exo_store_lock lock;

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    assert_int_equal(
        exo_store_open(&other, world.house.conf->store, false, &world.err), 0);
    assert_int_equal(exo_store_lock(other, &world.account,
                                    exo_clock_ms() + 60000, &lock, &world.err),
                     0);
    want.nowait = true;
    want.due = true;
    /* Were the deadline used, this would outlive the test. */
    want.deadline_ms = exo_clock_ms() + 86400000;
    world.now = T0 + 2000;
    assert_gives(&want, 1, 0);
    want.nowait = false;
    want.deadline_ms = 0;
    assert_gives(&want, 1, 0);

    world.now = T0 + 3600;
    assert_int_equal(broker_ask("a@b", &want), EXO_E_TIMEOUT);
    assert_int_equal(world.err.status, EXO_STATUS_TRANSIENT);
    assert_int_equal(world.asked, 1);
    exo_store_unlock(other, &lock);
    assert_gives(&want, 2, 1);
    exo_store_close(other);
}

static void stands_a_clock_that_jumps(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    /* A little before it was issued is skew, more is a wrong clock. */
    world.now = T0 - 300;
    assert_gives(NULL, 1, 0);
    world.now = T0 - 301;
    assert_gives(NULL, 2, 1);
    assert_int_equal(world.got.token.issued, T0 - 301);
    /* Years ahead: expired, and renewed once. */
    world.now = T0 + 100000000;
    assert_gives(NULL, 3, 1);
    assert_gives(NULL, 3, 0);
    /* And back: the refused one of the future is not kept for years. */
    world.now = T0;
    want.reject = 3;
    assert_gives(&want, 4, 1);
    assert_gives(NULL, 4, 0);
}

static void renews_for_another_configuration(void **state)
{
    (void)state;
    SCRIPT(plenty);
    assert_gives(NULL, 1, 1);
    put_file(&world.house.place, "secret", 0600, "rotated-secret\n");
    assert_gives(NULL, 2, 1);
    assert_string_equal(world.secret, "rotated-secret");
    assert_gives(NULL, 2, 0);
}

static void keeps_the_token_from_other_servers(void **state)
{
    struct exo_want want = waiting();

    (void)state;
    want.server = "evil.example";
    assert_fails(&want, EXO_STATUS_MISCONFIGURED, 0);
    assert_err(&world.err, EXO_STATUS_MISCONFIGURED, "not go to evil.example",
               "add the host to servers in ");
    want.server = "MAIL.example.";
    SCRIPT(plenty);
    assert_gives(&want, 1, 1);
}

#define WITH_BROKER(test) \
    cmocka_unit_test_setup_teardown(test, broker_setup, broker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(gets_the_first_token),
        WITH_BROKER(computes_times),
        WITH_BROKER(renews_at_the_margin),
        WITH_BROKER(lives_with_short_lifetimes),
        WITH_BROKER(renews_what_is_due),
        WITH_BROKER(heeds_min_ttl),
        WITH_BROKER(renews_by_force),
        WITH_BROKER(does_not_repeat_what_another_did),
        WITH_BROKER(pauses_between_refused_tokens),
        WITH_BROKER(a_refusal_does_not_hurry_an_outage),
        WITH_BROKER(leaves_it_to_whoever_is_at_it),
        WITH_BROKER(stands_a_clock_that_jumps),
        WITH_BROKER(renews_for_another_configuration),
        WITH_BROKER(keeps_the_token_from_other_servers),
    };

    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
