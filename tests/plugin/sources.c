/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the token comes from and what happens when it does not: every
 * status against its SASL code and text, token files that must be refused,
 * ages of tokens, allowed servers, peers that hang, lie or go away.
 */
#include "config.h"

#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/buf.h"

#define FRESH "fresh.from.the.broker"

/* A peer that answers is given time, as the machine may be busy. */
static struct peer *broker(enum peer_mode mode, const char *reply)
{
    char lines[256];

    snprintf(lines, sizeof lines, "socket: %s\ntimeout: %d\n",
             world_path("socket"), mode == PEER_HANG ? 1 : 30);
    world_conf(lines);
    return peer_start(world_path("socket"), mode, reply);
}

static char *ok_reply(const struct token_spec *spec)
{
    return token_text(spec, "exoauth: 1\nstatus: ok\n");
}

/* --- the one table ------------------------------------------------------- */

static void check_status(const char *status, int code, bool asks_password)
{
    static const char why[] = "no token for " ALICE ": AADSTS700082 refresh "
                              "token expired; run: exoauth login " ALICE;
    struct host host = { .give_pass = GIVE_CALLBACK, .pass = "secret" };
    char *reply = refusal_text(status, why);
    struct peer *peer = broker(PEER_REPLY, reply);

    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, code, why);
    assert_int_equal(host.asked_pass, asks_password ? 1 : 0);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

static void status_no_account(void **state)
{
    (void)state;
    check_status("no-account", SASL_NOUSER, true);
}

static void status_denied(void **state)
{
    (void)state;
    check_status("denied", SASL_CONFIGERR, false);
}

static void status_needs_login(void **state)
{
    (void)state;
    check_status("needs-login", SASL_EXPIRED, false);
}

static void status_transient(void **state)
{
    (void)state;
    check_status("transient", SASL_UNAVAIL, false);
}

static void status_misconfigured(void **state)
{
    (void)state;
    check_status("misconfigured", SASL_CONFIGERR, false);
}

static void text_is_not_a_format(void **state)
{
    struct host host = { 0 };
    char *reply = refusal_text("transient", "100%s of %n; %m %z %d");
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, "100%s of %n; %m %z %d");
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

static void status_without_message(void **state)
{
    struct host host = { 0 };
    struct peer *peer =
        broker(PEER_REPLY, "exoauth: 1\nstatus: needs-login\nmessage:\n\n");

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_EXPIRED, NULL);
    assert_true(strlen(host_error(&host)) > 0);
    host_end(&host);
    free(peer_stop(peer, NULL));
}

static void nobody_to_ask(void **state)
{
    struct host host = { 0 };

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    host_end(&host);
}

/* --- the socket ---------------------------------------------------------- */

static void token_from_socket(void **state)
{
    static const size_t sizes[] = { 21, 4096, 12288, 16384 };
    char *heard;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct host host = { 0 };
        char *token = long_token(sizes[i]);
        char *reply = ok_reply(
            &(struct token_spec){ .token = token, .user = "team@x.org" });
        struct peer *peer = broker(PEER_REPLY, reply);

        if (i == 0)
            host_init(NULL);
        assert_int_equal(host_login(&host), SASL_CONTINUE);
        expect_response(&host, "team@x.org", token);
        host_end(&host);
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
    char *reply = ok_reply(&(struct token_spec){ .token = FRESH });
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
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, FRESH);
    host_end(&host);
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
    reply = ok_reply(&(struct token_spec){ .token = FRESH, .tail = "" });
    check_bad_reply(reply);
    free(reply);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        reply = ok_reply(&(struct token_spec){ .token = tokens[i] });
        check_bad_reply(reply);
        free(reply);
    }
    reply =
        ok_reply(&(struct token_spec){ .token = FRESH, .user = "a\001auth=x" });
    check_bad_reply(reply);
    free(reply);
    host_init(NULL);
}

static void peer_that_hangs(void **state)
{
    struct host host = { 0 };
    struct peer *peer = broker(PEER_HANG, NULL);

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    host_end(&host);
    free(peer_stop(peer, NULL));
}

static void peer_that_closes(void **state)
{
    struct host host = { 0 };
    struct peer *peer = broker(PEER_CLOSE, NULL);

    (void)state;
    host_init(NULL);
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    host_end(&host);
    free(peer_stop(peer, NULL));
}

/* --- the helper ---------------------------------------------------------- */

static void token_from_helper(void **state)
{
    struct host host = { 0 };
    char *reply = ok_reply(&(struct token_spec){ .token = FRESH });
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
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, FRESH);
    host_end(&host);
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
        host_login(&host);
        expect_refusal(&host, SASL_UNAVAIL, NULL);
        host_end(&host);
        assert_int_equal(unlink(world_path("helper")), 0);
    }
}

/* --- published tokens that must not be believed -------------------------- */

/* One warning, and as if it were not there. */
static void check_refused_file(void)
{
    struct host host = { .give_pass = GIVE_CALLBACK, .pass = "secret" };

    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    if (host.n_warn != 1)
        fail_msg("%d warnings: %s", host.n_warn, host.log);
    assert_null(strstr(host.log, TOKEN));
    host_end(&host);
    (void)unlink(world_path("tokens/" ALICE));
}

static void write_token_file(const char *text, size_t len)
{
    world_write(world_path("tokens/" ALICE), 0644, text, len);
}

static void refused_by_type_and_mode(void **state)
{
    (void)state;
    host_init(NULL);

    world_token("other", &(struct token_spec){ 0 });
    assert_int_equal(symlink("other", world_path("tokens/" ALICE)), 0);
    check_refused_file();
    assert_int_equal(
        link(world_path("tokens/other"), world_path("tokens/" ALICE)), 0);
    check_refused_file();
    assert_int_equal(mkfifo(world_path("tokens/" ALICE), 0644), 0);
    check_refused_file();
    assert_int_equal(mkdir(world_path("tokens/" ALICE), 0755), 0);
    check_refused_file();
    assert_int_equal(rmdir(world_path("tokens/" ALICE)), 0);

    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(chmod(world_path("tokens/" ALICE), 0664), 0);
    check_refused_file();
    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(chmod(world_path("tokens/" ALICE), 0646), 0);
    check_refused_file();

    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(chmod(world_path("tokens"), 0777), 0);
    check_refused_file();
    assert_int_equal(chmod(world_path("tokens"), 0755), 0);
}

static void refused_by_owner(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        say_skipped("only root can give a file away");
        return;
    }
    host_init(NULL);
    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(chown(world_path("tokens/" ALICE), 12345, 12345), 0);
    check_refused_file();
}

static void owner_of_directory_is_believed(void **state)
{
    struct host host = { 0 };

    (void)state;
    if (geteuid() != 0) {
        say_skipped("only root can give a file away");
        return;
    }
    host_init(NULL);
    world_token(ALICE, &(struct token_spec){ 0 });
    assert_int_equal(chown(world_path("tokens"), 12345, 12345), 0);
    assert_int_equal(chown(world_path("tokens/" ALICE), 12345, 12345), 0);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, TOKEN);
    host_end(&host);
}

static void refused_by_content(void **state)
{
    static const char binary[] = "exoauth: 1\naccount: \0\1\2\377\n\n";
    static const struct token_spec specs[] = {
        { .tail = "" },
        { .extra = "token: another\n" },
        { .extra = "no colon\n" },
        { .head = "" },
        { .account = "bob@example.org" },
        { .token = "" },
        { .token = "a\001b" },
        { .token = "a\r" },
        { .user = "a\001auth=Bearer x" },
        { .extra = "expires : 5\n" },
    };
    char *text = token_text(&specs[0], "exoauth: 1\n");
    char *huge = long_token(70000);

    (void)state;
    host_init(NULL);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        world_token(ALICE, &specs[i]);
        check_refused_file();
    }
    /* Every truncation. */
    for (size_t len = 0; len <= strlen(text); len += 13) {
        write_token_file(text, len);
        check_refused_file();
    }
    write_token_file(binary, sizeof binary - 1);
    check_refused_file();
    world_token(ALICE, &(struct token_spec){ .token = huge });
    check_refused_file();
    huge[16385] = '\0';
    world_token(ALICE, &(struct token_spec){ .token = huge });
    check_refused_file();
    free(text);
    free(huge);
}

static void other_version_is_absent(void **state)
{
    struct host host = { 0 };

    (void)state;
    host_init(NULL);
    world_token(ALICE, &(struct token_spec){ .head = "exoauth: 2\n" });
    host_login(&host);
    expect_refusal(&host, SASL_UNAVAIL, NULL);
    assert_int_equal(host.n_warn, 0);
    host_end(&host);
}

static void refused_file_and_a_broker(void **state)
{
    struct host host = { 0 };
    char *reply = ok_reply(&(struct token_spec){ .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    host_init(NULL);
    world_token(ALICE, &(struct token_spec){ .tail = "" });
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, FRESH);
    assert_int_equal(host.n_warn, 1);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

/* --- ages ---------------------------------------------------------------- */

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
    char *reply = ok_reply(&(struct token_spec){ .token = FRESH });
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

/* --- servers ------------------------------------------------------------- */

static void check_server(const char *servers, const char *server, bool allowed)
{
    struct host host = { .server = server };

    world_token(ALICE, &(struct token_spec){ .servers = servers });
    host_login(&host);
    if (allowed)
        expect_response(&host, ALICE, TOKEN);
    else
        expect_refusal(&host, SASL_CONFIGERR, NULL);
    host_end(&host);
}

static void servers(void **state)
{
    (void)state;
    host_init(NULL);
    check_server("smtp.example.org imap.example.org", "imap.example.org", true);
    check_server("smtp.example.org", "SMTP.Example.ORG", true);
    check_server("*.example.org", "a.b.example.org", true);
    check_server("*.example.org", "example.org", false);
    check_server("*.example.org", "evilexample.org", false);
    check_server("smtp.example.org", "smtp.example.org.evil.net", false);
    check_server("smtp.example.org", "", false);
}

static void broker_knows_newer_servers(void **state)
{
    struct host host = { .server = "new.example.org" };
    char *reply = ok_reply(
        &(struct token_spec){ .servers = "new.example.org", .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    expect_response(&host, ALICE, FRESH);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

static void broker_with_a_token_for_others(void **state)
{
    struct host host = { .server = "evil.example.net" };
    char *reply = ok_reply(&(struct token_spec){ .token = FRESH });
    struct peer *peer = broker(PEER_REPLY, reply);

    (void)state;
    host_init(NULL);
    host_login(&host);
    assert_int_not_equal(host.rc, SASL_CONTINUE);
    expect_refusal(&host, host.rc, NULL);
    host_end(&host);
    free(peer_stop(peer, NULL));
    free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(status_no_account),
        TEST(status_denied),
        TEST(status_needs_login),
        TEST(status_transient),
        TEST(status_misconfigured),
        TEST(text_is_not_a_format),
        TEST(status_without_message),
        TEST(nobody_to_ask),
        TEST(token_from_socket),
        TEST(second_socket),
        TEST(bad_replies),
        TEST(peer_that_hangs),
        TEST(peer_that_closes),
        TEST(token_from_helper),
        TEST(helpers_that_fail),
        TEST(refused_by_type_and_mode),
        TEST(refused_by_owner),
        TEST(owner_of_directory_is_believed),
        TEST(refused_by_content),
        TEST(other_version_is_absent),
        TEST(refused_file_and_a_broker),
        TEST(fresh_token_asks_nobody),
        TEST(aging_token_is_used_and_reported),
        TEST(stale_token_is_replaced),
        TEST(stale_token_is_better_than_none),
        TEST(expired_token_is_replaced),
        TEST(expired_token_is_of_no_use),
        TEST(clock_before_issued),
        TEST(servers),
        TEST(broker_knows_newer_servers),
        TEST(broker_with_a_token_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
