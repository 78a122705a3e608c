/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INI files as Python's configparser writes and reads them, and what it would
 * refuse.
 */
#include "config.h"

#include "util.h"

#include "helper/ini.h"
#include "../lib/whole.h"

static struct exo_secret text_of(const char *text)
{
    struct exo_secret secret = EXO_SECRET_INIT;

    assert_int_equal(exo_secret_set(&secret, text, strlen(text)), 0);
    return secret;
}

static void check_value(const char *text, const char *section,
                        const char *option, const char *want)
{
    struct exo_secret secret = text_of(text);
    struct exo_secret value = EXO_SECRET_INIT;
    bool found = exo_ini_get(&secret, section, option, &value);

    assert_int_equal(found, want != NULL);
    assert_string_equal(whole_secret(&value), want ? want : "");
    exo_secret_free(&value);
    exo_secret_free(&secret);
}

static void finds_values(void **state)
{
    static const char text[] = "# first\n"
                               "[a]\n"
                               "x = 1\n"
                               "  ; a comment\n"
                               "Url: https://a/=b:c \r\n"
                               "empty =\n"
                               "\n"
                               "[user@b]\n"
                               "x=2\n"
                               "long = one\n"
                               "\ttwo\n"
                               "\n"
                               "# in between\n"
                               "    three = 3\n"
                               "last\t=\t[x]\n"
                               "  [deep]\n"
                               "  x = 3";

    (void)state;
    check_value(text, "a", "x", "1");
    check_value(text, "a", "url", "https://a/=b:c");
    check_value(text, "a", "URL", "https://a/=b:c");
    check_value(text, "a", "empty", "");
    check_value(text, "a", "long", NULL);
    check_value(text, "user@b", "x", "2");
    check_value(text, "user@b", "long", "one\ntwo\nthree = 3");
    check_value(text, "user@b", "three", NULL);
    check_value(text, "user@b", "last", "[x]\n[deep]\nx = 3");
    check_value(text, "User@b", "x", NULL);
    check_value(text, "user@", "x", NULL);
    check_value("", "a", "x", NULL);
}

static void counts_kinds(void **state)
{
    static const struct {
        const char *text;
        enum exo_ini_kind first;
        unsigned line;
    } rows[] = {
        { "", EXO_INI_END, 0 },
        { "\n# x\n", EXO_INI_END, 2 },
        { "x = 1\n", EXO_INI_BAD, 1 },
        { "\n[]\n", EXO_INI_BAD, 2 },
        { "{\"json\": 1}", EXO_INI_BAD, 1 },
        { "[a]", EXO_INI_SECTION, 1 },
        { " [a]\n", EXO_INI_SECTION, 1 },
        { "[a\n", EXO_INI_BAD, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exo_secret secret = text_of(rows[i].text);
        struct exo_ini ini;

        assert_int_equal(exo_ini_begin(&ini, &secret), 0);
        assert_int_equal(exo_ini_next(&ini), rows[i].first);
        assert_int_equal(ini.line, rows[i].line);
        exo_secret_free(&secret);
    }
}

static void knows_a_line_that_is_none(void **state)
{
    struct exo_secret secret = text_of("[a]\nx = 1\nno mark\n= no name\n");
    struct exo_ini ini;

    (void)state;
    assert_int_equal(exo_ini_begin(&ini, &secret), 0);
    assert_int_equal(exo_ini_next(&ini), EXO_INI_SECTION);
    assert_int_equal(exo_ini_next(&ini), EXO_INI_OPTION);
    assert_int_equal(exo_ini_next(&ini), EXO_INI_BAD);
    assert_int_equal(exo_ini_next(&ini), EXO_INI_BAD);
    assert_int_equal(ini.line, 4);
    assert_int_equal(exo_ini_next(&ini), EXO_INI_END);
    exo_secret_free(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_values),
        cmocka_unit_test(counts_kinds),
        cmocka_unit_test(knows_a_line_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
