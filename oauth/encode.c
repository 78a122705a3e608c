/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base64 by OpenSSL, in its two alphabets (exoauth/base64.h).
 *
 * The commands call exo_base64() for the SASL responses that `exoauth token
 * --format` prints; jwt.c and pkce.c call exo_base64url(). out is the
 * caller's and wipes itself. Both fail with EXO_E_TOOBIG or EXO_E_NOMEM,
 * which also sticks in the buffer, and have appended nothing then.
 */
#include "config.h"

#include "exoauth/base64.h"

#include <limits.h>

#include <openssl/evp.h>

static int encode(struct exo_buf *out, const void *data, size_t len)
{
    size_t need = (len + 2) / 3 * 4;
    char *room;

    if (len > INT_MAX / 2) {
        out->error = EXO_E_TOOBIG;
        return EXO_E_TOOBIG;
    }
    room = exo_buf_reserve(out, need);
    if (room == NULL)
        return out->error;
    /* It writes a NUL behind the text, for which a buffer has room. */
    (void)EVP_EncodeBlock((unsigned char *)room, data, (int)len);
    out->len += need;
    return EXO_OK;
}

int exo_base64(struct exo_secret *out, const char *data, size_t len)
{
    return encode(&out->hidden, data, len);
}

int exo_base64url(struct exo_buf *out, const void *data, size_t len)
{
    size_t i, start = out->len;
    int rc = encode(out, data, len);

    if (rc != EXO_OK)
        return rc;
    while (out->len > start && out->data[out->len - 1] == '=')
        out->data[--out->len] = '\0';
    for (i = start; i < out->len; i++) {
        if (out->data[i] == '+')
            out->data[i] = '-';
        else if (out->data[i] == '/')
            out->data[i] = '_';
    }
    return EXO_OK;
}
