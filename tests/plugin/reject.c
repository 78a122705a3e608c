/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token that the server refused: its serial goes back to the broker, once,
 * without waiting, whatever the mechanism and wherever the token came from;
 * and nothing goes back that is no refusal.
 */
#include "config.h"

#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/buf.h"

#define CHALLENGE "{\"status\":\"401\",\"scope\":\"mail\"}"
#define SENT_BACK                                 \
    "exoauth: 1\nget: " ALICE "\nserver: " SERVER \
    "\nreject: 42\nnowait: yes\n\n"

static const char *const mechs[] = { "XOAUTH2", "OAUTHBEARER" };

/* A login, then n steps with in; what the broker heard is the caller's. */
static char *heard_after(struct host *host, enum peer_mode mode, const char *in,
                         int n, int *connections)
{
    struct peer *peer = broker(mode, "");
    char *heard;

    host_init(NULL);
    assert_true(host_login(host) == SASL_CONTINUE || host->rc == SASL_OK);
    for (int i = 0; i < n; i++)
        assert_int_equal(host_step(host, in, (unsigned)strlen(in)), SASL_OK);
    assert_int_equal(host->n_fail, 0);
    host_end(host);
    heard = peer_stop(peer, connections);
    host_done();
    assert_int_equal(unlink(world_path("socket")), 0);
    return heard;
}

static void published_token(void **state)
{
    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    for (size_t i = 0; i < 2; i++) {
        struct host host = { .mechlist = mechs[i] };
        int n = 0;
        char *heard = heard_after(&host, PEER_CLOSE, CHALLENGE, 3, &n);

        free(heard);
        assert_int_equal(n, 1);
        host = (struct host){ .mechlist = mechs[i], .service = "pop" };
        heard = heard_after(&host, PEER_REPLY, CHALLENGE, 3, &n);
        assert_string_equal(heard, SENT_BACK);
        assert_int_equal(n, 1);
        free(heard);
    }
}

/* The one who asked is who is named, the serial is the credential's. */
static void borrowed_token(void **state)
{
    struct host host = { 0 };
    char *heard;

    (void)state;
    world_account(BOB);
    world_token(ALICE, &(struct token_spec){ .credential = BOB });
    world_token(BOB, &(struct token_spec){ .account = BOB });
    heard = heard_after(&host, PEER_REPLY, CHALLENGE, 1, NULL);
    assert_string_equal(heard, SENT_BACK);
    free(heard);
}

static void token_of_the_broker(void **state)
{
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);
    struct host host = { 0 };
    char *heard;
    int n = 0;

    (void)state;
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_int_equal(host_step(&host, CHALLENGE, sizeof CHALLENGE - 1),
                     SASL_OK);
    host_end(&host);
    heard = peer_stop(peer, &n);
    assert_int_equal(n, 2);
    assert_non_null(strstr(heard, SENT_BACK));
    free(heard);
    free(reply);
}

static void what_is_no_refusal(void **state)
{
    static const char *const rows[] = { "", "AUTHENTICATE XOAUTH2 abc", "{",
                                        "{\"status\":\"401\"", "[]" };

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host host = { .mechlist = mechs[i % 2] };
        int n = -1;

        free(heard_after(&host, PEER_REPLY, rows[i], 2, &n));
        assert_int_equal(n, 0);
    }
}

/* That token is the host's: there is no serial, and nobody to tell. */
static void token_of_the_host(void **state)
{
    char *reply = refusal_text("no-account", "no account bob");
    struct peer *peer = broker(PEER_REPLY, reply);
    struct host host = { .name = BOB,
                         .give_pass = GIVE_CALLBACK,
                         .pass = TOKEN };
    int n = 0;

    (void)state;
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_int_equal(host_step(&host, CHALLENGE, sizeof CHALLENGE - 1),
                     SASL_OK);
    assert_int_equal(host.n_warn, 1);
    host_end(&host);
    free(peer_stop(peer, &n));
    assert_int_equal(n, 1);
    free(reply);
}

/* Nobody there, or somebody who never answers: the login goes on. */
static void nobody_to_tell(void **state)
{
    struct host host = { 0 };
    struct host again = { 0 };
    char *heard;

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    heard = heard_after(&host, PEER_HANG, CHALLENGE, 1, NULL);
    assert_string_equal(heard, SENT_BACK);
    free(heard);
    host_init(NULL); /* the socket is gone */
    assert_int_equal(host_login(&again), SASL_CONTINUE);
    assert_int_equal(host_step(&again, CHALLENGE, sizeof CHALLENGE - 1),
                     SASL_OK);
    assert_int_equal(again.n_fail, 0);
    assert_int_equal(again.n_warn, 1);
    host_end(&again);
}

static void by_helper(void **state)
{
    struct host host = { 0 };
    struct exo_buf script = EXO_BUF_INIT(4096);
    char line[256], heard[512];
    size_t n;
    FILE *f;

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    exo_buf_fmt(&script, "#!/bin/sh\ncat >%s\n", world_path("heard"));
    world_write(world_path("helper"), 0755, script.data, script.len);
    exo_buf_free(&script);
    snprintf(line, sizeof line, "helper: %s\ntimeout: 20\n",
             world_path("helper"));
    world_conf(line);
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    assert_int_equal(access(world_path("heard"), F_OK), -1);
    assert_int_equal(host_step(&host, CHALLENGE, sizeof CHALLENGE - 1),
                     SASL_OK);
    host_end(&host);
    f = fopen(world_path("heard"), "re");
    assert_non_null(f);
    n = fread(heard, 1, sizeof heard - 1, f);
    heard[n] = '\0';
    fclose(f);
    assert_string_equal(heard, SENT_BACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(published_token),     TEST(borrowed_token),
        TEST(token_of_the_broker), TEST(what_is_no_refusal),
        TEST(token_of_the_host),   TEST(nobody_to_tell),
        TEST(by_helper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
