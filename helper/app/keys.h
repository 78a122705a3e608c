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

/* Makes the key file if there is none and the store is empty. Why it could
 * not is remembered, and said where a key is needed. */
void exo_keys_place(struct exo_app *app);

/* Makes the key file with the first key of ring, and its directory. As
 * exo_keys_write(). EXO_E_CONFLICT: it is there. */
int exo_keys_make(const struct exo_app *app, struct exo_keyring *ring,
                  struct exo_err *err) EXO_MUST_CHECK;

/* Fills in what guard says of the configuration. MISCONFIGURED: key_file:
 * none, and there is a key beside it. */
int exo_keys_check(const struct exo_app *app, struct exo_store_guard *guard,
                   struct exo_err *err) EXO_MUST_CHECK;

/* Root's system, a user's own, or the owner of the store by another name: one
 * who may make the key for it. */
bool exo_keys_ours(const struct exo_app *app);

/* Can the key file be made or replaced by root only, and is this not root? */
bool exo_keys_by_root(const struct exo_app *app);

/* The same of any file, such as conf->key_place where key_file is none. */
bool exo_keys_root_makes(const struct exo_app *app, const char *path);

/* Replaces the key file, owned by run_as; under app->passphrase if there is
 * one. As root before the drop, or as the user of his own. */
int exo_keys_write(const struct exo_app *app, const struct exo_keyring *ring,
                   struct exo_err *err) EXO_MUST_CHECK;

#endif
