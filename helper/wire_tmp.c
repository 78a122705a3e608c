/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes over the wire: the initial response of XOAUTH2,
 *
 *     "user=" user ^A "auth=Bearer " token ^A ^A
 *
 * base64 and framing are the host's. The format has no escapes: ^A is all
 * that separates its fields, so neither user nor token may contain it. The
 * other mechanism for bearer tokens, OAUTHBEARER (RFC 7628), differs from
 * this file and from the answer to a challenge, and in nothing else.
 *
 * Called by mech.c, which owns the message and frees it. Fails with
 * EXO_E_ARG, EXO_E_NOMEM or EXO_E_TOOBIG and then holds nothing.
 */
#include "config.h"

#include "exoauth/wire.h"

#include <string.h>

#include "exoauth/block.h"

int exo_wire_xoauth2(struct exo_secret *message, const char *user,
                     const char *token, size_t token_len, size_t *token_at)
{
    static const char user_is[] = "user=";
    static const char bearer[] = "\001auth=Bearer ";
    static const char end[] = "\001\001";
    struct exo_buf *out = &message->hidden;
    size_t user_len = strlen(user);

    *token_at = 0;
    if (exo_has_control(user, user_len))
        return EXO_E_ARG;
    /* All of it at once: growing would copy, and wipe, what is there. */
    exo_buf_reserve(out, sizeof user_is + user_len + sizeof bearer + token_len +
                             sizeof end);
    exo_buf_add(out, user_is, sizeof user_is - 1);
    exo_buf_add(out, user, user_len);
    exo_buf_add(out, bearer, sizeof bearer - 1);
    *token_at = out->len;
    exo_buf_add(out, token, token_len);
    exo_buf_add(out, end, sizeof end - 1);
    if (out->error != 0) {
        int error = out->error;

        exo_secret_free(message);
        return error;
    }
    return EXO_OK;
}

/* saslname of RFC 5801 section 4. */
static void put_saslname(struct exo_buf *out, const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == ',') {
            exo_buf_str(out, "=2C");
        } else if (*p == '=') {
            exo_buf_str(out, "=3D");
        } else {
            exo_buf_add(out, p, 1);
        }
    }
}

int exo_wire_oauthbearer(struct exo_secret *message, const char *user,
                         const char *token, size_t token_len, size_t *token_at)
{
    struct exo_buf *out = &message->hidden;

    *token_at = 0;
    if (exo_has_control(user, strlen(user)))
        return EXO_E_ARG;
    exo_buf_str(out, "n,a=");
    put_saslname(out, user);
    exo_buf_str(out, ",\001auth=Bearer ");
    *token_at = out->len;
    exo_buf_add(out, token, token_len);
    exo_buf_str(out, "\001\001");
    if (out->error != 0) {
        int error = out->error;

        exo_secret_free(message);
        return error;
    }
    return EXO_OK;
}
