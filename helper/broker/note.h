/* SPDX-License-Identifier: BSD-2-Clause */
/* When to ask again, where neither a record nor a lock file can be written. */
#ifndef EXOAUTH_NOTE_H
#define EXOAUTH_NOTE_H

#include <stdint.h>

#include "helper/app/app.h"
#include "exoauth/account.h"

/* until: seconds since 1970, 0 takes it back; word: of 28 bits, the caller's.
 * Best effort. */
void exo_note_put(const struct exo_app *app, const struct exo_account *account,
                  int64_t until, unsigned word);

/* 0: there is none. */
int64_t exo_note_get(const struct exo_app *app,
                     const struct exo_account *account, unsigned *word);

#endif
