/* SPDX-License-Identifier: BSD-2-Clause */
/* A new passphrase, of `export` and `rekey --passphrase`; passphrase.c. */
#ifndef EXOAUTH_PASSPHRASE_H
#define EXOAUTH_PASSPHRASE_H

#include "cmd.h"

#define EXO_PASSPHRASE_LEAST 12 /* characters; --force takes fewer */

/* From --password-file, else asked for, twice. Fewer characters are
 * EXO_STATUS_USAGE; *secret is the caller's in every case. */
int exo_passphrase_new(const struct exo_options *o, const char *question,
                       struct exo_secret *secret,
                       struct exo_err *err) EXO_MUST_CHECK;

#endif
