/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Published tokens that must not be believed, by type, mode, owner and
 * content: one warning, and as if they were not there.
 */
#include "config.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    host_sends(&host, ALICE, TOKEN);
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
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(refused_by_type_and_mode),       TEST(refused_by_owner),
        TEST(owner_of_directory_is_believed), TEST(refused_by_content),
        TEST(other_version_is_absent),        TEST(refused_file_and_a_broker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
