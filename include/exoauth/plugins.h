/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libsasl2 of this host makes of the plugins it finds, ours and others.
 * Both functions work in a child process: loading a plugin runs whatever is
 * in it, and a foreign one that crashes must not take the caller along.
 */
#ifndef EXOAUTH_PLUGINS_H
#define EXOAUTH_PLUGINS_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Strings borrow from the buffers; lists have blanks between the words, best
 * first, which is the order in which libsasl2 chooses. */
struct exo_plugins {
    struct exo_buf text;
    struct exo_block block;
    const char *version; /* of libsasl2, as it runs; "" until it is known */
    const char *path;    /* the directories it searches, with colons between */
    const char *xoauth2; /* the files that offer this mechanism */
    const char *oauthbearer;
    struct exo_buf log; /* what it wrote to the system's log while loading */
};

/*
 * Loads every plugin as a program would that is started here and now, with
 * SASL_PATH and the uid of the caller. conf_dir: where exoauth.conf is looked
 * for; NULL: as always. EXO_E_STATUS: the child crashed, hung or could not
 * start. Free plugins in every case.
 */
int exo_plugins_look(struct exo_plugins *plugins, const char *conf_dir,
                     int64_t deadline_ms, struct exo_err *err) EXO_MUST_CHECK;
void exo_plugins_free(struct exo_plugins *plugins);

/* A login as another program makes it, up to the point where the token would
 * go to the server. Strings are borrowed. */
struct exo_login_try {
    const char *conf_dir;  /* as above */
    const char *sasl_path; /* where it looks for plugins; NULL or "": where
                            * libsasl2 does by itself */
    const char *root;      /* chroot(2) there once the plugins are loaded, as
                            * Postfix does; NULL: stay */
    uid_t uid;             /* then become this one */
    gid_t gid;
    const gid_t *groups;
    size_t n_groups;
    const char *account;
    const char *server; /* that the token is for */
};

/* The caller is root. 0: the plugin had a token for it. Else EXO_E_STATUS,
 * with what the program would have written to its log. */
int exo_login_try(const struct exo_login_try *login, int64_t deadline_ms,
                  struct exo_err *err) EXO_MUST_CHECK;

#endif
