/* SPDX-License-Identifier: BSD-2-Clause */
/* Between settings.c and settings_provider.c only. */
#ifndef EXOAUTH_SETTINGS_INNER_H
#define EXOAUTH_SETTINGS_INNER_H

#include "settings.h"

void exo_settings_set(struct exo_settings *s, enum exo_key key,
                      const char *value, const char *origin, unsigned line);

/* Preset values where the files gave none; for settings with a grant of
 * their own. */
int exo_settings_take_provider(struct exo_settings *s,
                               struct exo_err *err) EXO_MUST_CHECK;

/* Client authentication and fingerprint, from the values as they are. */
void exo_settings_derive(struct exo_settings *s);

#endif
