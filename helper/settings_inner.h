/* SPDX-License-Identifier: BSD-2-Clause */
/* Between settings_load.c, settings_provider.c, settings_client.c and
 * settings_key.c only. */
#ifndef EXOAUTH_SETTINGS_INNER_H
#define EXOAUTH_SETTINGS_INNER_H

#include "settings.h"

/* A value, borrowed, and where it came from. */
void exo_settings_set(struct exo_settings *s, enum exo_key key,
                      const char *value, const char *origin, unsigned line);

/* The origin of what the provider says of itself (discover.c). */
extern const char exo_settings_discovery[];

/* Preset values where the files gave none; for settings with a grant of
 * their own. */
int exo_settings_take_provider(struct exo_settings *s,
                               struct exo_err *err) EXO_MUST_CHECK;

/* What the environment of a workload says (AZURE_*) where files say nothing.
 * Only for provider microsoft, and never in a set-id process. */
void exo_settings_take_environment(struct exo_settings *s);

/* Where this host's managed identity is given out, and in which form. */
void exo_settings_take_identity(struct exo_settings *s);

/* Client authentication and fingerprint, from the values as they are. */
void exo_settings_derive(struct exo_settings *s);

#endif
