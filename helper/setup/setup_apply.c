/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the changes (setup.h). Called by cmd_setup.c as root, after they
 * were agreed to.
 *
 *   journal, user, exoauth.conf, directories; then the check, which needs
 *   those; then maps, master.cf, main.cf; then postfix reload
 *
 * Each file is one rename, and what is used comes before what uses it, so
 * whoever is killed in between leaves a Postfix that works as before: until
 * main.cf is in place nothing of the rest is looked at. Where the check fails,
 * Postfix's own files are as they were.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/app/lock.h"
#include "helper/app/place.h"
#include "helper/app/prompt.h"
#include "helper/postfix/run.h"
#include "setup.h"

#define RUN_MS 60000

int exo_setup_agree(const struct exo_setup *s, bool *yes, struct exo_err *err)
{
    char answer[16] = "";

    *yes = s->request->yes;
    if (*yes) {
        return 0;
    }
    if (isatty(0) != 1) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "nothing was changed: there is no terminal to ask; "
                           "look at it with --dry-run, then add --yes");
    }
    (void)fprintf(stderr, "Change this? [y/N] ");
    (void)fflush(stderr);
    *yes = fgets(answer, sizeof(answer), stdin) != NULL &&
           (answer[0] == 'y' || answer[0] == 'Y');
    return 0;
}

/* A system user with a group of its own, as sysusers.d and README make it. */
static int make_user(const struct exo_setup *s, struct exo_err *err)
{
    const char *name = s->conf->run_as;
    char *useradd = exo_run_find("useradd");
    const char *argv[] = {
        useradd,      "--system",          "--user-group",
        "--home-dir", "/var/lib/exoauth",  "--no-create-home",
        "--shell",    "/usr/sbin/nologin", name,
        NULL
    };
    struct exo_buf said = EXO_BUF_INIT(4096);
    int status = 1;
    int rc = useradd ? exo_run(argv, RUN_MS, NULL, &said, &status)
                     : exo_error_from_errno(errno);

    if (exo_err_system(err, rc, "cannot make the system user %s", name)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0 || status != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot make the system user %s: %s; make it, or let "
                         "systemd-sysusers do so, then try again",
                         name,
                         rc != 0 ? "there is no useradd"
                                 : exo_postfix_complaint(&said));
    }
    exo_buf_free(&said);
    free(useradd);
    return rc;
}

/* Two of them at a time would write each other's journal and exoauth.conf. */
int exo_setup_lock(const struct exo_setup *s, int *fd, struct exo_err *err)
{
    struct exo_path_rule rule;

    exo_path_rule_self(&rule);
    return exo_lock_take(&rule, s->conf->path,
                         "nothing was changed: another setup is at work; wait "
                         "for its end, then run this again",
                         fd, err);
}

/* What exoauth itself needs, with the user and configuration in place. */
static int prepare(struct exo_setup *s, struct exo_app *app,
                   struct exo_err *err)
{
    struct exo_conf *conf = NULL;
    int rc = exo_conf_load(&conf, s->conf->path, false, EXO_HELPER, err);

    if (rc == 0) {
        exo_conf_free(s->conf);
        s->conf = conf;
        rc = exo_app_open(app, s->conf->path, false, err);
    }
    if (rc == 0) {
        /* Its log is for what runs unseen. */
        app->conf->log[0] = '\0';
        exo_place_all(app);
        /* The check would find tokens missing, and not for want of what. */
        if (app->unplaced.status == EXO_STATUS_TRANSIENT ||
            app->unplaced.status == EXO_STATUS_STORE) {
            *err = app->unplaced;
            rc = EXO_E_STATUS;
        } else if (app->unplaced_jail.status != EXO_STATUS_OK) {
            *err = app->unplaced_jail;
            rc = EXO_E_STATUS;
        }
    }
    return rc;
}

/* exoauth.conf, or the files of Postfix. */
static int write_files(bool conf, const struct exo_setup_file file[], size_t n,
                       struct exo_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if ((file[i].kind == EXO_SETUP_CONF) == conf) {
            rc = exo_setup_file_write(&file[i], err);
        }
    }
    return rc;
}

/* Whoever reads this must know what of it is in place. */
static int but(const char *what, int rc, struct exo_err *err)
{
    struct exo_err why = *err;

    exo_err_words(&why, rc);
    return exo_err_set(err, why.status, "%s: %-s", what,
                       exo_err_text(&why, rc));
}

static int prepare_all(struct exo_setup *s, struct exo_app *app,
                       const struct exo_setup_file file[], size_t n,
                       struct exo_err *err)
{
    int rc = s->nobody ? make_user(s, err) : 0;

    if (rc == 0) {
        rc = write_files(true, file, n, err);
    }
    if (rc == 0) {
        rc = prepare(s, app, err);
    }
    return rc == 0 ? exo_setup_check(s, err) : rc;
}

static int make_changes(struct exo_setup *s, struct exo_app *app,
                        const struct exo_setup_file file[], size_t n,
                        struct exo_err *err)
{
    bool any = s->changes.n > 0;
    int rc = any ? exo_setup_journal(s, file, n, err) : 0;

    if (rc != 0) {
        return but("Postfix was not changed", rc, err);
    }
    rc = prepare_all(s, app, file, n, err);
    if (rc != 0) {
        return any ? but("Postfix was not changed; what was made for it before "
                         "is taken back by --undo",
                         rc, err)
                   : rc;
    }
    rc = write_files(false, file, n, err);
    return rc == 0 ? 0
                   : but("only a part was changed, which --undo takes back", rc,
                         err);
}

int exo_setup_reload(const struct exo_setup *s, bool changed, bool *running,
                     struct exo_err *err)
{
    char *postfix = exo_run_find("postfix");
    const char *argv[] = { postfix, "-c", s->postfix->config_dir, "status",
                           NULL };
    struct exo_buf said = EXO_BUF_INIT((size_t)64 * 1024);
    int status = 1;
    int rc = postfix ? exo_run(argv, RUN_MS, &said, &said, &status)
                     : exo_error_from_errno(errno);

    *running = rc == 0 && status == 0;
    rc = exo_err_system(err, rc,
                        "Postfix is set up, but it is not known whether it "
                        "runs: cannot run postfix status")
             ? EXO_E_STATUS
             : 0;
    if (rc == 0 && *running && changed) {
        argv[3] = "reload";
        exo_buf_reset(&said);
        rc = exo_run(argv, RUN_MS, &said, &said, &status);
        if (rc != 0 || status != 0) {
            rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                             "Postfix is set up but did not reload: %s; run: "
                             "postfix -c %s reload",
                             exo_postfix_complaint(&said),
                             EXO_SH(s->postfix->config_dir, "DIR"));
        }
    }
    exo_buf_free(&said);
    free(postfix);
    return rc;
}

int exo_setup_apply(struct exo_setup *s, struct exo_app *app,
                    struct exo_err *err)
{
    struct exo_setup_file file[EXO_SETUP_FILES];
    bool postfix = exo_changes_find(&s->changes, EXO_SETUP_MAIN, NULL) ||
                   exo_changes_find(&s->changes, EXO_SETUP_MASTER, NULL) ||
                   exo_changes_find(&s->changes, EXO_SETUP_MAP, NULL);
    bool running = false;
    size_t n = 0;
    int rc = exo_setup_texts(s, &s->changes, file, &n, err);

    if (rc == 0) {
        rc = make_changes(s, app, file, n, err);
    }
    if (rc == 0) {
        rc = exo_setup_reload(s, postfix, &running, err);
    }
    if (rc == 0 && running) {
        rc = exo_setup_check_socket(s, err);
    } else if (rc == 0 && postfix) {
        exo_setup_warn("Postfix does not run; start it: postfix -c %s start",
                       EXO_SH(s->postfix->config_dir, "DIR"));
    }
    for (size_t i = 0; i < n; i++) {
        exo_setup_file_free(&file[i]);
    }
    return rc;
}
