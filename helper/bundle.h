/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials under a passphrase: cmd_export.c writes what bundle.c reads. */
#ifndef EXOAUTH_BUNDLE_H
#define EXOAUTH_BUNDLE_H

#include "cmd.h"

#define EXO_BUNDLE_PURPOSE "credentials"
#define EXO_BUNDLE_MAX ((size_t)16 * 1024 * 1024)

/* As root: reads o->file, and o->password_file if there is one. */
int exo_bundle_before(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_bundle_run(struct exo_app *app, struct exo_options *o,
                   struct exo_err *err) EXO_MUST_CHECK;

#endif
