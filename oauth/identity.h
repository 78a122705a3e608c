/* SPDX-License-Identifier: BSD-2-Clause */
/* For the tests: what Arc asks of a program that wants a token. */
#ifndef EXOAUTH_IDENTITY_H
#define EXOAUTH_IDENTITY_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_ARC_DIR "/var/opt/azcmagent/tokens"

/*
 * Reads the file that the challenge, a WWW-Authenticate header, names: one
 * of dir itself, whose name ends in .key, of at most 4096 bytes. EXO_E_SYNTAX
 * or an error of exoauth/file.h; why is a static text.
 */
int exo_arc_key(const char *dir, const char *challenge, struct exo_secret *key,
                const char **why) EXO_MUST_CHECK;

#endif
