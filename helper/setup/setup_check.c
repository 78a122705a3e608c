/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does it work? (setup.h) Called by apply, as root, when the configuration of
 * exoauth is in place and before main.cf is; and the part with the socket when
 * Postfix has been told. Each part runs in a child that is what Postfix would
 * start: nothing of root's rights, groups or environment may be why it works.
 *
 *   serve   the line of master.cf (setup_serve.c)
 *   login   libsasl2 with master(8)'s environment, started as root, then in
 *           the jail, then the mail user with his groups (plugins.h)
 *   socket  the same, asking private/exoauth and nothing else
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/plugins.h"
#include "exoauth/process.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"
#include "exoauth/source.h"
#include "setup_check.h"

#define SOCKET_MS 10000 /* for master(8) to listen after a reload */

static int find_mail(const struct exo_setup *s, struct exo_peer *mail,
                     struct exo_err *err)
{
    const char *owner = exo_postfix_get(s->postfix, "mail_owner");

    errno = 0;
    return exo_peer_user(mail, owner) == 0 ? 0
           : exo_err_system(err, EXO_E_IO, "cannot look for user %s", owner)
               ? EXO_E_STATUS
               : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "there is no user %s (mail_owner of Postfix), or "
                             "he is in too many groups; see: id %s",
                             owner, EXO_SH(owner, "USER"));
}

/* ---- the mail user in his jail ----------------------------------------- */

static int check_login(const struct exo_setup *s, const struct exo_peer *mail,
                       const char *account, struct exo_err *err)
{
    struct exo_buf conf_dir = EXO_BUF_INIT(4096);
    struct exo_buf sasl_path = EXO_BUF_INIT(4096);
    struct exo_login_try login;
    int rc = 0;

    /* The environment of daemons is master(8)'s, not that of this shell. */
    (void)unsetenv("SASL_CONF_PATH");
    memset(&login, 0, sizeof(login));
    if (exo_postfix_import(s->postfix, "SASL_CONF_PATH", &conf_dir)) {
        rc = exo_buf_done(&conf_dir, &login.conf_dir);
    }
    (void)exo_postfix_import(s->postfix, "SASL_PATH", &sasl_path);
    if (rc == 0) {
        rc = exo_buf_done(&sasl_path, &login.sasl_path);
    }
    if (rc == 0) {
        rc = exo_buf_done(&s->host, &login.server);
    }
    login.root = s->chroot ? s->queue_dir : NULL;
    login.uid = mail->uid;
    login.gid = mail->gid;
    login.groups = mail->groups;
    login.n_groups = mail->n_groups;
    login.account = account;
    if (rc == 0) {
        rc = exo_login_try(&login, exo_clock_ms() + EXO_SETUP_CHECK_MS, err);
    }
    exo_buf_free(&conf_dir);
    exo_buf_free(&sasl_path);
    return rc;
}

/* ---- both, for each account -------------------------------------------- */

/* An @domain serves any name of its domain. */
static void mailbox_of(const struct exo_account *account, char *name,
                       size_t size)
{
    (void)snprintf(name, size, "%s%s",
                   account->name[0] == '@' ? "postmaster" : "", account->name);
}

static void good(const char *what, const char *account)
{
    exo_say("%s: %s", account, what);
}

int exo_setup_check(const struct exo_setup *s, struct exo_err *err)
{
    char name[2 * EXO_ACCOUNT_MAX];
    struct exo_peer mail;
    int rc = find_mail(s, &mail, err);

    for (size_t i = 0; rc == 0 && i < s->n_accounts; i++) {
        mailbox_of(&s->account[i], name, sizeof(name));
        rc = exo_setup_check_serve(s, &mail, name, err);
        if (rc == 0) {
            good("exoauth serve has a token, as spawn(8) will run it", name);
        }
        if (rc == 0 && s->asks[i]) {
            good("it is not published for the mail user, who asks spawn(8)",
                 name);
            continue;
        }
        if (rc == 0) {
            rc = check_login(s, &mail, name, err);
        }
        if (rc == 0) {
            good(s->chroot ? "the mail user in the jail can log in with it"
                           : "the mail user can log in with it",
                 name);
        }
    }
    return rc;
}

/* ---- the socket -------------------------------------------------------- */

static void quiet(void *context, const char *text)
{
    (void)context;
    (void)text;
}

/* For the child. */
struct question {
    const struct exo_setup *s;
    const struct exo_peer *mail;
    const char *account;
};

static int ask_from_jail(void *context)
{
    const struct question *q = context;
    const struct exo_setup *s = q->s;
    const struct exo_peer *mail = q->mail;
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_answer answer;
    const char *why;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (setgroups(mail->n_groups, mail->groups) != 0 ||
        (s->chroot && chroot(s->queue_dir) != 0) ||
        chdir(s->chroot ? "/" : s->queue_dir) != 0 ||
        setresgid(mail->gid, mail->gid, mail->gid) != 0 ||
        setresuid(mail->uid, mail->uid, mail->uid) != 0) {
        return 2;
    }
    request.get = q->account;
    if (exo_buf_done(&s->host, &request.server) != 0) {
        return 2;
    }
    exo_source_get(s->conf, &request, EXO_SOURCE_NO_FILE | EXO_SOURCE_NO_SPAWN,
                   quiet, NULL, &answer);
    if (answer.reply.status == EXO_STATUS_OK) {
        exo_answer_free(&answer);
        return 0;
    }
    why = answer.reply.message ? answer.reply.message : "no answer";
    return exo_file_write_all(STDOUT_FILENO, why, strlen(why)) == 0 ? 1 : 2;
}

static int ask_once(const struct exo_setup *s, const struct exo_peer *mail,
                    const char *account, struct exo_err *err)
{
    const struct question question = { s, mail, account };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_buf why = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    struct exo_ended ended;
    int rc;

    process.work = ask_from_jail;
    process.context = (void *)(uintptr_t)&question;
    process.out = &why;
    process.timeout_ms = EXO_SETUP_CHECK_MS;
    rc = exo_process_run(&process, &ended);
    if (rc != 0 || ended.status != 0) {
        rc =
            exo_err_set(err, EXO_STATUS_TRANSIENT,
                        "Postfix is set up, but its socket "
                        "private/" EXO_SETUP_SERVICE " gave the mail user no "
                        "token: %-s; see the log of Postfix",
                        why.len > 0 ? exo_buf_shown(&why) : "it did not start");
    }
    exo_buf_free(&why);
    return rc;
}

static int check_socket(const struct exo_setup *s, const struct exo_peer *mail,
                        const char *account, int64_t deadline,
                        struct exo_err *err)
{
    int rc = ask_once(s, mail, account, err);

    while (rc != 0 && exo_clock_ms() < deadline) {
        (void)usleep(100 * 1000);
        rc = ask_once(s, mail, account, err);
    }
    if (rc == 0) {
        good("the socket of spawn(8) answers the mail user", account);
        *err = (struct exo_err)EXO_ERR_INIT;
    }
    return rc;
}

int exo_setup_check_socket(const struct exo_setup *s, struct exo_err *err)
{
    int64_t deadline = exo_clock_ms() + SOCKET_MS;
    char name[2 * EXO_ACCOUNT_MAX];
    struct exo_peer mail;
    int rc = find_mail(s, &mail, err);

    for (size_t i = 0; rc == 0 && i < s->n_accounts; i++) {
        if (i == 0 || s->asks[i]) {
            mailbox_of(&s->account[i], name, sizeof(name));
            rc = check_socket(s, &mail, name, deadline, err);
        }
    }
    return rc;
}
