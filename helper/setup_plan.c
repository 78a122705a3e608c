/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of setup (setup.h), but for what concerns the client's own
 * parameters (setup_client.c): the user, exoauth.conf, the maps and the
 * spawn(8) service. Called by exo_setup_plan(), as root or not; nothing here
 * writes but into the list of changes.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "setup.h"

static bool list_has(const char *list, const char *word)
{
    const char *found;
    size_t len;

    while ((found = exo_word_next(&list, &len)) != NULL) {
        if (len == strlen(word) && strncmp(found, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* A key of exoauth.conf whose list must have this word. in_force: with the
 * default, said: what the file itself says. */
static void want_word(struct exo_setup *s, const char *key,
                      const char *in_force, const char *word)
{
    const char *said = exo_block_get(&s->conf->block, key);
    struct exo_buf list = EXO_BUF_INIT(EXO_BLOCK_VALUE);

    if (!list_has(in_force, word)) {
        exo_buf_fmt(&list, "%s%s%s", in_force, *in_force ? " " : "", word);
        exo_changes_text(&s->changes, EXO_SETUP_CONF, key, said, &list);
    }
    exo_buf_free(&list);
}

/* Does Postfix's user get into the directory of the tokens? */
static bool is_member(const struct passwd *pw, const char *group)
{
    const struct group *gr = getgrnam(group);
    gid_t groups[256];
    int n = 256;

    if (!gr || getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (groups[i] == gr->gr_gid) {
            return true;
        }
    }
    return false;
}

static int plan_group(struct exo_setup *s, struct exo_err *err)
{
    const char *owner = exo_postfix_get(s->postfix, "mail_owner");
    const char *group = s->conf->token_group;
    const struct passwd *pw = getpwnam(owner);

    if (group[0] == '\0') {
        exo_changes_add(&s->changes, EXO_SETUP_CONF, "token_group",
                        exo_block_get(&s->conf->block, "token_group"),
                        s->token_group);
    } else if (!pw || !is_member(pw, group)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "token_group is %s in %s, and user %s is not in it; "
                           "run: usermod -a -G %s %s",
                           group, s->conf->path, owner, EXO_SH(group, "GROUP"),
                           EXO_SH(owner, "USER"));
    }
    return 0;
}

int exo_setup_plan_conf(struct exo_setup *s, struct exo_err *err)
{
    struct exo_buf socket = EXO_BUF_INIT(4096);
    const char *path;
    int rc;

    errno = 0;
    s->nobody = getpwnam(s->conf->run_as) == NULL;
    if (s->nobody && exo_err_system(err, EXO_E_IO, "cannot look for user %s",
                                    s->conf->run_as)) {
        return EXO_E_STATUS;
    }
    if (s->nobody) {
        exo_changes_add(&s->changes, EXO_SETUP_USER, s->conf->run_as, NULL,
                        s->conf->run_as);
    }
    if (s->chroot) {
        want_word(s, "chroot", s->conf->chroot, s->queue_dir);
    }
    rc = plan_group(s, err);
    exo_buf_fmt(&socket, "%s/private/" EXO_SETUP_SERVICE,
                s->chroot ? "" : s->queue_dir);
    if (rc == 0) {
        rc = exo_buf_done(&socket, &path);
    }
    if (rc == 0) {
        want_word(s, "socket", s->conf->socket, path);
    }
    exo_buf_free(&socket);
    return rc;
}

/* ---- maps -------------------------------------------------------------- */

static const char head[] =
    "# Made by exoauth setup postfix. Names only, no password.\n";

/* Where each map is and how Postfix reads it. texthash: is for a key that is
 * no sender only: Postfix also asks such a map for the bare local part of a
 * local sender, and "two@contoso.test"@localhost would be two@contoso.test. */
static const struct {
    const char *type, *name;
} maps[EXO_SETUP_MAPS] = {
    [EXO_SETUP_RELAY] = { "texthash:", "exoauth_passwd" },
    [EXO_SETUP_SENDERS] = { "regexp:", "exoauth_senders" },
    [EXO_SETUP_WAYS] = { "regexp:", "exoauth_transport" },
};

void exo_setup_map(const struct exo_setup *s, enum exo_setup_map which,
                   struct exo_buf *out)
{
    exo_buf_str(out, maps[which].type);
    exo_setup_in_dir(s, maps[which].name, out);
}

static int want_map(struct exo_setup *s, enum exo_setup_map which,
                    const struct exo_buf *text, struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    struct exo_setup_file file;
    const char *where;
    const char *before = NULL;
    int rc;

    exo_setup_in_dir(s, maps[which].name, &path);
    rc = exo_buf_done(&path, &where);
    if (rc == 0) {
        rc = exo_setup_file_read(&file, where, EXO_SETUP_TEXT, err);
        if (rc == 0 && file.existed) {
            rc = exo_buf_done(&file.before, &before);
        }
        if (rc == 0) {
            exo_changes_text(&s->changes, EXO_SETUP_MAP, where, before, text);
        }
        exo_setup_file_free(&file);
    }
    exo_buf_free(&path);
    return rc;
}

/* Who logs in at the relay, whoever sends. */
static void put_relay(const struct exo_setup *s, struct exo_buf *text)
{
    size_t i = 0;

    exo_buf_str(text, head);
    while (i < s->n_accounts && s->account[i].name[0] == '@') {
        i++;
    }
    if (i < s->n_accounts) {
        exo_buf_join(text, &s->relay);
        exo_buf_fmt(text, " %s\n", s->account[i].name);
    }
}

/* Postfix cuts what a map gives at the first colon, into user and password,
 * and looks a sender up without the quotes of its local part. So only local
 * parts are let through that an account may have (exo_account_set()): others
 * could name an account of another domain, or DOMAIN\\user.
 * exoauth-recipes(7) prints it, too. */
#define SENDER "[^][:space:][:cntrl:]\"(),:;<>@[\\\\*\\/?]+"
#define NO_DOTS "if !/^\\.|\\.[.@]/\n"

/* name as an expression that matches nothing else. */
static void put_exactly(const char *name, struct exo_buf *text)
{
    for (; *name != '\0'; name++) {
        if (strchr("/.[]()*+?{}|^$\\", *name)) {
            exo_buf_str(text, "\\");
        }
        exo_buf_add(text, name, 1);
    }
}

/* What each sender leads to: its own name, or way, as transport:relay. An
 * account of its own comes before that of its domain. */
static void put_senders(const struct exo_setup *s, const char *way,
                        struct exo_buf *text)
{
    exo_buf_str(text, head);
    for (size_t i = 0; i < s->n_accounts; i++) {
        const char *name = s->account[i].name;

        if (name[0] != '@') {
            exo_buf_str(text, "/^");
            put_exactly(name, text);
            exo_buf_fmt(text, "$/ %s\n", way ? way : name);
        }
    }
    if (!s->has_domain) {
        return;
    }
    exo_buf_str(text, NO_DOTS);
    for (size_t i = 0; i < s->n_accounts; i++) {
        const char *name = s->account[i].name;

        if (name[0] == '@') {
            exo_buf_str(text, "/^(" SENDER);
            put_exactly(name, text);
            exo_buf_fmt(text, ")$/ %s\n", way ? way : "$1");
        }
    }
    exo_buf_str(text, "endif\n");
}

static int plan_ways(struct exo_setup *s, struct exo_buf *text,
                     struct exo_err *err)
{
    struct exo_buf way = EXO_BUF_INIT(1024);
    const char *route;
    int rc;

    exo_buf_fmt(&way, "%s:", s->transport);
    exo_buf_join(&way, &s->relay);
    rc = exo_buf_done(&way, &route);
    if (rc == 0) {
        put_senders(s, route, text);
        rc = want_map(s, EXO_SETUP_WAYS, text, err);
    }
    exo_buf_free(&way);
    return rc;
}

int exo_setup_plan_maps(struct exo_setup *s, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_SETUP_TEXT);
    int rc;

    put_relay(s, &text);
    rc = want_map(s, EXO_SETUP_RELAY, &text, err);
    if (rc == 0 && s->by_sender) {
        exo_buf_reset(&text);
        put_senders(s, NULL, &text);
        rc = want_map(s, EXO_SETUP_SENDERS, &text, err);
    }
    if (rc == 0 && s->transport) {
        exo_buf_reset(&text);
        rc = plan_ways(s, &text, err);
    }
    exo_buf_free(&text);
    return rc;
}

/* The length of a map of ours at the start of a list, 0 if it is none. */
static size_t own_map(const struct exo_setup *s, const char *list)
{
    size_t len = strcspn(list, ", \t");
    bool found = false;

    for (int i = 0; !found && i < EXO_SETUP_MAPS; i++) {
        struct exo_buf map = EXO_BUF_INIT(4096);
        const char *own;

        exo_setup_map(s, (enum exo_setup_map)i, &map);
        found = exo_buf_done(&map, &own) == 0 && map.len == len &&
                strncmp(list, own, len) == 0;
        exo_buf_free(&map);
    }
    return found ? len : 0;
}

void exo_setup_other_maps(const struct exo_setup *s, const char *today,
                          struct exo_buf *list)
{
    const char *p = today ? today : "";
    size_t len;

    /* Ours are in front; what follows stays as it is written. */
    while ((len = own_map(s, p)) > 0) {
        p += len;
        p += strspn(p, ", \t");
    }
    if (*p != '\0') {
        exo_buf_fmt(list, ", %s", p);
    }
}

/* ---- spawn(8) ---------------------------------------------------------- */

/* Does exoauth find this configuration without being told, as spawn(8) leaves
 * it no environment? */
static bool is_default(const struct exo_conf *conf)
{
    char *path = NULL;
    bool user = false;
    bool yes = exo_conf_find(NULL, EXO_CONFPATH, &path, &user) == 0 &&
               strcmp(path, conf->path) == 0;

    free(path);
    return yes;
}

int exo_setup_plan_spawn(struct exo_setup *s, struct exo_err *err)
{
    const struct exo_postfix_service *service =
        exo_postfix_find(s->postfix, EXO_SETUP_SERVICE, "unix");
    struct exo_buf line = EXO_BUF_INIT(EXO_BLOCK_VALUE);

    exo_buf_fmt(&line,
                EXO_SETUP_SERVICE " unix - n n - 100 spawn user=%s argv=",
                s->conf->run_as);
    exo_buf_join(&line, &s->program);
    exo_buf_str(&line, " serve");
    if (!is_default(s->conf)) {
        if (strpbrk(s->conf->path, " \t$")) {
            exo_buf_free(&line);
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "master.cf cannot hold the path %s; put it "
                               "where no blank and no $ is in its path",
                               s->conf->path);
        }
        exo_buf_fmt(&line, " --config %s", s->conf->path);
    }
    exo_changes_text(&s->changes, EXO_SETUP_MASTER, EXO_SETUP_SERVICE "/unix",
                     service ? service->line : NULL, &line);
    exo_buf_free(&line);
    return 0;
}

int exo_setup_plan(struct exo_setup *s, struct exo_err *err)
{
    struct exo_changes client = { NULL, 0, 0 };
    int rc = exo_setup_plan_relay(s, err);

    if (rc == 0) {
        rc = exo_setup_plan_client(s, err);
    }
    if (rc == 0) {
        /* It had to come first, as it finds the jail, and stands last. */
        client = s->changes;
        memset(&s->changes, 0, sizeof(s->changes));
        rc = exo_setup_plan_conf(s, err);
    }
    if (rc == 0) {
        rc = exo_setup_plan_maps(s, err);
    }
    if (rc == 0) {
        rc = exo_setup_plan_spawn(s, err);
    }
    for (size_t i = 0; rc == 0 && i < client.n; i++) {
        exo_changes_add(&s->changes, client.item[i].kind, client.item[i].name,
                        client.item[i].before, client.item[i].after);
    }
    if (rc == 0) {
        rc = s->changes.error != 0 ? s->changes.error : client.error;
    }
    exo_changes_free(&client);
    if (rc != 0 && err->status == EXO_STATUS_OK &&
        exo_err_system(err, rc, "nothing was changed")) {
        rc = EXO_E_STATUS;
    } else if (rc != 0 && err->status == EXO_STATUS_OK) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "nothing was changed: what setup has to write is %s; "
                         "shorten the lists in main.cf and in %s",
                         exo_strerror(rc), s->conf->path);
    }
    return rc;
}
