/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes over the wire, before base64 and framing: the initial responses
 * of XOAUTH2 and of OAUTHBEARER (RFC 7628 section 3.1),
 *
 *     "user=" user ^A "auth=Bearer " token ^A ^A
 *     "n,a=" user "," ^A "host=" host ^A "port=" port ^A
 *         "auth=Bearer " token ^A ^A
 *
 * ^A is all that separates the fields, and only the user of the second has
 * escapes; so none of them may contain it. Called by the plugin for a login,
 * where it is on the path that has to be cheap, and by `exoauth token
 * --format`. The message is the caller's. Fails with EXO_E_ARG, EXO_E_NOMEM
 * or EXO_E_TOOBIG and then holds nothing.
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
static char *put_saslname(char *to, const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == ',' || *p == '=') {
            to = put(to, *p == ',' ? "=2C" : "=3D", 3);
        } else {
            *to++ = *p;
        }
    }
    return to;
}

int exo_wire_oauthbearer(struct exo_secret *message, const char *user,
                         const char *host, unsigned port, const char *token,
                         size_t token_len, size_t *token_at)
{
    static const char authzid[] = "n,a=";
    static const char host_is[] = "\001host=";
    static const char port_is[] = "\001port=";
    static const char bearer[] = "\001auth=Bearer ";
    static const char end[] = "\001\001"; /* and the NUL */
    struct exo_buf *out = &message->hidden;
    size_t host_len = host != NULL ? strlen(host) : 0;
    char digits[12];
    char *to;

    *token_at = 0;
    if (exo_has_control(user, strlen(user)) ||
        (host_len > 0 && exo_has_control(host, host_len))) {
        return EXO_E_ARG;
    }
    /* Room for the worst of names, in one piece as above. */
    to = exo_buf_reserve(out, sizeof authzid + 3 * strlen(user) +
                                  sizeof host_is + host_len + sizeof port_is +
                                  sizeof digits + sizeof bearer + token_len +
                                  sizeof end);
    if (to == NULL) {
        return out->error;
    }
    to = put(to, authzid, sizeof authzid - 1);
    to = put_saslname(to, user);
    *to++ = ',';
    if (host_len > 0) {
        to = put(to, host_is, sizeof host_is - 1);
        to = put(to, host, host_len);
    }
    if (port > 0) {
        size_t n = sizeof digits;

        for (; port > 0; port /= 10) {
            digits[--n] = (char)('0' + port % 10);
        }
        to = put(to, port_is, sizeof port_is - 1);
        to = put(to, digits + n, sizeof digits - n);
    }
    to = put(to, bearer, sizeof bearer - 1);
    *token_at = (size_t)(to - out->data);
    to = put(to, token, token_len);
    to = put(to, end, sizeof end);
    out->len = (size_t)(to - out->data) - 1;
    return EXO_OK;
}
