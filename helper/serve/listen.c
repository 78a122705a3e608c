/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve --listen PATH: bound (listen_open.c) before root becomes run_as,
 * accepting after it. Each request gets a process of its own, at most MOST at
 * a time.
 *
 * There is no process before all of a request is there (waiting.c), within two
 * seconds; one uid can have EXO_WAITING_UID connections that are not so far,
 * and STRANGER processes until one of its requests was not refused.
 *
 * SIGTERM or SIGINT ends it: nothing is accepted any more, and what has begun
 * is waited for, as a credential may be in flight. Each process has a session
 * of its own; as process 1 of a container our end would be its SIGKILL.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "askers.h"
#include "helper/broker/broker.h"
#include "exoauth/log.h"
#include "exoauth/process.h"
#include "exoauth/clock.h"
#include "listen.h"
#include "helper/settings/peer.h"
#include "serve.h"
#include "waiting.h"

#define MOST 256
#define STRANGER 32 /* processes */
#define TICK_MS 500
#define PAUSE_MS 100 /* where there are no descriptors */

/* A process that answers. */
struct answerer {
    pid_t pid;
    uid_t uid;
    char account[128]; /* for the log */
};

/* Our processes (process 1 inherits others, too), and who has none yet. */
static struct crowd {
    struct answerer of[MOST];
    size_t n;
    struct exo_waiting waiting;
    struct exo_askers askers;
} crowd;

static void judge(const struct exo_app *app, const struct answerer *one,
                  int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXO_STATUS_NO_ACCOUNT;

    if (code == EXO_STATUS_DENIED) {
        exo_askers_refuse(&crowd.askers, one->uid,
                          "it may not have the token of %s; add the user to "
                          "allow, or to token_group",
                          one->account);
    } else if (code != EXO_STATUS_NO_ACCOUNT) {
        exo_askers_find(&crowd.askers, one->uid)->known = true;
    } else {
        exo_askers_strays(&crowd.askers, app);
    }
}

static void reap(const struct exo_app *app)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < crowd.n; i++) {
            if (crowd.of[i].pid == pid) {
                judge(app, &crowd.of[i], status);
                crowd.of[i] = crowd.of[--crowd.n];
                break;
            }
        }
    }
}

/* Nobody knows yet whether it is in any `allow`. */
static bool is_stranger(uid_t uid)
{
    return uid != 0 && uid != geteuid() &&
           !exo_askers_find(&crowd.askers, uid)->known;
}

static bool may_start(uid_t uid)
{
    size_t n = 0;

    if (crowd.n >= MOST) {
        return false;
    }
    for (size_t i = 0; i < crowd.n; i++) {
        n += crowd.of[i].uid == uid;
    }
    return n < STRANGER || !is_stranger(uid);
}

static void answer(struct exo_app *app, int listener, const sigset_t *mask,
                   size_t i)
{
    struct exo_waiter *one = &crowd.waiting.of[i];
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(listener);
        exo_waiting_leave(&crowd.waiting, i);
        (void)setsid();
        (void)sigprocmask(SIG_UNBLOCK, mask, NULL);
        _exit((int)exo_serve_one(app, one->fd, one->fd, (uid_t)-1,
                                 &one->request));
    }
    if (pid > 0) {
        crowd.of[crowd.n] = (struct answerer){ .pid = pid, .uid = one->uid };
        exo_text_fmt(crowd.of[crowd.n++].account, sizeof(crowd.of->account),
                     "%s", one->request.get);
    } else {
        exo_log(EXO_LOG_ERROR, "cannot fork: %m");
    }
    exo_waiting_drop(&crowd.waiting, i);
}

/* The oldest of a stranger; n: none. A herd of those who are known stays in
 * the backlog until there is room. */
static size_t least(void)
{
    const struct exo_waiting *w = &crowd.waiting;
    size_t i = 0;

    while (i < w->n && !is_stranger(w->of[i].uid)) {
        i++;
    }
    return i;
}

static bool is_full(void)
{
    return crowd.waiting.n >= EXO_WAITING_MOST && least() == crowd.waiting.n;
}

static bool make_room(void)
{
    size_t i = least();

    if (i == crowd.waiting.n) {
        return false;
    }
    exo_askers_refuse(&crowd.askers, crowd.waiting.of[i].uid,
                      "too many connections wait");
    exo_waiting_drop(&crowd.waiting, i);
    return true;
}

/* False: there are no more, or there is no room. */
static bool take_one(int listener)
{
    struct exo_waiting *w = &crowd.waiting;
    struct exo_peer peer;
    int fd;

    if (w->n >= EXO_WAITING_MOST && !make_room()) {
        return false;
    }
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return (errno == EMFILE || errno == ENFILE) &&
               (make_room() || poll(NULL, 0, PAUSE_MS) > 0);
    }
    if (exo_peer_get(&peer, fd, (uid_t)-1) != 0) {
        (void)close(fd);
    } else if (is_stranger(peer.uid) &&
               exo_waiting_of(w, peer.uid) >= EXO_WAITING_UID) {
        exo_askers_refuse(&crowd.askers, peer.uid,
                          "it has %d connections that wait", EXO_WAITING_UID);
        (void)close(fd);
    } else {
        exo_waiting_add(w, fd, peer.uid, exo_clock_ms());
    }
    return true;
}

/* Reads what came, starts what is whole, drops what took too long. */
static void attend(struct exo_app *app, int listener, const sigset_t *mask)
{
    struct exo_waiting *w = &crowd.waiting;
    int64_t now = exo_clock_ms();
    size_t i = 0;

    while (i < w->n) {
        struct exo_waiter *one = &w->of[i];
        int rc = one->whole ? 0 : exo_waiting_read(w, i);
        int64_t most = one->whole ? app->conf->timeout * 1000 : EXO_WAITING_MS;

        if (rc == 0 && may_start(one->uid)) {
            answer(app, listener, mask, i);
        } else if ((rc == 0 || rc == EXO_E_TIMEOUT) &&
                   now - one->since < most) {
            i++;
        } else {
            if (rc != EXO_E_NOENT) {
                exo_askers_refuse(&crowd.askers, one->uid,
                                  "its request was not understood: %s",
                                  exo_strerror(rc != 0 ? rc : EXO_E_TIMEOUT));
            }
            exo_waiting_drop(w, i);
        }
    }
}

/* Fills p; how long to wait, in milliseconds. */
static int prepare(struct pollfd *p, int signals, int listener)
{
    const struct exo_waiting *w = &crowd.waiting;
    int until = exo_askers_tell(&crowd.askers, false);

    p[0] = (struct pollfd){ signals, POLLIN, 0 };
    p[1] = (struct pollfd){ is_full() ? -1 : listener, POLLIN, 0 };
    for (size_t i = 0; i < w->n; i++) {
        p[i + 2] =
            (struct pollfd){ w->of[i].whole ? -1 : w->of[i].fd, POLLIN, 0 };
    }
    return w->n > 0 && (until < 0 || until > TICK_MS) ? TICK_MS : until;
}

/* Those that are stuck all the same are left alone in the end. */
static void await_all(const struct exo_app *app, int signals)
{
    int64_t deadline = exo_clock_ms() + EXO_FLIGHT_MS;
    int64_t left = EXO_FLIGHT_MS;

    reap(app);
    if (crowd.n > 0) {
        exo_log(EXO_LOG_INFO, "stopping: %zu requests are being answered",
                crowd.n);
    }
    while (crowd.n > 0 && left > 0) {
        struct pollfd p = { signals, POLLIN, 0 };
        struct signalfd_siginfo info;

        (void)poll(&p, 1, (int)left);
        while (read(signals, &info, sizeof(info)) == sizeof(info)) {
        }
        reap(app);
        left = deadline - exo_clock_ms();
    }
}

int exo_listen_run(struct exo_app *app, const char *path, int fd,
                   struct exo_err *err)
{
    sigset_t mask;
    struct pollfd p[EXO_WAITING_MOST + 2];
    int signals;

    exo_listen_mask(&mask);
    signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) {
        return exo_err_set(err, EXO_STATUS_BUG, "signalfd: %m");
    }
    exo_log(EXO_LOG_INFO, "listening on %s", path);
    for (;;) {
        struct signalfd_siginfo info;
        int until = prepare(p, signals, fd);

        if (poll(p, crowd.waiting.n + 2, until) < 0 && errno != EINTR) {
            break;
        }
        if (read(signals, &info, sizeof(info)) == sizeof(info)) {
            if (info.ssi_signo != SIGCHLD) {
                break;
            }
            reap(app);
        }
        for (int i = 0; i < EXO_LISTEN_BACKLOG && take_one(fd); i++) {
        }
        attend(app, fd, &mask);
    }
    /* Where run_as may not remove it, the next start finds it dead. */
    (void)unlink(path);
    (void)close(fd);
    exo_waiting_free(&crowd.waiting);
    await_all(app, signals);
    (void)exo_askers_tell(&crowd.askers, true);
    (void)close(signals);
    return 0;
}
