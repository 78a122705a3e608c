/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: a login as Postfix makes it. Called by cmd_doctor.c, as root: a
 * child (exoauth/plugins.h) loads the plugins, goes into the jail, becomes
 * the mail user, and asks the mechanism for a token, as smtp(8) does. What it
 * says when it fails is what the mail log would say.
 */
#include "config.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_postfix.h"
#include "exoauth/path.h"
#include "exoauth/clock.h"
#include "helper/settings/reach.h"

#define TRIES 20 /* accounts; the others are alike, or doctor ACCOUNT */
#define GROUPS 64

const char *exo_postfix_jail(const struct exo_postfix *p)
{
    for (size_t i = 0; i < p->n_services; i++) {
        if (exo_postfix_is_client(&p->service[i]) && p->service[i].chroot) {
            return exo_postfix_get(p, "queue_directory");
        }
    }
    return NULL;
}

bool exo_postfix_serves(const struct exo_postfix *p)
{
    for (size_t i = 0; i < p->n_services; i++) {
        const struct exo_postfix_service *s = &p->service[i];
        const char *serve = strstr(s->args, "serve");

        if (strcmp(s->type, "unix") == 0 && strcmp(s->command, "spawn") == 0 &&
            serve && strstr(s->args, "exoauth")) {
            return true;
        }
    }
    return false;
}

/* spawn(8) runs it for whoever connects: what setup refuses is told here. */
static void check_program(struct exo_doctor *d,
                          const struct exo_postfix_service *s)
{
    const char *at = strstr(s->args, "argv=");
    size_t len = at ? strcspn(at + 5, " \t") : 0;
    char path[4096] = "";
    const char *why;
    int rc;

    if (strcmp(s->command, "spawn") != 0 || len == 0 || len >= sizeof(path) ||
        at[5] != '/' || !strstr(at, "exoauth")) {
        return;
    }
    memcpy(path, at + 5, len);
    rc = exo_path_not_roots(path, &why);
    if (rc != 0 && !exo_doctor_system(d, NULL, rc, path)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "the service %s of master.cf runs %.200s, which others "
                        "could exchange: %-s%s",
                        s->name, path, why,
                        exo_file_advice(why, "; install exoauth as root, and "
                                             "run setup postfix of that one"));
    }
}

/* A server that the token may go to; "" if there are patterns only. */
static void pick_server(const struct exo_settings *s, struct exo_buf *server)
{
    const char *list = exo_settings_get(s, EXO_KEY_SERVERS);
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (*word != '*') {
            exo_buf_add(server, word, len);
            return;
        }
    }
}

static void try_account(struct exo_doctor *d, struct exo_login_try *login,
                        const struct exo_account *account,
                        const struct exo_settings *settings)
{
    struct exo_buf server = EXO_BUF_INIT(512);
    struct exo_err err = EXO_ERR_INIT;
    int rc;

    pick_server(settings, &server);
    login->account = account->name;
    if (exo_buf_done(&server, &login->server) != 0) {
        exo_doctor_skip(d, account, "login: not checked: out of memory");
    } else if ((rc = exo_login_try(
                    login, exo_clock_ms() + (d->app->conf->timeout + 5) * 1000,
                    &err)) == 0) {
        exo_doctor_ok(d, account, "Postfix%s%s gets a token for %s",
                      login->root ? " in " : "", login->root ? login->root : "",
                      login->server);
    } else if (err.status == EXO_STATUS_DENIED) {
        exo_doctor_skip(d, account, "not checked: %-s",
                        exo_err_text(&err, EXO_E_STATUS));
    } else {
        exo_doctor_error(d, account, &err, rc);
    }
    exo_buf_free(&server);
}

/* Is it for Postfix, and has a way to get there? */
static bool reaches(struct exo_doctor *d, const struct exo_account *account,
                    const struct exo_settings *settings)
{
    const char *group = d->app->conf->token_group;
    char why[EXO_ERR_TEXT];
    struct exo_err err = EXO_ERR_INIT;
    bool yes = false;
    int rc = exo_reach_allows(settings, group,
                              exo_postfix_get(d->postfix, "mail_owner"), &err);

    if (rc != 0) {
        exo_doctor_skip(d, account, "not checked: %-s", exo_err_text(&err, rc));
    } else if (exo_reach(settings, group) != EXO_REACH_GROUP &&
               !exo_postfix_serves(d->postfix)) {
        exo_reach_why(settings, group, why);
        exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED,
                        "its token is not published for Postfix: %-s; its "
                        "logins need the spawn(8) line of master.cf, run: "
                        "exoauth setup postfix %s",
                        why, EXO_SH(account->name, "ACCOUNT"));
    } else {
        yes = true;
    }
    return yes;
}

static bool find_user(struct exo_doctor *d, struct exo_login_try *login,
                      gid_t *groups)
{
    const char *owner = exo_postfix_get(d->postfix, "mail_owner");
    const struct passwd *pw = getpwnam(owner);
    int n = GROUPS;

    if (!pw) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "there is no user %s, the mail_owner of Postfix; "
                        "reinstall Postfix",
                        owner);
        return false;
    }
    login->uid = pw->pw_uid;
    login->gid = pw->pw_gid;
    if (getgrouplist(owner, pw->pw_gid, groups, &n) < 0) {
        n = GROUPS;
    }
    login->groups = groups;
    login->n_groups = (size_t)n;
    return true;
}

void exo_check_jail(struct exo_doctor *d)
{
    struct exo_login_try login;
    struct exo_buf dirs = EXO_BUF_INIT(4096);
    gid_t groups[GROUPS];
    size_t tries = 0;

    memset(&login, 0, sizeof(login));
    if (!d->logs_in || d->open.status != EXO_STATUS_OK) {
        exo_doctor_skip(d, NULL, "not checked: no Postfix that logs in");
        return;
    }
    if (geteuid() != 0) {
        exo_doctor_skip(d, NULL, "not checked: needs root");
        return;
    }
    if (!find_user(d, &login, groups)) {
        return;
    }
    for (size_t i = 0; i < d->postfix->n_services; i++) {
        check_program(d, &d->postfix->service[i]);
    }
    exo_postfix_plugin_dirs(d->postfix, &dirs);
    login.conf_dir = d->conf_dir;
    if (exo_buf_done(&dirs, &login.sasl_path) != 0) {
        exo_doctor_skip(d, NULL, "login: not checked: out of memory");
        tries = TRIES;
    }
    login.root = exo_postfix_jail(d->postfix);
    for (size_t i = 0; i < d->accounts.n && tries < TRIES; i++) {
        const struct exo_account *account = &d->accounts.account[i];

        if (!d->settings[i]) {
            continue;
        }
        if (reaches(d, account, d->settings[i]) && account->name[0] != '@') {
            try_account(d, &login, account, d->settings[i]);
        }
        tries += account->name[0] != '@';
    }
    if (tries == 0) {
        exo_doctor_skip(d, NULL,
                        "not checked: no account that could log in; "
                        "run: exoauth doctor ACCOUNT");
    }
    exo_buf_free(&dirs);
}
