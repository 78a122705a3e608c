/* SPDX-License-Identifier: BSD-2-Clause */
/* A text that a test has built, as a string. In error the test ends. */
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

#endif
