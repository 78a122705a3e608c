/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of the exoauth program, by the table of options_table.c.
 * What all commands take may stand before the command, too. Called once by
 * main(). Every mistake is EXO_STATUS_USAGE with one line that names the
 * command to see. No option takes a secret.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/app/account_word.h"
#include "helper/settings/draft.h"
#include "helper/import/import.h"
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
    if (optopt >= EXO_OPTION_FIRST) {
        return bad(command, err, ": takes no value", name);
    }
    return bad(command, err, ": no such option",
               optopt > 0 && optopt != 'v' ? letter : name);
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

static void begin(struct exo_options *options)
{
    memset(options, 0, sizeof(*options));
    options->min_ttl = -1;
    options->listen_fd = -1;
    exo_session_init(&options->session);
    exo_buf_init(&options->secret.hidden, EXO_SECRET_MAX);
    exo_buf_init(&options->refresh_token.hidden, EXO_SECRET_MAX);
    exo_buf_init(&options->password.hidden, EXO_SECRET_MAX);
}

/* The options from argv[1] on; `short_ones` begins with + where they end with
 * the first word. EXO_PARSED_RUN: all are taken. */
static enum exo_parsed parse(struct exo_options *options,
                             const struct exo_command *c, int argc, char **argv,
                             const char *short_ones, struct exo_err *err)
{
    struct option longs[EXO_OPTION_LONGS];
    int rc = 0;
    int opt;

    exo_option_longs(longs);
    opterr = 0;
    optind = 0; /* from the beginning: getopt(3), NOTES */
    while (rc == 0 &&
           (opt = getopt_long(argc, argv, short_ones, longs, NULL)) != -1) {
        if (opt == EXO_OPTION_HELP) {
            exo_option_help(c);
            return EXO_PARSED_DONE;
        }
        if (opt == EXO_OPTION_VERSION) {
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
            rc = exo_option_take(options, opt, optarg, err);
        }
    }
    exo_err_words(err, rc);
    return rc == 0 ? EXO_PARSED_RUN : EXO_PARSED_BAD;
}

enum exo_parsed exo_options_parse(struct exo_options *options,
                                  const struct exo_command **command, int argc,
                                  char **argv, struct exo_err *err)
{
    enum exo_parsed parsed;
    const struct exo_command *c;
    int rc;

    begin(options);
    *command = NULL;
    parsed = parse(options, NULL, argc, argv, "+:v", err);
    if (parsed != EXO_PARSED_RUN) {
        return parsed;
    }
    if (optind >= argc) {
        (void)bad(NULL, err, "no command given", "");
        return EXO_PARSED_BAD;
    }
    c = exo_command_find(argv[optind]);
    if (!c) {
        (void)bad(NULL, err, ": no such command", argv[optind]);
        return EXO_PARSED_BAD;
    }
    *command = c;
    argc -= optind;
    argv += optind;
    if (c->alone) {
        spare_text(argc, argv);
    }
    parsed = parse(options, c, argc, argv, ":v", err);
    if (parsed != EXO_PARSED_RUN) {
        return parsed;
    }
    rc = take_words(options, c, argc, argv, err);
    exo_err_words(err, rc);
    return rc == 0 ? EXO_PARSED_RUN : EXO_PARSED_BAD;
}

void exo_options_free(struct exo_options *options)
{
    free(options->set);
    exo_import_free(options->import);
    exo_bundle_free(&options->bundle);
    exo_draft_free(options->draft);
    exo_rekey_free(options);
    exo_export_free(options);
    exo_session_free(&options->session);
    exo_secret_free(&options->secret);
    exo_secret_free(&options->refresh_token);
    exo_secret_free(&options->password);
}
