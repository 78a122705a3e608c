/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a helper that is started for the purpose (exoauth/source.h).
 *
 * Called by the sources where no socket answered and the helper exists. It
 * runs inside the host program: posix_spawn() and not fork(), because the
 * host may have threads and locks; a socketpair and not pipes, because
 * writing to a pipe whose reader died raises SIGPIPE in the host. The reply
 * alone decides: hosts ignore SIGCHLD or reap children themselves, so an
 * exit status may never arrive. When this returns, no descriptor is left and
 * no child that could still be waited for.
 *
 * The helper ends at once when it has to ask the provider: a child of its own
 * goes on in another session, with our socket, and saves what comes back
 * whether or not we still listen. So SIGKILL meets only one that hangs before
 * it has begun.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/clock.h"
#include "common/ask.h"

/* A helper that has answered has nothing more to do; one that lingers must
 * not hold up the login. Milliseconds. */
#define LINGER 2000
#define HOPS 40          /* of links, as the kernel has it */
#define FIXED_GROUPS 100 /* below: the system's, Debian Policy 9.2.2 */
#define PAUSE_LAST 16

/* Two descriptors above the standard ones; both -1 on failure. */
static int make_pair(int pair[2])
{
    int rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        pair[0] = pair[1] = -1;
        return exo_error_from_errno(errno);
    }
    rc = exo_fd_raise(&pair[0]);
    if (rc == EXO_OK) {
        rc = exo_fd_raise(&pair[1]);
    }
    if (rc == EXO_OK) {
        return EXO_OK;
    }
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
    return rc;
}

/* The pair's end becomes 0 and 1; 2 leads nowhere, as the helper logs to
 * syslog and the host's stderr may be anything. */
static int set_files(posix_spawn_file_actions_t *actions, int end)
{
    int rc = posix_spawn_file_actions_adddup2(actions, end, STDIN_FILENO);

    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(actions, end, STDOUT_FILENO);
    }
    if (rc == 0) {
        rc = posix_spawn_file_actions_addopen(actions, STDERR_FILENO,
                                              "/dev/null", O_RDWR, 0);
    }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    /* A helper that goes on in the background must not hold open what the
     * host forgot to mark close-on-exec. */
    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(actions,
                                                      STDERR_FILENO + 1);
    }
#endif
    return rc;
}

/* A helper that cannot die of SIGTERM or never hears SIGCHLD would be the
 * host's fault. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int rc;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0) {
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
    }
    return rc;
}

/* execve() takes char * for history's sake and does not write there. */
static char *unconst(const char *text)
{
    union {
        const char *in;
        char *out;
    } both = { .in = text };

    return both.out;
}

/* 0 or an errno value, as posix_spawn() has it. */
static int start(const char *helper, const char *config, int end, pid_t *pid)
{
    char *argv[] = { unconst(helper), unconst("serve"), unconst("--config"),
                     unconst(config), NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc;

    rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = set_files(&actions, end);
        if (rc == 0) {
            rc = set_signals(&attributes);
        }
        if (rc == 0) {
            rc = posix_spawn(pid, helper, &actions, &attributes, argv, environ);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* A wait that cannot outlast the deadline. ECHILD: the host has reaped it,
 * or ignores SIGCHLD; then the pid may be another's and is left alone. */
static void reap(pid_t pid, int64_t deadline_ms)
{
    int pause = 1;

    for (;;) {
        pid_t got = waitpid(pid, NULL, WNOHANG);
        int left;

        if (got == pid || (got < 0 && errno != EINTR)) {
            return;
        }
        left = exo_ask_left(deadline_ms, pause);
        if (left == 0) {
            break;
        }
        (void)poll(NULL, 0, left);
        if (pause < PAUSE_LAST) {
            pause *= 2;
        }
    }
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        continue;
    }
}

/* Can somebody else than its owner write there? His own group cannot (umask
 * 002 of a user), nor that of root; Debian gives staff to /usr/local. */
static bool is_open(const struct stat *st)
{
    return (st->st_mode & 002) != 0 ||
           ((st->st_mode & 020) != 0 &&
            !(st->st_uid == 0 && st->st_gid < FIXED_GROUPS) &&
            !(st->st_uid == geteuid() && st->st_gid == getegid()));
}

/* One component, by its whole path. NULL: it may be used. */
static const char *judge_one(const struct stat *st, bool last)
{
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return "it, a link or a directory on the way to it is another user's; "
               "name another program, or none";
    }
    if (!S_ISLNK(st->st_mode) && is_open(st) &&
        (last || (st->st_mode & S_ISVTX) == 0)) {
        return "others can write to it, or to a directory on the way to it; "
               "name another program, or none";
    }
    return last && !S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode)
               ? "it is not a regular file; name another program, or none"
               : NULL;
}

/* path[0..at) is a link: what it leads to takes its place. */
static int follow_link(char path[PATH_MAX], size_t at, bool last)
{
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    size_t keep = at;

    if (n < 0) {
        return exo_error_from_errno(errno);
    }
    target[n] = '\0';
    (void)snprintf(rest, sizeof rest, "%s", last ? "" : path + at + 1);
    while (keep > 0 && path[keep - 1] != '/') {
        keep--;
    }
    if (target[0] == '/') {
        keep = 0;
    }
    if (n == 0 || keep + (size_t)n + strlen(rest) + 2 > PATH_MAX) {
        return EXO_E_UNSAFE;
    }
    memcpy(path + keep, target, (size_t)n + 1);
    if (rest[0] != '\0') {
        path[keep + (size_t)n] = '/';
        memcpy(path + keep + (size_t)n + 1, rest, strlen(rest) + 1);
    }
    return EXO_OK;
}

/* By paths and without the walk of exoauth/path.h, which the plugin does not
 * have: what it starts is started by its path. */
int exo_helper_judge(const char *helper, const char **why)
{
    char path[PATH_MAX] = "";
    size_t len = strlen(helper), at = 0;
    int rc, hops = 0;
    struct stat st;

    *why = "its path cannot be followed; name another program, or none";
    if (helper[0] != '/' || len >= sizeof path) {
        return EXO_E_UNSAFE;
    }
    memcpy(path, helper, len + 1);
    for (;;) {
        size_t end = at + 1 + strcspn(path + at + 1, "/");
        bool last = path[end] == '\0';

        path[end] = '\0';
        if (lstat(path, &st) != 0) {
            return exo_error_from_errno(errno);
        }
        *why = judge_one(&st, last);
        if (*why != NULL) {
            return EXO_E_UNSAFE;
        }
        if (S_ISLNK(st.st_mode)) {
            *why = "its path cannot be followed; name another program, or none";
            rc = ++hops > HOPS ? EXO_E_UNSAFE : follow_link(path, end, last);
            if (rc != EXO_OK) {
                return rc;
            }
            at = 0;
            continue;
        }
        if (last) {
            return EXO_OK;
        }
        path[end] = '/';
        at = end;
    }
}

int exo_ask_helper(const char *helper, const char *config,
                   const struct exo_request *request, int64_t deadline_ms,
                   struct exo_answer *answer)
{
    int pair[2], saved, rc;
    const char *why;
    int64_t until;
    pid_t pid = -1;

    /* Inside a jail there is none, at each login: that shall be cheap. */
    if (access(helper, X_OK) != 0) {
        return EXO_E_NOENT;
    }
    rc = exo_helper_judge(helper, &why);
    if (rc != EXO_OK) {
        return rc;
    }
    rc = make_pair(pair);
    if (rc != EXO_OK) {
        return rc;
    }
    saved = start(helper, config, pair[1], &pid);
    (void)close(pair[1]);
    if (saved != 0) {
        (void)close(pair[0]);
        errno = saved;
        return saved == ENOENT || saved == ENOTDIR || saved == EACCES ||
                       saved == ENOEXEC
                   ? EXO_E_NOENT
                   : exo_error_from_errno(saved);
    }

    rc = exo_ask_talk(pair[0], request, deadline_ms, answer);
    saved = errno;
    (void)close(pair[0]);
    until = exo_clock_ms() + LINGER;
    reap(pid, until < deadline_ms ? until : deadline_ms);
    errno = saved;
    return rc;
}
