/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: parsing, --help and --version. */
#ifndef EXOAUTH_OPTIONS_H
#define EXOAUTH_OPTIONS_H

#include "cmd.h"

/* The command of that name, NULL if there is none. */
const struct exo_command *exo_command_find(const char *name);

/* What became of the command line. */
enum exo_parsed {
    EXO_PARSED_RUN,
    EXO_PARSED_DONE, /* --help or --version was printed */
    EXO_PARSED_BAD   /* err says why */
};

enum exo_parsed exo_options_parse(struct exo_options *options,
                                  const struct exo_command **command, int argc,
                                  char **argv, struct exo_err *err);
void exo_options_free(struct exo_options *options);

#endif
