/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON that somebody else may have written, and that may carry secrets: one
 * check of the text, which decides in all of the program, and json-c's tree.
 */
#ifndef EXOAUTH_JSON_H
#define EXOAUTH_JSON_H

#include <stdbool.h>
#include <stddef.h>

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
 * 64) deep. *values is how many values it has. 0, EXO_E_SHORT (empty, or it
 * ends too early), EXO_E_SYNTAX; *why is a static reason or NULL. The text may
 * lack a NUL at its end.
 */
int exo_json_check(const char *text, size_t len, unsigned depth, size_t *values,
                   const char **why) EXO_MUST_CHECK;

/*
 * A text that passes the check and is an object, as a tree. Also EXO_E_TOOBIG
 * and EXO_E_NOMEM, which alone says nothing about the text. Free it with
 * exo_json_free(), which wipes its strings.
 */
int exo_json_read(const char *text, size_t len, unsigned depth,
                  struct json_object **object, const char **why) EXO_MUST_CHECK;
/* The same for at most EXO_JSON_ANSWER_MAX bytes, eight levels deep. */
int exo_json_parse(const struct exo_secret *text,
                   struct json_object **object) EXO_MUST_CHECK;
void exo_json_free(struct json_object *object);

/* A string without NUL, "" if it is absent, null, or anything else. */
const char *exo_json_string(struct json_object *object, const char *name);
/* Is it a string that exo_json_string() gives as "", as a NUL is in it? */
bool exo_json_has_nul(struct json_object *object, const char *name);

#endif
