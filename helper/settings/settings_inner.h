/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files settings_*.c only. */
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

/* The rules of values (settings_check.c), for the rows of settings_key.c. NULL,
 * or what is wrong. */
extern const char exo_fault_no_memory[]; /* that nobody can tell */
const char *exo_fault_text(const char *value);
const char *exo_fault_cloud(const char *value);
const char *exo_fault_tenant(const char *value);
const char *exo_fault_id(const char *value);
const char *exo_fault_resource(const char *value);
const char *exo_fault_path(const char *value);
const char *exo_fault_scope(const char *value);
const char *exo_fault_servers(const char *value);
const char *exo_fault_account(const char *value);
const char *exo_fault_date(const char *value);
const char *exo_fault_bool(const char *value);
const char *exo_fault_private_key(const char *value);
const char *exo_fault_provider(const char *value);
const char *exo_fault_grant(const char *value);
const char *exo_fault_auth(const char *value);
const char *exo_fault_alg(const char *value);
const char *exo_fault_identity(const char *value);
const char *exo_fault_url(const char *value);
const char *exo_fault_issuer(const char *value);

#endif
