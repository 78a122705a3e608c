/* SPDX-License-Identifier: BSD-2-Clause */
/* The device authorization grant (RFC 8628) as a person sees it. */
#ifndef EXOAUTH_DEVICE_H
#define EXOAUTH_DEVICE_H

#include "helper/app/app.h"
#include "exoauth/oauth.h"
#include "ground.h"

/* Shows the code, waits until it was used, declined or expired, as long as the
 * ground is what it was. No lock is held meanwhile. */
int exo_device_login(const struct exo_oauth_client *client,
                     const struct exo_ground *ground, struct exo_tokens *tokens,
                     struct exo_err *err) EXO_MUST_CHECK;

#endif
