/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories that must exist before run_as can work: made by root, or by an
 * ordinary user for themselves, and owned as exoauth(1), FILES, says. Each
 * failure is one warning with its remedy.
 */
#ifndef EXOAUTH_PLACE_H
#define EXOAUTH_PLACE_H

#include <sys/stat.h>

#include "app.h"

/*
 * What root must do before it becomes run_as: the store's directory,
 * TOKEN_DIR under every root, the key file, and the directory of status_file,
 * readable for everyone. An ordinary user gets the same in the places of his
 * own configuration. Failing to make a token directory is a warning; failing
 * to make the store is not an error here, opening it is.
 */
void exo_place_all(struct exo_app *app);

/* Takes back what was published below a root: tokens, and directories that
 * are empty then. Nothing is removed behind a link, nor what is no token.
 * Some may be left: EXO_E_CONFLICT with a warning, or a status in err. */
int exo_place_drop_tokens(const struct exo_app *app, const char *root,
                          struct exo_err *err) EXO_MUST_CHECK;
/* The directory of the log, where it is gone after a boot. */
void exo_place_log(struct exo_app *app);

/* What killed commands left beside the configuration and the key. */
void exo_place_sweep(const struct exo_app *app);

/* An ordinary user's first login, or import, begins his own configuration. */
int exo_place_own(const struct exo_app *app,
                  struct exo_err *err) EXO_MUST_CHECK;

/* mkdir -p; mode is that of every directory it has to make. */
int exo_place_mkdirs(const struct exo_app *app, const char *path, mode_t mode,
                     struct exo_err *err) EXO_MUST_CHECK;

#endif
