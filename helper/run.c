/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a program of the host (run.h). Called by what reads and changes a
 * Postfix. No shell, a PATH and an environment of our own, nothing open but
 * its three files. One poll() serves both pipes, so that a program that says
 * much on one of them cannot block on the other. The buffers are the
 * caller's; when this returns, no child and no descriptor is left.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/proto.h"
#include "exoauth/spawn.h"
#include "run.h"

#define SYSTEM_PATH                                                 \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" \
    "/opt/postfix/sbin"

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           access(path, X_OK) == 0;
}

static char *find_in(const char *list, const char *name)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ":");
        struct exo_buf path = EXO_BUF_INIT(4096);

        /* A relative element would find what lies in the working directory. */
        if (len > 0 && list[0] == '/') {
            exo_buf_fmt(&path, "%.*s/%s", (int)len, list, name);
        }
        if (path.len > 0 && path.error == 0 && is_program(path.data)) {
            return path.data;
        }
        exo_buf_free(&path);
        list += len + (list[len] == ':' ? 1 : 0);
    }
    return NULL;
}

char *exo_run_find(const char *name)
{
    const char *path = getenv("PATH");
    char *found = path ? find_in(path, name) : NULL;

    return found ? found : find_in(SYSTEM_PATH, name);
}

static int set_files(posix_spawn_file_actions_t *actions, const int ends[2])
{
    int rc =
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    for (int i = 0; rc == 0 && i < 2; i++) {
        rc = posix_spawn_file_actions_adddup2(actions, ends[i], i + 1);
    }
    return rc;
}

/* 0 or an errno value. */
static int start(const char *const *argv, const int ends[2], pid_t *pid)
{
    static char path[] = "PATH=" SYSTEM_PATH;
    static char locale[] = "LC_ALL=C";
    char *env[] = { path, locale, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = set_files(&actions, ends);
        if (rc == 0) {
            rc = exo_spawn_signals(&attr, 0);
        }
        if (rc == 0) {
            rc = posix_spawn(pid, argv[0], &actions, &attr,
                             (char *const *)(uintptr_t)argv, env);
        }
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* One read; false at the end of file. What nobody wants is thrown away. */
static bool take(int fd, struct exo_buf *buf, int *rc)
{
    char scrap[4096];
    ssize_t n = read(fd, scrap, sizeof(scrap));

    if (n < 0) {
        *rc = errno == EINTR ? *rc : EXO_E_IO;
        return errno == EINTR;
    }
    if (n > 0 && buf) {
        exo_buf_add(buf, scrap, (size_t)n);
        *rc = buf->error;
    }
    return n > 0;
}

static int drain(const int fd[2], int64_t deadline_ms, struct exo_buf *out[2])
{
    struct pollfd p[2] = { { fd[0], POLLIN, 0 }, { fd[1], POLLIN, 0 } };
    int rc = 0;

    while (rc == 0 && (p[0].fd >= 0 || p[1].fd >= 0)) {
        int64_t left = deadline_ms - exo_clock_ms();
        int ready = left > 0 ? poll(p, 2, (int)left) : 0;

        if (ready == 0) {
            return EXO_E_TIMEOUT;
        }
        for (int i = 0; ready > 0 && rc == 0 && i < 2; i++) {
            if (p[i].fd >= 0 && p[i].revents != 0 &&
                !take(p[i].fd, out[i], &rc)) {
                p[i].fd = -1; /* poll() passes over it */
            }
        }
    }
    return rc;
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
}

int exo_run(const char *const *argv, int64_t timeout_ms, struct exo_buf *out,
            struct exo_buf *said, int *status)
{
    int one[2] = { -1, -1 };
    int two[2] = { -1, -1 };
    struct exo_buf *to[2] = { out, said };
    int state = 0;
    pid_t pid = -1;
    int rc = 0;

    *status = 127;
    if (pipe2(one, O_CLOEXEC) != 0 || pipe2(two, O_CLOEXEC) != 0) {
        rc = exo_error_from_errno(errno);
        goto out;
    }
    errno = start(argv, (const int[2]){ one[1], two[1] }, &pid);
    if (errno != 0) {
        rc = exo_error_from_errno(errno);
        goto out;
    }
    (void)close(one[1]);
    (void)close(two[1]);
    one[1] = two[1] = -1;
    rc = drain((const int[2]){ one[0], two[0] }, exo_clock_ms() + timeout_ms,
               to);
    if (rc != 0) {
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    *status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
out:
    close_pair(one);
    close_pair(two);
    return rc;
}
