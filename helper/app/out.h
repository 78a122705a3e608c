/* SPDX-License-Identifier: BSD-2-Clause */
/* The result of a command, on stdout (out.c). */
#ifndef EXOAUTH_OUT_H
#define EXOAUTH_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* stdout, checked: a full disk or closed pipe is an error, not silence. */
int exo_out(const void *data, size_t len, struct exo_err *err) EXO_MUST_CHECK;
/* The finished text; one in error is an error of the command. */
int exo_out_buf(const struct exo_buf *text, struct exo_err *err) EXO_MUST_CHECK;
/* `changed` or `unchanged`, of a command that has done all it had to. */
int exo_out_changed(bool changed, struct exo_err *err) EXO_MUST_CHECK;
/* The last act of every command: is all of it where it belongs? Closes stdout.
 */
int exo_out_end(struct exo_err *err) EXO_MUST_CHECK;

#endif
