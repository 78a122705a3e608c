/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin as a guest that leaves no trace: signals, limits, descriptors,
 * threads, environment and children are as they were.
 */
#include "config.h"

#include "ways.h"

#include <dirent.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/buf.h"

static void add_signals(struct exo_buf *out)
{
    sigset_t mask;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        uintptr_t handler = 0;

        if (sigaction(i, NULL, &action) != 0)
            continue;
        memcpy(&handler, &action.sa_handler, sizeof handler);
        exo_buf_fmt(out, "signal %d: %zx %x %d\n", i, (size_t)handler,
                    (unsigned)action.sa_flags, sigismember(&mask, i));
    }
}

static void add_limits(struct exo_buf *out)
{
    for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
        struct rlimit limit;

        if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
            exo_buf_fmt(out, "limit %d: %llu %llu\n", i,
                        (unsigned long long)limit.rlim_cur,
                        (unsigned long long)limit.rlim_max);
    }
}

static void add_entries(struct exo_buf *out, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[512], target[PATH_MAX];

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        ssize_t n;

        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        n = readlink(name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        exo_buf_fmt(out, "%s -> %s\n", name, target);
    }
    closedir(dir);
}

/* Everything about this process that a guest could disturb. */
static char *snapshot(void)
{
    struct exo_buf out = EXO_BUF_INIT(1 << 20);
    char cwd[PATH_MAX];
    mode_t mask = umask(0);
    char *text;

    umask(mask);
    assert_non_null(getcwd(cwd, sizeof cwd));
    exo_buf_fmt(&out, "umask %o\ncwd %s\nlocale %s\n", (unsigned)mask, cwd,
                setlocale(LC_ALL, NULL));
    add_signals(&out);
    add_limits(&out);
    for (char **env = environ; *env != NULL; env++)
        exo_buf_fmt(&out, "%p %s\n", (void *)*env, *env);
    add_entries(&out, "/proc/self/fd");
    add_entries(&out, "/proc/self/task");
    assert_int_equal(out.error, 0);
    text = strdup(out.data);
    assert_non_null(text);
    exo_buf_free(&out);
    return text;
}

/* The peer is a thread of this process, and may be a moment behind. */
static void expect_unchanged(const char *before, const char *what)
{
    const struct timespec moment = { 0, 10000000 };
    char *after = snapshot();
    size_t i = 0;

    for (int tries = 0; tries < 500 && strcmp(before, after) != 0; tries++) {
        free(after);
        nanosleep(&moment, NULL);
        after = snapshot();
    }
    if (strcmp(before, after) != 0) {
        while (before[i] == after[i])
            i++;
        fail_msg("%s changed \"%.60s\" to \"%.60s\"", what, before + i,
                 after + i);
    }
    free(after);
}

static void on_signal(int number)
{
    (void)number;
}

static void nothing_changes(void **state)
{
    static const char *const names[] = { "file", "socket", "helper",
                                         "nothing" };

    (void)state;
    umask(027);
    setenv("LANG", "C", 1);
    signal(SIGCHLD, on_signal);
    signal(SIGPIPE, on_signal);
    signal(SIGALRM, on_signal);
    for (enum way way = BY_FILE; way < N_WAYS; way++) {
        struct host host = { .give_user = GIVE_CALLBACK };
        char *before;

        way_prepare(way);
        before = snapshot();
        host_init(NULL);
        expect_unchanged(before, "init");
        host_login(&host);
        assert_int_equal(host.rc,
                         way == BY_NOTHING ? SASL_UNAVAIL : SASL_CONTINUE);
        expect_unchanged(before, names[way]);
        host_end(&host);
        sasl_done();
        expect_unchanged(before, "done");
        free(before);
        way_clear();
    }
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    host_init(NULL);
}

/* A helper has been waited for: no zombie is left to the host. */
static void no_child_left(void **state)
{
    struct host host = { 0 };

    (void)state;
    way_prepare(BY_HELPER);
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    host_end(&host);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    way_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(nothing_changes),
        TEST(no_child_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
