/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes over the wire: the initial responses of XOAUTH2,
 *
 *     "user=" user ^A "auth=Bearer " token ^A ^A
 *
 * and of OAUTHBEARER (RFC 7628), before base64 and framing. XOAUTH2 has no
 * escapes: ^A is all that separates its fields, so neither user nor token
 * may contain it. Called by the plugin for a login, where it is on the path
 * that has to be cheap, and by `exoauth token --format`. The message is the
 * caller's. Fails with EXO_E_ARG, EXO_E_NOMEM or EXO_E_TOOBIG and then holds
 * nothing.
 */
#include "config.h"

#include "exoauth/wire.h"

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
    if (exo_has_control(user, user_len)) {
        return EXO_E_ARG;
    }
    /* All of it at once: growing would copy, and wipe, what is there. */
    to = exo_buf_reserve(out, len + token_len + sizeof end - 1);
    if (to == NULL) {
        return out->error;
    }
    to = put(to, user_is, sizeof user_is - 1);
    to = put(to, user, user_len);
    to = put(to, bearer, sizeof bearer - 1);
    to = put(to, token, token_len);
    (void)put(to, end, sizeof end);
    out->len = len + token_len + sizeof end - 1;
    *token_at = len;
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
    if (exo_has_control(user, strlen(user))) {
        return EXO_E_ARG;
    }
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
