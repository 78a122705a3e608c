/* SPDX-License-Identifier: BSD-2-Clause */
/* A new passphrase, of `export` and `rekey --passphrase`; passphrase.c. */
#ifndef EXOAUTH_PASSPHRASE_H
#define EXOAUTH_PASSPHRASE_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_PASSPHRASE_LEAST 12 /* characters; --force takes fewer */

/* From file, the name that --password-file gave; NULL: asked for, twice. Fewer
 * characters are EXO_STATUS_USAGE, unless it may be short; *secret is the
 * caller's in every case. */
int exo_passphrase_new(const char *file, bool may_be_short,
                       const char *question, struct exo_secret *secret,
                       struct exo_err *err) EXO_MUST_CHECK;

#endif
