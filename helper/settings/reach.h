/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far the published token of an account reaches. `allow` says who may ask
 * for a token, and a file must not give it to anybody else: the publisher,
 * setup and doctor decide by this.
 */
#ifndef EXOAUTH_REACH_H
#define EXOAUTH_REACH_H

#include "exoauth/error.h"
#include "settings.h"

enum exo_reach {
    EXO_REACH_NOBODY, /* `publish: no`: there is no file */
    EXO_REACH_OWNER,  /* run_as alone: 0600, and below no chroot */
    EXO_REACH_GROUP,  /* token_group, and below every chroot */
};

/*
 * token_group: its name, "" for none. OWNER where `allow` is narrower: it is
 * set, and does not name the group. Of an account that borrows a credential,
 * the lesser of its own and that of the credential.
 */
enum exo_reach exo_reach(const struct exo_settings *settings,
                         const char *token_group);

/* May this user ask, by `allow`? Where that is not set: yes, as token_group is
 * the answer. EXO_STATUS_DENIED with the remedy if not. */
int exo_reach_allows(const struct exo_settings *settings,
                     const char *token_group, const char *user,
                     struct exo_err *err) EXO_MUST_CHECK;

/* May the token go to this server, by `servers`? EXO_STATUS_MISCONFIGURED with
 * the remedy if not; instead: what else could be done. */
int exo_reach_server(const struct exo_settings *settings, const char *host,
                     const char *instead, struct exo_err *err) EXO_MUST_CHECK;

/* Why it is not GROUP, in words, with the file that says so. */
void exo_reach_why(const struct exo_settings *settings, const char *token_group,
                   char out[EXO_ERR_TEXT]);

#endif
