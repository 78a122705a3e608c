/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gets at a published token (reach.h). Called by publish.c for every file
 * that it writes or compares, and by setup and doctor, which say what follows
 * for Postfix. Nothing is kept; texts go into the caller's buffers.
 *
 * Narrower is decided by the words of `allow` and not by counting who is in
 * the group: members whose primary group it is cannot be listed where users
 * come from a directory, and one who joins later would find the file. So
 * `allow` must name the group itself.
 */
#include "config.h"

#include "reach.h"

#include <grp.h>
#include <string.h>

#include "exoauth/account.h"
#include "exoauth/block.h"
#include "exoauth/text.h"
#include "peer.h"

/* -1: there is no such group. */
static gid_t gid_of(const char *name)
{
    const struct group *gr = getgrnam(name);

    return gr ? gr->gr_gid : (gid_t)-1;
}

/* @group, by its name or by another one for the same number. */
static bool is_group(const char *word, size_t len, const char *group)
{
    char name[256];
    gid_t gid;

    if (len < 2 || len > sizeof(name) || word[0] != '@') {
        return false;
    }
    memcpy(name, word + 1, len - 1);
    name[len - 1] = '\0';
    if (strcmp(name, group) == 0) {
        return true;
    }
    gid = gid_of(name);
    return gid != (gid_t)-1 && gid == gid_of(group);
}

static bool names_group(const char *allow, const char *group)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&allow, &len)) != NULL) {
        if (is_group(word, len, group)) {
            return true;
        }
    }
    return false;
}

static enum exo_reach own_reach(const struct exo_settings *s,
                                const char *token_group)
{
    const char *allow = exo_settings_get(s, EXO_KEY_ALLOW);
    bool yes = true;

    if (exo_block_bool(exo_settings_get(s, EXO_KEY_PUBLISH), &yes) == 0 &&
        !yes) {
        return EXO_REACH_NOBODY;
    }
    /* Without a group only run_as can read what is published. */
    return allow[0] == '\0' || token_group[0] == '\0' ||
                   names_group(allow, token_group)
               ? EXO_REACH_GROUP
               : EXO_REACH_OWNER;
}

/* The one that decides. */
static const struct exo_settings *least(const struct exo_settings *s,
                                        const char *token_group,
                                        enum exo_reach *reach)
{
    enum exo_reach own = own_reach(s, token_group);
    enum exo_reach of_owner =
        s->owner ? own_reach(s->owner, token_group) : EXO_REACH_GROUP;

    *reach = of_owner < own ? of_owner : own;
    return of_owner < own ? s->owner : s;
}

enum exo_reach exo_reach(const struct exo_settings *settings,
                         const char *token_group)
{
    enum exo_reach reach;

    (void)least(settings, token_group, &reach);
    return reach;
}

void exo_reach_why(const struct exo_settings *settings, const char *token_group,
                   char out[EXO_ERR_TEXT])
{
    enum exo_reach reach;
    const struct exo_settings *s = least(settings, token_group, &reach);

    out[0] = '\0';
    if (reach == EXO_REACH_NOBODY) {
        exo_text_fmt(out, EXO_ERR_TEXT, "publish is no in %s",
                     s->key[EXO_KEY_PUBLISH].origin);
    } else if (reach == EXO_REACH_OWNER) {
        exo_text_fmt(out, EXO_ERR_TEXT, "allow in %s does not name @%s",
                     s->key[EXO_KEY_ALLOW].origin, token_group);
    }
}

int exo_reach_allows(const struct exo_settings *settings,
                     const char *token_group, const char *user,
                     struct exo_err *err)
{
    const struct exo_setting *allow = &settings->key[EXO_KEY_ALLOW];
    struct exo_buf both = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    struct exo_peer peer;

    if (allow->value[0] == '\0' || (exo_peer_user(&peer, user) == 0 &&
                                    exo_peer_named(&peer, allow->value))) {
        return 0;
    }
    exo_buf_fmt(&both, "%s %s%s", allow->value,
                token_group[0] != '\0' ? "@" : "",
                token_group[0] != '\0' ? token_group : user);
    (void)exo_err_set(err, EXO_STATUS_DENIED,
                      "user %s may not have the token of %s: allow in %s does "
                      "not name it; run: exoauth login %s --set allow=%s",
                      user, settings->account.name, allow->origin,
                      EXO_SH(settings->file.name, "ACCOUNT"),
                      EXO_SH(exo_buf_shown(&both), "LIST"));
    exo_buf_free(&both);
    return EXO_E_STATUS;
}

/* With what is in the list already: others may use it. */
int exo_reach_server(const struct exo_settings *settings, const char *host,
                     const char *instead, struct exo_err *err)
{
    const char *servers = exo_settings_get(settings, EXO_KEY_SERVERS);
    struct exo_buf both = EXO_BUF_INIT(EXO_BLOCK_VALUE);

    if (exo_servers_allow(servers, host)) {
        return 0;
    }
    exo_buf_fmt(&both, "%s %s", servers, host);
    (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                      "the token of %s may not go to %s; %s, or run: exoauth "
                      "login %s --set servers=%s",
                      settings->account.name, host, instead,
                      EXO_SH(settings->file.name, "ACCOUNT"),
                      EXO_SH(exo_buf_shown(&both), "LIST"));
    exo_buf_free(&both);
    return EXO_E_STATUS;
}
