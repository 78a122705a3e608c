/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of a text that has passed check.c, made of json-c's objects but not
 * by its parser: that one looks neither at every allocation nor at what it
 * leaves out, and dies, or hands out half a tree, where memory is short. Called
 * by json.c; whoever has a tree ends it here, too. The text is JSON for sure,
 * so what is read here is only told apart, and ends where the text does.
 *
 * Strings are decoded in a buffer that wipes itself. The depth is that which
 * check.c allowed, so recursion is bounded. Failure: EXO_E_NOMEM and no tree.
 */
#include "config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "exoauth/json.h"

/* ---- the end of a tree ---- */

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

/* ---- its text ---- */

struct reader {
    const char *at, *end;
    struct exo_buf word; /* of the string or number that is being read */
};

static int read_value(struct reader *r, struct json_object **value);

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && memchr(" \t\r\n", *r->at, 4) != NULL) {
        r->at++;
    }
}

/* ---- strings ---- */

static unsigned hex4(const char *from)
{
    unsigned unit = 0;

    for (int i = 0; i < 4; i++) {
        unsigned digit = (unsigned char)from[i];

        digit = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
        unit = unit << 4 | digit;
    }
    return unit;
}

static void put_utf8(struct exo_buf *out, unsigned code)
{
    unsigned char bytes[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; i-- > 1; code >>= 6) {
        bytes[i] = (unsigned char)(0x80 | (code & 0x3f));
    }
    bytes[0] = (unsigned char)(first[n] | code);
    exo_buf_add(out, bytes, n);
}

static bool is_low(unsigned unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Behind `\u`. Half a surrogate pair is U+FFFD, as check.c has it. */
static void read_unicode(struct reader *r)
{
    unsigned code = hex4(r->at);

    r->at += 4;
    if (code >= 0xd800 && code <= 0xdbff && r->end - r->at >= 6 &&
        r->at[0] == '\\' && r->at[1] == 'u' && is_low(hex4(r->at + 2))) {
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(r->at + 2) - 0xdc00);
        r->at += 6;
    } else if (code >= 0xd800 && code <= 0xdfff) {
        code = 0xfffd;
    }
    put_utf8(&r->word, code);
}

/* Into r->word; r->at is behind the quote that opens it. */
static void read_string(struct reader *r)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";

    exo_buf_reset(&r->word);
    while (*r->at != '"') {
        const char *run = r->at;

        while (*r->at != '"' && *r->at != '\\') {
            r->at++;
        }
        exo_buf_add(&r->word, run, (size_t)(r->at - run));
        if (*r->at == '"') {
            break;
        }
        r->at += 2;
        if (r->at[-1] == 'u') {
            read_unicode(r);
        } else {
            exo_buf_add(&r->word, &to[strchr(from, r->at[-1]) - from], 1);
        }
    }
    r->at++;
}

/* ---- the rest ---- */

/* A whole number as far as it goes, as json-c has it; else a double. */
static struct json_object *make_number(const char *text)
{
    uint64_t whole;

    if (strpbrk(text, ".eE") != NULL) {
        return json_object_new_double_s(strtod(text, NULL), text);
    }
    if (text[0] == '-') {
        return json_object_new_int64(strtoll(text, NULL, 10));
    }
    whole = strtoull(text, NULL, 10);
    return whole <= INT64_MAX ? json_object_new_int64((int64_t)whole)
                              : json_object_new_uint64(whole);
}

static int read_number(struct reader *r, struct json_object **value)
{
    const char *from = r->at;
    const char *text;
    int rc;

    while (r->at < r->end && strchr("+-.0123456789eE", *r->at) != NULL) {
        r->at++;
    }
    exo_buf_reset(&r->word);
    exo_buf_add(&r->word, from, (size_t)(r->at - from));
    rc = exo_buf_done(&r->word, &text);
    if (rc == EXO_OK) {
        *value = make_number(text);
        rc = *value != NULL ? EXO_OK : EXO_E_NOMEM;
    }
    return rc;
}

/* One member; r->at is behind the quote that opens its name. */
static int read_member(struct reader *r, struct json_object *object)
{
    struct json_object *value = NULL;
    char *name = NULL;
    const char *text;
    int rc;

    read_string(r);
    rc = exo_buf_done(&r->word, &text);
    if (rc == EXO_OK) {
        name = strdup(text);
        rc = name != NULL ? EXO_OK : EXO_E_NOMEM;
    }
    skip_blanks(r);
    r->at++; /* the colon */
    if (rc == EXO_OK) {
        rc = read_value(r, &value);
    }
    if (rc == EXO_OK && json_object_object_add(object, name, value) != 0) {
        exo_json_free(value);
        rc = EXO_E_NOMEM;
    }
    free(name);
    return rc;
}

static int read_element(struct reader *r, struct json_object *array)
{
    struct json_object *value = NULL;
    int rc = read_value(r, &value);

    if (rc == EXO_OK && json_object_array_add(array, value) != 0) {
        exo_json_free(value);
        rc = EXO_E_NOMEM;
    }
    return rc;
}

/* An object or an array; r->at is behind what opens it. */
static int read_inner(struct reader *r, bool object, struct json_object **value)
{
    const char end = object ? '}' : ']';
    struct json_object *made =
        object ? json_object_new_object() : json_object_new_array();
    int rc = made != NULL ? EXO_OK : EXO_E_NOMEM;

    skip_blanks(r);
    while (rc == EXO_OK && *r->at != end) {
        if (*r->at == ',') {
            r->at++;
            skip_blanks(r);
        }
        if (object) {
            r->at++;
            rc = read_member(r, made);
        } else {
            rc = read_element(r, made);
        }
        skip_blanks(r);
    }
    if (rc != EXO_OK) {
        exo_json_free(made);
        return rc;
    }
    r->at++;
    *value = made;
    return EXO_OK;
}

/* One of the three words; null has no object. */
static int read_word(struct reader *r, struct json_object **value)
{
    bool yes = *r->at == 't';
    bool null = *r->at == 'n';

    r->at += yes || null ? 4 : 5;
    *value = null ? NULL : json_object_new_boolean(yes);
    return null || *value != NULL ? EXO_OK : EXO_E_NOMEM;
}

static int read_value(struct reader *r, struct json_object **value)
{
    const char *text;
    int rc;

    *value = NULL;
    skip_blanks(r);
    switch (*r->at) {
    case '{':
    case '[':
        return read_inner(r, *r->at++ == '{', value);
    case '"':
        r->at++;
        read_string(r);
        rc = exo_buf_done(&r->word, &text);
        if (rc == EXO_OK) {
            *value = json_object_new_string_len(text, (int)r->word.len);
            rc = *value != NULL ? EXO_OK : EXO_E_NOMEM;
        }
        return rc;
    case 't':
    case 'f':
    case 'n':
        return read_word(r, value);
    default:
        return read_number(r, value);
    }
}

int exo_json_build(const char *text, size_t len, struct json_object **value)
{
    struct reader r = { .at = text, .end = text + len };
    int rc;

    exo_buf_init(&r.word, len + 1);
    rc = read_value(&r, value);
    exo_buf_free(&r.word);
    return rc;
}
