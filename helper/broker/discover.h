/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints that neither the account file nor a preset gives, from the
 * provider itself: an account with an issuer and without a token_endpoint.
 */
#ifndef EXOAUTH_DISCOVER_H
#define EXOAUTH_DISCOVER_H

#include "helper/app/app.h"
#include "exoauth/oauth.h"
#include "exoauth/record.h"
#include "helper/settings/settings.h"

/* Asks the issuer, and fills the endpoints that the settings lack. sends_iss
 * (may be NULL): see exoauth/discovery.h. */
int exo_discover(const struct exo_app *app, struct exo_settings *settings,
                 int64_t deadline_ms, bool *sends_iss,
                 struct exo_oauth_error *error) EXO_MUST_CHECK;

/* From the record, if that was found at the same issuer. */
void exo_discovery_recall(struct exo_settings *settings,
                          const struct exo_record *record);

/* Into the record, or out of it where nothing was discovered. */
void exo_discovery_keep(const struct exo_settings *settings,
                        struct exo_record *record);
void exo_discovery_forget(struct exo_record *record);

#endif
