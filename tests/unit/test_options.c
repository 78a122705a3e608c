/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines: what each becomes, and what is said about the wrong ones.
 */
#include "config.h"

#include "util.h"

#include "helper/cli/options.h"

#include <getopt.h>

#define MAX_ARGS 12

struct line {
    char copy[MAX_ARGS][400];
    char *argv[MAX_ARGS + 1];
    struct exo_options options;
    const struct exo_command *command;
    struct exo_err err;
};

/* Words between blanks; "_" stands for an empty one. */
static enum exo_parsed parse(struct line *line, const char *text)
{
    int argc = 0;

    memset(line, 0, sizeof(*line));
    while (*text != '\0' && argc < MAX_ARGS) {
        size_t n = strcspn(text, " ");

        assert_true(n < sizeof(line->copy[0]));
        memcpy(line->copy[argc], text, n);
        if (strcmp(line->copy[argc], "_") == 0)
            line->copy[argc][0] = '\0';
        line->argv[argc] = line->copy[argc];
        argc++;
        text += n + (text[n] == ' ');
    }
    optind = 0; /* glibc: begin anew */
    return exo_options_parse(&line->options, &line->command, argc, line->argv,
                             &line->err);
}

static void run(struct line *line, const char *text)
{
    if (parse(line, text) != EXO_PARSED_RUN)
        fail_msg("%s: %s", text, line->err.text);
    assert_int_equal(line->err.status, EXO_STATUS_OK);
}

static const struct mistake {
    const char *line;
    const char *text;
} mistakes[] = {
    { "exoauth", "no command given; see: exoauth --help" },
    { "exoauth --config f", "no command given; see: exoauth --help" },
    { "exoauth frobnicate", "frobnicate: no such command; see: exoauth "
                            "--help" },
    { "exoauth Token a@b", "Token: no such command; see: exoauth --help" },
    { "exoauth --config", "--config: needs a value; see: exoauth --help" },
    { "exoauth --config f frobnicate", "frobnicate: no such command; see: "
                                       "exoauth --help" },
    { "exoauth --all refresh", "--all is not an option of exoauth; see: "
                               "exoauth --help" },
    { "exoauth --config f status --all", "--all is not an option of status; "
                                         "see: exoauth status --help" },
    { "exoauth --json", "--json is not an option of exoauth; see: exoauth "
                        "--help" },
    { "exoauth login", "login: give an account; see: exoauth login --help" },
    { "exoauth token", "token: give an account; see: exoauth token --help" },
    { "exoauth show", "show: give an account; see: exoauth show --help" },
    { "exoauth remove", "remove: give an account; see: exoauth remove "
                        "--help" },
    { "exoauth refresh", "refresh: give an account; see: exoauth refresh "
                         "--help" },
    { "exoauth token a b", "b: more than one account; see: exoauth token "
                           "--help" },
    { "exoauth status a b", "b: more than one account; see: exoauth status "
                            "--help" },
    { "exoauth list a", "a: takes no account here; see: exoauth list "
                        "--help" },
    { "exoauth serve a", "a: takes no account here; see: exoauth serve "
                         "--help" },
    { "exoauth refresh --all a", "a: takes no account here; see: exoauth "
                                 "refresh --help" },
    { "exoauth explain", "explain: give a code or a text, or --all; see: "
                         "exoauth explain --help" },
    { "exoauth explain --all x", "explain: give a code or a text, or --all; "
                                 "see: exoauth explain --help" },
    { "exoauth test a --port 0 imap", "0 is no port; give its number, as "
                                      "993" },
    { "exoauth test a --port 65536 imap", "65536 is no port; give its number, "
                                          "as 993" },
    { "exoauth test a --tls none imap", "--tls none is unknown; use implicit "
                                        "or starttls" },
    { "exoauth connect imap h 1 a --to b", "--to is not an option of connect; "
                                           "see: exoauth connect --help" },
    { "exoauth token a --tls implicit", "--tls is not an option of token; "
                                        "see: exoauth token --help" },
    { "exoauth token _", "\"\" is not an account name: it is empty; give the "
                         "address alone, as in relay@contoso.com" },
    { "exoauth token a\tb", "\"a?b\" is not an account name: it contains "
                            "characters that cannot be shown; give the "
                            "address alone, as in relay@contoso.com" },
    { "exoauth token a --frob", "--frob: no such option; see: exoauth token "
                                "--help" },
    { "exoauth login a --client-secret=s3cr3t",
      "--client-secret: no such option; see: exoauth login --help" },
    { "exoauth list -x", "-x: no such option; see: exoauth list --help" },
    { "exoauth list -vx", "-x: no such option; see: exoauth list --help" },
    { "exoauth list -xv", "-x: no such option; see: exoauth list --help" },
    { "exoauth status --json=yes", "--json: takes no value; see: exoauth "
                                   "status --help" },
    { "exoauth list --config", "--config: needs a value; see: exoauth list "
                               "--help" },
    { "exoauth login a --set", "--set: needs a value; see: exoauth login "
                               "--help" },
    { "exoauth token a --min-ttl x", "--min-ttl x is no number; give it in "
                                     "seconds" },
    { "exoauth token a --min-ttl -1", "--min-ttl -1 is no number; give it in "
                                      "seconds" },
    { "exoauth token a --min-ttl 10s", "--min-ttl 10s is no number; give it "
                                       "in seconds" },
    { "exoauth token a --min-ttl _", "--min-ttl  is no number; give it in "
                                     "seconds" },
    { "exoauth token a --min-ttl 9999999999999999999",
      "--min-ttl 9999999999999999999 is no number; give it in seconds" },
    { "exoauth token a --format RAW", "--format RAW is unknown; use raw, "
                                      "xoauth2, oauthbearer or json" },
    { "exoauth login a --wait 0", "--wait 0 is no number; give it in "
                                  "seconds" },
    { "exoauth login a --wait 1m", "--wait 1m is no number; give it in "
                                   "seconds" },
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(mistakes); i++) {
        struct line line;

        if (parse(&line, mistakes[i].line) != EXO_PARSED_BAD)
            fail_msg("taken: %s", mistakes[i].line);
        assert_int_equal(line.err.status, EXO_STATUS_USAGE);
        assert_string_equal(line.err.text, mistakes[i].text);
        exo_options_free(&line.options);
    }
}

/* Which command takes which option; everything else is refused by name. */
static const struct {
    const char *option, *commands;
} takers[] = {
    { "--device", " login " },
    { "--browser", " login " },
    { "--paste", " login " },
    { "--wait 5", " login " },
    { "--if-needed", " login " },
    { "--set user=x", " login " },
    { "--secret-file f", " login " },
    { "--refresh-token-file f", " login " },
    { "--min-ttl 5", " token " },
    { "--format json", " token " },
    { "--force", " refresh " },
    { "--json", " status " },
    { "--account-file", " remove " },
    { "--listen /s", " serve " },
    { "--config f", " login token refresh status list show remove serve " },
    { "-v", " login token refresh status list show remove serve " },
    { "--verbose", " login token refresh status list show remove serve " },
};

static void takes_options_of_the_command_only(void **state)
{
    static const char *const commands[] = { "login",  "token", "refresh",
                                            "status", "list",  "show",
                                            "remove", "serve" };

    (void)state;
    for (size_t i = 0; i < N_OF(takers); i++) {
        for (size_t k = 0; k < N_OF(commands); k++) {
            bool alone = strcmp(commands[k], "list") == 0 ||
                         strcmp(commands[k], "serve") == 0;
            char text[200], word[30];
            struct line line;
            enum exo_parsed parsed;

            (void)snprintf(text, sizeof(text), "exoauth %s %s %s", commands[k],
                           takers[i].option, alone ? "" : "a@b");
            (void)snprintf(word, sizeof(word), " %s ", commands[k]);
            parsed = parse(&line, text);
            if ((parsed == EXO_PARSED_RUN) !=
                (strstr(takers[i].commands, word) != NULL))
                fail_msg("%s: %s", text, line.err.text);
            if (parsed == EXO_PARSED_BAD) {
                (void)snprintf(word, sizeof(word), "not an option of %s;",
                               commands[k]);
                assert_non_null(strstr(line.err.text, word));
            }
            exo_options_free(&line.options);
        }
    }
}

static void finds_every_command(void **state)
{
    static const struct {
        const char *name;
        const struct exo_command *command;
    } rows[] = {
        { "login", &exo_cmd_login },     { "token", &exo_cmd_token },
        { "refresh", &exo_cmd_refresh }, { "status", &exo_cmd_status },
        { "list", &exo_cmd_list },       { "show", &exo_cmd_show },
        { "remove", &exo_cmd_remove },   { "serve", &exo_cmd_serve },
        { "explain", &exo_cmd_explain }, { "doctor", &exo_cmd_doctor },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(rows); i++) {
        assert_ptr_equal(exo_command_find(rows[i].name), rows[i].command);
        assert_non_null(rows[i].command->help);
        assert_non_null(rows[i].command->run);
    }
    assert_null(exo_command_find("doct"));
    assert_null(exo_command_find(""));
}

static void reads_a_login(void **state)
{
    struct line l;

    (void)state;
    run(&l, "exoauth login A@B.example --set tenant=t --set=user=x "
            "--secret-file - --if-needed --set user=y");
    assert_ptr_equal(l.command, &exo_cmd_login);
    assert_true(l.options.has_account);
    assert_string_equal(l.options.account.name, "a@b.example");
    assert_int_equal(l.options.n_set, 3);
    assert_string_equal(l.options.set[0], "tenant=t");
    assert_string_equal(l.options.set[1], "user=x");
    assert_string_equal(l.options.set[2], "user=y");
    assert_string_equal(l.options.secret_file, "-");
    assert_true(l.options.if_needed);
    assert_false(l.options.device);
    assert_null(l.options.refresh_token_file);
    assert_true(exo_secret_empty(&l.options.secret));
    exo_options_free(&l.options);

    run(&l, "exoauth login --device --refresh-token-file /f a@b");
    assert_true(l.options.device);
    assert_string_equal(l.options.refresh_token_file, "/f");
    assert_string_equal(l.options.account.name, "a@b");
    assert_int_equal(l.options.n_set, 0);
    exo_options_free(&l.options);
}

static void reads_the_others(void **state)
{
    struct line l;

    (void)state;
    run(&l, "exoauth token a@b");
    assert_int_equal(l.options.min_ttl, -1);
    assert_int_equal(l.options.format, EXO_FORMAT_RAW);
    assert_int_equal(l.options.listen_fd, -1);
    assert_null(l.options.config);
    exo_options_free(&l.options);

    run(&l, "exoauth token a@b --min-ttl 0 --format oauthbearer -vv "
            "--config /c");
    assert_int_equal(l.options.min_ttl, 0);
    assert_int_equal(l.options.format, EXO_FORMAT_OAUTHBEARER);
    assert_int_equal(l.options.verbose, 2);
    assert_string_equal(l.options.config, "/c");
    exo_options_free(&l.options);

    run(&l, "exoauth token --format=xoauth2 --min-ttl=999999999999999999 a@b");
    assert_int_equal(l.options.format, EXO_FORMAT_XOAUTH2);
    assert_int_equal(l.options.min_ttl, 999999999999999999);
    exo_options_free(&l.options);

    run(&l, "exoauth refresh --all --force");
    assert_true(l.options.all && l.options.force);
    assert_false(l.options.has_account);
    exo_options_free(&l.options);

    run(&l, "exoauth status");
    assert_false(l.options.has_account || l.options.json);
    exo_options_free(&l.options);

    run(&l, "exoauth status --json @b.example");
    assert_true(l.options.has_account && l.options.json);
    assert_string_equal(l.options.account.name, "@b.example");
    exo_options_free(&l.options);

    run(&l, "exoauth remove a@b --account-file");
    assert_true(l.options.account_file);
    exo_options_free(&l.options);

    run(&l, "exoauth test a@b imap --server h --port 1 --tls starttls "
            "--mailbox m");
    assert_string_equal(l.options.account.name, "a@b");
    assert_string_equal(l.options.words[1], "imap");
    assert_string_equal(l.options.session.host, "h");
    assert_int_equal(l.options.session.port, 1);
    assert_int_equal(l.options.session.tls, EXO_MAIL_TLS_STARTTLS);
    assert_string_equal(l.options.session.mailbox, "m");
    exo_options_free(&l.options);

    run(&l, "exoauth connect imap h 993 a@b --timeout 5");
    assert_string_equal(l.options.account.name, "a@b");
    assert_string_equal(l.options.words[1], "h");
    assert_string_equal(l.options.words[2], "993");
    assert_int_equal(l.options.session.timeout, 5);
    exo_options_free(&l.options);

    run(&l, "exoauth explain 535 5.7.3 -ERR failed");
    assert_false(l.options.has_account);
    assert_int_equal(l.options.n_words, 4);
    assert_string_equal(l.options.words[1], "5.7.3");
    assert_string_equal(l.options.words[2], "ERR");
    exo_options_free(&l.options);

    run(&l, "exoauth serve --listen /run/s");
    assert_string_equal(l.options.listen, "/run/s");
    exo_options_free(&l.options);
}

/* A name that looks like an option is still a name. */
static void takes_what_is_for_all_before_the_command(void **state)
{
    struct line line;

    (void)state;
    run(&line, "exoauth -v --config=/f --verbose status --json -v a@b.c");
    assert_ptr_equal(line.command, &exo_cmd_status);
    assert_string_equal(line.options.config, "/f");
    assert_int_equal(line.options.verbose, 3);
    assert_true(line.options.json);
    assert_string_equal(line.options.account.name, "a@b.c");
    exo_options_free(&line.options);
    run(&line, "exoauth --config /f list --config /g");
    assert_string_equal(line.options.config, "/g");
    exo_options_free(&line.options);
    run(&line, "exoauth -v explain -ERR");
    assert_ptr_equal(line.command, &exo_cmd_explain);
    assert_string_equal(line.options.words[0], "ERR");
    exo_options_free(&line.options);
}

static void ends_options_at_two_dashes(void **state)
{
    struct line l;

    (void)state;
    run(&l, "exoauth token -- --force");
    assert_string_equal(l.options.account.name, "--force");
    exo_options_free(&l.options);
    run(&l, "exoauth token -v -- -x");
    assert_string_equal(l.options.account.name, "-x");
    assert_int_equal(l.options.verbose, 1);
    exo_options_free(&l.options);
    assert_int_equal(parse(&l, "exoauth token a --"), EXO_PARSED_RUN);
    exo_options_free(&l.options);
    assert_int_equal(parse(&l, "exoauth token --"), EXO_PARSED_BAD);
    exo_options_free(&l.options);
}

static void refuses_too_long_a_name(void **state)
{
    char text[400] = "exoauth token ";
    struct line l;

    (void)state;
    memset(text + strlen(text), 'a', EXO_ACCOUNT_MAX + 1);
    assert_int_equal(parse(&l, text), EXO_PARSED_BAD);
    assert_non_null(strstr(l.err.text, "is not an account name"));
    exo_options_free(&l.options);
}

/* What they print goes to a file, not among the TAP lines. */
static void prints_help_and_version(void **state)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        { "exoauth --help", "usage: exoauth COMMAND" },
        { "exoauth --version", "exoauth " PACKAGE_VERSION "\n" },
        { "exoauth login --help", "usage: exoauth login ACCOUNT" },
        { "exoauth token --help --frob", "usage: exoauth token ACCOUNT" },
        { "exoauth status --version", "exoauth " PACKAGE_VERSION "\n" },
    };
    struct place *place = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        int out = openat(place->fd, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int kept = dup(1);
        enum exo_parsed parsed;
        struct line l;

        assert_true(out >= 0 && kept >= 0);
        (void)fflush(stdout);
        assert_int_equal(dup2(out, 1), 1);
        parsed = parse(&l, rows[i].line);
        (void)fflush(stdout);
        assert_int_equal(dup2(kept, 1), 1);
        (void)close(kept);
        (void)close(out);
        assert_int_equal(parsed, EXO_PARSED_DONE);
        assert_int_equal(
            strncmp(get_file(place, "out"), rows[i].text, strlen(rows[i].text)),
            0);
        exo_options_free(&l.options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(takes_options_of_the_command_only),
        cmocka_unit_test(finds_every_command),
        cmocka_unit_test(reads_a_login),
        cmocka_unit_test(reads_the_others),
        cmocka_unit_test(takes_what_is_for_all_before_the_command),
        cmocka_unit_test(ends_options_at_two_dashes),
        cmocka_unit_test(refuses_too_long_a_name),
        cmocka_unit_test_setup_teardown(prints_help_and_version, place_setup,
                                        place_teardown),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
