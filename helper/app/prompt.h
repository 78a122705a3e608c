/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets from a person or from a file named on the command line. */
#ifndef EXOAUTH_PROMPT_H
#define EXOAUTH_PROMPT_H

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* Asks on the controlling terminal without echo. EXO_E_NOENT: there is no
 * terminal. */
int exo_prompt_secret(const char *question, struct exo_secret *secret,
                      struct exo_err *err) EXO_MUST_CHECK;

/*
 * A line that may be seen, however long, from stdin where that is no
 * terminal, else from the terminal. EXO_E_STATUS, USAGE: neither gives one.
 */
int exo_prompt_line(const char *question, struct exo_secret *line,
                    struct exo_err *err) EXO_MUST_CHECK;

/* A new one: asked for twice, until both are the same; never empty. Without a
 * terminal EXO_STATUS_USAGE with --password-file in the remedy. */
int exo_prompt_new(const char *question, struct exo_secret *secret,
                   struct exo_err *err) EXO_MUST_CHECK;

/*
 * The first line of a file, "-" for stdin. A regular file must pass the rule
 * for configuration; a pipe, as of `<(command)`, is taken as it comes.
 */
int exo_prompt_file(const char *option, const char *path,
                    struct exo_secret *secret,
                    struct exo_err *err) EXO_MUST_CHECK;

#endif
