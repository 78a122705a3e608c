/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the keys that seal the store come from: a systemd credential, a
 * command, or the key file, which root (or the user of his own store) makes
 * when there is none yet.
 */
#ifndef EXOAUTH_KEYS_H
#define EXOAUTH_KEYS_H

#include "app.h"
#include "exoauth/keyring.h"

/* For struct exo_store_guard; context is the struct exo_app. */
int exo_keys_read(void *context, struct exo_keyring *ring,
                  struct exo_err *err) EXO_MUST_CHECK;

/* Asks a person for the passphrase of the key, where it has one and it is not
 * known yet. */
int exo_keys_ask(struct exo_app *app, struct exo_err *err) EXO_MUST_CHECK;

/* Is it a file that exoauth itself writes? */
bool exo_keys_is_file(const struct exo_app *app);

/* Makes the key file if there is none and nothing is sealed yet. */
void exo_keys_place(struct exo_app *app);

/* Replaces the key file, owned by run_as; under app->passphrase if there is
 * one. As root before the drop, or as the user of his own. */
int exo_keys_write(const struct exo_app *app, const struct exo_keyring *ring,
                   struct exo_err *err) EXO_MUST_CHECK;

#endif
