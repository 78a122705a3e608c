/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an access token says about itself, to be shown to a person and never
 * to decide anything: a client has no right to an opinion about a token (RFC
 * 6749 section 1.4), Microsoft says so of its own, and tomorrow it may be
 * opaque. So nothing but doctor may include this; a test sees to it.
 */
#ifndef EXOAUTH_DOCTOR_CLAIMS_H
#define EXOAUTH_DOCTOR_CLAIMS_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Cleaned, cut where too long, "" where the token does not say. */
struct exo_claims {
    char audience[256];
    char scopes[1024]; /* of a person's token */
    char roles[1024];  /* of an application's */
    char mailbox[256]; /* whose it is */
    char client[128];  /* the application that it was given to */
};

/* EXO_E_SYNTAX: it cannot be looked into, which is no fault. */
int exo_claims_read(struct exo_claims *claims, const char *token,
                    size_t len) EXO_MUST_CHECK;

#endif
