/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON by json-c, with limits, and wiped (exoauth/json.h). Every text that the
 * program reads as JSON comes through exo_json_read(): the answers of
 * providers, records, the journal, status_file, other programs' files.
 *
 * check.c decides what JSON is, build.c makes the tree of json-c's objects, and
 * wipes it before it is freed. Failure: an EXO_E* code, no object, and a
 * static reason.
 */
#include "config.h"

#include "build.h"
#include "exoauth/json.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_DEPTH 8

int exo_json_read(const char *text, size_t len, unsigned depth,
                  struct json_object **object, const char **why)
{
    int rc;

    *object = NULL;
    *why = "too long";
    if (len > INT_MAX / 2) {
        return EXO_E_TOOBIG;
    }
    rc = exo_json_check(text, len, depth, why);
    if (rc != EXO_OK) {
        return rc;
    }
    if (text[strspn(text, " \t\r\n")] != '{') {
        *why = "not a JSON object";
        return EXO_E_SYNTAX;
    }
    rc = exo_json_build(text, len, object);
    *why = rc == EXO_OK ? NULL : "out of memory";
    return rc;
}

static int reveal_answer(const struct exo_secret *text, const char **answer,
                         size_t *len)
{
    static const char mark[] = { '\xef', '\xbb', '\xbf' };
    int rc = exo_secret_reveal(text, answer, len);

    if (rc == EXO_OK && *len > EXO_JSON_ANSWER_MAX) {
        rc = EXO_E_TOOBIG;
    }
    if (rc == EXO_OK && *len >= sizeof(mark) &&
        memcmp(*answer, mark, sizeof(mark)) == 0) {
        *answer += sizeof(mark);
        *len -= sizeof(mark);
    }
    return rc;
}

bool exo_json_is_whole(const struct exo_secret *text)
{
    const char *why, *answer;
    size_t len;

    /* A number that was cut off is still one. */
    return reveal_answer(text, &answer, &len) == EXO_OK && len > 0 &&
           answer[strspn(answer, " \t\r\n")] == '{' &&
           exo_json_check(answer, len, ANSWER_DEPTH, &why) == EXO_OK;
}

int exo_json_parse(const struct exo_secret *text, struct json_object **object)
{
    const char *why, *answer;
    size_t len;
    int rc = reveal_answer(text, &answer, &len);

    *object = NULL;
    return rc == EXO_OK ? exo_json_read(answer, len, ANSWER_DEPTH, object, &why)
                        : rc;
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
