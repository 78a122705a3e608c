/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the command line knows: the commands, one table of options for all of
 * them, so that one name means one thing everywhere, and which command takes
 * which. Read by options.c, which parses, and by --help. All of it is
 * static; nothing is allocated and nothing fails.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "options_table.h"

static const struct exo_command *const commands[] = {
    &exo_cmd_login,   &exo_cmd_token,   &exo_cmd_refresh, &exo_cmd_status,
    &exo_cmd_list,    &exo_cmd_show,    &exo_cmd_remove,  &exo_cmd_serve,
    &exo_cmd_import,  &exo_cmd_export,  &exo_cmd_rekey,   &exo_cmd_test,
    &exo_cmd_connect, &exo_cmd_explain, &exo_cmd_setup,   &exo_cmd_doctor,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct option exo_option_longs[] = {
    { "help", no_argument, NULL, OPT_HELP },
    { "version", no_argument, NULL, OPT_VERSION },
    { "config", required_argument, NULL, OPT_CONFIG },
    { "verbose", no_argument, NULL, 'v' },
    { "device", no_argument, NULL, OPT_DEVICE },
    { "browser", no_argument, NULL, OPT_BROWSER },
    { "paste", no_argument, NULL, OPT_PASTE },
    { "wait", required_argument, NULL, OPT_WAIT },
    { "secret-file", required_argument, NULL, OPT_SECRET_FILE },
    { "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
    { "refresh-token-file", required_argument, NULL, OPT_REFRESH_TOKEN_FILE },
    { "from", required_argument, NULL, OPT_FROM },
    { "config-file", required_argument, NULL, OPT_CONFIG_FILE },
    { "out", required_argument, NULL, OPT_OUT },
    { "passphrase", no_argument, NULL, OPT_PASSPHRASE },
    { "no-passphrase", no_argument, NULL, OPT_NO_PASSPHRASE },
    { "if-needed", no_argument, NULL, OPT_IF_NEEDED },
    { "set", required_argument, NULL, OPT_SET },
    { "min-ttl", required_argument, NULL, OPT_MIN_TTL },
    { "format", required_argument, NULL, OPT_FORMAT },
    { "all", no_argument, NULL, OPT_ALL },
    { "force", no_argument, NULL, OPT_FORCE },
    { "prepare", no_argument, NULL, OPT_PREPARE },
    { "json", no_argument, NULL, OPT_JSON },
    { "prometheus", no_argument, NULL, OPT_PROMETHEUS },
    { "nagios", no_argument, NULL, OPT_NAGIOS },
    { "account-file", no_argument, NULL, OPT_ACCOUNT_FILE },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "relayhost", required_argument, NULL, OPT_RELAYHOST },
    { "transport", required_argument, NULL, OPT_TRANSPORT },
    { "rate-delay", required_argument, NULL, OPT_RATE_DELAY },
    { "config-dir", required_argument, NULL, OPT_CONFIG_DIR },
    { "yes", no_argument, NULL, OPT_YES },
    { "dry-run", no_argument, NULL, OPT_DRY_RUN },
    { "undo", no_argument, NULL, OPT_UNDO },
    { "bundle", required_argument, NULL, OPT_BUNDLE },
    { "tls", required_argument, NULL, OPT_TLS },
    { "ca-file", required_argument, NULL, OPT_CA_FILE },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "mailbox", required_argument, NULL, OPT_MAILBOX },
    { "server", required_argument, NULL, OPT_SERVER },
    { "port", required_argument, NULL, OPT_PORT },
    { "to", required_argument, NULL, OPT_TO },
    { NULL, 0, NULL, 0 },
};

static const struct {
    int opt;
    unsigned flag;
} takes[] = {
    { OPT_DEVICE, EXO_OPT_DEVICE },
    { OPT_BROWSER, EXO_OPT_BROWSER },
    { OPT_PASTE, EXO_OPT_BROWSER },
    { OPT_WAIT, EXO_OPT_BROWSER },
    { OPT_PASSWORD_FILE, EXO_OPT_PASSWORD_FILE },
    { OPT_SECRET_FILE, EXO_OPT_SECRET_FILE },
    { OPT_REFRESH_TOKEN_FILE, EXO_OPT_REFRESH_TOKEN_FILE },
    { OPT_FROM, EXO_OPT_FROM },
    { OPT_CONFIG_FILE, EXO_OPT_CONFIG_FILE },
    { OPT_OUT, EXO_OPT_OUT },
    { OPT_PASSPHRASE, EXO_OPT_PASSPHRASE },
    { OPT_NO_PASSPHRASE, EXO_OPT_PASSPHRASE },
    { OPT_IF_NEEDED, EXO_OPT_IF_NEEDED },
    { OPT_SET, EXO_OPT_SET },
    { OPT_MIN_TTL, EXO_OPT_MIN_TTL },
    { OPT_FORMAT, EXO_OPT_FORMAT },
    { OPT_ALL, EXO_OPT_ALL },
    { OPT_FORCE, EXO_OPT_FORCE },
    { OPT_PREPARE, EXO_OPT_PREPARE },
    { OPT_JSON, EXO_OPT_JSON },
    { OPT_PROMETHEUS, EXO_OPT_PROMETHEUS },
    { OPT_NAGIOS, EXO_OPT_NAGIOS },
    { OPT_ACCOUNT_FILE, EXO_OPT_ACCOUNT_FILE },
    { OPT_LISTEN, EXO_OPT_LISTEN },
    { OPT_RELAYHOST, EXO_OPT_SETUP },
    { OPT_TRANSPORT, EXO_OPT_SETUP },
    { OPT_RATE_DELAY, EXO_OPT_SETUP },
    { OPT_CONFIG_DIR, EXO_OPT_SETUP },
    { OPT_YES, EXO_OPT_SETUP },
    { OPT_DRY_RUN, EXO_OPT_SETUP },
    { OPT_UNDO, EXO_OPT_SETUP },
    { OPT_BUNDLE, EXO_OPT_BUNDLE },
    { OPT_TLS, EXO_OPT_SESSION },
    { OPT_CA_FILE, EXO_OPT_SESSION },
    { OPT_TIMEOUT, EXO_OPT_SESSION },
    { OPT_MAILBOX, EXO_OPT_SESSION },
    { OPT_SERVER, EXO_OPT_TEST },
    { OPT_PORT, EXO_OPT_TEST },
    { OPT_TO, EXO_OPT_TEST },
};

const struct exo_command *exo_command_find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

void exo_option_help(const struct exo_command *command)
{
    if (command) {
        (void)printf("usage: exoauth %s %s\n\n%s\n"
                     "  --config FILE         use this exoauth.conf\n"
                     "  -v, --verbose         say more on stderr\n"
                     "  --help                this text\n",
                     command->name, command->usage, command->help);
    } else {
        (void)printf("usage: exoauth COMMAND [ACCOUNT] [options]\n\n"
                     "OAuth tokens for Postfix and everything else that uses "
                     "Cyrus SASL.\n\n");
        for (size_t i = 0; i < N_COMMANDS; i++) {
            (void)printf("  exoauth %-8s%s\n", commands[i]->name,
                         commands[i]->usage);
        }
        (void)printf("\n  exoauth COMMAND --help, exoauth --version\n"
                     "\nManual: exoauth(1), exoauth.conf(5), libexoauth(8),\n"
                     "exoauth-recipes(7), exoauth-exchange(7)\n");
    }
}

bool exo_option_allowed(const struct exo_command *command, int opt)
{
    for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        if (takes[i].opt == opt) {
            return command && (command->options & takes[i].flag);
        }
    }
    return true;
}

const char *exo_option_name(int opt)
{
    for (const struct option *o = exo_option_longs; o->name; o++) {
        if (o->val == opt) {
            return o->name;
        }
    }
    return "";
}
