/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of the exoauth program: one table of options for all
 * commands, so that one name means one thing everywhere. Called once by
 * main(). Every mistake is EXO_STATUS_USAGE with one line that names the
 * command to see. No option takes a secret.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_word.h"
#include "draft.h"
#include "import.h"
#include "options.h"
#include "options_table.h"

static int bad(const struct exo_command *command, struct exo_err *err,
               const char *what, const char *which)
{
    return exo_err_set(err, EXO_STATUS_USAGE, "%s%s; see: exoauth %s%s--help",
                       which, what, command ? command->name : "",
                       command ? " " : "");
}

/* What getopt_long() did not understand. It names a letter in optopt, which
 * may stand inside a word; of a long option it has done with the word. */
static int misread(const struct exo_command *command, int opt, const char *word,
                   struct exo_err *err)
{
    char letter[] = { '-', (char)optopt, '\0' };
    char name[64]; /* what follows it may be a secret */

    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "=:"), word);
    if (opt == ':') {
        return bad(command, err, ": needs a value", name);
    }
    if (optopt >= OPT_HELP) {
        return bad(command, err, ": takes no value", name);
    }
    return bad(command, err, ": no such option",
               optopt > 0 && optopt != 'v' ? letter : name);
}

static int take_format(struct exo_options *options, const char *word,
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

static int add_set(struct exo_options *options, char *pair)
{
    char **more = realloc(options->set, (options->n_set + 1) * sizeof(*more));

    if (!more) {
        return EXO_E_NOMEM;
    }
    options->set = more;
    options->set[options->n_set++] = pair;
    return 0;
}

static int take_seconds(const char *option, int64_t least, int64_t *seconds,
                        struct exo_err *err)
{
    if (exo_block_number(optarg, seconds) != 0 || *seconds < least) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s is no number; give it in seconds", option,
                           optarg);
    }
    return 0;
}

static int take_setup(struct exo_options *o, int opt, struct exo_err *err)
{
    switch (opt) {
    case OPT_RELAYHOST:
        o->relayhost = optarg;
        return 0;
    case OPT_TRANSPORT:
        o->transport = optarg;
        return 0;
    case OPT_RATE_DELAY:
        return take_seconds("rate-delay", 1, &o->rate_delay, err);
    case OPT_CONFIG_DIR:
        o->config_dir = optarg;
        return 0;
    case OPT_YES:
        o->yes = true;
        return 0;
    case OPT_DRY_RUN:
        o->dry_run = true;
        return 0;
    case OPT_UNDO:
        o->undo = true;
        return 0;
    default:
        return EXO_E_ARG; /* no entry of exo_option_longs[] is left */
    }
}

/* Of test and connect. */
static int take_session(struct exo_options *o, int opt, struct exo_err *err)
{
    struct exo_session *session = &o->session;

    switch (opt) {
    case OPT_TLS:
        return exo_session_tls(session, optarg, err);
    case OPT_CA_FILE:
        session->ca_file = optarg;
        return 0;
    case OPT_TIMEOUT:
        return take_seconds("timeout", 1, &session->timeout, err);
    case OPT_MAILBOX:
        session->mailbox = optarg;
        return 0;
    case OPT_SERVER:
        session->host = optarg;
        return 0;
    case OPT_PORT:
        return exo_session_port(session, optarg, err);
    case OPT_TO:
        session->to = optarg;
        return 0;
    default:
        return take_setup(o, opt, err);
    }
}

static int take(struct exo_options *o, int opt, struct exo_err *err)
{
    switch (opt) {
    case 'v':
        o->verbose++;
        return 0;
    case OPT_CONFIG:
        o->config = optarg;
        return 0;
    case OPT_DEVICE:
        o->device = true;
        return 0;
    case OPT_BROWSER:
        o->browser = true;
        return 0;
    case OPT_PASTE:
        o->paste = true;
        return 0;
    case OPT_SECRET_FILE:
        o->secret_file = optarg;
        return 0;
    case OPT_REFRESH_TOKEN_FILE:
        o->refresh_token_file = optarg;
        return 0;
    case OPT_PASSWORD_FILE:
        o->password_file = optarg;
        return 0;
    case OPT_FROM:
        o->from = optarg;
        return 0;
    case OPT_OUT:
        o->out = optarg;
        return 0;
    case OPT_PASSPHRASE:
        o->passphrase = true;
        return 0;
    case OPT_NO_PASSPHRASE:
        o->no_passphrase = true;
        return 0;
    case OPT_CONFIG_FILE:
        o->config_file = optarg;
        return 0;
    case OPT_IF_NEEDED:
        o->if_needed = true;
        return 0;
    case OPT_SET:
        return add_set(o, optarg);
    case OPT_MIN_TTL:
        return take_seconds("min-ttl", 0, &o->min_ttl, err);
    case OPT_WAIT:
        return take_seconds("wait", 1, &o->wait, err);
    case OPT_FORMAT:
        return take_format(o, optarg, err);
    case OPT_ALL:
        o->all = true;
        return 0;
    case OPT_FORCE:
        o->force = true;
        return 0;
    case OPT_PREPARE: /* for whatever account there is */
        o->prepare = o->all = true;
        return 0;
    case OPT_JSON:
        o->json = true;
        return 0;
    case OPT_PROMETHEUS:
        o->prometheus = true;
        return 0;
    case OPT_NAGIOS:
        o->nagios = true;
        return 0;
    case OPT_ACCOUNT_FILE:
        o->account_file = true;
        return 0;
    case OPT_LISTEN:
        o->listen = optarg;
        return 0;
    case OPT_BUNDLE:
        o->report = optarg;
        return 0;
    default:
        return take_session(o, opt, err);
    }
}

static int take_account(struct exo_options *options,
                        const struct exo_command *command, const char *word,
                        struct exo_err *err)
{
    int rc;

    options->has_account = true;
    if (command != &exo_cmd_remove) {
        return exo_account_word(&options->account, word, err);
    }
    /* Which of the two it is, a record says. */
    options->typed = word;
    rc = exo_account_peel(&options->account, word, err);
    if (rc != 0 &&
        exo_account_any(&options->account, word, strlen(word)) == 0) {
        options->misnamed = *err; /* if there is no such record */
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = 0;
    }
    return rc;
}

static int take_words(struct exo_options *options,
                      const struct exo_command *command, int argc, char **argv,
                      struct exo_err *err)
{
    int left = argc - optind;

    if (command->alone) {
        options->words = argv + optind;
        options->n_words = (size_t)left;
        if (options->all != (left == 0)) {
            return bad(command, err, ": give a code or a text, or --all",
                       command->name);
        }
        return 0;
    }
    if (command->takes_words) {
        options->words = argv + optind;
        options->n_words = (size_t)left;
        return 0;
    }
    if (command->many) {
        options->words = argv + optind;
        options->n_words = (size_t)left;
        return options->all != (left == 0)
                   ? bad(command, err, ": give accounts, or --all",
                         command->name)
                   : 0;
    }
    if (command->takes_file) {
        if (left == 0) {
            return bad(command, err, ": give a file", command->name);
        }
        options->file = argv[optind++];
        left--;
    }
    if (command->n_words > 0) {
        if ((size_t)left != command->n_words) {
            return exo_err_set(err, EXO_STATUS_USAGE,
                               "give it as in: exoauth %s %s; see: exoauth %s "
                               "--help",
                               command->name, command->usage, command->name);
        }
        options->words = argv + optind;
        options->n_words = (size_t)left;
        optind += (int)command->account_word;
    } else if (left > 1) {
        return bad(command, err, ": more than one account", argv[optind + 1]);
    }
    if (left == 0) {
        if (command->needs_account && !options->all) {
            return bad(command, err, ": give an account", command->name);
        }
        return 0;
    }
    if (command == &exo_cmd_list || command == &exo_cmd_serve ||
        command->no_account || options->all) {
        return bad(command, err, ": takes no account here", argv[optind]);
    }
    return take_account(options, command, argv[optind], err);
}

/* A text may be what POP3 says: "-ERR ..." is no option of ours. */
static void spare_text(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-ERR", 4) == 0) {
            argv[i]++;
        }
    }
}

enum exo_parsed exo_options_parse(struct exo_options *options,
                                  const struct exo_command **command, int argc,
                                  char **argv, struct exo_err *err)
{
    int opt;
    int rc = 0;
    const struct exo_command *c = NULL;

    memset(options, 0, sizeof(*options));
    options->min_ttl = -1;
    options->listen_fd = -1;
    exo_session_init(&options->session);
    exo_buf_init(&options->secret.hidden, EXO_SECRET_MAX);
    exo_buf_init(&options->refresh_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&options->password.hidden, EXO_SECRET_MAX);
    if (argc > 1 && argv[1][0] != '-') {
        c = exo_command_find(argv[1]);
        if (!c) {
            (void)bad(NULL, err, ": no such command", argv[1]);
            return EXO_PARSED_BAD;
        }
        argv++;
        argc--;
    }
    *command = c;
    if (c && c->alone) {
        spare_text(argc, argv);
    }
    opterr = 0;
    while (rc == 0 && (opt = getopt_long(argc, argv, ":v", exo_option_longs,
                                         NULL)) != -1) {
        if (opt == OPT_HELP) {
            exo_option_help(c);
            return EXO_PARSED_DONE;
        }
        if (opt == OPT_VERSION) {
            (void)printf("exoauth %s\n", PACKAGE_VERSION);
            return EXO_PARSED_DONE;
        }
        if (opt == '?' || opt == ':') {
            rc = misread(c, opt, argv[optind - 1], err);
        } else if (!exo_option_allowed(c, opt)) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "--%s is not an option of %s; see: exoauth "
                             "%s%s--help",
                             exo_option_name(opt), c ? c->name : "exoauth",
                             c ? c->name : "", c ? " " : "");
        } else {
            rc = take(options, opt, err);
        }
    }
    if (rc == 0 && !c) {
        rc = bad(NULL, err, "no command given", "");
    }
    if (rc == 0) {
        rc = take_words(options, c, argc, argv, err);
    }
    exo_err_words(err, rc);
    return rc == 0 ? EXO_PARSED_RUN : EXO_PARSED_BAD;
}

void exo_options_free(struct exo_options *options)
{
    free(options->set);
    exo_import_free(options->import);
    exo_draft_free(options->draft);
    exo_rekey_free(options);
    exo_export_free(options);
    exo_session_free(&options->session);
    exo_secret_free(&options->secret);
    exo_secret_free(&options->refresh_token);
    exo_secret_free(&options->password);
}
