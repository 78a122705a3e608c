/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is written, and in which order: a rotated refresh token is durable
 * before anybody sees the new access token, a store that cannot be written
 * costs no credential, and a login replaces only what it can do better.
 */
#include "config.h"

#include "broker_fixture.h"

#include "exoauth/clock.h"
#include "../lib/whole.h"

static const struct answer rotating[] = {
    { .access = "t2", .refresh = "r2" },
    { .access = "t3" },
    { .access = "t4", .refresh = "r4" },
};

static void assert_refresh_token(const char *value)
{
    struct exo_record r;

    broker_record("u@b", &r);
    assert_string_equal(whole_secret(&r.refresh_token), value);
    exo_record_free(&r);
}

static void keeps_what_a_login_brought(void **state)
{
    struct exo_record r;

    (void)state;
    person_login("t1", "r1");
    assert_int_equal(world.got.token.serial, 1);
    broker_record("u@b", &r);
    assert_string_equal(whole_secret(&r.refresh_token), "r1");
    assert_string_equal(whole_secret(&r.access_token), "t1");
    assert_string_equal(r.grant, "device_code");
    assert_int_equal(r.granted, T0);
    assert_int_equal(r.state, EXO_STATUS_OK);
    exo_record_free(&r);
    assert_has(published("u@b"), "token: t1\n");
    assert_lacks(published("u@b"), "r1");
}

static void replaces_a_rotated_refresh_token(void **state)
{
    (void)state;
    person_login("t1", "r1");
    SCRIPT(rotating);
    world.now += 3600;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.refresh, "r1");
    assert_refresh_token("r2");
    /* None sent: the old one stays (RFC 6749 section 6). */
    world.now += 3600;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.refresh, "r2");
    assert_refresh_token("r2");
    world.now += 3600;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_refresh_token("r4");
    assert_int_equal(world.got.token.serial, 4);
}

/* A new one in an answer that is no use otherwise: the old may be spent. */
static void keeps_what_a_failure_brought(void **state)
{
    static const struct answer odd[] = {
        { .status = EXO_STATUS_TRANSIENT, .refresh = "r2" },
        { .access = "t3" },
    };

    (void)state;
    person_login("t1", "r1");
    SCRIPT(odd);
    world.now += 3600;
    assert_int_equal(broker_ask("u@b", NULL), EXO_E_STATUS);
    assert_refresh_token("r2");
    world.now += 60;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.refresh, "r2");
}

static void writes_before_it_publishes(void **state)
{
    (void)state;
    person_login("t1", "r1");
    SCRIPT(rotating);
    world.now += 3600;
    world.written[0] = '\0';
    assert_int_equal(broker_ask("u@b", NULL), 0);
    /* Rehearsal, the new record, then the token. */
    assert_string_equal(world.written, "<u@b.json><u@b.json><u@b>");

    SCRIPT(rotating);
    world.written[0] = '\0';
    assert_gives(NULL, 1, 1);
    assert_string_equal(world.written, "<a@b.json><a@b>");
    /* Nothing differs: nothing is locked, nothing is written. */
    world.locks = 0;
    world.written[0] = '\0';
    assert_gives(NULL, 1, 0);
    assert_string_equal(world.written, "");
    assert_int_equal(world.locks, 0);
}

static void publishes_under_the_lock(void **state)
{
    (void)state;
    SCRIPT(rotating);
    assert_gives(NULL, 1, 1);
    assert_int_equal(unlinkat(world.house.place.fd, "tokens/a@b", 0), 0);
    world.locks = 0;
    world.written[0] = '\0';
    /* Another renews meanwhile: what is published is its token. */
    world.before_lock = other_renews;
    assert_gives(NULL, 2, 0);
    assert_int_equal(world.locks, 1);
    assert_string_equal(world.written, "<a@b.json><a@b>");
    assert_has(published("a@b"), "serial: 2\n");
}

static void spends_no_token_that_it_could_not_replace(void **state)
{
    (void)state;
    person_login("t1", "r1");
    script(NULL, 0); /* any request fails the test */
    world.refuse_store = true;
    world.now += 3100;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.got.token.token, "t1");
    world.now += 500;
    assert_int_equal(broker_ask("u@b", NULL), EXO_E_STATUS);
    assert_err(&world.err, EXO_STATUS_STORE, "", "; ");
    world.refuse_store = false;
    assert_refresh_token("r1");
    SCRIPT(rotating);
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.refresh, "r1");
}

/* An app's secret can be used again and again. */
static void goes_on_without_a_store_for_an_app(void **state)
{
    (void)state;
    SCRIPT(rotating);
    world.refuse_store = true;
    assert_gives(NULL, 1, 1);
    assert_string_equal(world.got.token.token, "t2");
    assert_has(logged(), "a@b: the new token could not be saved: ");
    assert_lacks(logged(), "t2");
    assert_has(published("a@b"), "token: t2\n");
}

/* Nor is a token spent that is left over from a person's days. */
static void forgets_the_person_that_an_app_replaced(void **state)
{
    (void)state;
    person_login("t1", "r1");
    house_file(&world.house, "u@b",
               get_file(&world.house.place, "exoauth.d/a@b.conf"));
    SCRIPT(rotating);
    world.refuse_store = true;
    assert_int_equal(broker_ask("u@b", NULL), 0);
    assert_string_equal(world.got.token.token, "t2");
    assert_string_equal(world.refresh, "");
}

static int login(const struct exo_proof *proof, const char *name)
{
    struct exo_account account = account_of(name);

    exo_got_free(&world.got);
    world.err = (struct exo_err)EXO_ERR_INIT;
    return exo_broker_login(&world.app, &account, proof, exo_clock_ms() + 60000,
                            &world.got, &world.err);
}

static void adopts_a_refresh_token_that_works(void **state)
{
    static const struct answer no[] = {
        { .status = EXO_STATUS_NEEDS_LOGIN, .text = "not yours" },
        { .status = EXO_STATUS_TRANSIENT, .text = "busy" },
    };
    struct exo_secret adopted = EXO_SECRET_INIT;
    struct exo_proof proof = { .refresh_token = &adopted,
                               .grant = "device_code" };
    struct exo_record r;

    (void)state;
    assert_int_equal(exo_secret_set(&adopted, "from-file", 9), 0);
    person_login("t1", "r1");
    SCRIPT(no);
    for (size_t i = 0; i < N_OF(no); i++) {
        assert_int_equal(login(&proof, "u@b"), EXO_E_STATUS);
        assert_err(&world.err, no[i].status, no[i].text, "; mend it");
        assert_string_equal(world.refresh, "from-file");
        /* The old one still stands, and is not said to be broken. */
        broker_record("u@b", &r);
        assert_string_equal(whole_secret(&r.refresh_token), "r1");
        assert_string_equal(whole_secret(&r.access_token), "t1");
        assert_int_equal(r.state, EXO_STATUS_OK);
        assert_int_equal(r.serial, 1);
        assert_string_equal(r.error_text, "");
        exo_record_free(&r);
        assert_has(published("u@b"), "token: t1\n");
    }
    script(&rotating[1], 1); /* brings none of its own */
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_refresh_token("from-file");
    assert_has(published("u@b"), "token: t3\n");
    script(&rotating[0], 1);
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_refresh_token("r2");
    exo_secret_free(&adopted);
}

/* What was spent ends the whole grant when it comes again. */
static void sends_no_adopted_token_twice(void **state)
{
    static const struct answer ended[] = {
        { .status = EXO_STATUS_NEEDS_LOGIN, .text = "revoked" },
    };
    struct exo_secret adopted = EXO_SECRET_INIT;
    struct exo_proof proof = { .refresh_token = &adopted,
                               .grant = "device_code" };

    (void)state;
    assert_int_equal(exo_secret_set(&adopted, "from-file", 9), 0);
    script(&rotating[0], 1);
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_string_equal(world.refresh, "from-file");
    assert_refresh_token("r2");
    script(&rotating[0], 1);
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_string_equal(world.refresh, "r2");
    /* Where it has ended already, it may be worth more than what is there. */
    SCRIPT(ended);
    world.now += 7200;
    assert_int_equal(broker_ask("u@b", NULL), EXO_E_STATUS);
    script(&rotating[0], 1);
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_string_equal(world.refresh, "from-file");
    exo_secret_free(&adopted);
}

static void stores_a_secret_that_works(void **state)
{
    static const struct answer twice[] = {
        { .status = EXO_STATUS_MISCONFIGURED, .text = "wrong secret" },
        { .access = "t1" },
        { .access = "t2" },
        { .status = EXO_STATUS_MISCONFIGURED, .text = "wrong secret" },
    };
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_proof proof = { .client_secret = &secret,
                               .grant = "client_credentials" };
    struct exo_account account = account_of("s@b");
    struct exo_record r;

    (void)state;
    house_file(&world.house, "s@b",
               "provider: custom\nclient_id: i\nservers: h\n"
               "token_endpoint: https://as.example/token\n");
    assert_int_equal(exo_secret_set(&secret, "given", 5), 0);
    SCRIPT(twice);
    assert_int_equal(login(&proof, "s@b"), EXO_E_STATUS);
    /* Nothing of a first one that failed. */
    assert_int_equal(exo_store_peek(world.app.store, &account, &r, &world.err),
                     EXO_E_NOENT);
    assert_int_equal(login(&proof, "s@b"), 0);
    assert_string_equal(world.secret, "given");
    /* From now on without it, though no file says which grant it is. */
    world.now += 3600;
    assert_int_equal(broker_ask("s@b", NULL), 0);
    assert_string_equal(world.secret, "given");
    assert_string_equal(world.refresh, "");
    assert_int_equal(exo_secret_set(&secret, "worse", 5), 0);
    assert_int_equal(login(&proof, "s@b"), EXO_E_STATUS);
    broker_record("s@b", &r);
    assert_string_equal(whole_secret(&r.client_secret), "given");
    assert_string_equal(whole_secret(&r.access_token), "t2");
    exo_record_free(&r);
    exo_secret_free(&secret);
}

static void asks_for_nothing_that_it_cannot_keep(void **state)
{
    struct exo_secret adopted = EXO_SECRET_INIT;
    struct exo_proof proof = { .refresh_token = &adopted,
                               .grant = "device_code" };

    (void)state;
    assert_int_equal(exo_secret_set(&adopted, "from-file", 9), 0);
    script(NULL, 0);
    world.refuse_store = true;
    assert_int_equal(login(&proof, "u@b"), EXO_E_STATUS);
    assert_err(&world.err, EXO_STATUS_STORE, "", "; ");
    assert_null(published("u@b"));
    exo_secret_free(&adopted);
}

/* It may still be worth something, until there is a better one. */
static void replaces_a_damaged_record_only_by_a_better_one(void **state)
{
    static const struct answer no[] = {
        { .status = EXO_STATUS_TRANSIENT, .text = "busy" },
    };
    struct exo_secret adopted = EXO_SECRET_INIT;
    struct exo_proof proof = { .refresh_token = &adopted,
                               .grant = "device_code" };

    (void)state;
    assert_int_equal(exo_secret_set(&adopted, "from-file", 9), 0);
    person_login("t1", "r1");
    put_file(&world.house.place, "store/u@b.json", 0600, "{ half a rec");
    SCRIPT(no);
    assert_int_equal(login(&proof, "u@b"), EXO_E_STATUS);
    assert_err(&world.err, EXO_STATUS_TRANSIENT, "busy", "; mend it");
    assert_string_equal(get_file(&world.house.place, "store/u@b.json"),
                        "{ half a rec");
    script(&rotating[1], 1);
    assert_int_equal(login(&proof, "u@b"), 0);
    assert_refresh_token("from-file");
    exo_secret_free(&adopted);
}

#define WITH_BROKER(test) \
    cmocka_unit_test_setup_teardown(test, broker_setup, broker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(keeps_what_a_login_brought),
        WITH_BROKER(replaces_a_rotated_refresh_token),
        WITH_BROKER(keeps_what_a_failure_brought),
        WITH_BROKER(writes_before_it_publishes),
        WITH_BROKER(publishes_under_the_lock),
        WITH_BROKER(spends_no_token_that_it_could_not_replace),
        WITH_BROKER(goes_on_without_a_store_for_an_app),
        WITH_BROKER(forgets_the_person_that_an_app_replaced),
        WITH_BROKER(adopts_a_refresh_token_that_works),
        WITH_BROKER(sends_no_adopted_token_twice),
        WITH_BROKER(stores_a_secret_that_works),
        WITH_BROKER(asks_for_nothing_that_it_cannot_keep),
        WITH_BROKER(replaces_a_damaged_record_only_by_a_better_one),
    };

    return cmocka_run_group_tests_name("broker-order", tests, NULL, NULL);
}
