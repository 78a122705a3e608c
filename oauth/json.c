/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and words in a provider's answer (answer.h), in the forms in which
 * providers write them.
 *
 * Called by response.c, device.c and id_token.c with an object of
 * exo_json_parse(), which stays the caller's. Nothing is allocated; a number
 * that is none, or none that can be believed, is EXO_E_SYNTAX.
 */
#include "config.h"

#include "answer.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 9007199254740992.0 /* beyond it doubles skip numbers */

static bool digits_only(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 18 && strspn(text, "0123456789") == len;
}

/* A whole number in whatever form; 0 if it is none, or not positive. */
static int64_t read_number(struct json_object *object, const char *name,
                           struct json_object *value)
{
    const char *text;
    double d;

    switch (json_object_get_type(value)) {
    case json_type_int:
        return json_object_get_int64(value);
    case json_type_double:
        /* The comparison is false for NaN, and guards the conversion. */
        d = json_object_get_double(value);
        return d >= 1.0 && d <= NUMBER_MAX ? (int64_t)d : 0;
    case json_type_string:
        text = exo_json_string(object, name);
        return digits_only(text) ? strtoll(text, NULL, 10) : 0;
    default:
        return 0;
    }
}

int exo_json_until(struct json_object *object, const char *name, int64_t now,
                   int64_t fallback, int64_t *seconds)
{
    struct json_object *value;
    int64_t n;

    *seconds = fallback;
    if (!json_object_object_get_ex(object, name, &value) || value == NULL) {
        return EXO_OK;
    }
    n = read_number(object, name, value);
    if (n <= now || n > now + EXO_LIFE_MAX) {
        return EXO_E_SYNTAX;
    }
    *seconds = n - now;
    return EXO_OK;
}

int exo_json_seconds(struct json_object *object, const char *name,
                     int64_t fallback, int64_t *seconds)
{
    return exo_json_until(object, name, 0, fallback, seconds);
}

bool exo_is_vschar(const char *text)
{
    size_t i;

    for (i = 0; text[i] != '\0'; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e || i >= EXO_TOKEN_MAX) {
            return false;
        }
    }
    return i > 0;
}
