/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a sealed bundle, for `exoauth import`; cmd_bundle.c. */
#ifndef EXOAUTH_BUNDLE_H
#define EXOAUTH_BUNDLE_H

#include "cmd.h"

/* As root: reads o->file, and o->password_file if there is one. */
int exo_bundle_before(struct exo_app *app, struct exo_options *o,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_bundle_run(struct exo_app *app, struct exo_options *o,
                   struct exo_err *err) EXO_MUST_CHECK;

#endif
