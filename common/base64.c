/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base64 in its two alphabets (exoauth/base64.h).
 *
 * The commands call exo_base64() for the SASL responses that `exoauth token
 * --format` prints; oauth/ and store/ use the alphabet for URLs, both ways.
 * out is the caller's and wipes itself. A text has one reading and bytes have
 * one text: the decoders take neither other padding, nor blanks, nor spare bits
 * that are not zero, so that nothing sealed can be changed without a trace.
 * Failure: EXO_E_TOOBIG or EXO_E_NOMEM, which also stick in the buffer, or
 * EXO_E_SYNTAX, and then nothing was appended.
 */
#include "config.h"

#include "exoauth/base64.h"

#include <stdint.h>
#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "abcdefghijklmnopqrstuvwxyz0123456789-_";

static int encode(struct exo_buf *out, const char *letters, bool pad,
                  const void *data, size_t len)
{
    const unsigned char *from = data;
    size_t need;
    char *to;

    if (len > SIZE_MAX / 2) {
        out->error = EXO_E_TOOBIG;
        return EXO_E_TOOBIG;
    }
    need = pad ? (len + 2) / 3 * 4 : (len * 4 + 2) / 3;
    to = exo_buf_reserve(out, need);
    if (to == NULL) {
        return out->error;
    }
    out->len += need;
    for (; len > 0; from += 3) {
        const size_t n = len < 3 ? len : 3;
        const uint32_t bits = (uint32_t)from[0] << 16 |
                              (n > 1 ? (uint32_t)from[1] << 8 : 0) |
                              (n > 2 ? (uint32_t)from[2] : 0);

        for (size_t i = 0; i < 4; i++) {
            if (i <= n) {
                *to++ = letters[bits >> (18 - 6 * i) & 63];
            } else if (pad) {
                *to++ = '=';
            }
        }
        len -= n;
    }
    *to = '\0';
    return EXO_OK;
}

int exo_base64(struct exo_secret *out, const char *data, size_t len)
{
    return encode(&out->hidden, plain, true, data, len);
}

int exo_base64url(struct exo_buf *out, const void *data, size_t len)
{
    return encode(out, url, false, data, len);
}

/* memchr() would find the NUL that ends the alphabet, too. */
static int value_of(const char *letters, char c)
{
    const char *at = c == '\0' ? NULL : strchr(letters, c);

    return at == NULL ? -1 : (int)(at - letters);
}

/* Without padding. */
static int decode(struct exo_buf *out, const char *letters, const char *text,
                  size_t len)
{
    const size_t start = out->len;
    const size_t size = len / 4 * 3 + (len % 4 > 1 ? len % 4 - 1 : 0);
    uint32_t bits = 0;
    unsigned held = 0;
    char *to;

    if (len % 4 == 1) {
        return EXO_E_SYNTAX;
    }
    to = exo_buf_reserve(out, size);
    if (to == NULL) {
        return out->error;
    }
    for (size_t i = 0; i < len; i++) {
        const int value = value_of(letters, text[i]);

        if (value < 0) {
            goto refuse;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (char)(unsigned char)(bits >> held);
        }
    }
    if ((bits & ((UINT32_C(1) << held) - 1)) != 0) {
        goto refuse;
    }
    *to = '\0';
    out->len = start + size;
    return EXO_OK;

refuse:
    explicit_bzero(out->data + start, size);
    return EXO_E_SYNTAX;
}

int exo_base64url_bytes(struct exo_buf *out, const char *text, size_t len)
{
    return decode(out, url, text, len);
}

int exo_base64_bytes(struct exo_buf *out, const char *text, size_t len)
{
    size_t pad = 0;

    while (pad < 2 && pad < len && text[len - 1 - pad] == '=') {
        pad++;
    }
    return len % 4 != 0 ? EXO_E_SYNTAX : decode(out, plain, text, len - pad);
}
