/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of the configuration that print a secret: secret_command,
 * key_passphrase_command, key_command.
 */
#ifndef EXOAUTH_COMMAND_H
#define EXOAUTH_COMMAND_H

#include "app.h"

/*
 * What `sh -c command` prints, within ten seconds, as the user that owns the
 * store; errors name the key. A command line runs once in a process: what it
 * printed is kept in app, so that one command of exoauth has one answer. One
 * that failed runs again. MISCONFIGURED, or TRANSIENT where it took too long.
 */
int exo_command_output(struct exo_app *app, const char *key,
                       const char *command, struct exo_secret *secret,
                       struct exo_err *err) EXO_MUST_CHECK;

/* Wipes what was kept. */
void exo_command_forget(struct exo_app *app);

#endif
