/* SPDX-License-Identifier: BSD-2-Clause */
/* The key of the store as a systemd credential. */
#ifndef EXOAUTH_CREDENTIAL_H
#define EXOAUTH_CREDENTIAL_H

#include "app.h"

/* Before the drop, while it can be read. */
void exo_credential_keep(struct exo_app *app);

/* Is there one? */
bool exo_credential_there(const struct exo_app *app);

/* Its text, with its path in name. EXO_E_NOENT if there is none. */
int exo_credential_read(const struct exo_app *app, struct exo_secret *text,
                        struct exo_buf *name,
                        struct exo_err *err) EXO_MUST_CHECK;

#endif
