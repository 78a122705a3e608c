/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the provider said in an error object, made fit for a mail log
 * (answer.h, RFC 6749 section 5.2).
 *
 * error.c calls it once per refusal and frees the result. Nothing here can
 * fail: what is malformed, or what repeats a secret of the request, counts as
 * not said (leak.c); long words that look like part of a token go, too.
 */
#include "config.h"

#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "exoauth/explain.h"

#define DIGITS "0123456789"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" DIGITS

#define DESCRIPTION_MAX 160
#define READ_MAX 4096 /* of a description; what is said comes first */
#define OPAQUE_LEN 40 /* no word of a sentence has that many bytes */

/* A member that is a name such as "invalid_grant"; else to stays "". 1 if it
 * repeats a secret, EXO_E_NOMEM. */
static int read_name(const struct exo_asked *asked, struct json_object *object,
                     const char *member, char *to, size_t size)
{
    const char *name = exo_json_string(object, member);
    size_t len = strlen(name);
    int leaks;

    if (len >= size || strspn(name, ALNUM "_.-") != len) {
        return 0;
    }
    leaks = exo_leaks(asked, NULL, name, len);
    if (leaks == 0) {
        memcpy(to, name, len + 1);
    }
    return leaks;
}

/* The first code of error_codes that has an explanation, else the first of
 * all, else the one in the description. */
static void find_aadsts(char *code, size_t size, struct json_object *object,
                        const char *description)
{
    struct json_object *codes = NULL, *one;
    const char *found = strstr(description, "AADSTS");
    size_t i, digits, n = 0;

    if (json_object_object_get_ex(object, "error_codes", &codes) &&
        json_object_is_type(codes, json_type_array)) {
        n = json_object_array_length(codes);
    }
    /* Once around, and back to the first. */
    for (i = 0; n > 0 && i <= n; i++) {
        one = json_object_array_get_idx(codes, i % n);
        if (!json_object_is_type(one, json_type_int)) {
            continue;
        }
        (void)snprintf(code, size, "AADSTS%" PRId64,
                       json_object_get_int64(one));
        if (exo_explain(code) != NULL) {
            return;
        }
    }
    if (code[0] != '\0' || found == NULL) {
        return;
    }
    digits = strspn(found + 6, DIGITS);
    if (digits > 0 && digits <= 12) {
        (void)snprintf(code, size, "%.*s", (int)(6 + digits), found);
    }
}

/* The part of a description worth reading, in ASCII on one line. */
static void describe(struct exo_buf *out, const char *text, size_t len)
{
    const char *end = memmem(text, len, "Trace ID", 8);
    const char *all = text + len;
    size_t n;

    /* The code is told apart from the text. */
    if (strncmp(text, "AADSTS", 6) == 0) {
        n = 6 + strspn(text + 6, DIGITS);
        text += n + strspn(text + n, ": ");
    }
    if (end == NULL) {
        end = all;
    }
    for (; text < end && out->len < DESCRIPTION_MAX; text += n) {
        n = strspn(text, ALNUM "-._~+/=%");
        if (n >= OPAQUE_LEN) {
            exo_buf_str(out, "[...]");
        } else if (n > 0) {
            exo_buf_add(out, text, n);
        } else {
            n = 1;
            if (*text == '"') {
                exo_buf_str(out, "'");
            } else if (*text > 0x20 && *text < 0x7f) {
                exo_buf_add(out, text, 1);
            } else if (*text < 0 || *text > 0x20) {
                exo_buf_str(out, "?");
            } else if (out->len > 0 && out->data[out->len - 1] != ' ') {
                exo_buf_str(out, " ");
            }
        }
    }
    if (text < end) {
        exo_buf_str(out, "...");
    }
    while (out->len > 0 && strchr(" .", out->data[out->len - 1]) != NULL &&
           text >= end) {
        out->data[--out->len] = '\0';
    }
}

int exo_said_read(struct exo_said *said, const struct exo_asked *asked,
                  struct json_object *object)
{
    const char *description = exo_json_string(object, "error_description");
    size_t len;
    int leaks;

    memset(said, 0, sizeof(*said));
    exo_buf_init(&said->description, 4 * DESCRIPTION_MAX);
    if (asked->identity && *description == '\0') {
        description = exo_json_string(object, "message"); /* App Service */
    }
    if (object == NULL) {
        return EXO_OK;
    }
    if (read_name(asked, object, "error", said->error, sizeof(said->error)) <
            0 ||
        read_name(asked, object, "suberror", said->suberror,
                  sizeof(said->suberror)) < 0) {
        return EXO_E_NOMEM;
    }
    find_aadsts(said->code, sizeof(said->code), object, description);
    len = strnlen(description, READ_MAX);
    leaks = exo_leaks(asked, NULL, description, len);
    if (leaks == 0) {
        describe(&said->description, description, len);
    }
    return leaks < 0 ? leaks : EXO_OK;
}
