/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of what errors mean: that every row is whole and fit for a line
 * of a log, and which row a text of the field leads to. The texts are those
 * that servers and programs are documented or reported to write.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/explain.h"

#define FOUND_MAX 64

static void assert_text(const char *text, size_t least, size_t most)
{
    const char *c;

    assert_non_null(text);
    assert_in_range(strlen(text), least, most);
    for (c = text; *c != '\0'; c++)
        assert_in_range(*c, 0x20, 0x7e);
    assert_null(strchr(text, '%'));
    assert_true(c[-1] != '.' && c[-1] != ' ' && text[0] != ' ');
}

static bool is_code(const char *code)
{
    return strncmp(code, "AADSTS", 6) == 0 ||
           (code[0] >= 'a' && code[0] <= 'z' && strchr(code, ' ') == NULL);
}

static void every_row_is_whole(void **state)
{
    const struct exo_explanation *row;
    size_t n;

    (void)state;
    for (n = 0; (row = exo_explain_row(n)) != NULL; n++) {
        assert_text(row->code, 8, 100);
        assert_text(row->meaning, 10, 199);
        assert_text(row->remedy, 10, 199);
        assert_text(row->who, 10, 60);
        assert_text(row->run, 4, 220);
        assert_text(row->takes, 7, 80);
        assert_text(row->origin, 7, 80);
        assert_text(row->source, 5, 10);
        /* Both, the name and a command must fit in one line. */
        assert_in_range(strlen(row->meaning) + strlen(row->remedy), 20, 240);
    }
    assert_true(n >= 200);
    assert_null(exo_explain_row((size_t)-1));
}

static void no_row_stands_twice(void **state)
{
    const struct exo_explanation *row, *other;
    size_t i, j;

    (void)state;
    for (i = 0; (row = exo_explain_row(i)) != NULL; i++) {
        for (j = 0; j < i && (other = exo_explain_row(j)) != NULL; j++)
            assert_string_not_equal(row->code, other->code);
    }
}

/* A code says what is meant; only an answer has words to look for. */
static void codes_are_found_as_they_are(void **state)
{
    const struct exo_explanation *row;
    size_t i, n = 0;

    (void)state;
    for (i = 0; (row = exo_explain_row(i)) != NULL; i++) {
        assert_int_equal(row->words == NULL, is_code(row->code));
        assert_ptr_equal(exo_explain(row->code),
                         row->words == NULL ? row : NULL);
        n += row->words == NULL;
    }
    assert_true(n >= 160);
}

/* What is said of each row leads to it: the table explains itself. */
static void every_code_finds_itself(void **state)
{
    const struct exo_explanation *row, *found[FOUND_MAX];
    size_t i;

    (void)state;
    for (i = 0; (row = exo_explain_row(i)) != NULL; i++) {
        if (exo_explain_text(row->code, found, FOUND_MAX) != 1 ||
            found[0] != row)
            fail_msg("\"%s\" does not find itself", row->code);
    }
}

static void explains_known_codes(void **state)
{
    static const char *const unknown[] = { "",        "AADSTS",      "AADSTS1",
                                           "7000222", "aadsts70000", "zzz" };
    size_t i;

    (void)state;
    assert_has(exo_explain("AADSTS7000222")->meaning, "secret has expired");
    assert_has(exo_explain("AADSTS7000215")->meaning, "Value");
    assert_has(exo_explain("AADSTS700016")->remedy, "client_id");
    assert_has(exo_explain("AADSTS53003")->meaning, "Conditional Access");
    assert_has(exo_explain("AADSTS50196")->remedy, "10 minutes");
    assert_has(exo_explain("invalid_grant")->remedy, "log in again");
    for (i = 0; i < N_OF(unknown); i++)
        assert_null(exo_explain(unknown[i]));
    assert_null(exo_explain(NULL));
}

#define NO_ACCESS "NO AUTHENTICATE failed"
#define DISABLED "535 5.7.139 SmtpClientAuthentication is disabled for the "

static const struct {
    const char *text, *code, *second; /* code NULL: nothing is known */
} text_rows[] = {
    { "AADSTS7000222", "AADSTS7000222", NULL },
    { "7000222", "AADSTS7000222", NULL },
    { " aadsts7000222:\n", "AADSTS7000222", NULL },
    { "provider said invalid_client (AADSTS7000222), \"The provided\"",
      "AADSTS7000222", NULL },
    { "AADSTS70002: Error validating credentials. AADSTS50126: Invalid "
      "username. AADSTS70002",
      "AADSTS70002", "AADSTS50126" },
    { "{\"error\":\"invalid_grant\",\"error_codes\":[70002, 50126],"
      "\"n\":[50057]}",
      "AADSTS70002", "AADSTS50126" },
    { "{\"error\":\"invalid_grant\",\"error_codes\":[1]}", "invalid_grant",
      NULL },
    { "not_invalid_grant invalid_grants", NULL, NULL },
    { "AADSTS1234567890123: AADSTS", NULL, NULL },
    { "535 5.7.3 Authentication unsuccessful [SN2PR01CA0031.prod]",
      "535 5.7.3 Authentication unsuccessful", NULL },
    { "535-5.7.3 Authentication\r\n535 5.7.3   unsuccessful",
      "535 5.7.3 Authentication unsuccessful", NULL },
    { "SASL authentication failed; server smtp.office365.com[1.2.3.4] "
      "said: 535 5.7.139 Authentication unsuccessful, "
      "SmtpClientAuthentication is disabled for the Tenant. Visit "
      "https://aka.ms/smtp_auth_disabled",
      DISABLED "Tenant", NULL },
    { "535 5.7.139 Authentication unsuccessful, "
      "SmtpClientAuthentication is\ndisabled for the MAILBOX.",
      DISABLED "Mailbox", NULL },
    { "535 5.7.139 Authentication unsuccessful, the request did not meet "
      "the criteria to be authenticated successfully. Contact your "
      "administrator.",
      "535 5.7.139 the request did not meet the criteria", NULL },
    { "535 5.7.139 Authentication unsuccessful, user is locked by your "
      "organization's security defaults policy.",
      "535 5.7.139 user is locked by security defaults policy", NULL },
    { "535 5.7.139 Authentication unsuccessful, the user credentials were "
      "incorrect.",
      "535 5.7.139 the user credentials were incorrect", NULL },
    { "535 5.7.139 Authentication unsuccessful, basic authentication is "
      "disabled.",
      "535 5.7.139 basic authentication is disabled", NULL },
    { "535 5.7.139 Authentication unsuccessful, the organization "
      "configuration doesn't allow this authentication request",
      "535 5.7.139 the organization configuration doesn't allow this "
      "authentication request",
      NULL },
    { "535 5.7.139 Authentication unsuccessful, something new",
      "535 5.7.139 Authentication unsuccessful", NULL },
    { "550 5.7.30 Basic authentication is not supported for Client "
      "Submission.",
      "550 5.7.30 Basic authentication is not supported for Client "
      "Submission",
      NULL },
    { "530 5.7.57 Client not authenticated to send mail.",
      "5.7.57 Client not authenticated to send mail", NULL },
    { "550 5.7.60 SMTP; Client does not have permissions to send as this "
      "sender",
      "550 5.7.60 Client does not have permissions to send as this sender",
      NULL },
    { "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission."
      "Exception:ConnectionFailedTransientException."
      "MapiExceptionLogonFailed; Failed to process message",
      "430 4.2.0 STOREDRV; mailbox logon failure", NULL },
    { "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon "
      "error",
      "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon", NULL },
    { "432 4.3.2 Concurrent connections limit exceeded. Visit x",
      "432 4.3.2 Concurrent connections limit exceeded", NULL },
    { "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
      "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", NULL },
    { "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuota",
      "554 5.2.0 STOREDRV submission", NULL },
    { "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:"
      "QuotaExceededException",
      "554 5.2.2 mailbox full", NULL },
    { "554 5.2.252 SendAsDenied; a@x not allowed to send as b@x",
      "554 5.2.252 SendAsDenied", NULL },
    { "550 5.2.252 Sender throttled due to continuous send as denied "
      "errors",
      "550 5.2.252 Sender throttled due to continuous send as denied "
      "errors",
      NULL },
    { "550 5.2.251 Sender throttled due to continuous mailbox full errors",
      "550 5.2.251 Sender throttled due to continuous mailbox full errors",
      NULL },
    { "A2 BAD User is authenticated but not connected.",
      "BAD User is authenticated but not connected", NULL },
    { "* BYE Session invalidated - AccessTokenExpired",
      "BYE Session invalidated - AccessTokenExpired", NULL },
    { "-ERR Protocol error. Connection is closed. 10",
      "-ERR Protocol error. Connection is closed", NULL },
    { "-ERR Authentication failure: unknown user name or bad password.",
      "-ERR Authentication failure: unknown user name or bad password", NULL },
    { "ERR Authentication failure",
      "-ERR Authentication failure: unknown user name or bad password", NULL },
    { "A01 NO AUTHENTICATE failed.", NO_ACCESS, NULL },
    { "warning: SASL authentication failure: No worthy mechs found",
      "No worthy mechs found", NULL },
    { "dsn=4.7.0, status=deferred (SASL authentication failed; cannot "
      "authenticate to server: no mechanism available)",
      "no mechanism available", NULL },
    { "SASL(-1): generic failure: Unable to find a callback: 32775",
      "Unable to find a callback: 32775", NULL },
    { "no token for a@b: provider said invalid_grant: ...", "invalid_grant",
      NULL },
    { "535 5.7.31 no such code", NULL, NULL },
    { "535 15.7.3", NULL, NULL },
    { "535 5.7.3.1", NULL, NULL },
    { "hello, world", NULL, NULL },
    { "", NULL, NULL },
    { " \t\r\n", NULL, NULL },
    { "...", NULL, NULL },
    { "\x01\x7f\xff", NULL, NULL },
};

static void finds_what_a_text_is_about(void **state)
{
    const struct exo_explanation *found[FOUND_MAX];
    size_t i, n, want;

    (void)state;
    for (i = 0; i < N_OF(text_rows); i++) {
        n = exo_explain_text(text_rows[i].text, found, FOUND_MAX);
        want = text_rows[i].code == NULL     ? 0
               : text_rows[i].second == NULL ? 1
                                             : 2;
        if (n != want)
            fail_msg("\"%s\" has %zu meanings", text_rows[i].text, n);
        if (want > 0)
            assert_string_equal(found[0]->code, text_rows[i].code);
        if (want > 1)
            assert_string_equal(found[1]->code, text_rows[i].second);
    }
}

static void a_number_finds_all_that_have_it(void **state)
{
    static const struct {
        const char *text;
        size_t least;
    } rows[] = {
        { "5.7.139", 8 }, { "535", 10 }, { "535 5.7.139", 8 }, { "4.3.2", 2 }
    };
    const struct exo_explanation *found[FOUND_MAX];
    size_t i, j, n;

    (void)state;
    for (i = 0; i < N_OF(rows); i++) {
        n = exo_explain_text(rows[i].text, found, FOUND_MAX);
        assert_true(n >= rows[i].least);
        for (j = 0; j < n; j++)
            assert_has(found[j]->code, rows[i].text);
        assert_int_equal(exo_explain_text(rows[i].text, found, 1), 1);
    }
    assert_int_equal(exo_explain_text("53", found, FOUND_MAX), 0);
    assert_int_equal(exo_explain_text("5.7", found, FOUND_MAX), 0);
    assert_int_equal(exo_explain_text("7000222", found, 0), 0);
}

/* A megabyte is not read, a line of 60 KB is, and neither takes long. */
static void takes_long_texts(void **state)
{
    const struct exo_explanation *found[1];
    const size_t most = 1024 * 1024;
    char *text = malloc(most + 1);
    static const char end[] = " AADSTS7000222";

    (void)state;
    assert_non_null(text);
    memset(text, '5', most);
    text[most] = '\0';
    assert_int_equal(exo_explain_text(text, found, 1), 0);
    memset(text, 'A', 60000);
    memcpy(text + 60000, end, sizeof(end));
    assert_int_equal(exo_explain_text(text, found, 1), 1);
    assert_string_equal(found[0]->code, "AADSTS7000222");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(no_row_stands_twice),
        cmocka_unit_test(codes_are_found_as_they_are),
        cmocka_unit_test(every_code_finds_itself),
        cmocka_unit_test(explains_known_codes),
        cmocka_unit_test(finds_what_a_text_is_about),
        cmocka_unit_test(a_number_finds_all_that_have_it),
        cmocka_unit_test(takes_long_texts),
    };

    return cmocka_run_group_tests_name("oauth_explain", tests, NULL, NULL);
}
