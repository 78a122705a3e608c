/* SPDX-License-Identifier: BSD-2-Clause */
/* Between json.c and build.c. */
#ifndef EXOAUTH_JSON_BUILD_H
#define EXOAUTH_JSON_BUILD_H

#include <stddef.h>

#include "exoauth/error.h"

struct json_object;

/* The tree of a text that exo_json_check() has passed. EXO_E_NOMEM. */
int exo_json_build(const char *text, size_t len,
                   struct json_object **value) EXO_MUST_CHECK;

#endif
