/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another program, run to its end: what it says, how it ended. For programs
 * of the host (postconf, postfix, useradd) that get arguments and no secret.
 */
#ifndef EXOAUTH_RUN_H
#define EXOAUTH_RUN_H

#include "exoauth/buf.h"

/* The path of a program: in PATH, then in the usual places of programs for
 * root, which an ordinary user's PATH leaves out. NULL if there is none;
 * malloc'ed. */
char *exo_run_find(const char *name);

/*
 * Runs argv[0], a path, with a PATH and nothing else in its environment.
 * What it says on stdout and stderr is appended to out and said (either may
 * be NULL). *status is its exit status, 128 and more if a signal ended it.
 * EXO_E_NOENT, EXO_E_ACCESS (errno is kept), EXO_E_TIMEOUT (it was killed),
 * EXO_E_TOOBIG, EXO_E_NOMEM, EXO_E_IO.
 */
int exo_run(const char *const *argv, int64_t timeout_ms, struct exo_buf *out,
            struct exo_buf *said, int *status) EXO_MUST_CHECK;

#endif
