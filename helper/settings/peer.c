/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who asks. Called by serve for every request, after exo_app_drop(). The
 * kernel's word is the only one that counts: credentials are those of the
 * process that connected, groups included, so that Postfix's initgroups()
 * works. Nothing is allocated; an answer that cannot be had is a refusal.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "peer.h"

static int unix_peer(struct exo_peer *peer, int fd)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
        len != sizeof(cred)) {
        return EXO_E_UNSAFE;
    }
    peer->uid = cred.uid;
    peer->gid = cred.gid;
    peer->pid = cred.pid;
    len = sizeof(peer->groups);
    /* More groups than fit: the primary one still counts. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0) {
        peer->n_groups = len / sizeof(peer->groups[0]);
    }
    return 0;
}

int exo_peer_get(struct exo_peer *peer, int fd, uid_t self)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    struct stat st;

    memset(peer, 0, sizeof(*peer));
    peer->uid = (uid_t)-1;
    peer->gid = (gid_t)-1;
    if (fstat(fd, &st) != 0) {
        return EXO_E_UNSAFE;
    }
    if (!S_ISSOCK(st.st_mode)) {
        if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode) &&
            !S_ISCHR(st.st_mode)) {
            return EXO_E_UNSAFE;
        }
        peer->uid = self;
        return 0;
    }
    memset(&address, 0, sizeof(address));
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        address.ss_family != AF_UNIX) {
        return EXO_E_UNSAFE;
    }
    return unix_peer(peer, fd);
}

int exo_peer_user(struct exo_peer *peer, const char *name)
{
    const struct passwd *pw = getpwnam(name);
    int n = EXO_PEER_GROUPS;

    memset(peer, 0, sizeof(*peer));
    peer->uid = pw ? pw->pw_uid : (uid_t)-1;
    peer->gid = pw ? pw->pw_gid : (gid_t)-1;
    if (!pw || getgrouplist(name, pw->pw_gid, peer->groups, &n) < 0) {
        return EXO_E_NOENT;
    }
    peer->n_groups = (size_t)n;
    return 0;
}

static bool in_group(const struct exo_peer *peer, gid_t gid)
{
    if (peer->gid == gid) {
        return true;
    }
    for (size_t i = 0; i < peer->n_groups; i++) {
        if (peer->groups[i] == gid) {
            return true;
        }
    }
    return false;
}

/* One word of `allow`: a user name or number, or @group. */
static bool matches(const struct exo_peer *peer, const char *word, size_t len)
{
    char name[256];
    char *end;
    unsigned long number;
    const struct passwd *pw;
    const struct group *gr;

    if (len >= sizeof(name)) {
        return false;
    }
    memcpy(name, word, len);
    name[len] = '\0';
    if (name[0] == '@') {
        gr = getgrnam(name + 1);
        return gr && in_group(peer, gr->gr_gid);
    }
    pw = getpwnam(name);
    if (pw) {
        return pw->pw_uid == peer->uid;
    }
    errno = 0;
    number = strtoul(name, &end, 10);
    return errno == 0 && end != name && *end == '\0' && number == peer->uid;
}

bool exo_peer_named(const struct exo_peer *peer, const char *allow)
{
    const char *word;
    size_t len;

    while ((word = exo_word_next(&allow, &len)) != NULL) {
        if (matches(peer, word, len)) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const struct exo_peer *peer, const struct exo_app *app,
                       const struct exo_settings *settings)
{
    const char *allow = exo_settings_get(settings, EXO_KEY_ALLOW);

    if (peer->uid == (uid_t)-1) {
        return false;
    }
    if (allow[0] == '\0') {
        /* A store that cannot be opened is ours to the configuration. */
        uid_t owner = app->store ? exo_store_owner(app->store) : geteuid();

        return peer->uid == 0 || peer->uid == owner ||
               (app->has_token_group && in_group(peer, app->token_gid));
    }
    return exo_peer_named(peer, allow);
}

int exo_peer_check(const struct exo_peer *peer, const struct exo_app *app,
                   const struct exo_settings *settings, struct exo_err *err)
{
    const struct exo_setting *allow = &settings->key[EXO_KEY_ALLOW];

    if (is_allowed(peer, app, settings)) {
        return 0;
    }
    if (allow->value[0] == '\0' && app->has_token_group) {
        /* Who is added to an empty `allow` is the only one in it. */
        return exo_err_set(err, EXO_STATUS_DENIED,
                           "uid %u may not have the token of %s; add the user "
                           "to the group %s, or to allow in %s, with @%s",
                           (unsigned)peer->uid, settings->account.name,
                           app->conf->token_group, settings->path,
                           app->conf->token_group);
    }
    return exo_err_set(err, EXO_STATUS_DENIED,
                       "uid %u may not have the token of %s; add the user to "
                       "allow in %s",
                       (unsigned)peer->uid, settings->account.name,
                       allow->value[0] == '\0' ? settings->path
                                               : allow->origin);
}
