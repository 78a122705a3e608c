/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child in which plugins are loaded (child.h). Called by plugins.c and
 * login_try.c, from a process without threads. Two pipes lead back: one for
 * the message, one in the place of stderr, to which syslog(3) copies what
 * libsasl2 logs about plugins; it has no other way to say it. The caller owns
 * both buffers. EXO_E_STATUS for a child that crashed, hung, or ended before
 * its message did.
 */
#include "config.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/proto.h"

#define IDENT "exoauth"

static void be_child(void (*work)(void *, struct exo_buf *), void *context,
                     int out_fd, int log_fd)
{
    const struct rlimit none = { 0, 0 };
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int rc = 1;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
        dup2(null_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0) {
        openlog(IDENT, LOG_PERROR, LOG_AUTH);
        exo_block_begin(&out);
        work(context, &out);
        exo_block_end(&out);
        rc = out.error == 0 ? exo_file_write_all(out_fd, out.data, out.len) : 1;
    }
    exo_buf_free(&out);
    _exit(rc == 0 ? 0 : 1);
}

/* One read of a pipe that has something. False: it is at its end. */
static bool take(int fd, struct exo_buf *out)
{
    char piece[4096];
    ssize_t n = read(fd, piece, sizeof(piece));

    if (n > 0) {
        exo_buf_add(out, piece, (size_t)n);
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

static int collect(int out_fd, int log_fd, int64_t deadline_ms,
                   struct exo_buf *message, struct exo_buf *log)
{
    struct pollfd p[2] = { { out_fd, POLLIN, 0 }, { log_fd, POLLIN, 0 } };

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        int64_t left = deadline_ms - exo_clock_ms();
        int ready = left > 0 ? poll(p, 2, (int)left) : 0;

        if (ready == 0) {
            return EXO_E_TIMEOUT;
        }
        if (ready < 0 && errno != EINTR) {
            return EXO_E_IO;
        }
        if (ready > 0 && p[0].revents != 0 && !take(out_fd, message)) {
            p[0].fd = -1;
        }
        if (ready > 0 && p[1].revents != 0 && !take(log_fd, log)) {
            p[1].fd = -1;
        }
    }
    return 0;
}

static int judge(const char *name, int rc, int state, struct exo_err *err)
{
    if (rc == EXO_E_TIMEOUT) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s did not end in time; one of the plugins of "
                           "libsasl2 hangs, and every program that uses it, "
                           "too: remove it",
                           name);
    }
    if (WIFSIGNALED(state)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s crashed (signal %d); one of the plugins of "
                           "libsasl2 does that to every program: remove it",
                           name, WTERMSIG(state));
    }
    if (rc != 0 || WEXITSTATUS(state) != 0) {
        return exo_err_set(err, EXO_STATUS_BUG,
                           "%s could not tell what it found; please report it",
                           name);
    }
    return 0;
}

static void close_both(const int fd[2])
{
    (void)close(fd[0]);
    (void)close(fd[1]);
}

int exo_child_run(const char *name, void (*work)(void *, struct exo_buf *),
                  void *context, int64_t deadline_ms, struct exo_buf *message,
                  struct exo_buf *log, struct exo_err *err)
{
    int out_fd[2];
    int log_fd[2];
    int state = 0;
    pid_t pid = -1;
    int rc;

    if (pipe2(out_fd, O_CLOEXEC) != 0) {
        goto failed;
    }
    if (pipe2(log_fd, O_CLOEXEC) != 0) {
        close_both(out_fd);
        goto failed;
    }
    pid = fork();
    if (pid == 0) {
        be_child(work, context, out_fd[1], log_fd[1]);
    }
    (void)close(out_fd[1]);
    (void)close(log_fd[1]);
    rc = pid > 0 ? collect(out_fd[0], log_fd[0], deadline_ms, message, log)
                 : EXO_E_IO;
    (void)close(out_fd[0]);
    (void)close(log_fd[0]);
    if (pid < 0) {
        goto failed;
    }
    if (rc != 0) {
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    return judge(name, rc, state, err);
failed:
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "cannot start a process for %s: %m; see that there are "
                       "free processes and files",
                       name);
}
