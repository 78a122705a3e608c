/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, for options.c only. */
#ifndef EXOAUTH_OPTIONS_TABLE_H
#define EXOAUTH_OPTIONS_TABLE_H

#include <getopt.h>

#include "cmd.h"

#define EXO_OPTION_LONGS 64

/* What getopt_long() gives for the rows; 'v' is --verbose, too. */
enum {
    EXO_OPTION_FIRST = 256,
    EXO_OPTION_HELP = EXO_OPTION_FIRST,
    EXO_OPTION_VERSION,
    EXO_OPTION_VERBOSE = 3 /* its row */
};

/* The table for getopt_long(). */
void exo_option_longs(struct option longs[EXO_OPTION_LONGS]);

/* An option with its value into options. */
int exo_option_take(struct exo_options *options, int opt, char *word,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Is it an option of that command, which may be NULL? */
bool exo_option_allowed(const struct exo_command *command, int opt);

/* Its long name; static. */
const char *exo_option_name(int opt);

/* --help, of a command or (NULL) of the program, on stdout. */
void exo_option_help(const struct exo_command *command);

#endif
