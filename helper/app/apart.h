/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The places of exoauth.conf that have to lie apart: what is written to one of
 * them must not come down on what another holds, and what one may enter must
 * not lead into what he may not.
 */
#ifndef EXO_HELPER_APART_H
#define EXO_HELPER_APART_H

#include "app.h"

/*
 * Do the places of app->conf lie apart, whether they are there or not, and
 * token_dir below every chroot, too? MISCONFIGURED, with the two keys and what
 * to do, where two do not. It reads no file and makes none; every command asks
 * it before it makes, reads or writes anything.
 */
int exo_apart_check(const struct exo_app *app,
                    struct exo_err *err) EXO_MUST_CHECK;

#endif
