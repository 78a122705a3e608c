/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials under a passphrase: cmd_export.c writes what bundle.c reads. */
#ifndef EXOAUTH_BUNDLE_H
#define EXOAUTH_BUNDLE_H

#include "helper/app/app.h"

#define EXO_BUNDLE_PURPOSE "credentials"
#define EXO_BUNDLE_MAX ((size_t)16 * 1024 * 1024)

/* One that is imported: what is asked for, borrowed, and what was read. */
struct exo_bundle {
    const char *file;
    const char *password_file; /* NULL: the person is asked */
    bool force;                /* replace what is there */
    struct exo_secret passphrase;
    struct exo_buf text;
};

/* As root: reads the file, and password_file if there is one. */
int exo_bundle_before(struct exo_bundle *bundle,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_bundle_run(struct exo_app *app, struct exo_bundle *bundle,
                   bool *changed, struct exo_err *err) EXO_MUST_CHECK;
void exo_bundle_free(struct exo_bundle *bundle);

#endif
