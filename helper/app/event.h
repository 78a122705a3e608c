/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person should hear of: an account needs a login, works again, or
 * its secret is about to end. Noted by whoever finds it out, under the
 * account's lock; told, by the command `on_event`, only when the lock is
 * free and the answer is out.
 */
#ifndef EXOAUTH_EVENT_H
#define EXOAUTH_EVENT_H

#include <stdbool.h>

#include "exoauth/account.h"
#include "exoauth/error.h"

struct exo_app;

struct exo_event {
    const char *word; /* static; NULL: nothing happened */
    char account[EXO_ACCOUNT_MAX + 1];
    char message[EXO_ERR_TEXT];
};

/* Keeps it for exo_event_run(); a later one takes its place. */
void exo_event_note(struct exo_app *app, const char *word, const char *account,
                    const char *message);

/*
 * Runs `on_event`, if it is set and something was noted, and waits until it
 * ends, at most 10 seconds. Failing is one warning.
 */
void exo_event_run(struct exo_app *app);

#endif
