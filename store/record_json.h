/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the JSON of a record, strictly and without leaving copies. */
#ifndef EXOAUTH_STORE_RECORD_JSON_H
#define EXOAUTH_STORE_RECORD_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "exoauth/error.h"

/* One object and nothing behind it. EXO_E_SYNTAX or EXO_E_NOMEM; *root may
 * be there all the same and wants exo_record_json_free(). */
int exo_record_json_parse(const char *text, size_t len,
                          struct json_object **root,
                          const char **why) EXO_MUST_CHECK;

/* How many members all objects of a valid text have in all, 0 if it is not
 * strict JSON. */
size_t exo_record_json_members(const char *text, size_t len);

void exo_record_json_free(struct json_object *root); /* wipes; NULL allowed */

#endif
