/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the command line knows: the commands, one table of options for all of
 * them, so that one name means one thing everywhere, and which command takes
 * which. Read by options.c, which parses, and by --help. All of it is
 * static; nothing is allocated and nothing fails.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

#define FIELD(member) offsetof(struct exo_options, member)

static int take_format(struct exo_options *options, char *word,
                       struct exo_err *err)
{
    static const char *const words[] = { "raw", "xoauth2", "oauthbearer",
                                         "json" };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0) {
            options->format = (enum exo_format)i;
            return 0;
        }
    }
    return exo_err_set(err, EXO_STATUS_USAGE,
                       "--format %s is unknown; use raw, xoauth2, "
                       "oauthbearer or json",
                       word);
}

static int take_set(struct exo_options *options, char *pair,
                    struct exo_err *err)
{
    char **more = realloc(options->set, (options->n_set + 1) * sizeof(*more));

    (void)err; /* as the others */
    if (!more) {
        return EXO_E_NOMEM;
    }
    options->set = more;
    options->set[options->n_set++] = pair;
    return 0;
}

/* For whatever account there is. */
static int take_prepare(struct exo_options *options, char *word,
                        struct exo_err *err)
{
    (void)word;
    (void)err;
    options->prepare = options->all = true;
    return 0;
}

static int take_verbose(struct exo_options *options, char *word,
                        struct exo_err *err)
{
    (void)word;
    (void)err;
    options->verbose++;
    return 0;
}

static int take_tls(struct exo_options *options, char *word,
                    struct exo_err *err)
{
    return exo_session_tls(&options->session, word, err);
}

static int take_port(struct exo_options *options, char *word,
                     struct exo_err *err)
{
    return exo_session_port(&options->session, word, err);
}

enum kind {
    NOTHING,      /* no value: a bool becomes true */
    TEXT,         /* const char *, borrowed */
    SECONDS,      /* int64_t, */
    SOME_SECONDS, /* and not 0 */
    OTHER,        /* take() */
    OTHER_ALONE,  /* take(), no value */
    ANSWER        /* --help, --version */
};

/* flag: the commands that have it in `options`; 0: all, and it may stand before
 * the command. The first four stand as options_table.h counts them. */
static const struct exo_option_row {
    const char *name;
    unsigned flag;
    enum kind kind;
    size_t field;
    int (*take)(struct exo_options *options, char *word, struct exo_err *err);
} rows[] = {
    { "help", 0, ANSWER, 0, NULL },
    { "version", 0, ANSWER, 0, NULL },
    { "config", 0, TEXT, FIELD(config), NULL },
    { "verbose", 0, OTHER_ALONE, 0, take_verbose },
    { "device", EXO_OPT_DEVICE, NOTHING, FIELD(device), NULL },
    { "browser", EXO_OPT_BROWSER, NOTHING, FIELD(browser), NULL },
    { "paste", EXO_OPT_BROWSER, NOTHING, FIELD(paste), NULL },
    { "wait", EXO_OPT_BROWSER, SOME_SECONDS, FIELD(wait), NULL },
    { "secret-file", EXO_OPT_SECRET_FILE, TEXT, FIELD(secret_file), NULL },
    { "password-file", EXO_OPT_PASSWORD_FILE, TEXT, FIELD(password_file),
      NULL },
    { "refresh-token-file", EXO_OPT_REFRESH_TOKEN_FILE, TEXT,
      FIELD(refresh_token_file), NULL },
    { "from", EXO_OPT_FROM, TEXT, FIELD(from), NULL },
    { "config-file", EXO_OPT_CONFIG_FILE, TEXT, FIELD(config_file), NULL },
    { "out", EXO_OPT_OUT, TEXT, FIELD(out), NULL },
    { "passphrase", EXO_OPT_PASSPHRASE, NOTHING, FIELD(passphrase), NULL },
    { "no-passphrase", EXO_OPT_PASSPHRASE, NOTHING, FIELD(no_passphrase),
      NULL },
    { "if-needed", EXO_OPT_IF_NEEDED, NOTHING, FIELD(if_needed), NULL },
    { "set", EXO_OPT_SET, OTHER, 0, take_set },
    { "min-ttl", EXO_OPT_MIN_TTL, SECONDS, FIELD(min_ttl), NULL },
    { "format", EXO_OPT_FORMAT, OTHER, 0, take_format },
    { "all", EXO_OPT_ALL, NOTHING, FIELD(all), NULL },
    { "force", EXO_OPT_FORCE, NOTHING, FIELD(force), NULL },
    { "prepare", EXO_OPT_PREPARE, OTHER_ALONE, 0, take_prepare },
    { "json", EXO_OPT_JSON, NOTHING, FIELD(json), NULL },
    { "prometheus", EXO_OPT_PROMETHEUS, NOTHING, FIELD(prometheus), NULL },
    { "nagios", EXO_OPT_NAGIOS, NOTHING, FIELD(nagios), NULL },
    { "account-file", EXO_OPT_ACCOUNT_FILE, NOTHING, FIELD(account_file),
      NULL },
    { "listen", EXO_OPT_LISTEN, TEXT, FIELD(listen), NULL },
    { "relayhost", EXO_OPT_SETUP, TEXT, FIELD(relayhost), NULL },
    { "transport", EXO_OPT_SETUP, TEXT, FIELD(transport), NULL },
    { "rate-delay", EXO_OPT_SETUP, SOME_SECONDS, FIELD(rate_delay), NULL },
    { "config-dir", EXO_OPT_SETUP, TEXT, FIELD(config_dir), NULL },
    { "yes", EXO_OPT_SETUP, NOTHING, FIELD(yes), NULL },
    { "dry-run", EXO_OPT_SETUP, NOTHING, FIELD(dry_run), NULL },
    { "undo", EXO_OPT_SETUP, NOTHING, FIELD(undo), NULL },
    { "bundle", EXO_OPT_BUNDLE, TEXT, FIELD(report), NULL },
    { "tls", EXO_OPT_SESSION, OTHER, 0, take_tls },
    { "ca-file", EXO_OPT_SESSION, TEXT, FIELD(session.ca_file), NULL },
    { "timeout", EXO_OPT_SESSION, SOME_SECONDS, FIELD(session.timeout), NULL },
    { "mailbox", EXO_OPT_SESSION, TEXT, FIELD(session.mailbox), NULL },
    { "server", EXO_OPT_TEST, TEXT, FIELD(session.host), NULL },
    { "port", EXO_OPT_TEST, OTHER, 0, take_port },
    { "to", EXO_OPT_TEST, TEXT, FIELD(session.to), NULL },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

_Static_assert(N_ROWS < EXO_OPTION_LONGS, "room for the last, which is empty");

static bool has_value(const struct exo_option_row *row)
{
    return row->kind == TEXT || row->kind == SECONDS ||
           row->kind == SOME_SECONDS || row->kind == OTHER;
}

void exo_option_longs(struct option longs[EXO_OPTION_LONGS])
{
    memset(longs, 0, EXO_OPTION_LONGS * sizeof(*longs));
    for (size_t i = 0; i < N_ROWS; i++) {
        longs[i].name = rows[i].name;
        longs[i].has_arg =
            has_value(&rows[i]) ? required_argument : no_argument;
        longs[i].val = EXO_OPTION_FIRST + (int)i;
    }
}

static const struct exo_option_row *row_of(int opt)
{
    return &rows[opt == 'v' ? EXO_OPTION_VERBOSE : opt - EXO_OPTION_FIRST];
}

static int take_seconds(const struct exo_option_row *row, const char *word,
                        int64_t *seconds, struct exo_err *err)
{
    if (exo_block_number(word, seconds) != 0 ||
        (row->kind == SOME_SECONDS && *seconds < 1)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s is no number; give it in seconds",
                           row->name, word);
    }
    return 0;
}

int exo_option_take(struct exo_options *options, int opt, char *word,
                    struct exo_err *err)
{
    const struct exo_option_row *row = row_of(opt);
    void *field = (char *)options + row->field;

    switch (row->kind) {
    case NOTHING:
        *(bool *)field = true;
        return 0;
    case TEXT:
        *(const char **)field = word;
        return 0;
    case SECONDS:
    case SOME_SECONDS:
        return take_seconds(row, word, field, err);
    case OTHER:
    case OTHER_ALONE:
        return row->take(options, word, err);
    default: /* answered already */
        return EXO_E_ARG;
    }
}

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
    unsigned flag = row_of(opt)->flag;

    return flag == 0 || (command && (command->options & flag));
}

const char *exo_option_name(int opt)
{
    return row_of(opt)->name;
}
