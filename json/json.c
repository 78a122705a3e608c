/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON by json-c, with limits, and wiped (exoauth/json.h). Every text that the
 * program reads as JSON comes through exo_json_read(): the answers of
 * providers, records, the journal, status_file, other programs' files.
 *
 * check.c decides what JSON is; json-c then only builds the tree, with none of
 * its flags, and what it cannot build for lack of memory it does not always
 * say: the values are counted. It copies each string into its parse buffer and
 * then into the object, and wipes neither. The object is wiped before it is
 * freed, the buffer by making it parse blanks, which needs no knowledge of
 * json-c's insides. Failure: an EXO_E* code, no object, and a static reason.
 */
#include "config.h"

#include "exoauth/json.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_DEPTH 8

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

/* How many values the tree has; check.c counted those of the text. */
static size_t count(struct json_object *value)
{
    size_t n = 1;

    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            n += count(json_object_array_get_idx(value, i));
        }
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            n += count(member);
        }
    }
    return n;
}

/* json-c counts levels its own way; check.c has looked at them. */
static int build(const char *text, size_t len, unsigned depth, size_t values,
                 struct json_object **object)
{
    struct json_tokener *parser =
        json_tokener_new_ex((int)(depth & ~EXO_JSON_BYTES) + 2);
    int rc;

    if (parser == NULL) {
        return EXO_E_NOMEM;
    }
    rc = scrub(parser, len);
    if (rc == EXO_OK) {
        *object = json_tokener_parse_ex(parser, text, (int)len);
        (void)scrub(parser, len);
        if (count(*object) != values) {
            exo_json_free(*object);
            *object = NULL;
            rc = EXO_E_NOMEM;
        }
    }
    json_tokener_free(parser);
    return rc;
}

int exo_json_read(const char *text, size_t len, unsigned depth,
                  struct json_object **object, const char **why)
{
    size_t values = 0;
    int rc;

    *object = NULL;
    *why = "too long";
    if (len > INT_MAX / 2) {
        return EXO_E_TOOBIG;
    }
    rc = exo_json_check(text, len, depth, &values, why);
    if (rc != EXO_OK) {
        return rc;
    }
    if (text[strspn(text, " \t\r\n")] != '{') {
        *why = "not a JSON object";
        return EXO_E_SYNTAX;
    }
    rc = build(text, len, depth, values, object);
    *why = rc == EXO_OK ? NULL : "out of memory";
    return rc;
}

int exo_json_parse(const struct exo_secret *text, struct json_object **object)
{
    const char *why, *answer;
    size_t len;
    int rc = exo_secret_reveal(text, &answer, &len);

    *object = NULL;
    if (rc == EXO_OK && len > EXO_JSON_ANSWER_MAX) {
        rc = EXO_E_TOOBIG;
    }
    return rc == EXO_OK ? exo_json_read(answer, len, ANSWER_DEPTH, object, &why)
                        : rc;
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
