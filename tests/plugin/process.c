/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin as a guest: in processes that closed their descriptors, ignore
 * their children, forked, changed root and user, or run many threads, and
 * that want everything back as it was.
 */
#include "config.h"

#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/buf.h"

#define FRESH "fresh.from.the.broker"

/* --- ways to get a token ------------------------------------------------- */

enum way { BY_FILE, BY_SOCKET, BY_HELPER, BY_NOTHING, N_WAYS };

static struct peer *peer;

/* Writes what the way needs; the world is then ready for host_init(). */
static void prepare(enum way way)
{
    char *reply = token_text(&(struct token_spec){ .token = FRESH },
                             "exoauth: 1\nstatus: ok\n");
    struct exo_buf out = EXO_BUF_INIT(65536);
    char line[512] = "";

    peer = NULL;
    if (way == BY_FILE) {
        world_token(ALICE, &(struct token_spec){ .token = FRESH });
    } else if (way == BY_SOCKET) {
        peer = peer_start(world_path("socket"), PEER_REPLY, reply);
        snprintf(line, sizeof line, "socket: %s\ntimeout: 20\n",
                 world_path("socket"));
    } else if (way == BY_HELPER) {
        exo_buf_fmt(&out,
                    "#!/bin/sh\n"
                    "while read -r line && [ -n \"$line\" ]; do :; done\n"
                    "cat <<'END'\n%sEND\n",
                    reply);
        world_write(world_path("helper"), 0755, out.data, out.len);
        snprintf(line, sizeof line, "helper: %s\ntimeout: 20\n",
                 world_path("helper"));
    }
    world_conf(line);
    exo_buf_free(&out);
    free(reply);
}

static void unprepare(void)
{
    if (peer != NULL)
        free(peer_stop(peer, NULL));
    peer = NULL;
    (void)unlink(world_path("socket"));
    (void)unlink(world_path("helper"));
    (void)unlink(world_path("tokens/" ALICE));
}

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
        prepare(way);
        if (init)
            host_init(NULL);
        if (!in_child(f, &way))
            fail_msg("failed in way %d", (int)way);
        if (init)
            sasl_done();
        unprepare();
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
    char *reply = token_text(&(struct token_spec){ .token = FRESH },
                             "exoauth: 1\nstatus: ok\n");

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

/* --- threads ------------------------------------------------------------- */

#define N_THREADS 64
/* What libsasl2 itself needs for sasl_client_new(), which asks for the
 * host's own name; the plugin is content with less. */
#define STACK ((size_t)128 * 1024)

static void *thread_run(void *arg)
{
    bool *good = arg;

    *good = true;
    for (int i = 0; i < 20 && *good; i++) {
        struct host *host = calloc(1, sizeof *host);

        if (host == NULL)
            return NULL;
        host_login(host);
        *good = host->rc == SASL_CONTINUE && host->out_len > 20 &&
                sasl_client_step(host->conn, "", 0, NULL, &host->out,
                                 &host->out_len) == SASL_OK;
        if (!*good)
            fprintf(stderr, "# %d: %s\n", host->rc, host_error(host));
        host_end(host);
        free(host);
    }
    return NULL;
}

static void in_threads(enum way way)
{
    pthread_t threads[N_THREADS];
    bool good[N_THREADS] = { false };
    pthread_attr_t attr;

    prepare(way);
    host_init(NULL);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, STACK), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], &attr, thread_run, &good[i]), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_attr_destroy(&attr);
    for (int i = 0; i < N_THREADS; i++)
        assert_true(good[i]);
    unprepare();
}

static void threads_by_file(void **state)
{
    (void)state;
    in_threads(BY_FILE);
}

static void threads_by_socket(void **state)
{
    (void)state;
    in_threads(BY_SOCKET);
}

/* --- everything as it was ------------------------------------------------ */

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

        prepare(way);
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
        unprepare();
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
    prepare(BY_HELPER);
    host_init(NULL);
    assert_int_equal(host_login(&host), SASL_CONTINUE);
    host_end(&host);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    unprepare();
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
        TEST(threads_by_file),
        TEST(threads_by_socket),
        TEST(nothing_changes),
        TEST(no_child_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
