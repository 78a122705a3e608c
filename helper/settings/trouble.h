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
#include "settings.h"

/* Into record->error_text: a finished message without the command at its end.
 */
void exo_trouble_keep(struct exo_record *record, const char *message);

/* Out of it: the cause as text from outside, and what to do about it today.
 * "" if there is none. Finished: for %-s. */
void exo_trouble_text(char text[EXO_ERR_TEXT], const struct exo_record *record);

/* The same as an error of the record's state; EXO_E_STATUS. */
int exo_trouble_say(struct exo_err *err, const struct exo_record *record);

/* Is what stands as client_secret the password of the mailbox? The password
 * grant without a refresh token is renewed with it, and nothing else may send
 * it. */
bool exo_record_has_password(const struct exo_record *record) EXO_MUST_CHECK;

/* Did a person authorise what nothing is there to renew with, no refresh token
 * and no password, by the grant in force? Then text is cause and remedy,
 * finished, at the time now. */
bool exo_trouble_final(char text[EXO_ERR_TEXT], const struct exo_record *record,
                       enum exo_grant grant, int64_t now) EXO_MUST_CHECK;

#endif
