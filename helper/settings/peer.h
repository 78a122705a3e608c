/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is at the other end of a connection, and may he have this account? */
#ifndef EXOAUTH_PEER_H
#define EXOAUTH_PEER_H

#include "helper/app/app.h"
#include "settings.h"

#define EXO_PEER_GROUPS 256

struct exo_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid; /* 0 where there is no socket */
    gid_t groups[EXO_PEER_GROUPS];
    size_t n_groups;
};

/*
 * A UNIX socket: SO_PEERCRED and SO_PEERGROUPS. A pipe or file is ourselves:
 * uid is who started us. EXO_E_UNSAFE for anything else.
 */
int exo_peer_get(struct exo_peer *peer, int fd, uid_t self) EXO_MUST_CHECK;

/* As a process of that user would be. EXO_E_NOENT: there is no such user, or
 * he is in too many groups. */
int exo_peer_user(struct exo_peer *peer, const char *name) EXO_MUST_CHECK;

/* Does a list of users and @groups name him? */
bool exo_peer_named(const struct exo_peer *peer, const char *allow);

/* The account's `allow`; default root, the store's owner, token_group. Of
 * an open store. EXO_STATUS_DENIED with the remedy if it does not name him. */
int exo_peer_check(const struct exo_peer *peer, const struct exo_app *app,
                   const struct exo_settings *settings,
                   struct exo_err *err) EXO_MUST_CHECK;

#endif
