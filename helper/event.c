/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `on_event`. exo_event_note() is called by the broker and by
 * refresh; exo_event_run() by refresh after each account, exo_after() by
 * main() and serve when everything else is done, so that a command that hangs
 * holds neither a lock nor a login. It runs as run_as, in a process group of
 * its own that is killed after its time, and learns nothing secret.
 *
 * Nothing is to be freed, and nothing here fails but with a warning.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "exoauth/log.h"
#include "exoauth/proto.h"
#include "exoauth/spawn.h"
#include "status.h"

#define COMMAND_MS 10000 /* whoever writes mail needs less */

void exo_event_note(struct exo_app *app, const char *word, const char *account,
                    const char *message)
{
    struct exo_event *e = &app->event;

    e->word = word;
    (void)snprintf(e->account, sizeof(e->account), "%s", account);
    (void)snprintf(e->message, sizeof(e->message), "%s", message);
}

static int spawn(const char *command, char *const *env, pid_t *pid)
{
    char *argv[] = { (char *)"sh", (char *)"-c", (char *)(uintptr_t)command,
                     NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attr);
    if (rc != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    rc = posix_spawnattr_setpgroup(&attr, 0);
    if (rc == 0) {
        rc = exo_spawn_signals(&attr, POSIX_SPAWN_SETPGROUP);
    }
    /* fd 2 may be a connection, stdout is for the result. */
    for (int fd = 0; rc == 0 && fd <= 2; fd++) {
        rc = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null",
                                              fd == 0 ? O_RDONLY : O_WRONLY, 0);
    }
    if (rc == 0) {
        rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, env);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int start(const char *command, const struct exo_event *e, pid_t *pid)
{
    enum { PATH, ACCOUNT, EVENT, MESSAGE, VARIABLES };
    static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                               "/usr/bin:/sbin:/bin";
    char text[VARIABLES][EXO_ERR_TEXT + 32];
    char *env[VARIABLES + 1] = { NULL };

    (void)snprintf(text[PATH], sizeof(text[0]), "%s", path);
    (void)snprintf(text[ACCOUNT], sizeof(text[0]), "EXOAUTH_ACCOUNT=%s",
                   e->account);
    (void)snprintf(text[EVENT], sizeof(text[0]), "EXOAUTH_EVENT=%s", e->word);
    (void)snprintf(text[MESSAGE], sizeof(text[0]), "EXOAUTH_MESSAGE=%s",
                   e->message);
    for (unsigned i = 0; i < VARIABLES; i++) {
        env[i] = text[i];
    }
    return spawn(command, env, pid);
}

/* True when it ended in time; *state is then that of waitpid(2). */
static bool wait_for(pid_t pid, int *state)
{
    int64_t deadline = exo_clock_ms() + COMMAND_MS;

    *state = 0;
    for (;;) {
        const struct timespec pause = { 0, 20 * 1000 * 1000 };
        pid_t ended = waitpid(pid, state, WNOHANG);

        /* A host that ignores SIGCHLD keeps the state from us. */
        if (ended == pid || (ended < 0 && errno == ECHILD)) {
            return true;
        }
        if (exo_clock_ms() >= deadline) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
}

void exo_event_run(struct exo_app *app)
{
    const struct exo_event e = app->event;
    const char *command = app->conf->on_event;
    pid_t pid = -1;
    int state;
    int rc;

    app->event.word = NULL;
    if (!e.word || command[0] == '\0') {
        return;
    }
    rc = start(command, &e, &pid);
    if (rc != 0) {
        errno = rc;
        exo_app_warn(app,
                     "on_event cannot be started for %s of %s: %m; see that "
                     "/bin/sh and free processes are there",
                     e.word, e.account);
        return;
    }
    if (!wait_for(pid, &state)) {
        (void)kill(-pid, SIGKILL);
        while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        }
        exo_app_warn(app,
                     "on_event was killed after %d s, for %s of %s; let it do "
                     "slow work in the background",
                     COMMAND_MS / 1000, e.word, e.account);
    } else if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        exo_app_warn(app,
                     "on_event failed (%s %d), for %s of %s; run it by hand as "
                     "the user that owns the store",
                     WIFEXITED(state) ? "exit status" : "signal",
                     WIFEXITED(state) ? WEXITSTATUS(state) : WTERMSIG(state),
                     e.word, e.account);
    }
}

/* A child that nobody waits for and that keeps no pipe open: true in it. */
static bool leave(struct exo_app *app)
{
    pid_t pid = fork();
    int null;

    if (pid != 0) {
        if (pid < 0) {
            exo_app_warn(app, "on_event cannot be started: %m; see that free "
                              "processes are there");
        }
        return false;
    }
    (void)setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++) {
        (void)dup2(null, fd);
    }
    if (app->conf->log[0] == '\0' || strcmp(app->conf->log, "stderr") == 0) {
        (void)exo_log_open("syslog", EXO_LOG_NOTICE);
    }
    app->quiet = true;
    return true;
}

void exo_after(struct exo_app *app, bool waited_for)
{
    if (app->changed) {
        app->changed = false;
        exo_status_file_write(app);
    }
    if (!app->event.word || app->conf->on_event[0] == '\0') {
        return;
    }
    if (!waited_for) {
        exo_event_run(app);
    } else if (leave(app)) {
        exo_event_run(app);
        _exit(0);
    }
    app->event.word = NULL; /* the child's now */
}
