/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker does once the provider said no: how long it keeps quiet,
 * what it still hands out, and what makes it ask again.
 */
#include "config.h"

#include "broker_fixture.h"

#include "exoauth/clock.h"
#include "../lib/whole.h"

static struct exo_want waiting(void)
{
    struct exo_want want = EXO_WANT_INIT;

    want.deadline_ms = exo_clock_ms() + 60000;
    return want;
}

#define NO_TRANSIENT                                   \
    {                                                  \
        .status = EXO_STATUS_TRANSIENT, .text = "busy" \
    }
#define NO_LOGIN                                            \
    {                                                       \
        .status = EXO_STATUS_NEEDS_LOGIN, .text = "revoked" \
    }
#define NO_CONFIG                                            \
    {                                                        \
        .status = EXO_STATUS_MISCONFIGURED, .text = "bad id" \
    }

static const struct answer outage[] = {
    NO_TRANSIENT, NO_TRANSIENT, NO_TRANSIENT, NO_TRANSIENT,       NO_TRANSIENT,
    NO_TRANSIENT, NO_TRANSIENT, NO_TRANSIENT, { .access = "t1" },
};

static int64_t next_try(void)
{
    struct exo_record r;
    int64_t next;

    broker_record("a@b", &r);
    next = r.next_try;
    exo_record_free(&r);
    return next;
}

static void doubles_the_pause(void **state)
{
    static const int64_t pauses[] = { 5, 10, 20, 40, 80, 160, 300, 300 };
    struct exo_record r;

    (void)state;
    SCRIPT(outage);
    for (size_t i = 0; i < N_OF(pauses); i++) {
        int64_t pause;

        assert_fails(NULL, EXO_STATUS_TRANSIENT, 1);
        pause = next_try() - world.now;
        assert_int_equal(pause, pauses[i]);
        assert_int_equal(world.err.retry_after, pause);
        /* Nobody asks in between, and everybody hears the same. */
        world.now += pause - 1;
        assert_fails(NULL, EXO_STATUS_TRANSIENT, 0);
        assert_string_equal(world.err.text, "busy; mend it");
        assert_int_equal(world.err.retry_after, 1);
        world.now += 1;
    }
    broker_record("a@b", &r);
    assert_int_equal(r.failures, N_OF(pauses));
    assert_int_equal(r.state, EXO_STATUS_TRANSIENT);
    assert_string_equal(r.error_code, "CODE");
    assert_string_equal(r.error_text, "busy; mend it");
    exo_record_free(&r);

    /* A success forgets all of it. */
    assert_gives(NULL, 1, 1);
    broker_record("a@b", &r);
    assert_int_equal(r.failures, 0);
    assert_int_equal(r.next_try, 0);
    assert_int_equal(r.error_time, 0);
    assert_string_equal(r.error_text, "");
    assert_string_equal(r.error_code, "");
    assert_int_equal(r.state, EXO_STATUS_OK);
    exo_record_free(&r);
    assert_has(logged(), "a@b: busy; mend it");
}

/* Hosts that failed together must not come back together: up to a quarter
 * more, and never less. */
static void jitters(void **state)
{
    static const struct answer late[] = {
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 8000 },
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 8000 },
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 8000 },
        NO_CONFIG,
    };
    static const unsigned randoms[] = { 1, 2000, 2001, 900 };
    static const int64_t pauses[] = { 8002, 10001, 8001, 4500 };
    struct exo_want want = waiting();

    (void)state;
    want.force = true;
    SCRIPT(late);
    for (size_t i = 0; i < N_OF(randoms); i++) {
        world.random = randoms[i];
        assert_fails(&want, late[i].status, 1);
        assert_int_equal(next_try() - world.now, pauses[i]);
    }
}

static void obeys_retry_after(void **state)
{
    static const struct answer busy[] = {
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 120 },
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 86400 },
        { .status = EXO_STATUS_TRANSIENT, .retry_after = 1 },
    };
    struct exo_want want = waiting();

    (void)state;
    SCRIPT(busy);
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 1);
    /* The second that has begun is not counted. */
    assert_int_equal(next_try() - world.now, 121);
    world.now = next_try();
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 1);
    assert_int_equal(next_try() - world.now, 86401);
    /* A day is a day, not a clock that was set back. */
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 0);
    world.now += 86400;
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 0);
    /* Less than our own pause is not enough. */
    want.force = true;
    assert_fails(&want, EXO_STATUS_TRANSIENT, 1);
    assert_int_equal(next_try() - world.now, 20);
}

static void tries_again_when_the_clock_was_wrong(void **state)
{
    static const struct answer later[] = { NO_TRANSIENT, { .access = "t" } };

    (void)state;
    world.now = T0 + 1000000;
    SCRIPT(later);
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 1);
    world.now = T0 + 1000000 - 300;
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 0);
    world.now = T0;
    assert_gives(NULL, 1, 1);
}

static void tries_hourly_what_is_misconfigured(void **state)
{
    static const struct answer wrong[] = { NO_CONFIG,
                                           NO_CONFIG,
                                           { .access = "t" } };

    (void)state;
    SCRIPT(wrong);
    for (int i = 0; i < 2; i++) {
        assert_fails(NULL, EXO_STATUS_MISCONFIGURED, 1);
        assert_int_equal(next_try() - world.now, 3600);
        world.now = next_try() - 1;
        assert_fails(NULL, EXO_STATUS_MISCONFIGURED, 0);
        assert_string_equal(world.err.text, "bad id; mend it");
        world.now++;
    }
    assert_gives(NULL, 1, 1);
}

static void keeps_needs_login(void **state)
{
    static const struct answer revoked[] = { NO_LOGIN,
                                             NO_LOGIN,
                                             { .access = "t" } };
    struct exo_want want = waiting();
    struct exo_record r;

    (void)state;
    SCRIPT(revoked);
    assert_fails(NULL, EXO_STATUS_NEEDS_LOGIN, 1);
    broker_record("a@b", &r);
    assert_int_equal(r.state, EXO_STATUS_NEEDS_LOGIN);
    assert_int_equal(r.next_try, 0);
    exo_record_free(&r);
    world.now += 10 * 86400;
    assert_fails(NULL, EXO_STATUS_NEEDS_LOGIN, 0);
    assert_string_equal(world.err.text,
                        "revoked; mend it; run: exoauth login a@b");
    assert_int_equal(world.err.retry_after, 0);
    want.due = true;
    assert_fails(&want, EXO_STATUS_NEEDS_LOGIN, 0);
    want.force = true;
    assert_fails(&want, EXO_STATUS_NEEDS_LOGIN, 1);
    assert_fails(NULL, EXO_STATUS_NEEDS_LOGIN, 0);
    /* A configuration that it was not said of. */
    put_file(&world.house.place, "secret", 0600, "another\n");
    assert_gives(NULL, 1, 1);
}

static void tries_a_changed_configuration_at_once(void **state)
{
    static const struct answer wrong[] = { NO_CONFIG,
                                           NO_TRANSIENT,
                                           { .access = "t" } };

    (void)state;
    SCRIPT(wrong);
    assert_fails(NULL, EXO_STATUS_MISCONFIGURED, 1);
    put_file(&world.house.place, "secret", 0600, "another\n");
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 1);
    assert_fails(NULL, EXO_STATUS_TRANSIENT, 0);
    put_file(&world.house.place, "secret", 0600, "and another\n");
    assert_gives(NULL, 1, 1);
}

/* Whatever goes wrong, a token that lives is an answer. */
static void serves_what_is_still_valid(void **state)
{
    static const struct answer of_each[][2] = {
        { { .access = "t1" }, NO_TRANSIENT },
        { { .access = "t1" }, NO_CONFIG },
        { { .access = "t1" }, NO_LOGIN },
    };

    for (size_t i = 0; i < N_OF(of_each); i++) {
        struct exo_record r;

        if (i > 0) {
            assert_int_equal(broker_teardown(state), 0);
            assert_int_equal(broker_setup(state), 0);
        }
        SCRIPT(of_each[i]);
        assert_gives(NULL, 1, 1);
        world.now = T0 + 3100;
        assert_gives(NULL, 1, 1);
        assert_string_equal(world.got.token.token, "t1");
        assert_false(world.got.renewed);
        assert_gives(NULL, 1, 0);
        broker_record("a@b", &r);
        assert_int_equal(r.state, of_each[i][1].status);
        assert_string_equal(whole_secret(&r.access_token), "t1");
        exo_record_free(&r);
        /* But not to whom it was refused, and not once it is over. */
        world.now = T0 + 3104;
        {
            struct exo_want want = waiting();

            want.reject = 1;
            assert_fails(&want, of_each[i][1].status, 0);
        }
        world.now = T0 + 3599;
        world.answers = outage;
        world.n_answers = 8;
        world.asked = 0;
        assert_gives(NULL, 1, i == 0 ? 1 : 0);
        world.now = T0 + 3600;
        assert_int_equal(broker_ask("a@b", NULL), EXO_E_STATUS);
        assert_int_equal(world.err.status, of_each[i][1].status);
    }
}

/* Logins must not each start a helper only to hear of the outage. */
static void publishes_the_time_of_the_next_try(void **state)
{
    static const struct answer some[] = { { .access = "t1" },
                                          NO_TRANSIENT,
                                          NO_CONFIG };
    struct exo_want want = waiting();
    char line[60];

    (void)state;
    want.due = true;
    SCRIPT(some);
    assert_gives(&want, 1, 1);
    assert_has(published("a@b"), "refresh_after: 1800001800\n");
    assert_has(published("a@b"), "usable_until: 1800003000\n");
    world.now = T0 + 2998;
    assert_gives(&want, 1, 1);
    (void)snprintf(line, sizeof(line), "refresh_after: %lld\n",
                   (long long)next_try());
    assert_has(published("a@b"), line);
    (void)snprintf(line, sizeof(line), "usable_until: %lld\n",
                   (long long)next_try());
    assert_has(published("a@b"), line);
    assert_has(published("a@b"), "expires: 1800003600\n");
    /* The next try is an hour off, the token is not. */
    want.force = true;
    assert_gives(&want, 1, 1);
    assert_has(published("a@b"), "refresh_after: 1800003600\n");
    assert_has(published("a@b"), "usable_until: 1800003600\n");
    /* The reply and the record keep the provider's times. */
    assert_int_equal(world.got.token.refresh_after, T0 + 1800);
}

static void says_what_needs_no_request(void **state)
{
    struct exo_record r;
    struct exo_account account = account_of("a@b");

    (void)state;
    assert_int_equal(unlinkat(world.house.place.fd, "secret", 0), 0);
    assert_fails(NULL, EXO_STATUS_MISCONFIGURED, 0);
    assert_has(world.err.text, "secret_file");
    house_file(&world.house, "a@b",
               "provider: custom\nclient_id: i\nservers: h\n"
               "grant: client_credentials\n"
               "token_endpoint: https://as.example/token\n");
    assert_fails(NULL, EXO_STATUS_NEEDS_LOGIN, 0);
    assert_has(world.err.text, "exoauth login a@b --secret-file");
    house_file(&world.house, "a@b",
               "provider: custom\nclient_id: i\nservers: h\n"
               "token_endpoint: https://as.example/token\n");
    assert_fails(NULL, EXO_STATUS_NEEDS_LOGIN, 0);
    assert_has(world.err.text, "exoauth login a@b");
    /* It costs nothing to find again, so nothing is written down. */
    assert_int_equal(exo_store_get(world.app.store, &account, &r, &world.err),
                     EXO_E_NOENT);
    exo_record_free(&r);
}

/* What on_event is to hear of the next request, forced; NULL: nothing. */
static void assert_event(const char *word)
{
    struct exo_want want = waiting();

    want.force = true;
    world.app.event.word = NULL;
    world.app.changed = false;
    (void)!broker_ask("a@b", &want);
    assert_true(world.app.changed);
    assert_true(world.got.asked);
    if (word == NULL) {
        assert_null(world.app.event.word);
    } else {
        assert_non_null(world.app.event.word);
        assert_string_equal(world.app.event.word, word);
        assert_string_equal(world.app.event.account, "a@b");
    }
}

static void notes_each_change_once(void **state)
{
    static const struct answer answers[] = {
        { .access = "t1" }, NO_LOGIN,  NO_LOGIN,  NO_TRANSIENT,
        NO_LOGIN,           NO_CONFIG, NO_CONFIG, { .access = "t2" },
        { .access = "t3" }, NO_LOGIN,
    };
    static const char *const words[] = {
        NULL, "needs-login", NULL, NULL,          NULL, "misconfigured",
        NULL, "recovered",   NULL, "needs-login",
    };

    (void)state;
    SCRIPT(answers);
    for (size_t i = 0; i < N_OF(words); i++)
        assert_event(words[i]);
    assert_has(world.app.event.message, "revoked; mend it");
}

/* A refresh token that is not used for a week is, when refresh looks. */
static void keeps_a_refresh_token_alive(void **state)
{
    static const struct answer answers[] = { { .access = "t2",
                                               .refresh = "r2" } };
    struct exo_want due = waiting();
    struct exo_want login = waiting();

    (void)state;
    person_login("t1", "r1");
    SCRIPT(answers);
    broker_stretch("u@b", 100 * 86400);
    due.due = true;
    world.now += 7 * 86400 - 1;
    assert_int_equal(broker_ask("u@b", &due), 0);
    assert_int_equal(world.asked, 0);
    world.now += 1;
    assert_int_equal(broker_ask("u@b", &login), 0);
    assert_int_equal(world.asked, 0);
    assert_int_equal(broker_ask("u@b", &due), 0);
    assert_int_equal(world.asked, 1);
    assert_string_equal(world.refresh, "r1");
}

#define WITH_BROKER(test) \
    cmocka_unit_test_setup_teardown(test, broker_setup, broker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(doubles_the_pause),
        WITH_BROKER(jitters),
        WITH_BROKER(obeys_retry_after),
        WITH_BROKER(tries_again_when_the_clock_was_wrong),
        WITH_BROKER(tries_hourly_what_is_misconfigured),
        WITH_BROKER(keeps_needs_login),
        WITH_BROKER(tries_a_changed_configuration_at_once),
        WITH_BROKER(serves_what_is_still_valid),
        WITH_BROKER(publishes_the_time_of_the_next_try),
        WITH_BROKER(says_what_needs_no_request),
        WITH_BROKER(notes_each_change_once),
        WITH_BROKER(keeps_a_refresh_token_alive),
    };

    return cmocka_run_group_tests_name("broker-failure", tests, NULL, NULL);
}
