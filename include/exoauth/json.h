/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON that somebody else may have written, and that may carry secrets: one
 * check of the text, which decides in all of the program, and json-c's tree.
 * And JSON that we write: one writer, whose errors are those of its buffer.
 */
#ifndef EXOAUTH_JSON_H
#define EXOAUTH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct json_object; /* json-c's */

/* Longest answer of a provider, or file of another program, bytes. */
#define EXO_JSON_ANSWER_MAX ((size_t)64 * 1024)

/* Most members that all objects that are open at one place have so far. */
#define EXO_JSON_NAMES 512

/* Added to a depth: the text may hold bytes that are not UTF-8, as our own
 * files do that quote what others wrote. */
#define EXO_JSON_BYTES 0x100u

/*
 * Is the text one JSON value by the grammar of RFC 8259, with nothing behind
 * it? In UTF-8, no byte order mark, no member twice in one object (names are
 * compared decoded), no NUL in a name, objects and arrays at most depth (1 to
 * 64) deep. 0, EXO_E_SHORT (empty, or it
 * ends too early), EXO_E_SYNTAX; *why is a static reason or NULL. The text may
 * lack a NUL at its end.
 */
int exo_json_check(const char *text, size_t len, unsigned depth,
                   const char **why) EXO_MUST_CHECK;

/*
 * A text that passes the check and is an object, as a tree. Also EXO_E_TOOBIG
 * and EXO_E_NOMEM, which alone says nothing about the text. Free it with
 * exo_json_free(), which wipes its strings.
 */
int exo_json_read(const char *text, size_t len, unsigned depth,
                  struct json_object **object, const char **why) EXO_MUST_CHECK;
/* The same for at most EXO_JSON_ANSWER_MAX bytes, eight levels deep; a byte
 * order mark before it is ignored, as RFC 8259 section 8.1 allows. */
int exo_json_parse(const struct exo_secret *text,
                   struct json_object **object) EXO_MUST_CHECK;
/* Would exo_json_parse() take it, but for a lack of memory? Allocates nothing.
 */
bool exo_json_is_whole(const struct exo_secret *text);
void exo_json_free(struct json_object *object);

/* A string without NUL, "" if it is absent, null, or anything else. */
const char *exo_json_string(struct json_object *object, const char *name);
/* Is it a string that exo_json_string() gives as "", as a NUL is in it? */
bool exo_json_has_nul(struct json_object *object, const char *name);

/*
 * A text that is being written into the caller's buffer: an object from
 * exo_json_begin() to the last exo_json_end(). What fails is the buffer's
 * sticky error and is checked once, by exo_buf_done(): EXO_E_NOMEM,
 * EXO_E_TOOBIG, EXO_E_SYNTAX (a NUL in a text), EXO_E_ARG (the caller's
 * mistake). name: NULL in an array. lines: a member a line, and a newline
 * behind the whole. Texts are bytes; whose UTF-8 counts looks at it before.
 */
struct exo_json {
    struct exo_buf *out;
    bool lines;
    bool some; /* the innermost object or array has something already */
    unsigned depth;
    char ends[8]; /* of those that are open */
};

void exo_json_begin(struct exo_json *json, struct exo_buf *out, bool lines);
void exo_json_object(struct exo_json *json, const char *name);
void exo_json_array(struct exo_json *json, const char *name);
/* Of the innermost object or array. */
void exo_json_end(struct exo_json *json);
/* NULL: null. */
void exo_json_put_text(struct exo_json *json, const char *name,
                       const char *text);
void exo_json_put_bytes(struct exo_json *json, const char *name,
                        const char *text, size_t len);
/* &secret->hidden for a secret. An error of value becomes one of the whole. */
void exo_json_put_buf(struct exo_json *json, const char *name,
                      const struct exo_buf *value);
void exo_json_put_number(struct exo_json *json, const char *name,
                         int64_t number);

/* A string alone, with its quotes. */
void exo_json_quote(struct exo_buf *out, const char *text, size_t len);

#endif
