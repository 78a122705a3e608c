/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What setup begins with (setup.h): the configuration of exoauth, the
 * Postfix, the accounts, and the relay they are for. Called by cmd_setup.c as
 * root, before anything is changed; nothing here writes. What cannot work is
 * refused here, in one line, so that no half of it is ever in place.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/app/account_word.h"
#include "helper/app/ours.h"
#include "helper/settings/reach.h"
#include "helper/postfix/run.h"
#include "helper/settings/settings.h"
#include "exoauth/path.h"
#include "setup.h"

static int read_conf(struct exo_setup *s, struct exo_err *err)
{
    char *path = NULL;
    bool user = false;
    int rc = exo_conf_find(s->request->config, NULL, &path, &user);

    if (rc == 0) {
        exo_ours_are(path, false, NULL);
        rc = exo_conf_load(&s->conf, path, false, EXO_HELPER, err);
        exo_ours_are(path, false, s->conf);
    } else if (exo_err_system(err, rc, "cannot look for exoauth.conf")) {
        rc = EXO_E_STATUS;
    } else {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot tell which configuration is in force: %s; "
                         "name it with --config FILE",
                         exo_strerror(rc));
    }
    free(path);
    return rc;
}

/* It becomes the key and the value of a line of a map, and part of a regular
 * expression. NULL, or what Postfix would read otherwise. */
static const char *misread(const char *name)
{
    static const char special[] = " \t#:,;{}$\"\\()<>[]*";
    static char found[2];
    const char *at = name + strcspn(name, special);

    if (*at == '\0') {
        return NULL;
    }
    found[0] = *at;
    return *at == ' ' || *at == '\t' ? "a blank" : found;
}

static int take_accounts(struct exo_setup *s, struct exo_err *err)
{
    size_t n = s->request->n_accounts;

    s->account = calloc(n + 1, sizeof(*s->account));
    s->asks = calloc(n + 1, sizeof(*s->asks));
    if (!s->account || !s->asks) {
        return EXO_E_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        const char *word = s->request->accounts[i];
        struct exo_account *a = &s->account[i];

        const char *sign;

        if (exo_account_word(a, word, err) != 0) {
            return EXO_E_STATUS;
        }
        sign = misread(a->name);
        if (sign) {
            return exo_err_set(err, EXO_STATUS_USAGE,
                               "cannot write %s into the maps of Postfix: it "
                               "contains %s, which Postfix reads as syntax; "
                               "use an account without it",
                               a->name, sign);
        }
        s->has_domain |= a->name[0] == '@';
    }
    s->n_accounts = n;
    s->by_sender = n > 1 || s->has_domain;
    return 0;
}

/* The program that runs here is the one that spawn(8) shall run. */
static int find_program(struct exo_setup *s, struct exo_err *err)
{
    const char *why;
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    int rc;

    if (n <= 0 && exo_err_system(err, EXO_E_IO, "cannot read /proc/self/exe")) {
        return EXO_E_STATUS;
    }
    if (n <= 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot tell where this program is: %m; see that "
                           "/proc is mounted");
    }
    path[n] = '\0';
    if (strpbrk(path, " \t\n$")) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "master.cf cannot hold the path %s; install exoauth "
                           "where no blank and no $ is in its path",
                           path);
    }
    rc = exo_path_not_roots(path, &why);
    if (exo_err_system(err, rc, "cannot look at %s", path)) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "master.cf must not name %.200s, which others could "
                           "exchange: %-s%s",
                           path, why,
                           exo_file_advice(why,
                                           "; install exoauth as root, and "
                                           "use that one"));
    }
    exo_buf_str(&s->program, path);
    return s->program.error;
}

/* postconf -A: what Postfix can log in with. */
static int check_sasl(const struct exo_setup *s, struct exo_err *err)
{
    const struct exo_postfix *p = s->postfix;
    const char *type = exo_postfix_get(p, "smtp_sasl_type");
    const char *argv[] = { p->postconf, "-c", p->config_dir, "-A", NULL };
    struct exo_buf out = EXO_BUF_INIT(4096);
    int status = 0;
    const char *said;
    int rc = exo_run(argv, 10000, &out, NULL, &status);
    bool can = false;

    if (rc == 0) {
        rc = exo_buf_done(&out, &said);
        can = rc == 0 && exo_postfix_has_word(said, "cyrus");
    }
    if (exo_err_system(err, rc, "cannot run %s -A", p->postconf)) {
        exo_buf_free(&out);
        return EXO_E_STATUS;
    }
    exo_buf_free(&out);
    if (!can) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "this Postfix was built without Cyrus SASL for its "
                           "clients (postconf -A); install one that has it");
    }
    if (strcmp(type, "cyrus") != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "smtp_sasl_type is %s, so that no plugin of "
                           "libsasl2 is used; run: postconf -c %s -X "
                           "smtp_sasl_type",
                           type, EXO_SH(p->config_dir, "DIR"));
    }
    return 0;
}

/* spawn(8) runs nothing as root or as the owner of the mail. */
static int check_run_as(struct exo_setup *s, struct exo_err *err)
{
    const char *owner = exo_postfix_get(s->postfix, "mail_owner");
    const char *run_as = s->conf->run_as;

    if (strcmp(run_as, "root") == 0 || strcmp(run_as, owner) == 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "run_as is %s in %s, and spawn(8) of Postfix runs "
                           "nothing as root or %s; give exoauth a user of its "
                           "own there",
                           run_as, s->conf->path, owner);
    }
    return 0;
}

static int find_group(struct exo_setup *s, struct exo_err *err)
{
    const char *owner = exo_postfix_get(s->postfix, "mail_owner");
    const char *group = s->conf->token_group;
    const struct passwd *pw;
    const struct group *gr;

    errno = 0;
    pw = getpwnam(owner);
    gr = pw ? getgrgid(pw->pw_gid) : NULL;
    if (!pw || !gr) {
        return exo_err_system(err, EXO_E_IO, "cannot look up user %s", owner)
                   ? EXO_E_STATUS
                   : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                                 "there is no user %s with a group (mail_owner "
                                 "of Postfix); install Postfix again",
                                 owner);
    }
    s->token_group = strdup(group[0] != '\0' ? group : gr->gr_name);
    return s->token_group ? 0 : EXO_E_NOMEM;
}

int exo_setup_read(struct exo_setup *s, struct exo_err *err)
{
    int rc = read_conf(s, err);

    if (rc == 0) {
        rc = exo_postfix_open(&s->postfix, s->request->config_dir, err);
    }
    if (rc == 0) {
        s->queue_dir = exo_postfix_get(s->postfix, "queue_directory");
        s->transport = s->request->transport;
        exo_buf_init(&s->relay, 512);
        exo_buf_init(&s->host, 512);
        exo_buf_init(&s->program, 4096);
        rc = take_accounts(s, err);
    }
    if (rc == 0 && !s->request->undo) {
        rc = find_program(s, err);
        if (rc == 0) {
            rc = check_sasl(s, err);
        }
        if (rc == 0) {
            rc = check_run_as(s, err);
        }
        if (rc == 0) {
            rc = find_group(s, err);
        }
    }
    return rc;
}

void exo_setup_free(struct exo_setup *s)
{
    exo_changes_free(&s->changes);
    exo_postfix_close(s->postfix);
    exo_ours_are(NULL, false, NULL);
    exo_conf_free(s->conf);
    free(s->account);
    free(s->asks);
    free(s->token_group);
    exo_buf_free(&s->relay);
    exo_buf_free(&s->host);
    exo_buf_free(&s->program);
    memset(s, 0, sizeof(*s));
}

/* ---- the relay --------------------------------------------------------- */

/* [host] or [host]:port. Without brackets Postfix would look for the MX of
 * that name, another host than the account's servers name. */
static int cut_relay(const char *relay, struct exo_buf *host)
{
    const char *end = relay[0] == '[' ? strchr(relay, ']') : NULL;

    exo_buf_reset(host);
    if (!end || end == relay + 1 || strpbrk(relay, " \t,;$")) {
        return EXO_E_SYNTAX;
    }
    if (end[1] != '\0' &&
        (end[1] != ':' || end[2] == '\0' ||
         end[2 + strspn(end + 2, "abcdefghijklmnopqrstuvwxyz0123456789-")] !=
             '\0')) {
        return EXO_E_SYNTAX;
    }
    exo_buf_add(host, relay + 1, (size_t)(end - relay - 1));
    return host->error;
}

/* The first name with "smtp" in front, else the first name. */
static void first_server(const char *servers, struct exo_buf *relay)
{
    const char *list = servers;
    const char *found = NULL;
    size_t found_len = 0;
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        bool smtp = strncmp(word, "smtp", 4) == 0;

        if (*word != '*' && (!found || smtp)) {
            found = word;
            found_len = len;
        }
        if (*word != '*' && smtp) {
            break;
        }
    }
    if (found) {
        exo_buf_fmt(relay, "[%.*s]:587", (int)found_len, found);
    }
}

static int choose_relay(struct exo_setup *s, const char *servers)
{
    const char *today = exo_postfix_get(s->postfix, "relayhost");
    const char *given = s->request->relayhost;
    const char *host;
    int rc = given || s->transport ? EXO_E_SYNTAX : cut_relay(today, &s->host);

    if (rc == EXO_E_NOMEM) {
        return rc;
    }
    if (given) {
        exo_buf_str(&s->relay, given);
    } else if (rc == 0 && exo_buf_done(&s->host, &host) == 0 &&
               exo_servers_allow(servers, host)) {
        exo_buf_str(&s->relay, today);
    } else {
        first_server(servers, &s->relay);
    }
    return s->relay.error;
}

static int cut_chosen(struct exo_setup *s, struct exo_err *err)
{
    const char *relay;
    int rc = exo_buf_done(&s->relay, &relay);

    if (rc == 0) {
        rc = cut_relay(relay, &s->host);
    }
    if (rc == EXO_E_SYNTAX) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "the relay must be given as [host]:port, in "
                         "brackets; add --relayhost '[smtp.example.com]:"
                         "587'");
    }
    return rc;
}

static bool is_exchange(const char *host)
{
    static const char servers[] = "*.office365.com *.office365.us "
                                  "*.outlook.com *.outlook.cn *.apps.mil";

    return exo_servers_allow(servers, host);
}

static int check_account(struct exo_setup *s, size_t i, struct exo_err *err)
{
    const struct exo_account *account = &s->account[i];
    struct exo_settings *settings;
    const char *servers, *host;
    int rc = exo_settings_load(&settings, s->conf, account, err);

    if (rc != 0) {
        return rc;
    }
    servers = exo_settings_get(settings, EXO_KEY_SERVERS);
    if (i == 0) {
        rc = choose_relay(s, servers);
        if (rc == 0) {
            rc = cut_chosen(s, err);
        }
    }
    if (rc == 0) {
        rc = exo_buf_done(&s->host, &host);
    }
    if (rc == 0) {
        rc = exo_reach_server(settings, host, "name another --relayhost", err);
    }
    if (rc == 0) {
        s->asks[i] = exo_reach(settings, s->token_group) != EXO_REACH_GROUP;
        rc = exo_reach_allows(settings, s->token_group,
                              exo_postfix_get(s->postfix, "mail_owner"), err);
    }
    exo_settings_free(settings);
    return rc;
}

int exo_setup_plan_relay(struct exo_setup *s, struct exo_err *err)
{
    const struct exo_setup_request *o = s->request;
    const char *host;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->n_accounts; i++) {
        rc = check_account(s, i, err);
    }
    if (rc == 0) {
        rc = exo_buf_done(&s->host, &host);
        s->exchange = rc == 0 && is_exchange(host);
    }
    /* Exchange counts per mailbox, Postfix per relay. */
    if (rc == 0 && o->rate_delay > 0 && s->by_sender) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--rate-delay is for a single mailbox: Postfix would "
                         "hold up all of them together; leave it out");
    }
    return rc;
}
