/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files that look whether what setup made works: setup_check.c
 * and setup_serve.c only.
 */
#ifndef EXOAUTH_SETUP_CHECK_H
#define EXOAUTH_SETUP_CHECK_H

#include "helper/settings/peer.h"
#include "setup.h"

#define EXO_SETUP_CHECK_MS 30000 /* for one answer */

/* Does the service that spawn(8) would run give mail the account's token? */
int exo_setup_check_serve(const struct exo_setup *setup,
                          const struct exo_peer *mail, const char *account,
                          struct exo_err *err) EXO_MUST_CHECK;

#endif
