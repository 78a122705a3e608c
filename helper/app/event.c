/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `on_event`. exo_event_note() is called by the broker and by
 * refresh; exo_event_run() by refresh after each account, and by exo_after()
 * (status.h) when everything else is done, so that a command that hangs
 * holds neither a lock nor a login. It runs as run_as, in a process group of
 * its own that is killed after its time, and learns nothing secret.
 *
 * Nothing is to be freed, and nothing here fails but with a warning.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "exoauth/log.h"
#include "exoauth/process.h"

#define COMMAND_MS 10000 /* whoever writes mail needs less */

void exo_event_note(struct exo_app *app, const char *word, const char *account,
                    const char *message)
{
    struct exo_event *e = &app->event;

    e->word = word;
    (void)snprintf(e->account, sizeof(e->account), "%s", account);
    (void)snprintf(e->message, sizeof(e->message), "%s", message);
}

/* The environment is copied by exec, before this returns. */
static int start(struct exo_child *child, const char *command,
                 const struct exo_event *e)
{
    enum { PATH, ACCOUNT, EVENT, MESSAGE, VARIABLES };
    static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                               "/usr/bin:/sbin:/bin";
    struct exo_process process = EXO_PROCESS_INIT;
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
    process.command = command;
    process.env = env;
    process.timeout_ms = COMMAND_MS;
    return exo_process_start(child, &process);
}

void exo_event_run(struct exo_app *app)
{
    const struct exo_event e = app->event;
    const char *command = app->conf->on_event;
    struct exo_child child;
    struct exo_ended ended;
    int rc;

    app->event.word = NULL;
    if (!e.word || command[0] == '\0') {
        return;
    }
    if (start(&child, command, &e) != 0) {
        exo_app_warn(app,
                     "on_event cannot be started for %s of %s: %m; see that "
                     "/bin/sh and free processes are there",
                     e.word, e.account);
        return;
    }
    rc = exo_process_wait(&child, &ended);
    if (rc == EXO_E_TIMEOUT) {
        exo_app_warn(app,
                     "on_event was killed after %d s, for %s of %s; let it do "
                     "slow work in the background",
                     COMMAND_MS / 1000, e.word, e.account);
    } else if (rc != 0 || ended.status != 0) {
        exo_app_warn(app,
                     "on_event failed (%s %d), for %s of %s; run it by hand as "
                     "the user that owns the store",
                     ended.signal ? "signal" : "exit status",
                     ended.signal ? ended.signal : ended.status, e.word,
                     e.account);
    }
}
