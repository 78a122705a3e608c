/* SPDX-License-Identifier: BSD-2-Clause */
/* A text, or secret, that a test has built, as a string. In error the test
 * ends. */
#ifndef EXOAUTH_TEST_WHOLE_H
#define EXOAUTH_TEST_WHOLE_H

#include <stdlib.h>

#include "exoauth/buf.h"

static inline const char *whole_text(const struct exo_buf *buf)
{
    const char *text;

    if (exo_buf_done(buf, &text) != EXO_OK) {
        abort();
    }
    return text;
}

static inline const char *whole_secret(const struct exo_secret *secret)
{
    return whole_text(&secret->hidden);
}

static inline size_t whole_len(const struct exo_secret *secret)
{
    (void)whole_secret(secret);
    return secret->hidden.len;
}

#endif
