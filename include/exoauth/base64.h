/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 (RFC 4648 sections 4 and 5) of bytes that may be secret. */
#ifndef EXOAUTH_BASE64_H
#define EXOAUTH_BASE64_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Appends to out, with padding and without line breaks. */
int exo_base64(struct exo_secret *out, const char *data,
               size_t len) EXO_MUST_CHECK;

/* Appends in the alphabet for URLs and without padding, RFC 7515 section 2.
 * Into a buffer, since much of it is public; &secret->hidden for a secret. */
int exo_base64url(struct exo_buf *out, const void *data,
                  size_t len) EXO_MUST_CHECK;

/* And back. EXO_E_SYNTAX for everything that exo_base64url() would not have
 * written: padding, blanks, other letters, spare bits that are set. */
int exo_base64url_bytes(struct exo_buf *out, const char *text,
                        size_t len) EXO_MUST_CHECK;

/* And back from the first alphabet, which others write: with padding. */
int exo_base64_bytes(struct exo_buf *out, const char *text,
                     size_t len) EXO_MUST_CHECK;

#endif
