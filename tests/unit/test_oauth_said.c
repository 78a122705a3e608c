/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider's own words in an error line: no secret of the request comes
 * back in them, no byte that a terminal or a log would obey, and they never
 * crowd out what to do.
 */
#include "config.h"

#include "oauth/answer.h"
#include "oauth_util.h"

#include "exoauth/account.h"

static void gives_no_secret_away(void **state)
{
    static const char *const descriptions[] = {
        "you sent s3cr3t/+ &~value, which is wrong",
        "client_secret=s3cr3t%2F%2B+%26~value&scope=x",
        "client_secret=s3cr3t%2f%2b%20%26%7Evalue",
        "refresh_token=0.AXkA-sent.refresh%2Btoken is unknown",
        "token '0.AXkA-sent.refresh+token' is unknown",
        "x\\u0000 s3cr3t/+ &~value",
    };
    struct asked a;
    char body[300];
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"error\":\"invalid_grant\",\"error_description\":"
                       "\"%s\"}",
                       descriptions[i]);
        assert_int_equal(asked_text(&a, 400, true, body), EXO_E_STATUS);
        assert_has(a.error.err.text, "provider said invalid_grant: ");
        assert_lacks(a.error.err.text, "s3cr3t");
        assert_lacks(a.error.err.text, "AXkA");
        exo_tokens_free(&a.tokens);
    }
    /* In place of the error's name, and a part of a longer token. */
    (void)!asked_text(&a, 400, true,
                      "{\"error\":\"0.AXkA-sent.refresh+token\"}");
    assert_lacks(a.error.err.text, "AXkA");
    assert_string_equal(a.error.error, "");
    exo_tokens_free(&a.tokens);
    assert_int_equal(exo_secret_set(&a.sent, "0.plain-one", 11), 0);
    (void)!asked_text(&a, 400, true, "{\"error\":\"0.plain-one\"}");
    assert_lacks(a.error.err.text, "plain-one");
    assert_string_equal(a.error.error, "");
    exo_tokens_free(&a.tokens);
    (void)!asked_text(&a, 400, true,
                      "{\"error\":\"invalid_grant\",\"error_description\":"
                      "\"got eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6I "
                      "here\"}");
    assert_has(a.error.err.text, "\"got [...] here\"");
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

#define LONG_SECRET "Zq7~SECRETab.8wErTyUiOpAsDfGhJkLzXcVbNm4"

/* However it is written: nothing of it is in the error, nor in what is kept. */
static void finds_it_in_any_form(void **state)
{
    static const char *const forms[] = {
        LONG_SECRET,
        "ZQ7~SECRETAB.8WERTYUIOPASDFGHJKLZXCVBNM4",
        "Zq7~SECRETab.8wErTyUiOpAsDfGhJkLzX...",
        "Zq7~SECRETab.8w",
        "Zq7~SECRET****fGhJkLzXcVbNm4",
        "Zq7~SECRETab.8wE rTyUiOp",
        "Zq7~SECRETa\\nb.8wErTyUiOp",
        "Zq7~SECRETa\\u0001b.8wErTyUiOp",
        "Zq7~SECRETa\\u200bb.8wErTyUiOp",
        "Zq7-~SEC-RETa-b.8w-ErTy",
        "Z q 7 ~ S E C R E T a b . 8 w E r T y",
        "Zq7%7ESECRETab%2E8wErTy",
        "Zq7%257ESECRETab%252E8wErTy",
        "Zq7&#126;SECRETab&#46;8wErTy",
        "Zq7&#x7e;S&#69;CRETab.8wErTy",
        "Zq7~SECRET&amp;ab.8wErTy",
        "\\\\u005aq7~S\\\\u0045CRETab.8wErTyUiOp",
        /* base64, for URLs, behind "id:", with its ends lost */
        "WnE3flNFQ1JFVGFiLjh3RXJUeVVpT3BBc0RmR2hKa0x6WGNWYk5tNA==",
        "WnE3flNFQ1JFVGFiLjh3RXJUeVVpT3BBc0RmR2hKa0x6WGNWYk5tNA",
        "WnE3flNFQ1JFVGFi LjkA",
        "Basic aWQ6WnE3flNFQ1JFVGFiLjh3RXJUeVVpT3BBc0RmR2hKa0x6WGNWYk5tNA==",
        "aWQlM0ExOlpxN35TRUNSRVRhYi44d0VyVHlVaU9wQXNEZkdoSmtMelhjVmJObTQ=",
        "5a71377e5345435245546162",
        "5A 71 37 7E 53 45 43 52 45 54 61 62",
    };
    struct asked a;
    char body[400];

    (void)state;
    asked_make(&a);
    assert_int_equal(exo_secret_set(&a.secret, LONG_SECRET, 40), 0);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"error\":\"invalid_grant\",\"error_description\":"
                       "\"got <<%s>> from you\",\"suberror\":\"%s\"}",
                       forms[i], forms[i]);
        assert_int_equal(asked_text(&a, 400, true, body), EXO_E_STATUS);
        assert_has(a.error.err.text, "provider said invalid_grant: ");
        assert_lacks(a.error.err.text, "got <<");
        exo_tokens_free(&a.tokens);
        (void)snprintf(body, sizeof(body), "{\"error\":\"%s\"}", forms[i]);
        (void)!asked_text(&a, 400, true, body);
        assert_string_equal(a.error.error, "");
        exo_tokens_free(&a.tokens);
        (void)snprintf(body, sizeof(body),
                       "{\"access_token\":\"abc\",\"token_type\":\"Bearer\","
                       "\"scope\":\"mail %s\"}",
                       forms[i]);
        assert_int_equal(asked_text(&a, 200, true, body), 0);
        assert_string_equal(a.tokens.scope, "");
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

/* Each byte of text as %XX, that many times over. */
static void wrap(struct exo_buf *out, const char *text, int times)
{
    for (const char *p = text; *p != '\0'; p++) {
        exo_buf_str(out, "%");
        for (int i = 1; i < times; i++)
            exo_buf_str(out, "25");
        exo_buf_fmt(out, "%02x", (unsigned char)*p);
    }
}

/* Whichever of the secrets it is, and however often it was encoded. */
static void finds_each_of_them(void **state)
{
    struct exo_secret token = EXO_SECRET_INIT, other = EXO_SECRET_INIT;
    struct exo_oauth_client none = { 0 }, secret = { .secret = &token },
                            assertion = { .assertion = &token };
    struct exo_tokens access, refresh;
    const struct {
        struct exo_asked asked;
        const struct exo_tokens *tokens;
    } table[] = {
        { { .client = &secret }, NULL },
        { { .client = &assertion }, NULL },
        { { .client = &none, .sent = &token }, NULL },
        { { .client = &none, .verifier = &token }, NULL },
        { { .client = &none, .made = &token }, NULL },
        { { .client = &none }, &access },
        { { .client = &none }, &refresh },
        { { .client = &none, .sent = &other }, NULL }, /* that is none */
    };

    (void)state;
    exo_tokens_init(&access);
    exo_tokens_init(&refresh);
    assert_int_equal(exo_secret_set(&token, LONG_SECRET, 40), 0);
    assert_int_equal(exo_secret_set(&other, "not in the text", 15), 0);
    assert_int_equal(exo_secret_set(&access.access_token, LONG_SECRET, 40), 0);
    assert_int_equal(exo_secret_set(&refresh.refresh_token, LONG_SECRET, 40),
                     0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (int times = 0; times < 4; times++) {
            struct exo_buf text = EXO_BUF_INIT(4096);

            exo_buf_str(&text, times == 0 ? LONG_SECRET : "you sent ");
            if (times > 0)
                wrap(&text, LONG_SECRET, times);
            assert_int_equal(exo_leaks(&table[i].asked, table[i].tokens,
                                       exo_buf_shown(&text), text.len),
                             i < 7);
            exo_buf_free(&text);
        }
    }
    exo_tokens_free(&access);
    exo_tokens_free(&refresh);
    exo_secret_free(&token);
    exo_secret_free(&other);
}

/* Encoded twice it is more than a secret may be. */
static void doubts_what_is_too_long(void **state)
{
    const struct exo_oauth_client none = { .client_id = "app" };
    struct exo_secret token = EXO_SECRET_INIT;
    const struct exo_asked asked = { .client = &none, .sent = &token };
    static char percents[16001];

    (void)state;
    memset(percents, '%', sizeof(percents) - 1);
    assert_int_equal(exo_secret_set(&token, percents, sizeof(percents) - 1), 0);
    assert_int_equal(exo_leaks(&asked, NULL, "invalid_grant", 13), 1);
    exo_secret_free(&token);
}

/* A sentence is no secret, and a short one hides no sentence. */
static void leaves_ordinary_words(void **state)
{
    static const char *const words[] = {
        "the client secret keys for app 'x' are expired",
        "the refresh token has expired due to inactivity",
        "user account is disabled & locked 100% (see 50057)",
    };
    static const char *const secrets[] = { LONG_SECRET, "zw", "s3cr3t",
                                           "hunter2!" };
    struct asked a;
    char body[300];

    (void)state;
    asked_make(&a);
    for (size_t i = 0; i < 12; i++) {
        const char *secret = secrets[i % 4];

        assert_int_equal(exo_secret_set(&a.secret, secret, strlen(secret)), 0);
        (void)snprintf(body, sizeof(body),
                       "{\"error\":\"invalid_grant\",\"error_description\":"
                       "\"%s\"}",
                       words[i / 4]);
        (void)!asked_text(&a, 400, false, body);
        assert_has(a.error.err.text, words[i / 4]);
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static void cleans_the_description(void **state)
{
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    (void)!asked_text(&a, 400, true,
                      "{\"error\":\"invalid_request\",\"error_description\":"
                      "\"  100%s%n \\u001b[31m\\\"red\\\"\\r\\n\\t caf\xc3\xa9 "
                      "\\u007f \\u202e x. \"}");
    assert_has(a.error.err.text, "\"100%s%n [31m'red' caf?? ? ??? x\": ");
    exo_tokens_free(&a.tokens);

    /* A name that is none is not repeated, either. */
    (void)!asked_text(&a, 400, true,
                      "{\"error\":\"invalid\\ngrant\",\"suberror\":\"a b\"}");
    assert_string_equal(a.error.error, "");
    assert_string_equal(a.error.code, "HTTP 400");
    exo_tokens_free(&a.tokens);
    for (i = 0; a.error.err.text[i] != '\0'; i++)
        assert_in_range(a.error.err.text[i], 0x20, 0x7e);
    asked_free(&a);
}

/* Cause and remedy come first: a long description gives way to them. */
static void stays_short(void **state)
{
    char account[EXO_ACCOUNT_MAX + 1];
    char body[3000];
    struct asked a;
    size_t i, n;

    (void)state;
    asked_make(&a);
    n = (size_t)sprintf(body, "{\"error\":\"invalid_grant\",\"error_codes\":"
                              "[50173],\"error_description\":\"");
    for (i = 0; i < 300; i++)
        n += (size_t)sprintf(body + n, "word%zu ", i);
    memcpy(body + n, "\"}", 3);
    (void)!asked_text(&a, 400, true, body);
    assert_true(strlen(a.error.err.text) <= 400);
    assert_has(a.error.err.text, "...\": the grant was revoked");
    assert_has(a.error.err.text, "; run: exoauth login relay@example.com");
    exo_tokens_free(&a.tokens);

    /* Long advice: less of the description. */
    memcpy(strstr(body, "50173"), "53003", 5);
    (void)!asked_text(&a, 400, true, body);
    assert_in_range(strlen(a.error.err.text), 300, 400);
    exo_tokens_free(&a.tokens);

    /* A long account: none of it, and the command still whole. */
    memset(account, 'x', sizeof(account) - 1);
    account[sizeof(account) - 1] = '\0';
    a.client.account = account;
    (void)!asked_text(&a, 400, true, body);
    assert_lacks(a.error.err.text, "word0");
    n = strlen(a.error.err.text);
    assert_string_equal(a.error.err.text + n - strlen(account), account);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_no_secret_away),
        cmocka_unit_test(finds_it_in_any_form),
        cmocka_unit_test(finds_each_of_them),
        cmocka_unit_test(doubts_what_is_too_long),
        cmocka_unit_test(leaves_ordinary_words),
        cmocka_unit_test(cleans_the_description),
        cmocka_unit_test(stays_short),
    };

    return cmocka_run_group_tests_name("oauth_said", tests, NULL, NULL);
}
