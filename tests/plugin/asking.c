/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking for a token, at a socket and of a helper: replies of all sizes, and
 * peers that hang, lie or go away.
 */
#include "config.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/buf.h"

/* --- the socket ---------------------------------------------------------- */

static void token_from_socket(void **state)
{
    static const size_t sizes[] = { 21, 4096, 12288, 16384 };
    char *heard;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct host host = { 0 };
        char *token = long_token(sizes[i]);
        char *reply = ok_text(
            &(struct token_spec){ .token = token, .user = "team@x.org" });
        struct peer *peer = broker(PEER_REPLY, reply);

        if (i == 0)
            host_init(NULL);
        host_sends(&host, "team@x.org", token);
        heard = peer_stop(peer, NULL);
        assert_string_equal(heard, "exoauth: 1\nget: " ALICE "\nserver: " SERVER
                                   "\n\n");
        assert_int_equal(unlink(world_path("socket")), 0);
        free(heard);
        free(reply);
        free(token);
    }
}

static void second_socket(void **state)
{
    struct host host = { 0 };
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct peer *broken, *good;
    char line[512];

    (void)state;
    snprintf(line, sizeof line, "socket: %s %s %s\ntimeout: 30\n",
             world_path("missing"), world_path("broken"), world_path("socket"));
    world_conf(line);
    broken = peer_start(world_path("broken"), PEER_REPLY,
                        "exoauth: 1\nstatus: ok\n");
    good = peer_start(world_path("socket"), PEER_REPLY, reply);
    host_init(NULL);
    host_sends(&host, ALICE, FRESH);
    free(peer_stop(broken, NULL));
    free(peer_stop(good, NULL));
    free(reply);
}

static void check_bad_reply(const char *reply)
{
    struct host host = { 0 };
    struct peer *peer = broker(PEER_REPLY, reply);

    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    assert_null(strstr(host.log, FRESH));
    host_end(&host);
    free(peer_stop(peer, NULL));
    sasl_done();
    assert_int_equal(unlink(world_path("socket")), 0);
}

static void bad_replies(void **state)
{
    static const char *const tokens[] = {
        "a\001auth=Bearer b", "a b", "a,b", "=", "\303\244", "a=b"
    };
    char *reply;

    (void)state;
    check_bad_reply("");
    check_bad_reply("\n");
    check_bad_reply("HTTP/1.0 200 OK\n\n");
    check_bad_reply("exoauth: 2\nstatus: ok\n\n");
    check_bad_reply("exoauth: 1\nstatus: ok\n\n");
    check_bad_reply("exoauth: 1\nstatus: maybe\nmessage: x\n\n");
    check_bad_reply("exoauth: 1\nmessage: x\n\n");
    reply = ok_text(&(struct token_spec){ .token = FRESH, .tail = "" });
    check_bad_reply(reply);
    free(reply);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        reply = ok_text(&(struct token_spec){ .token = tokens[i] });
        check_bad_reply(reply);
        free(reply);
    }
    reply =
        ok_text(&(struct token_spec){ .token = FRESH, .user = "a\001auth=x" });
    check_bad_reply(reply);
    free(reply);
    host_init(NULL);
}

static void check_silent_peer(enum peer_mode mode)
{
    struct host host = { 0 };
    struct peer *peer = broker(mode, NULL);

    host_init(NULL);
    host_refused(&host, SASL_UNAVAIL, NULL);
    free(peer_stop(peer, NULL));
}

static void peer_that_hangs(void **state)
{
    (void)state;
    check_silent_peer(PEER_HANG);
}

static void peer_that_closes(void **state)
{
    (void)state;
    check_silent_peer(PEER_CLOSE);
}

/* --- the helper ---------------------------------------------------------- */

static void token_from_helper(void **state)
{
    struct host host = { 0 };
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    char line[256];
    struct exo_buf script = EXO_BUF_INIT(65536);

    (void)state;
    exo_buf_fmt(&script,
                "#!/bin/sh\n"
                "[ \"$1 $2 $3\" = 'serve --config %s' ] || exit 1\n"
                "while read -r line && [ -n \"$line\" ]; do :; done\n"
                "cat <<'END'\n%sEND\n"
                "exit 75\n",
                world_path("conf/exoauth.conf"), reply);
    world_write(world_path("helper"), 0755, script.data, script.len);
    snprintf(line, sizeof line, "helper: %s\ntimeout: 20\n",
             world_path("helper"));
    world_conf(line);
    host_init(NULL);
    host_sends(&host, ALICE, FRESH);
    exo_buf_free(&script);
    free(reply);
}

static void helpers_that_fail(void **state)
{
    static const char *const scripts[] = {
        "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexec 0<&- 1>&-\nexit 0\n",
        "#!/nonexistent\n", "#!/bin/sh\necho nonsense\n",
        "#!/bin/sh\nexec sleep 3\n"
    };
    char line[256];

    (void)state;
    snprintf(line, sizeof line, "helper: %s\n", world_path("helper"));
    world_conf(line);
    host_init(NULL);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct host host = { 0 };

        world_write(world_path("helper"), 0755, scripts[i], strlen(scripts[i]));
        host_refused(&host, SASL_UNAVAIL, NULL);
        assert_int_equal(unlink(world_path("helper")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(token_from_socket), TEST(second_socket),
        TEST(bad_replies),       TEST(peer_that_hangs),
        TEST(peer_that_closes),  TEST(token_from_helper),
        TEST(helpers_that_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
