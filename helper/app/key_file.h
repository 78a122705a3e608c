/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that holds keys of the store. */
#ifndef EXOAUTH_KEY_FILE_H
#define EXOAUTH_KEY_FILE_H

#include "app.h"

#define EXO_KEY_PATH_MAX ((size_t)4096)

/* A file with a key, by the rule for such files. EXO_E_NOENT, or EXO_E_STATUS
 * with err set. */
int exo_key_file_read(const struct exo_app *app, const char *path,
                      struct exo_secret *text,
                      struct exo_err *err) EXO_MUST_CHECK;

/* That run_as could not open or use it: rc and why of exo_file_open(), which
 * was no shortage, and there is something. For doctor, as root, too.
 * EXO_E_STATUS. */
int exo_key_file_refused(const struct exo_app *app, const char *path, int rc,
                         const char *why, struct exo_err *err);

#endif
