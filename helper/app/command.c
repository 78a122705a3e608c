/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of the configuration that print a secret (command.h). Called by
 * secret.c, means.c and keys.c, as run_as or, before the drop, as root, which
 * then becomes run_as for the command alone. What was found is in the list
 * app->found, which exo_app_close() frees; serve --listen has a process for
 * each request, so there nothing is older than one. Errors never quote what
 * was read, and what a command complains about is thrown away.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "exoauth/process.h"

/* A password manager that hangs must not hang mail. */
#define COMMAND_MS 10000

#define GROUPS_MOST 256

struct exo_found {
    struct exo_found *next;
    struct exo_secret output;
    char command[];
};

static const struct exo_secret *recall(const struct exo_app *app,
                                       const char *command)
{
    const struct exo_found *f = app->found;

    while (f && strcmp(f->command, command) != 0) {
        f = f->next;
    }
    return f ? &f->output : NULL;
}

/* Where there is no memory for it, the command runs again. */
static void keep(struct exo_app *app, const char *command,
                 const struct exo_secret *output)
{
    size_t size = strlen(command) + 1;
    struct exo_found *f = malloc(sizeof(*f) + size);

    if (!f) {
        return;
    }
    exo_buf_init(&f->output.hidden, EXO_SECRET_MAX);
    if (exo_secret_copy(&f->output, output) != 0) {
        exo_secret_free(&f->output);
        free(f);
        return;
    }
    memcpy(f->command, command, size);
    f->next = app->found;
    app->found = f;
}

void exo_command_forget(struct exo_app *app)
{
    while (app->found) {
        struct exo_found *f = app->found;

        app->found = f->next;
        exo_secret_free(&f->output);
        free(f);
    }
}

/* Root that is run_as for a while has still root's groups. */
static bool become_owner(const struct exo_app *app,
                         struct exo_process_user *user, gid_t *groups)
{
    int n = GROUPS_MOST;

    if (!app->root || getuid() != 0 || app->uid == 0) {
        return false;
    }
    *user = (struct exo_process_user){ app->uid, app->gid, groups, 1 };
    groups[0] = app->gid;
    if (getgrouplist(app->run_as, app->gid, groups, &n) > 0) {
        user->n_groups = (size_t)n;
    }
    return true;
}

static int judge(const char *key, int rc, const struct exo_ended *ended,
                 struct exo_err *err)
{
    if (rc == EXO_E_TIMEOUT) {
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "%s gave no answer within %d s; run it by hand as the "
            "user that owns the store",
            key, COMMAND_MS / 1000);
    }
    if (rc == EXO_E_IO || rc == EXO_E_NOMEM) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s: cannot read its output or exit status: %s; "
                           "try again",
                           key, exo_strerror(rc));
    }
    if (rc != 0) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "%s: its output: %s; it must be what it is asked for "
            "and nothing else",
            key, exo_strerror(rc));
    }
    if (ended->signal == SIGKILL) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s was killed (signal %d); see the kernel log for "
                           "a shortage of memory",
                           key, SIGKILL);
    }
    if (ended->status != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s failed (%s %d); run it by hand as the user that "
                           "owns the store",
                           key, ended->signal ? "signal" : "exit status",
                           ended->signal ? ended->signal : ended->status);
    }
    return 0;
}

int exo_command_output(struct exo_app *app, const char *key,
                       const char *command, struct exo_secret *secret,
                       struct exo_err *err)
{
    const struct exo_secret *known = recall(app, command);
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_process_user user;
    struct exo_child child;
    struct exo_ended ended;
    gid_t groups[GROUPS_MOST];
    int rc;

    if (known) {
        return exo_secret_copy(secret, known);
    }
    process.command = command;
    process.out = &secret->hidden;
    process.timeout_ms = COMMAND_MS;
    if (become_owner(app, &user, groups)) {
        process.user = &user;
    }
    if (exo_process_start(&child, &process) != 0) {
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "%s cannot be started: %m; see that /bin/sh and free "
            "processes are there",
            key);
    }
    rc = judge(key, exo_process_wait(&child, &ended), &ended, err);
    if (rc == 0) {
        keep(app, command, secret);
    }
    return rc;
}
