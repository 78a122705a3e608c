/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directories of published tokens, one after the other.
 */
#ifndef EXOAUTH_HELPER_SPOT_H
#define EXOAUTH_HELPER_SPOT_H

#include "app.h"

/* A token directory. */
struct exo_spot {
    const char *dir;
    int fd;          /* open on what passed, or -1, */
    const char *why; /* and why it did not */
    bool jailed;     /* below a `chroot` */
    bool missing;    /* there is none, so nothing is in it */
    bool shortage;   /* why says that more was not possible just now */
};

typedef void (*exo_spot_fn)(const struct exo_app *app,
                            const struct exo_spot *spot, void *context);

/* Calls back for every root; fd is closed after it. */
void exo_spot_each(const struct exo_app *app, exo_spot_fn visit, void *context);

/* Can every directory be looked into just now? If not for a shortage, err. */
int exo_spots_within_reach(const struct exo_app *app, struct exo_err *err);

/* Opens token_dir below a root (0: /) if it obeys; dir->why if not. */
int exo_publish_open(const struct exo_app *app, const char *root,
                     size_t root_len, struct exo_path *dir) EXO_MUST_CHECK;
/* token_dir below a root ("" for /), to be free()d. */
char *exo_publish_dir(const struct exo_app *app, const char *root,
                      size_t root_len);

#endif
