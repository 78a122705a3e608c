/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, for options.c only. */
#ifndef EXOAUTH_OPTIONS_TABLE_H
#define EXOAUTH_OPTIONS_TABLE_H

#include <getopt.h>

#include "cmd.h"

enum {
    OPT_HELP = 256,
    OPT_VERSION,
    OPT_CONFIG,
    OPT_DEVICE,
    OPT_BROWSER,
    OPT_PASTE,
    OPT_WAIT,
    OPT_SECRET_FILE,
    OPT_PASSWORD_FILE,
    OPT_REFRESH_TOKEN_FILE,
    OPT_FROM,
    OPT_CONFIG_FILE,
    OPT_OUT,
    OPT_PASSPHRASE,
    OPT_NO_PASSPHRASE,
    OPT_IF_NEEDED,
    OPT_SET,
    OPT_MIN_TTL,
    OPT_FORMAT,
    OPT_ALL,
    OPT_FORCE,
    OPT_PREPARE,
    OPT_JSON,
    OPT_PROMETHEUS,
    OPT_NAGIOS,
    OPT_ACCOUNT_FILE,
    OPT_LISTEN,
    OPT_RELAYHOST,
    OPT_TRANSPORT,
    OPT_RATE_DELAY,
    OPT_CONFIG_DIR,
    OPT_YES,
    OPT_DRY_RUN,
    OPT_UNDO,
    OPT_BUNDLE,
    OPT_TLS,
    OPT_CA_FILE,
    OPT_TIMEOUT,
    OPT_MAILBOX,
    OPT_SERVER,
    OPT_PORT,
    OPT_TO
};

extern const struct option exo_option_longs[];

/* Is it an option of that command, which may be NULL? */
bool exo_option_allowed(const struct exo_command *command, int opt);

/* Its long name, "" for what is none. */
const char *exo_option_name(int opt);

/* --help, of a command or (NULL) of the program, on stdout. */
void exo_option_help(const struct exo_command *command);

#endif
