/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON that we print for other programs: one object, {"exoauth": 1, NAME:
 * [...]}. Every member of an entry is always there, null where nothing is
 * known; members may be added in later versions, and "exoauth" changes when
 * one changes its meaning. For status and doctor. All return 0 or EXO_E_NOMEM.
 */
#ifndef EXOAUTH_HELPER_REPORT_H
#define EXOAUTH_HELPER_REPORT_H

#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct json_object; /* json-c's */

/* NULL or "": null. */
int exo_report_text(struct json_object *object, const char *key,
                    const char *text) EXO_MUST_CHECK;
int exo_report_number(struct json_object *object, const char *key,
                      int64_t number) EXO_MUST_CHECK;
/* Seconds since 1970; 0 or less: null. */
int exo_report_time(struct json_object *object, const char *key,
                    int64_t when) EXO_MUST_CHECK;

/* Writes the whole, with the entries of list, which stays the caller's. */
int exo_report_print(struct exo_buf *out, const char *name,
                     struct json_object *list) EXO_MUST_CHECK;

#endif
