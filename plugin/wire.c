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

#include "plugin.h"

#include <string.h>

#include "exoauth/block.h"

static char *put(char *to, const void *data, size_t len)
{
    memcpy(to, data, len);
    return to + len;
}

int exo_wire_xoauth2(struct exo_secret *message, const char *user,
                     const char *token, size_t token_len, size_t *token_at)
{
    static const char user_is[] = "user=";
    static const char bearer[] = "\001auth=Bearer ";
    static const char end[] = "\001\001"; /* and the NUL */
    struct exo_buf *out = &message->hidden;
    size_t user_len = strlen(user);
    size_t len = sizeof user_is - 1 + user_len + sizeof bearer - 1;
    char *to;

    *token_at = 0;
    if (exo_has_control(user, user_len))
        return EXO_E_ARG;
    /* All of it at once: growing would copy, and wipe, what is there. */
    to = exo_buf_reserve(out, len + token_len + sizeof end - 1);
    if (to == NULL)
        return out->error;
    to = put(to, user_is, sizeof user_is - 1);
    to = put(to, user, user_len);
    to = put(to, bearer, sizeof bearer - 1);
    to = put(to, token, token_len);
    (void)put(to, end, sizeof end);
    out->len = len + token_len + sizeof end - 1;
    *token_at = len;
    return EXO_OK;
}
