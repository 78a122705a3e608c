/* SPDX-License-Identifier: BSD-2-Clause */
/* An account as a person gives it on the command line. */
#ifndef EXOAUTH_ACCOUNT_WORD_H
#define EXOAUTH_ACCOUNT_WORD_H

#include "exoauth/account.h"

/*
 * As people paste it: blanks around it, `<...>`, `mailto:` and one dot at the
 * end go, with a word about it on stderr. EXO_STATUS_USAGE for what is no
 * account name even so. A name that comes over the protocol is never changed.
 */
int exo_account_word(struct exo_account *account, const char *word,
                     struct exo_err *err) EXO_MUST_CHECK;

/* The same in two: without the word, and the word alone. */
int exo_account_peel(struct exo_account *account, const char *word,
                     struct exo_err *err) EXO_MUST_CHECK;
void exo_account_tell(const struct exo_account *account, const char *word);

#endif
