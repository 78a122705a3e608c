/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child in which plugins are loaded (child.h). Called by plugins.c and
 * login_try.c, from a process without threads; it is bounded by
 * exoauth/process.h. Two pipes lead back: one for the message, one in the
 * place of stderr, to which syslog(3) copies what libsasl2 logs about
 * plugins; it has no other way to say it. The caller owns
 * both buffers. EXO_E_STATUS for a child that crashed, hung, or ended before
 * its message did.
 */
#include "config.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/process.h"
#include "exoauth/clock.h"

#define IDENT "exoauth"

struct inside {
    void (*work)(void *, struct exo_buf *);
    void *context;
};

/* A plugin may print, and must not spoil the message. */
static int move_output(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    return null >= 0 && dup2(null, STDOUT_FILENO) >= 0 ? out : -1;
}

/* The exit status of a child that could not tell, less the error. No plugin
 * that calls exit() is known to go so far. */
#define UNTOLD 100

static int untold(int rc)
{
    return rc == EXO_E_NOMEM ? UNTOLD + ENOMEM
           : rc == EXO_E_IO  ? UNTOLD + errno
                             : 1;
}

/* In the child. */
static int be_inside(void *context)
{
    const struct rlimit none = { 0, 0 };
    const struct inside *inside = context;
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int fd = move_output();
    int rc;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (fd < 0) {
        return untold(EXO_E_IO);
    }
    openlog(IDENT, LOG_PERROR, LOG_AUTH);
    exo_block_begin(&out);
    inside->work(inside->context, &out);
    exo_block_end(&out);
    rc = out.error == 0 ? exo_file_write_all(fd, out.data, out.len) : out.error;
    rc = rc == 0 ? 0 : untold(rc);
    exo_buf_free(&out);
    return rc;
}

static int judge(const char *name, int rc, const struct exo_ended *ended,
                 struct exo_err *err)
{
    if (rc == 0 && ended->status > UNTOLD && ended->signal == 0) {
        errno = ended->status - UNTOLD;
        rc = EXO_E_IO;
    }
    if (exo_err_system(err, rc, "cannot hear of %s", name)) {
        return EXO_E_STATUS;
    }
    if (rc == EXO_E_TIMEOUT) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s did not end in time; one of the plugins of "
                           "libsasl2 hangs, and every program that uses it, "
                           "too: remove it",
                           name);
    }
    if (rc == 0 && ended->signal != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s crashed (signal %d); one of the plugins of "
                           "libsasl2 does that to every program: remove it",
                           name, ended->signal);
    }
    if (rc != 0 || ended->status != 0) {
        return exo_err_set(err, EXO_STATUS_BUG,
                           "%s could not tell what it found; please report it",
                           name);
    }
    return 0;
}

int exo_child_run(const char *name, void (*work)(void *, struct exo_buf *),
                  void *context, int64_t deadline_ms, struct exo_buf *message,
                  struct exo_buf *log, struct exo_err *err)
{
    struct inside inside = { work, context };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_child child;
    struct exo_ended ended;
    int64_t left = deadline_ms - exo_clock_ms();

    process.work = be_inside;
    process.context = &inside;
    process.out = message;
    process.said = log;
    process.timeout_ms = left > 0 ? left : 1;
    if (exo_process_start(&child, &process) != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot start a process for %s: %m; see that there "
                           "are free processes and files",
                           name);
    }
    return judge(name, exo_process_wait(&child, &ended), &ended, err);
}
