/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of setup (setup.h): the user, exoauth.conf and the spawn(8) service;
 * the client's own parameters are in setup_route.c, the maps in setup_maps.c.
 * exo_setup_plan() puts them in order, and is called as root or not; nothing
 * here writes but into the list of changes, and an error leaves it to be freed.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "setup.h"

/* A key of exoauth.conf whose list must have this word. in_force: with the
 * default, said: what the file itself says. */
static void want_word(struct exo_setup *s, const char *key,
                      const char *in_force, const char *word)
{
    const char *said = exo_block_get(&s->conf->block, key);
    struct exo_buf list = EXO_BUF_INIT(EXO_BLOCK_VALUE);

    if (!exo_word_in(in_force, word, strlen(word))) {
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

/* ---- spawn(8) ---------------------------------------------------------- */

/* Does exoauth find this configuration without being told, as spawn(8) leaves
 * it no environment? */
static int is_default(const struct exo_conf *conf, bool *yes)
{
    char *path = NULL;
    bool user = false;
    int rc = exo_conf_find(NULL, EXO_CONFPATH, &path, &user);

    *yes = rc == 0 && strcmp(path, conf->path) == 0;
    free(path);
    return rc == EXO_E_NOMEM ? rc : 0;
}

int exo_setup_plan_spawn(struct exo_setup *s, struct exo_err *err)
{
    const struct exo_postfix_service *service =
        exo_postfix_find(s->postfix, EXO_SETUP_SERVICE, "unix");
    struct exo_buf line = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    bool found;
    int rc = is_default(s->conf, &found);

    if (rc != 0) {
        return rc;
    }
    exo_buf_fmt(&line,
                EXO_SETUP_SERVICE " unix - n n - 100 spawn user=%s argv=",
                s->conf->run_as);
    exo_buf_join(&line, &s->program);
    exo_buf_str(&line, " serve");
    if (!found) {
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
        rc = exo_setup_plan_route(s, err);
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
