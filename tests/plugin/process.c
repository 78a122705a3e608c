/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin as a guest in processes of all kinds: that closed their
 * descriptors, ignore their children, forked, or changed root and user.
 */
#include "config.h"

#include "ways.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A login in a child, where assertions do not work. */
static bool login_works(void)
{
    struct host host = { 0 };
    bool good;

    good = host_login(&host) == SASL_CONTINUE &&
           host.out_len ==
               strlen("user=" ALICE "\001auth=Bearer " FRESH "\001\001");
    if (!good)
        fprintf(stderr, "# %d: %s\n", host.rc, host_error(&host));
    host_end(&host);
    return good;
}

static bool login_fails(void)
{
    struct host host = { 0 };
    bool good;

    host_login(&host);
    good = host.rc == SASL_UNAVAIL && host.n_fail == 1;
    host_end(&host);
    return good;
}

static bool login_by(enum way way)
{
    return way == BY_NOTHING ? login_fails() : login_works();
}

/* --- signals and descriptors --------------------------------------------- */

static bool ignoring_children(void *arg)
{
    const enum way *way = arg;

    signal(SIGCHLD, SIG_IGN);
    host_init(NULL);
    return login_by(*way);
}

static bool default_sigpipe(void *arg)
{
    const enum way *way = arg;

    signal(SIGPIPE, SIG_DFL);
    host_init(NULL);
    return login_by(*way);
}

static bool is_closed(int fd)
{
    return fcntl(fd, F_GETFD) < 0;
}

static bool without_standard_descriptors(void *arg)
{
    const enum way *way = arg;

    host_init(NULL);
    close(0);
    close(1);
    close(2);
    return login_by(*way) && is_closed(0) && is_closed(1) && is_closed(2);
}

static bool without_any_descriptor(void *arg)
{
    const enum way *way = arg;
    struct rlimit old, none;

    host_init(NULL);
    if (getrlimit(RLIMIT_NOFILE, &old) != 0)
        return false;
    none = old;
    none.rlim_cur = 0;
    if (setrlimit(RLIMIT_NOFILE, &none) != 0 || !login_fails() ||
        setrlimit(RLIMIT_NOFILE, &old) != 0)
        return false;
    return login_by(*way);
}

static bool after_fork(void *arg)
{
    const enum way *way = arg;

    /* The parent has initialised. */
    return login_by(*way);
}

static void in_every_way(bool (*f)(void *), bool init)
{
    for (enum way way = BY_FILE; way < N_WAYS; way++) {
        way_prepare(way);
        if (init)
            host_init(NULL);
        if (!in_child(f, &way))
            fail_msg("failed in way %d", (int)way);
        if (init)
            sasl_done();
        way_clear();
    }
    host_init(NULL);
}

static void sigchld_ignored(void **state)
{
    (void)state;
    in_every_way(ignoring_children, false);
}

static void sigpipe_default(void **state)
{
    (void)state;
    in_every_way(default_sigpipe, false);
}

static void helper_that_never_reads(void **state)
{
    static const char script[] = "#!/bin/sh\nexec 0<&- 1>&-\n";
    enum way way = BY_NOTHING;
    char line[512];

    (void)state;
    world_write(world_path("helper"), 0755, script, sizeof script - 1);
    snprintf(line, sizeof line, "helper: %s\n", world_path("helper"));
    world_conf(line);
    for (int i = 0; i < 10; i++)
        assert_true(in_child(default_sigpipe, &way));
    host_init(NULL);
}

static void standard_descriptors_closed(void **state)
{
    (void)state;
    in_every_way(without_standard_descriptors, false);
}

static void no_descriptor_left(void **state)
{
    (void)state;
    in_every_way(without_any_descriptor, false);
}

static void login_in_a_child(void **state)
{
    (void)state;
    in_every_way(after_fork, true);
}

/* --- as in Postfix ------------------------------------------------------- */

static void make_dirs(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(path, 0755);
            *p = '/';
        }
    }
    (void)mkdir(path, 0755);
}

static bool jailed(void *arg)
{
    const enum way *way = arg;

    /* As root and outside, */
    host_init(NULL);
    /* then as somebody else and inside. */
    if (chroot(world_path("jail")) != 0 || chdir("/") != 0 ||
        setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
        return false;
    return login_by(*way);
}

static void in_a_jail(void **state)
{
    enum way file = BY_FILE, nothing = BY_NOTHING, broker = BY_SOCKET;
    char tokens[512];
    char *text =
        token_text(&(struct token_spec){ .token = FRESH }, "exoauth: 1\n");
    char *reply = ok_text(&(struct token_spec){ .token = FRESH });
    struct peer *peer;

    (void)state;
    if (geteuid() != 0) {
        say_skipped("only root can change root");
        return;
    }
    snprintf(tokens, sizeof tokens, "%s%s", world_path("jail"),
             world_path("tokens"));
    make_dirs(tokens);
    assert_int_equal(mkdir(world_path("jail/private"), 0755), 0);
    world_conf("socket: /private/exoauth\ntimeout: 30\n");
    assert_true(in_child(jailed, &nothing));

    world_write(world_path("jail%s", world_path("tokens/" ALICE)), 0644, text,
                strlen(text));
    assert_true(in_child(jailed, &file));
    assert_int_equal(unlink(world_path("jail%s", world_path("tokens/" ALICE))),
                     0);

    peer = peer_start(world_path("jail/private/exoauth"), PEER_REPLY, reply);
    assert_true(in_child(jailed, &broker));
    free(peer_stop(peer, NULL));
    free(text);
    free(reply);
    host_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(sigchld_ignored),
        TEST(sigpipe_default),
        TEST(helper_that_never_reads),
        TEST(standard_descriptors_closed),
        TEST(no_descriptor_left),
        TEST(login_in_a_child),
        TEST(in_a_jail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
