/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a client secret comes from when the configuration says so:
 * `secret_file` or `secret_command`, read again each time it is needed, so
 * that a rotated secret takes effect by itself. Runs as run_as. The secret
 * is the caller's to free. Errors name the key and the remedy and never
 * quote what was read.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/file.h"
#include "exoauth/proto.h"

/* A password manager that hangs must not hang mail. */
#define COMMAND_MS 10000

static int from_file(const char *path, struct exo_secret *secret,
                     struct exo_err *err)
{
    const char *why = NULL;
    int rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &secret->hidden,
                           &why);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "secret_file %s: %s; it must be a regular file that "
                           "this user can read, of root or its own, that "
                           "nobody else can write",
                           path, why ? why : exo_strerror(rc));
    }
    return 0;
}

/* A process group of its own, so that all of it can be ended, and SIGPIPE as
 * a shell expects it. */
static int init(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr)
{
    sigset_t pipes;
    int rc = posix_spawn_file_actions_init(actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(attr);
    if (rc != 0) {
        (void)posix_spawn_file_actions_destroy(actions);
        return rc;
    }
    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)posix_spawnattr_setsigdefault(attr, &pipes);
    (void)posix_spawnattr_setpgroup(attr, 0);
    (void)posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
                                             POSIX_SPAWN_SETSIGDEF);
    return 0;
}

static int start(const char *command, pid_t *pid, int *out)
{
    static char *const env[] = { (char *)"PATH=/usr/local/sbin:/usr/local/bin:"
                                         "/usr/sbin:/usr/bin:/sbin:/bin",
                                 NULL };
    char *argv[] = { (char *)"sh", (char *)"-c", NULL, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int pipe_fd[2];
    int rc;

    argv[2] = (char *)(uintptr_t)command;
    if (pipe2(pipe_fd, O_CLOEXEC) != 0) {
        return errno;
    }
    rc = init(&actions, &attr);
    if (rc != 0) {
        (void)close(pipe_fd[0]);
        (void)close(pipe_fd[1]);
        return rc;
    }
    rc =
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], 1);
    }
    /* What a command complains about could quote the secret. */
    if (rc == 0) {
        rc = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null",
                                              O_WRONLY, 0);
    }
    if (rc == 0) {
        rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, env);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(pipe_fd[1]);
    if (rc != 0) {
        (void)close(pipe_fd[0]);
    }
    *out = pipe_fd[0];
    return rc;
}

/* All of fd until end of file. */
static int drain(int fd, int64_t deadline_ms, struct exo_buf *out)
{
    for (;;) {
        int64_t left = deadline_ms - exo_clock_ms();
        struct pollfd p = { fd, POLLIN, 0 };
        char *room = exo_buf_reserve(out, 4096);
        int ready;
        ssize_t n;

        if (!room) {
            return out->error;
        }
        ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0) {
            return EXO_E_TIMEOUT;
        }
        n = ready < 0 ? -1 : read(fd, room, 4096);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return EXO_E_IO;
        }
        if (n == 0) {
            return 0;
        }
        out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
}

int exo_command_output(const char *key, const char *command,
                       struct exo_secret *secret, struct exo_err *err)
{
    pid_t pid = -1;
    int fd = -1;
    int state = 0;
    int rc = start(command, &pid, &fd);

    if (rc != 0) {
        errno = rc;
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "%s cannot be started: %m; see that /bin/sh and free "
            "processes are there",
            key);
    }
    rc = drain(fd, exo_clock_ms() + COMMAND_MS, &secret->hidden);
    (void)close(fd);
    if (rc != 0) {
        (void)kill(-pid, SIGKILL);
    }
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    if (rc == EXO_E_TIMEOUT) {
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "%s gave no answer within %d s; run it by hand as the "
            "user that owns the store",
            key, COMMAND_MS / 1000);
    }
    if (rc != 0) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "%s: its output: %s; it must be what it is asked for "
            "and nothing else",
            key, exo_strerror(rc));
    }
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s failed (%s %d); run it by hand as the user that "
                           "owns the store",
                           key, WIFEXITED(state) ? "exit status" : "signal",
                           WIFEXITED(state) ? WEXITSTATUS(state)
                                            : WTERMSIG(state));
    }
    return 0;
}

int exo_client_secret(const struct exo_settings *settings,
                      struct exo_secret *secret, struct exo_err *err)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    const char *file = exo_settings_get(s, EXO_KEY_SECRET_FILE);
    const char *command = exo_settings_get(s, EXO_KEY_SECRET_COMMAND);
    const char *key = file[0] != '\0' ? "secret_file" : "secret_command";
    int rc = EXO_E_NOENT;

    if (file[0] != '\0') {
        rc = from_file(file, secret, err);
    } else if (command[0] != '\0') {
        rc = exo_command_output(key, command, secret, err);
    }
    if (rc != 0) {
        return rc;
    }
    exo_secret_chomp(secret);
    if (exo_secret_empty(secret) ||
        exo_has_control(exo_secret_reveal(secret), exo_secret_len(secret))) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s gave %s; it must be the secret's value on one "
                           "line",
                           key,
                           exo_secret_empty(secret)
                               ? "nothing"
                               : "more than one line or a control character");
    }
    return 0;
}
