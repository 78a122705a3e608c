/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base64 by OpenSSL, for the SASL responses that `exoauth token --format`
 * prints. Called by the commands; out is the caller's and wipes itself.
 * Fails with EXO_E_TOOBIG or EXO_E_NOMEM and has appended nothing then.
 */
#include "config.h"

#include <limits.h>
#include <openssl/evp.h>

#include "exoauth/base64.h"

int exo_base64(struct exo_secret *out, const char *data, size_t len)
{
    size_t need = (len + 2) / 3 * 4;
    char *room;

    if (len > INT_MAX / 2) {
        return EXO_E_TOOBIG;
    }
    room = exo_buf_reserve(&out->hidden, need + 1);
    if (!room) {
        return out->hidden.error;
    }
    (void)EVP_EncodeBlock((unsigned char *)room, (const unsigned char *)data,
                          (int)len);
    out->hidden.len += need;
    return 0;
}
