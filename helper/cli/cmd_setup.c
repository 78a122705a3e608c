/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth setup postfix: from an account that works to a Postfix that logs in
 * with it, or (--undo) back. All of it is root's work, so main() opens nothing
 * for it: the user that it would become may be one of the things to be made.
 * What will change is on stdout, the last line there is `changed`,
 * `unchanged`, or with --dry-run `would change`.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper/settings/settings.h"
#include "cmd.h"
#include "helper/setup/setup.h"

static int check_words(const struct exo_options *o, struct exo_err *err)
{
    if (o->n_words == 0 || strcmp(o->words[0], "postfix") != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "only postfix can be set up; see: exoauth setup "
                           "--help");
    }
    if (o->undo &&
        (o->n_words > 1 || o->relayhost || o->transport || o->rate_delay > 0)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--undo takes back all of it, and neither account "
                           "nor values; see: exoauth setup --help");
    }
    if (!o->undo && o->n_words < 2) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "setup postfix: give the account that the relay "
                           "is for; see: exoauth list");
    }
    if (geteuid() != 0 && !o->dry_run) {
        return exo_err_set(
            err, EXO_STATUS_USAGE,
            "setting up Postfix is for root; add --dry-run, or "
            "run it with sudo: sudo exoauth setup postfix %s%s%s",
            o->undo ? "--undo" : "ACCOUNT",
            o->config_dir ? " --config-dir " : "",
            o->config_dir ? EXO_SH(o->config_dir, "DIR") : "");
    }
    return 0;
}

static int finish(const struct exo_setup *s, bool changed, struct exo_err *err)
{
    return changed && s->request->dry_run ? exo_out("would change\n", 13, err)
                                          : exo_out_changed(changed, err);
}

static int undo(struct exo_setup *s, struct exo_err *err)
{
    bool running = false;
    bool changed = false;
    struct exo_err reload = EXO_ERR_INIT;
    int rc = exo_setup_undo(s, &changed, err);

    if (changed && !s->request->dry_run) {
        int failed = exo_setup_reload(s, true, &running, &reload);

        if (failed != 0) {
            exo_setup_warn("%-s", exo_err_text(&reload, failed));
        }
    }
    return rc == 0 ? finish(s, changed, err) : rc;
}

static int show(const struct exo_setup *s, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(2 * EXO_SETUP_TEXT);
    int rc;

    exo_buf_fmt(&text, "Postfix %s in %s, relay ",
                exo_postfix_get(s->postfix, "mail_version"),
                s->postfix->config_dir);
    exo_buf_join(&text, &s->relay);
    exo_buf_str(&text, s->chroot ? ", in its jail\n" : "\n");
    exo_setup_show(s, &s->changes, &text);
    rc = exo_out_buf(&text, err);
    exo_buf_free(&text);
    return rc;
}

/* The account may be in a file whose name is not read. */
static void stray(void *context, const char *text)
{
    (void)context;
    exo_setup_warn("%-s", text);
}

static int set_up(struct exo_setup *s, struct exo_app *app, struct exo_err *err)
{
    bool yes = true;
    int rc = exo_setup_plan(s, err);

    if (rc == 0) {
        rc = show(s, err);
    }
    if (rc != 0) {
        return rc;
    }
    exo_setup_warnings(s);
    exo_settings_strays(s->conf, stray, NULL); /* may be meant, and unread */
    if (!s->request->dry_run) {
        if (s->changes.n > 0) {
            rc = exo_setup_agree(s, &yes, err);
        }
        if (rc == 0 && yes) {
            rc = exo_setup_apply(s, app, err);
        }
    }
    return rc == 0 ? finish(s, yes && s->changes.n > 0, err) : rc;
}

static int run(struct exo_app *app, struct exo_options *o, struct exo_err *err)
{
    const struct exo_setup_request request = {
        .config = o->config,
        .accounts = o->words + 1,
        .n_accounts = o->n_words > 0 ? o->n_words - 1 : 0,
        .relayhost = o->relayhost,
        .transport = o->transport,
        .config_dir = o->config_dir,
        .rate_delay = o->rate_delay,
        .yes = o->yes,
        .dry_run = o->dry_run,
        .undo = o->undo,
    };
    const struct rlimit none = { 0, 0 };
    struct exo_setup s;
    int fd = -1;
    int rc = check_words(o, err);

    if (rc != 0) {
        return rc;
    }
    (void)setrlimit(RLIMIT_CORE, &none); /* a token passes through */
    memset(&s, 0, sizeof(s));
    s.request = &request;
    rc = exo_setup_read(&s, err);
    if (rc == 0 && !o->dry_run) {
        rc = exo_setup_lock(&s, &fd, err);
    }
    if (rc == 0 && !o->dry_run) {
        exo_setup_sweep(&s);
    }
    if (rc == 0) {
        rc = o->undo ? undo(&s, err) : set_up(&s, app, err);
    }
    if (rc != 0 && err->status == EXO_STATUS_NO_ACCOUNT && s.conf) {
        exo_settings_strays(s.conf, stray, NULL);
    }
    exo_setup_free(&s);
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

const struct exo_command exo_cmd_setup = {
    .name = "setup",
    .usage = "postfix ACCOUNT... [--relayhost '[HOST]:PORT'] [--transport "
             "NAME] [--rate-delay SECONDS] [--config-dir DIR] [--yes|--dry-run]"
             " | postfix --undo [--config-dir DIR] [--yes|--dry-run]",
    .help = "Makes a Postfix log in at its relay with these accounts: shows "
            "what will change,\nasks, checks that it works, changes it. Run "
            "again, it changes what is missing.\n\n"
            "  --relayhost [H]:P     the relay (the one of today, or the first "
            "of servers)\n"
            "  --transport NAME      not all mail, but that of these senders, "
            "by a service\n"
            "                        of this name in master.cf\n"
            "  --rate-delay SECONDS  between two messages; for one mailbox "
            "only\n"
            "  --config-dir DIR      this instance of Postfix (postmulti -l)\n"
            "  --yes                 do not ask\n"
            "  --dry-run             show it, change nothing\n"
            "  --undo                take back what setup has changed\n",
    .options = EXO_OPT_SETUP,
    .takes_words = true,
    .opens = true,
    .run = run,
};
