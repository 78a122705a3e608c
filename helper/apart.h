/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The places of exoauth.conf that have to lie apart: what is written to one of
 * them must not come down on what another holds, and what one may enter must
 * not lead into what he may not.
 */
#ifndef EXO_HELPER_APART_H
#define EXO_HELPER_APART_H

#include "exoauth/conf.h"
#include "exoauth/error.h"

/*
 * Do the places of conf lie apart, whatever they are called and whether they
 * are there or not? MISCONFIGURED, with the two keys and what to do, where two
 * do not. It reads no file and makes none; every command asks it before
 * anything else that is of the configuration.
 */
int exo_apart_check(const struct exo_conf *conf,
                    struct exo_err *err) EXO_MUST_CHECK;

#endif
