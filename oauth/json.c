/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON of a provider's answer, through json-c with limits (exoauth/json.h
 * and answer.h).
 *
 * Called by response.c, error.c and device.c, and by the import of other
 * programs' files. The body comes from elsewhere and carries secrets: json-c
 * copies each string into its parse buffer and then into the object, and wipes
 * neither. The object is wiped before it is freed, the buffer by making it
 * parse blanks, which needs no knowledge of json-c's insides. Every failure is
 * an EXO_E* code and no object; what a half-parsed object held is json-c's
 * alone and only freed.
 */
#include "config.h"

#include "answer.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define NUMBER_MAX 9007199254740992.0 /* beyond it doubles skip numbers */

/* Once before the parse, so that the buffer has its full size and is never
 * copied while it grows, and once after it, to overwrite what it holds. */
static int scrub(struct json_tokener *parser, size_t len)
{
    char *blanks = malloc(len + 1);

    if (blanks == NULL) {
        return EXO_E_NOMEM;
    }
    memset(blanks, ' ', len + 1);
    blanks[0] = '"';
    json_tokener_reset(parser);
    (void)json_tokener_parse_ex(parser, blanks, (int)len + 1);
    json_tokener_reset(parser);
    free(blanks);
    return EXO_OK;
}

int exo_json_parse(const struct exo_secret *body, struct json_object **object)
{
    size_t len = exo_secret_len(body);
    const char *text = exo_secret_reveal(body);
    struct json_tokener *parser;
    struct json_object *found;
    enum json_tokener_error code;
    int rc;

    *object = NULL;
    if (len > EXO_HTTP_BODY_MAX) {
        return EXO_E_TOOBIG;
    }
    if (len == 0) {
        return EXO_E_SHORT;
    }
    /* json-c takes a NUL for the end and would not look at what follows. */
    if (memchr(text, '\0', len) != NULL) {
        return EXO_E_SYNTAX;
    }

    parser = json_tokener_new_ex(DEPTH_MAX);
    if (parser == NULL) {
        return EXO_E_NOMEM;
    }
    rc = scrub(parser, len);
    if (rc != EXO_OK) {
        goto out;
    }
    json_tokener_set_flags(parser,
                           JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* With the NUL behind it, which tells json-c that no more will come. */
    found = json_tokener_parse_ex(parser, text, (int)len + 1);
    code = json_tokener_get_error(parser);
    if (code == json_tokener_error_parse_eof || code == json_tokener_continue) {
        rc = EXO_E_SHORT;
    } else if (code != json_tokener_success) {
        rc = EXO_E_SYNTAX;
    } else if (!json_object_is_type(found, json_type_object)) {
        rc = EXO_E_SYNTAX;
    }
    if (rc == EXO_OK) {
        *object = found;
    } else {
        exo_json_free(found);
    }
    (void)scrub(parser, len);
out:
    json_tokener_free(parser);
    return rc;
}

static void wipe(struct json_object *value)
{
    size_t i;

    switch (json_object_get_type(value)) {
    case json_type_string:
        /* json-c hands out its own memory as const; nobody else has it. */
        explicit_bzero((void *)(uintptr_t)json_object_get_string(value),
                       (size_t)json_object_get_string_len(value));
        break;
    case json_type_array:
        for (i = 0; i < json_object_array_length(value); i++) {
            wipe(json_object_array_get_idx(value, i));
        }
        break;
    case json_type_object: {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            wipe(member);
        }
        break;
    }
    default:
        break;
    }
}

void exo_json_free(struct json_object *object)
{
    wipe(object);
    (void)json_object_put(object);
}

const char *exo_json_string(struct json_object *object, const char *name)
{
    struct json_object *value;
    const char *text;

    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_string)) {
        return "";
    }
    text = json_object_get_string(value);
    return exo_json_has_nul(object, name) ? "" : text;
}

bool exo_json_has_nul(struct json_object *object, const char *name)
{
    struct json_object *value;

    return json_object_object_get_ex(object, name, &value) &&
           json_object_is_type(value, json_type_string) &&
           strlen(json_object_get_string(value)) !=
               (size_t)json_object_get_string_len(value);
}

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
