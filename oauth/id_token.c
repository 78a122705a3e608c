/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name in an ID token (answer.h), so that login can say whose mailbox
 * was authorised. Called by response.c with what a token endpoint sent.
 *
 * Nothing fails here: a token that cannot be read names nobody. No access
 * token is ever looked into; its content is the mail server's business and
 * may change without notice.
 */
#include "config.h"

#include <string.h>

#include <json-c/json.h>

#include "answer.h"
#include "exoauth/base64.h"

/* The part of a JWT between its two dots, RFC 7515 section 3.1. */
static struct json_object *read_payload(const char *token)
{
    struct exo_secret payload = EXO_SECRET_INIT;
    struct json_object *object = NULL;
    const char *from = strchr(token, '.');
    const char *to = from == NULL ? NULL : strchr(from + 1, '.');

    if (to == NULL ||
        exo_base64url_bytes(&payload.hidden, from + 1,
                            (size_t)(to - from - 1)) != EXO_OK ||
        exo_json_parse(&payload, &object) != EXO_OK) {
        object = NULL;
    }
    exo_secret_free(&payload);
    return object;
}

void exo_id_token_mailbox(const char *id_token, char *mailbox, size_t size)
{
    /* Entra's first; a bare `sub` is no name that anybody knows. */
    static const char *const claims[] = { "preferred_username", "upn",
                                          "email" };
    struct json_object *object = read_payload(id_token);
    const char *name = "";
    size_t i;

    mailbox[0] = '\0';
    for (i = 0; object != NULL && *name == '\0' &&
                i < sizeof(claims) / sizeof(claims[0]);
         i++) {
        name = exo_json_string(object, claims[i]);
    }
    if (exo_is_vschar(name) && strchr(name, '@') != NULL &&
        strlen(name) < size) {
        memcpy(mailbox, name, strlen(name) + 1);
    }
    exo_json_free(object);
}
