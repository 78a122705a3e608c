/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a child (exoauth/process.h). fork() and not posix_spawn(), which
 * knows neither ids nor functions of ours. Called by helper/ and mail/ in
 * processes without threads.
 *
 * The child says over a pipe why it could not start, and closes it by exec
 * or before it works. So when exo_process_start() returns, the child leads
 * its group already, and a failure is the caller's at once, in errno.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <unistd.h>

#include "exoauth/process.h"
#include "held.h"
#include "exoauth/clock.h"

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:"
                             "/usr/sbin:/usr/bin:/sbin:/bin";

/* What is to be 0, 1 and 2 in the child, and where it says what failed. */
struct files {
    int null;
    int out[2];
    int said[2];
    int report[2];
    unsigned last; /* descriptor that the child keeps */
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
}

static void close_files(struct files *files)
{
    int saved = errno;

    close_pair(files->out);
    close_pair(files->said);
    close_pair(files->report);
    if (files->null >= 0) {
        (void)close(files->null);
    }
    files->null = -1;
    errno = saved;
}

static bool open_files(const struct exo_process *p, struct files *files)
{
    *files =
        (struct files){ -1, { -1, -1 }, { -1, -1 }, { -1, -1 }, STDERR_FILENO };
    files->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return files->null >= 0 && pipe2(files->report, O_CLOEXEC) == 0 &&
           (!p->out || pipe2(files->out, O_CLOEXEC) == 0) &&
           (!p->said || pipe2(files->said, O_CLOEXEC) == 0);
}

static bool set_files(const struct exo_process *p, const struct files *files)
{
    const int end[3] = { -1, files->out[1], files->said[1] };

    for (int i = 0; i < 3; i++) {
        int fd = p->fd[i] >= 0 ? p->fd[i] : end[i] >= 0 ? end[i] : files->null;

        if (dup2(fd, i) < 0) {
            return false;
        }
    }
    return true;
}

/* 3 and 4, out of the way of which all that is still needed goes first. */
static bool set_more(const struct exo_process *p, struct files *files)
{
    int from[EXO_PROCESS_FDS];
    int report = fcntl(files->report[1], F_DUPFD_CLOEXEC, EXO_PROCESS_FDS);

    if (report < 0) {
        return false;
    }
    files->report[1] = report;
    for (int i = STDERR_FILENO + 1; i < EXO_PROCESS_FDS; i++) {
        from[i] = p->fd[i] < 0
                      ? -1
                      : fcntl(p->fd[i], F_DUPFD_CLOEXEC, EXO_PROCESS_FDS);
        if (p->fd[i] >= 0 && from[i] < 0) {
            return false;
        }
    }
    for (int i = STDERR_FILENO + 1; i < EXO_PROCESS_FDS; i++) {
        if (from[i] < 0) {
            (void)close(i);
        } else if (dup2(from[i], i) < 0) {
            return false;
        }
    }
    files->last = EXO_PROCESS_FDS - 1;
    return true;
}

static bool wants_more(const struct exo_process *p)
{
    return p->fd[3] >= 0 || p->fd[4] >= 0;
}

/* Root that acts as another (exo_app_as_owner) could be root again; what it
 * starts must not. */
static bool set_ids(const struct exo_process_user *user)
{
    uid_t uid = user ? user->uid : geteuid();
    gid_t gid = user ? user->gid : getegid();

    if (user) {
        if ((geteuid() != getuid() && seteuid(getuid()) != 0) ||
            setgroups(user->n_groups, user->groups) != 0) {
            return false;
        }
    } else if (uid == getuid() && gid == getgid()) {
        return true;
    }
    return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static void execute(const struct exo_process *p, unsigned last)
{
    const char *shell[] = { "sh", "-c", p->command, NULL };
    const char *const *argv = p->command ? shell : p->argv;
    char *path_alone[] = { default_path, NULL };

    (void)close_range(last + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    /* execve() takes char * for history's sake and does not write there. */
    (void)execvpe(p->command ? "/bin/sh" : argv[0],
                  (char *const *)(uintptr_t)argv, p->env ? p->env : path_alone);
}

static void __attribute__((noreturn))
be_child(const struct exo_process *p, struct files *files, bool leave)
{
    /* Where root happens to stand, a stranger may have put what an interpreter
     * looks for first. */
    const char *dir = p->dir ? p->dir : p->command ? "/" : NULL;
    int why;

    exo_signals_default();
    if (leave) {
        (void)setsid();
    } else if (!p->asks) {
        (void)setpgid(0, 0);
    }
    if (set_files(p, files) && (!wants_more(p) || set_more(p, files)) &&
        (!dir || chdir(dir) == 0) && set_ids(p->user)) {
        if (p->work) {
            struct files mine = *files;

            close_files(&mine);
            exo_signals_work();
            _exit(p->work(p->context));
        }
        execute(p, files->last);
    }
    why = errno;
    (void)!write(files->report[1], &why, sizeof(why));
    _exit(127);
}

/* No handler of ours may run in the child. -1, or a pid. */
static pid_t fork_child(const struct exo_process *p, struct files *files,
                        bool leave)
{
    sigset_t all, before;
    pid_t pid;
    int saved;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0) {
        be_child(p, files, leave);
    }
    saved = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

/* 0, or the child's errno. */
static int hear(struct files *files)
{
    int why = 0;
    ssize_t n;

    (void)close(files->report[1]);
    files->report[1] = -1;
    do {
        n = read(files->report[0], &why, sizeof(why));
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(why) ? why : 0;
}

static int start(struct exo_child *child, const struct exo_process *p,
                 bool leave)
{
    struct exo_ended ended;
    struct files files;
    int why;

    *child = (struct exo_child){ .pid = -1, .fd = { -1, -1 } };
    child->deadline_ms = p->timeout_ms > 0 ? exo_clock_ms() + p->timeout_ms : 0;
    child->group = !p->asks;
    child->to[0] = p->out;
    child->to[1] = p->said;
    if (child->group && !leave) {
        exo_signals_hold(&child->before);
        child->holds = true;
    }
    if (open_files(p, &files)) {
        child->pid = fork_child(p, &files, leave);
    }
    if (child->pid < 0) {
        why = errno;
        close_files(&files);
        exo_process_release(child);
        errno = why;
        return exo_error_from_errno(why);
    }
    why = hear(&files);
    child->fd[0] = files.out[0];
    child->fd[1] = files.said[0];
    files.out[0] = files.said[0] = -1;
    close_files(&files);
    if (why == 0) {
        return 0;
    }
    (void)!exo_process_wait(child, &ended);
    errno = why;
    return exo_error_from_errno(why);
}

int exo_process_start(struct exo_child *child, const struct exo_process *p)
{
    return start(child, p, false);
}

int exo_process_run(const struct exo_process *p, struct exo_ended *ended)
{
    struct exo_child child;
    int rc = exo_process_start(&child, p);

    *ended = (struct exo_ended){ .status = 127 };
    return rc == 0 ? exo_process_wait(&child, ended) : rc;
}

int exo_process_leave(const struct exo_process *p)
{
    struct exo_child child;

    return start(&child, p, true);
}
