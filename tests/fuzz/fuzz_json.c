/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz harness: what is JSON. Whatever the check passes has a tree; whatever it
 * refuses has a reason; and what json-c writes of the tree is JSON again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "exoauth/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void run(const char *text, size_t len, unsigned depth)
{
    struct json_object *object = NULL;
    const char *why = NULL, *again;
    int rc = exo_json_check(text, len, depth, &why);

    must((rc == EXO_OK) == (why == NULL));
    must(rc == EXO_OK || rc == EXO_E_SHORT || rc == EXO_E_SYNTAX);
    if (exo_json_read(text, len, depth, &object, &why) != EXO_OK) {
        must(why != NULL && object == NULL);
        must(rc != EXO_OK || strcmp(why, "not a JSON object") == 0);
        return;
    }
    must(rc == EXO_OK && object != NULL && why == NULL);
    again = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
    /* But for numbers that are too large for a double. */
    if (strstr(again, "Infinity") == NULL)
        must(exo_json_check(again, strlen(again), depth, &why) == EXO_OK);
    exo_json_free(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run((const char *)data, size, 8);
    run((const char *)data, size, 3 | EXO_JSON_BYTES);
    return 0;
}
