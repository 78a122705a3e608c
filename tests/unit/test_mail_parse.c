/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lines of mail servers are, those of Exchange, Gmail and Dovecot and
 * those that look nearly so.
 */
#include "config.h"

#include "util.h"

#include "mail/parse.h"

struct row {
    const char *line;
    enum exo_said said;
    const char *text;
};

static void test_smtp(void **state)
{
    static const struct row rows[] = {
        { "220 mail.example ready", EXO_SAID_OK, "mail.example ready" },
        { "250-AUTH LOGIN XOAUTH2", EXO_SAID_MORE, "AUTH LOGIN XOAUTH2" },
        { "250", EXO_SAID_OK, "" },
        { "235 2.7.0 Authentication successful", EXO_SAID_OK,
          "2.7.0 Authentication successful" },
        { "334 ", EXO_SAID_CONTINUE, "" },
        { "334", EXO_SAID_CONTINUE, "" },
        { "334 eyJ9", EXO_SAID_CONTINUE, "eyJ9" },
        { "354 go", EXO_SAID_CONTINUE, "go" },
        { "432 4.3.2 too many", EXO_SAID_LATER, "4.3.2 too many" },
        { "535 5.7.3 Authentication unsuccessful", EXO_SAID_NO,
          "5.7.3 Authentication unsuccessful" },
        { "535-5.7.8 more", EXO_SAID_MORE, "5.7.8 more" },
        { "", EXO_SAID_NOTHING, "" },
        { "2", EXO_SAID_NOTHING, "2" },
        { "25", EXO_SAID_NOTHING, "25" },
        { "2500 x", EXO_SAID_NOTHING, "2500 x" },
        { "250_x", EXO_SAID_NOTHING, "250_x" },
        { "150 x", EXO_SAID_NOTHING, "150 x" },
        { "650 x", EXO_SAID_NOTHING, "650 x" },
        { "* OK ready", EXO_SAID_NOTHING, "* OK ready" },
        { "+OK ready", EXO_SAID_NOTHING, "+OK ready" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text;

        assert_int_equal(exo_parse_smtp(rows[i].line, &text), rows[i].said);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_pop3(void **state)
{
    static const struct row rows[] = {
        { "+OK ready", EXO_SAID_OK, "ready" },
        { "+OK", EXO_SAID_OK, "" },
        { "+ok ready", EXO_SAID_OK, "ready" },
        { "+ ", EXO_SAID_CONTINUE, "" },
        { "+", EXO_SAID_CONTINUE, "" },
        { "+ eyJ9", EXO_SAID_CONTINUE, "eyJ9" },
        { "-ERR Authentication failure: unknown user name or bad password.",
          EXO_SAID_NO,
          "Authentication failure: unknown user name or bad password." },
        { "-ERR [AUTH] no", EXO_SAID_NO, "[AUTH] no" },
        { "-ERR [SYS/TEMP] no", EXO_SAID_LATER, "[SYS/TEMP] no" },
        { "-ERR [IN-USE] no", EXO_SAID_LATER, "[IN-USE] no" },
        { "-ERR", EXO_SAID_NO, "" },
        { "+OKAY", EXO_SAID_NOTHING, "+OKAY" },
        { "-ERROR", EXO_SAID_NOTHING, "-ERROR" },
        { "", EXO_SAID_NOTHING, "" },
        { "220 ready", EXO_SAID_NOTHING, "220 ready" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text;

        assert_int_equal(exo_parse_pop3(rows[i].line, &text), rows[i].said);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_imap(void **state)
{
    static const struct row rows[] = {
        { "exo1 OK AUTHENTICATE completed.", EXO_SAID_OK,
          "AUTHENTICATE completed." },
        { "EXO1 ok done", EXO_SAID_OK, "done" },
        { "exo1 NO AUTHENTICATE failed.", EXO_SAID_NO, "AUTHENTICATE failed." },
        { "exo1 NO [UNAVAILABLE] wait", EXO_SAID_LATER, "[UNAVAILABLE] wait" },
        { "exo1 BAD User is authenticated but not connected.", EXO_SAID_NO,
          "User is authenticated but not connected." },
        { "+", EXO_SAID_CONTINUE, "" },
        { "+ ", EXO_SAID_CONTINUE, "" },
        { "+ eyJ9", EXO_SAID_CONTINUE, "eyJ9" },
        { "* BYE Connection closed. 14", EXO_SAID_BYE,
          "Connection closed. 14" },
        { "* OK still here", EXO_SAID_MORE, "OK still here" },
        { "* NO disk is full", EXO_SAID_MORE, "NO disk is full" },
        { "exo10 OK of another", EXO_SAID_NOTHING, "exo10 OK of another" },
        { "exo1", EXO_SAID_NOTHING, "exo1" },
        { "exo1 MAYBE", EXO_SAID_NOTHING, "exo1 MAYBE" },
        { "", EXO_SAID_NOTHING, "" },
        { "220 ready", EXO_SAID_NOTHING, "220 ready" },
    };
    const char *text;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(exo_parse_imap(rows[i].line, "exo1", &text),
                         rows[i].said);
        assert_string_equal(text, rows[i].text);
    }
    assert_int_equal(exo_parse_imap("* OK ready", NULL, &text), EXO_SAID_OK);
    assert_string_equal(text, "ready");
    assert_int_equal(exo_parse_imap("* PREAUTH in", NULL, &text),
                     EXO_SAID_PREAUTH);
    assert_int_equal(exo_parse_imap("* PREAUTH in", "exo1", &text),
                     EXO_SAID_MORE);
    assert_int_equal(exo_parse_imap("exo1 OK", NULL, &text), EXO_SAID_NOTHING);
}

static void capability(const char *line, const char *want)
{
    size_t len;
    const char *list = exo_parse_capability(line, &len);

    if (want == NULL) {
        assert_null(list);
        return;
    }
    assert_non_null(list);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(list, want, len);
}

static void test_capability(void **state)
{
    (void)state;
    capability("* CAPABILITY IMAP4rev1 SASL-IR", "IMAP4rev1 SASL-IR");
    capability("* capability IMAP4rev1", "IMAP4rev1");
    capability("exo1 OK [CAPABILITY IMAP4rev1 IDLE] in", "IMAP4rev1 IDLE");
    capability("* OK [CAPABILITY IMAP4rev1", NULL);
    capability("* OK ready", NULL);
    capability("* CAPABILITYX", NULL);
}

static void test_literal(void **state)
{
    size_t n;

    (void)state;
    assert_true(exo_parse_literal("* LIST () \"/\" {9}", 17, &n));
    assert_int_equal(n, 9);
    assert_true(exo_parse_literal("x {12+}", 7, &n));
    assert_int_equal(n, 12);
    assert_true(exo_parse_literal("x {99999999999999999999}", 24, &n));
    assert_int_equal(n, UINT32_MAX);
    assert_false(exo_parse_literal("x {}", 4, &n));
    assert_false(exo_parse_literal("x {+}", 5, &n));
    assert_false(exo_parse_literal("x 12}", 5, &n));
    assert_false(exo_parse_literal("12}", 3, &n));
    assert_false(exo_parse_literal("}", 1, &n));
    assert_false(exo_parse_literal("", 0, &n));
    assert_false(exo_parse_literal("x {1} ", 6, &n));
}

static void test_has(void **state)
{
    static const char list[] = "PLAIN xoauth2 LOGIN";

    (void)state;
    assert_true(exo_parse_has(list, "XOAUTH2"));
    assert_true(exo_parse_has(list, "PLAIN"));
    assert_true(exo_parse_has(list, "LOGIN"));
    assert_false(exo_parse_has(list, "AUTH2"));
    assert_false(exo_parse_has(list, "XOAUTH"));
    assert_false(exo_parse_has("  XOAUTH2X ", "XOAUTH2"));
    assert_true(exo_parse_has("  XOAUTH2 ", "XOAUTH2"));
    assert_false(exo_parse_has("", "XOAUTH2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smtp),    cmocka_unit_test(test_pop3),
        cmocka_unit_test(test_imap),    cmocka_unit_test(test_capability),
        cmocka_unit_test(test_literal), cmocka_unit_test(test_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
