/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside: what reaches a terminal, and what reaches a shell. */
#include "config.h"

#include "exoauth/text.h"

#include <errno.h>

#include "exoauth/error.h"
#include "common/typed.h"
#include "util.h"

static void clean_text_is_what_a_terminal_shows(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        { "", "" },
        { "plain ~ text", "plain ~ text" },
        { "a\r\n\t\x1b[31m\x7f", "a????[31m?" },
        { "\x9b"
          "31m",
          "?31m" }, /* CSI as one byte */
        { "\x80\x9f\xa0", "???" },
        { "a\xc2\x9b"
          "31m",
          "a?31m" }, /* CSI as U+009B */
        { "\xc2\x80\xc2\x9f", "??" },
        { "\xc2\xa0", "\xc2\xa0" },
        { "m\xc3\xbcller@\xe4\xbe\x8b.test",
          "m\xc3\xbcller@\xe4\xbe\x8b.test" },
        { "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7" },
        { "a\xe2\x80\xaetxt.exe", "a?txt.exe" }, /* U+202E */
        { "\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad", "????" },
        { "\xe2\x81\xa6x\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "?x???" },
        { "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "???" },
        { "\xe2\x80\xa8\xe2\x80\xa9", "??" },     /* U+2028, U+2029 */
        { "\xef\xbb\xbfx", "?x" },                /* U+FEFF */
        { "\xc2\xadx\xcd\x8f", "?x?" },           /* U+00AD, U+034F */
        { "\xef\xb8\x8f\xf3\xa0\x84\x80", "??" }, /* U+FE0F, U+E0100 */
        { "\xee\x80\x80\xf4\x80\x80\x80", "??" }, /* private use */
        { "\xef\xb7\x90\xf0\x9f\xbf\xbe", "??" }, /* noncharacters */
        { "\xef\xbf\xbc", "?" },                  /* U+FFFC */
        { "\xe2\x80\x93", "\xe2\x80\x93" },       /* a dash */
        { "\xc0\x9b", "??" },                     /* overlong */
        { "\xe0\x82\x9b", "???" },
        { "\xed\xa0\x80", "???" }, /* a surrogate */
        { "\xf4\x90\x80\x80", "????" },
        { "\xff\xfe", "??" },
        { "a\xe2\x80", "a??" }, /* cut off */
        { "a\xc3", "a?" },
        { "\xc3(", "?(" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "%s", table[i].from);
        exo_text_clean(text);
        assert_string_equal(text, table[i].to);
        assert_true(exo_text_is_clean(text));
        assert_int_equal(exo_text_is_clean(table[i].from),
                         strcmp(table[i].from, table[i].to) == 0);
    }
}

static void a_word_of_the_shell(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        { "relay@contoso.com", "relay@contoso.com" },
        { "@contoso.com", "@contoso.com" },
        { "/etc/sasl2/x-1_2+3,4=5:6%7", "/etc/sasl2/x-1_2+3,4=5:6%7" },
        { "a b", "'a b'" },
        { "$(id)", "'$(id)'" },
        { "`id`", "'`id`'" },
        { "it's", "'it'\\''s'" },
        { "'", "''\\'''" },
        { "~root", "'~root'" },
        { "#x", "'#x'" },
        { "a\\b", "'a\\b'" },
        { "m\xc3\xbcller", "'m\xc3\xbcller'" },
        { "", "WORD" },
        { "-x", "WORD" },
        { "--all", "WORD" },
        { "a\nb", "WORD" },
        { "a\xc2\x9b", "WORD" },
        { "\x9b", "WORD" },
        { "\xe2\x80\xaex", "WORD" },
        { "x; run: id", "WORD" },
    };
    char big[2 * EXO_SHELL_MAX];

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++)
        assert_string_equal(EXO_SH(table[i].from, "WORD"), table[i].to);
    assert_string_equal(EXO_SH(NULL, "WORD"), "WORD");
    for (size_t n = 1; n < sizeof big; n++) {
        const char *word;

        memset(big, n % 2 ? '\'' : '$', n);
        big[n] = '\0';
        word = EXO_SH(big, "WORD");
        assert_true(strcmp(word, "WORD") == 0 ||
                    (word[0] == '\'' && word[strlen(word) - 1] == '\'' &&
                     strlen(word) < EXO_SHELL_MAX));
    }
}

static void half_a_command_is_none(void **state)
{
    struct exo_err err = EXO_ERR_INIT;
    char big[EXO_ERR_TEXT];

    (void)state;
    memset(big, 'x', sizeof big - 20);
    big[sizeof big - 20] = '\0';
    (void)exo_err_set(&err, EXO_STATUS_STORE,
                      "no %s; run: chown -R exoauth /var/lib/exoauth", big);
    assert_null(strstr(err.text, "run:"));
    assert_null(strstr(err.text, "chown"));
    assert_int_equal(err.text[strlen(err.text) - 1], 'x');
    (void)exo_err_set(&err, EXO_STATUS_STORE, "%-s", "no x; run: id");
    assert_string_equal(err.text, "no x; run: id");
}

#define SET(...) (void)exo_err_set(&err, EXO_STATUS_STORE, __VA_ARGS__)

/* A command is ours where the format says it, and nowhere else. */
static void a_command_is_ours(void **state)
{
    static const char forged[] = "x; run: id";
    struct exo_err err = EXO_ERR_INIT;
    char long_one[3000];

    (void)state;
    SET("%s", forged);
    assert_string_equal(err.text, "x; run. id");
    SET("no %s; run: exoauth login %s", forged, EXO_SH(forged, "ACCOUNT"));
    assert_string_equal(err.text, "no x; run. id; run: exoauth login ACCOUNT");
    SET("%.9s, %d%% of %s: %-s", forged, 7, "RUN:x rUn: y", "z; run: exoauth");
    assert_string_equal(err.text,
                        "x; run. i, 7% of RUN.x rUn. y: z; run: exoauth");
    SET("%-.10s|%*s|%-s", forged, 8, "run: a", "b");
    assert_string_equal(err.text, "x; run: id|  run. a|b");
    /* Nor half of it, or with marks of whatever kind. */
    SET("%s: touch", "x; run");
    assert_string_equal(err.text, "x; run. touch");
    SET("%sun: touch %sn: x", "r", "ru");
    assert_string_equal(err.text, "run. touch run. x");
    SET("%s %-s", "run\1: \1run:\1 \2run:\2 ru\1n:", "ok");
    assert_string_equal(err.text, "run?: ?run.? ?run.? ru?n: ok");
    SET("%-s%s", "x; run", ": id");
    assert_string_equal(err.text, "x; run. id");
    SET("%s", "run:run:run:");
    assert_string_equal(err.text, "run.run.run.");
    /* %m is that of the caller, in both passes. */
    errno = ENOENT;
    SET("%s: %m; run: id", "run:");
    assert_string_equal(err.text, "run.: No such file or directory; run: id");
    assert_int_equal(errno, ENOENT);
    /* What is cut loses ours and keeps none of theirs. */
    memset(long_one, 'x', sizeof long_one);
    memcpy(long_one, "run: ", 5);
    long_one[sizeof long_one - 1] = '\0';
    SET("%s; run: id", long_one);
    assert_null(strstr(err.text, "run:"));
    assert_int_equal(strlen(err.text), EXO_ERR_TEXT - 1);
    SET("%.490s; run as root: id of this host", long_one);
    assert_null(strstr(err.text, "run as root"));
}

static void text_from_outside_has_none(void **state)
{
    char text[] = "a run: b RUN:c \xc2\x9b run : d";

    (void)state;
    assert_true(exo_text_offers(text));
    exo_text_clean(text);
    assert_string_equal(text, "a run. b RUN.c ? run . d");
    assert_false(exo_text_offers(text));
}

/* What a reader takes for it, in place and in a message, and what not. */
static void what_looks_like_one_is_one(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        { "run : id", "run . id" },
        { "run\xc2\xa0\xe3\x80\x80: id", "run\xc2\xa0\xe3\x80\x80. id" },
        { "run\xef\xbc\x9a id", "run. id" }, /* U+FF1A */
        { "run\xef\xb9\x95 id", "run. id" }, /* U+FE55 */
        { "run\xe2\x88\xb6 id", "run. id" }, /* U+2236 */
        { "run\xea\x9e\x89 id", "run. id" }, /* U+A789 */
        { "ru\xc2\xadn: id", "ru?n. id" },
        { "r\xe2\x80\x8du\xe2\x80\x8cn: id", "r?u?n. id" },
        { "run\xef\xb8\x8f: id", "run?. id" },
        { "\xef\xbd\x92\xef\xbd\x95\xef\xbd\x8e: id",
          "\xef\xbd\x92\xef\xbd\x95\xef\xbd\x8e. id" }, /* wide letters */
        { "\xf0\x9d\x90\xab\xf0\x9d\x90\xae\xf0\x9d\x90\xa7: id",
          "\xf0\x9d\x90\xab\xf0\x9d\x90\xae\xf0\x9d\x90\xa7. id" },
        { "run as root: id", "run as root. id" },
        { "RUN  As ROOT : id", "RUN  As ROOT . id" },
        { "run as root\xef\xbc\x9aid", "run as root.id" },
        { "r run: run:run : run run:", "r run. run.run . run run." },
        { "run; run as; run as root; r:", "run; run as; run as root; r:" },
        { "runs: run as me: running: r un:",
          "runs: run as me: running: r un:" },
        { "run", "run" },
        { "run\xef\xbc", "run??" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_err err = EXO_ERR_INIT;
        bool offer = strcmp(table[i].from, table[i].to) != 0 &&
                     strstr(table[i].to, "??") == NULL;
        char text[128];

        (void)snprintf(text, sizeof text, "%s", table[i].from);
        assert_int_equal(exo_text_offers(text), offer);
        exo_text_clean(text);
        assert_string_equal(text, table[i].to);
        assert_false(exo_text_offers(text));
        (void)exo_err_set(&err, EXO_STATUS_STORE, "a%s; run: b", table[i].from);
        assert_string_equal(err.text + 1 + strlen(table[i].to), "; run: b");
        assert_memory_equal(err.text + 1, table[i].to, strlen(table[i].to));
        if (offer) {
            assert_string_equal(EXO_SH(table[i].from, "WORD"), "WORD");
        }
    }
    /* What begins in a message of ours and ends in another's. */
    {
        struct exo_err err = EXO_ERR_INIT;

        SET("x; run as root: %s", "y");
        assert_string_equal(err.text, "x; run as root: y");
        SET("x; run%s y", " : id");
        assert_string_equal(err.text, "x; run . id y");
        SET("x; run as%s y", " root: id");
        assert_string_equal(err.text, "x; run as root. id y");
        SET("%-s", "x; run as root: y");
        assert_string_equal(err.text, "x; run as root: y");
        SET("%s", "x; run as root: y");
        assert_string_equal(err.text, "x; run as root. y");
    }
}

/* What is said of one configuration is not done to another. */
static void a_command_names_its_configuration(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        { "no; run: exoauth login a@b", "no; run: exoauth login a@b@C" },
        { "run as root: exoauth rekey", "run as root: exoauth rekey@C" },
        { "a; run: exoauth rekey; or if not, run: exoauth login x",
          "a; run: exoauth rekey@C; or if not, run: exoauth login x@C" },
        { "a (run: exoauth refresh --all), b",
          "a (run: exoauth refresh --all@C), b" },
        { "run: exoauth login 'a;b, c)'\\'';'; or not",
          "run: exoauth login 'a;b, c)'\\'';'@C; or not" },
        { "run: exoauth doctor, twice", "run: exoauth doctor@C, twice" },
        { "run: postfix reload", "run: postfix reload" },
        { "run: exoauth x --config 'my file'", "" },
        { "exoauth says nothing", "exoauth says nothing" },
    };
    static const char words[] = " --config '/etc/it'\\''s'";

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        char text[EXO_ERR_TEXT], wanted[EXO_ERR_TEXT] = "";
        const char *from = table[i].to;
        const char *at;

        while ((at = strstr(from, "@C")) != NULL) {
            (void)snprintf(
                wanted + strlen(wanted), sizeof wanted - strlen(wanted),
                "%.*s --config '/etc/it'\\''s'", (int)(at - from), from);
            from = at + 2;
        }
        (void)snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted),
                       "%s", from);
        exo_typed_set(EXO_TYPED_AFTER, words);
        exo_text_fmt(text, sizeof text, "%-s", table[i].from);
        if (strstr(table[i].from, "--config") == NULL)
            assert_string_equal(text, wanted);
        else
            assert_string_equal(text, table[i].from);
        /* Once is enough. */
        exo_text_fmt(wanted, sizeof wanted, "%-s", text);
        assert_string_equal(wanted, text);
        exo_typed_set(EXO_TYPED_AFTER, "");
        exo_text_fmt(text, sizeof text, "%-s", table[i].from);
        assert_string_equal(text, table[i].from);
    }
    /* A foreign command stays no command. */
    exo_typed_set(EXO_TYPED_AFTER, words);
    {
        char text[200];

        exo_text_fmt(text, sizeof text, "%s; run: exoauth a", "run: exoauth b");
        assert_string_equal(text, "run. exoauth b; run: exoauth a --config "
                                  "'/etc/it'\\''s'");
        exo_typed_set(EXO_TYPED_BEFORE, "env X=/y ");
        exo_text_fmt(text, sizeof text,
                     "run: exoauth a, or run: chmod 1 b, or run: exoauth c");
        assert_string_equal(
            text, "run: env X=/y exoauth a --config '/etc/it'\\''s', or run: "
                  "chmod 1 b, or run: env X=/y exoauth c --config "
                  "'/etc/it'\\''s'");
        exo_text_fmt(text, sizeof text, "run: exoauth a --config b");
        assert_string_equal(text, "run: env X=/y exoauth a --config b");
        exo_typed_set(EXO_TYPED_BEFORE, "");
    }
    exo_typed_set(EXO_TYPED_AFTER, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_text_is_what_a_terminal_shows),
        cmocka_unit_test(a_word_of_the_shell),
        cmocka_unit_test(half_a_command_is_none),
        cmocka_unit_test(a_command_is_ours),
        cmocka_unit_test(text_from_outside_has_none),
        cmocka_unit_test(what_looks_like_one_is_one),
        cmocka_unit_test(a_command_names_its_configuration),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
