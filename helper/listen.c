/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve --listen PATH. Called by serve; bound before root becomes run_as,
 * accepting after it. Each connection gets a process of its own, so that one
 * asker who dawdles, or a provider who hangs, holds up nobody else; at most
 * MOST at a time, the rest waits in the backlog.
 *
 * SIGTERM or SIGINT ends it: nothing is accepted any more, and what has begun
 * is waited for, as a credential may be in flight. Each process has a session
 * of its own, so a signal to our group is no signal to it; as process 1 of a
 * container our end would be its SIGKILL. More signals change nothing.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/log.h"
#include "exoauth/proto.h"
#include "listen.h"

#define MOST 256
#define BACKLOG 1024

static int fill_address(struct sockaddr_un *address, const char *path,
                        struct exo_err *err)
{
    size_t len = strlen(path);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (path[0] != '/' || len >= sizeof(address->sun_path)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--listen %s: give an absolute path of less than "
                           "%zu bytes",
                           path, sizeof(address->sun_path));
    }
    memcpy(address->sun_path, path, len + 1);
    return 0;
}

/* A socket that nobody listens on is what a killed server leaves behind. */
static void remove_dead(const struct sockaddr_un *address)
{
    struct stat st;
    int fd;

    if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED) {
        (void)unlink(address->sun_path);
    }
    (void)close(fd);
}

/* bind(2) takes a path, so it must be one that nobody else can change. */
static int check_dir(const struct exo_app *app, const char *path, bool *theirs,
                     struct exo_err *err)
{
    struct exo_path_rule rule;
    struct exo_path file;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_entry(&file, &rule, path, EXO_PATH_BARE, 0);
    *theirs = file.theirs;
    exo_path_close(&file);
    return rc == 0 ? 0
                   : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                                 "cannot listen on %s: %s", path, file.why);
}

/* What signalfd(2) gives us. */
static void fill_mask(sigset_t *mask)
{
    (void)sigemptyset(mask);
    (void)sigaddset(mask, SIGTERM);
    (void)sigaddset(mask, SIGINT);
    (void)sigaddset(mask, SIGCHLD);
}

int exo_listen_open(struct exo_app *app, const char *path, int *fd,
                    struct exo_err *err)
{
    struct sockaddr_un address;
    sigset_t mask;
    bool theirs = false;
    mode_t old;
    int rc = fill_address(&address, path, err);

    /* Before anybody can see the socket: process 1 of a container never gets
     * a signal that it has left at its default. */
    fill_mask(&mask);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    *fd = -1;
    if (rc == 0) {
        rc = check_dir(app, path, &theirs, err);
    }
    if (rc != 0) {
        return rc;
    }
    exo_app_as_owner(app, theirs);
    remove_dead(&address);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    old = umask(0111);
    if (*fd < 0 ||
        bind(*fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(*fd, BACKLOG) != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot listen on %s: %m; is another exoauth there, "
                         "or its directory missing?",
                         path);
    }
    (void)umask(old);
    exo_app_as_owner(app, false);
    return rc;
}

/* The processes that answer. As process 1 we also inherit those of others. */
struct crowd {
    pid_t pid[MOST];
    size_t n;
};

static void reap(struct crowd *crowd)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        for (size_t i = 0; i < crowd->n; i++) {
            if (crowd->pid[i] == pid) {
                crowd->pid[i] = crowd->pid[--crowd->n];
                break;
            }
        }
    }
}

static void take_one(struct exo_app *app, int listener, const sigset_t *mask,
                     struct crowd *crowd)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    pid_t pid;

    if (fd < 0) {
        return;
    }
    pid = fork();
    if (pid == 0) {
        (void)close(listener);
        (void)setsid();
        (void)sigprocmask(SIG_UNBLOCK, mask, NULL);
        exo_serve_one(app, fd, fd, (uid_t)-1);
        _exit(0);
    }
    if (pid > 0) {
        crowd->pid[crowd->n++] = pid;
    } else {
        exo_log(EXO_LOG_ERROR, "cannot fork: %m");
    }
    (void)close(fd);
}

/* Those that are stuck all the same are left alone in the end. */
static void await_all(int signals, struct crowd *crowd)
{
    int64_t deadline = exo_clock_ms() + EXO_FLIGHT_MS;
    int64_t left = EXO_FLIGHT_MS;

    reap(crowd);
    if (crowd->n > 0) {
        exo_log(EXO_LOG_INFO, "stopping: %zu requests are being answered",
                crowd->n);
    }
    while (crowd->n > 0 && left > 0) {
        struct pollfd p = { signals, POLLIN, 0 };
        struct signalfd_siginfo info;

        (void)poll(&p, 1, (int)left);
        while (read(signals, &info, sizeof(info)) == sizeof(info)) {
        }
        reap(crowd);
        left = deadline - exo_clock_ms();
    }
}

int exo_listen_run(struct exo_app *app, const char *path, int fd,
                   struct exo_err *err)
{
    sigset_t mask;
    struct crowd crowd = { .n = 0 };
    int signals;

    fill_mask(&mask);
    signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) {
        return exo_err_set(err, EXO_STATUS_BUG, "signalfd: %m");
    }
    exo_log(EXO_LOG_INFO, "listening on %s", path);
    for (;;) {
        struct pollfd p[2] = { { signals, POLLIN, 0 }, { fd, POLLIN, 0 } };
        struct signalfd_siginfo info;

        if (poll(p, crowd.n < MOST ? 2 : 1, -1) < 0 && errno != EINTR) {
            break;
        }
        if (read(signals, &info, sizeof(info)) == sizeof(info)) {
            if (info.ssi_signo != SIGCHLD) {
                break;
            }
            reap(&crowd);
        }
        if (p[1].revents & POLLIN) {
            take_one(app, fd, &mask, &crowd);
        }
    }
    /* Where run_as may not remove it, the next start finds it dead. */
    (void)unlink(path);
    (void)close(fd);
    await_all(signals, &crowd);
    (void)close(signals);
    return 0;
}
