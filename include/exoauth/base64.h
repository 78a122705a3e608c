/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 (RFC 4648 section 4) of bytes that may be secret, by OpenSSL. */
#ifndef EXOAUTH_BASE64_H
#define EXOAUTH_BASE64_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Appends to out, with padding and without line breaks. */
int exo_base64(struct exo_secret *out, const char *data,
               size_t len) EXO_MUST_CHECK;

#endif
