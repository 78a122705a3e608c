/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking into an access token for display (doctor_claims.h). Called by
 * doctor_token.c alone. Only the payload of a signed JWT (RFC 7519, 9068) is
 * read; no signature is checked, as nothing follows from what it says. The
 * payload is kept in a struct exo_secret and wiped: signed or not, it names
 * people. What cannot be read is EXO_E_SYNTAX and no error.
 */
#include "config.h"

#include "doctor_claims.h"

#include <json-c/json.h>
#include <string.h>

#include "exoauth/base64.h"
#include "exoauth/json.h"

static void add_word(char *to, size_t size, const char *word)
{
    size_t used = strlen(to);
    size_t len = strlen(word);

    if (used + len + 2 > size) {
        return;
    }
    if (used > 0) {
        to[used++] = ' ';
    }
    memcpy(to + used, word, len + 1);
    exo_text_clean(to);
}

/* A claim that is one string, or a list of them. */
static void take(char *to, size_t size, struct json_object *claims,
                 const char *name)
{
    struct json_object *value = NULL;

    if (to[0] != '\0' || !json_object_object_get_ex(claims, name, &value)) {
        return;
    }
    if (json_object_is_type(value, json_type_string)) {
        add_word(to, size, exo_json_string(claims, name));
    }
    for (size_t i = 0; json_object_is_type(value, json_type_array) &&
                       i < json_object_array_length(value);
         i++) {
        struct json_object *word = json_object_array_get_idx(value, i);

        if (json_object_is_type(word, json_type_string)) {
            add_word(to, size, json_object_get_string(word));
        }
    }
}

static int read_payload(struct exo_claims *claims,
                        const struct exo_secret *payload)
{
    static const char *const mailboxes[] = { "upn", "preferred_username",
                                             "unique_name", "email" };
    static const char *const clients[] = { "appid", "azp", "client_id" };
    struct json_object *object = NULL;

    if (exo_json_parse(payload, &object) != 0) {
        return EXO_E_SYNTAX;
    }
    take(claims->audience, sizeof(claims->audience), object, "aud");
    take(claims->scopes, sizeof(claims->scopes), object, "scp");
    take(claims->scopes, sizeof(claims->scopes), object, "scope");
    take(claims->roles, sizeof(claims->roles), object, "roles");
    for (size_t i = 0; i < sizeof(mailboxes) / sizeof(*mailboxes); i++) {
        take(claims->mailbox, sizeof(claims->mailbox), object, mailboxes[i]);
    }
    for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++) {
        take(claims->client, sizeof(claims->client), object, clients[i]);
    }
    exo_json_free(object);
    return 0;
}

int exo_claims_read(struct exo_claims *claims, const char *token, size_t len)
{
    struct exo_secret payload = EXO_SECRET_INIT;
    const char *end = token + len;
    const char *first = memchr(token, '.', len);
    const char *second;
    int rc = EXO_E_SYNTAX;

    memset(claims, 0, sizeof(*claims));
    if (!first) {
        return rc;
    }
    first++;
    second = memchr(first, '.', (size_t)(end - first));
    /* Three parts: signed. Five: encrypted, and for the server only. */
    if (second && !memchr(second + 1, '.', (size_t)(end - second - 1)) &&
        exo_base64url_bytes(&payload.hidden, first, (size_t)(second - first)) ==
            0) {
        rc = read_payload(claims, &payload);
    }
    exo_secret_free(&payload);
    return rc;
}
