/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON that carries secrets and was written by somebody else: a provider's
 * answer, another program's token file. json-c with limits, wiped after use.
 */
#ifndef EXOAUTH_JSON_H
#define EXOAUTH_JSON_H

#include <stdbool.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct json_object; /* json-c's */

/*
 * The whole text as one JSON object (RFC 8259), at most eight levels deep and
 * EXO_HTTP_BODY_MAX bytes long, in UTF-8. Of a name that stands twice the last
 * one counts. 0, EXO_E_SHORT (empty, or it ends too early), EXO_E_SYNTAX,
 * EXO_E_TOOBIG, EXO_E_NOMEM. Free it with exo_json_free(), which wipes its
 * strings.
 */
int exo_json_parse(const struct exo_secret *text,
                   struct json_object **object) EXO_MUST_CHECK;
void exo_json_free(struct json_object *object);

/* A string without NUL, "" if it is absent, null, or anything else. */
const char *exo_json_string(struct json_object *object, const char *name);
/* Is it a string that exo_json_string() gives as "", as a NUL is in it? */
bool exo_json_has_nul(struct json_object *object, const char *name);

#endif
