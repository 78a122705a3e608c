/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a record remembers of a request that failed. The cause alone is stored,
 * as text that is shown later: a command that was right then may do something
 * else by now, and who can write the record must not write what root types.
 */
#ifndef EXOAUTH_TROUBLE_H
#define EXOAUTH_TROUBLE_H

#include <stdbool.h>

#include "exoauth/record.h"

/* Into record->error_text: a finished message without the command at its end.
 */
void exo_trouble_keep(struct exo_record *record, const char *message);

/* Out of it: the cause as text from outside, and what to do about it today.
 * "" if there is none. Finished: for %-s. */
void exo_trouble_text(char text[EXO_ERR_TEXT], const struct exo_record *record);

/* The same as an error of the record's state; EXO_E_STATUS. */
int exo_trouble_say(struct exo_err *err, const struct exo_record *record);

/* Did a person authorise what nothing is there to renew with, no refresh token
 * and no password? Then text is cause and remedy, finished, at the time now. */
bool exo_trouble_final(char text[EXO_ERR_TEXT], const struct exo_record *record,
                       int64_t now) EXO_MUST_CHECK;

#endif
