/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refusals of a token endpoint: the status each leads to and the line the
 * user reads. Bodies of Entra are real ones as Microsoft's documentation and
 * public reports quote them.
 */
#include "config.h"

#include "oauth_util.h"

#define TRACE                                                                \
    "\\r\\nTrace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333\\r\\nCorrelation " \
    "ID: aaaa0000-bb11-2222-33cc-444444dddddd\\r\\nTimestamp: 2019-01-28 "   \
    "17:49:58Z"

static const struct {
    long http;
    bool user;
    enum exo_status status;
    const char *code;
    const char *body;
    const char *says; /* the description, our meaning, our remedy */
    const char *means;
    const char *remedy;
} entra_rows[] = {
    { 401, false, EXO_STATUS_MISCONFIGURED, "AADSTS7000222",
      "{\"error\":\"invalid_client\",\"error_description\":"
      "\"AADSTS7000222: The provided client secret keys are expired." TRACE
      "\",\"error_codes\":[7000222]}",
      "invalid_client (AADSTS7000222), \"The provided client secret keys "
      "are expired\": ",
      "client secret has expired", "Certificates & secrets" },
    { 400, false, EXO_STATUS_MISCONFIGURED, "AADSTS70011",
      "{\"error\":\"invalid_scope\",\"error_description\":\"AADSTS70011: "
      "The provided value for the input parameter 'scope' isn't valid. "
      "The scope https://example.contoso.com/activity.read isn't "
      "valid." TRACE "\",\"error_codes\":[70011]}",
      "invalid_scope (AADSTS70011), \"The provided value", "scope is not",
      "remove scope" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS70008",
      "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70008: "
      "Der Aktualisierungstoken ist ung\303\274ltig." TRACE "\"}",
      "invalid_grant (AADSTS70008), \"Der Aktualisierungstoken ist ung",
      "expired", "exoauth login" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS70002",
      "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70002: "
      "Error validating credentials. AADSTS50126: Invalid username or "
      "password" TRACE "\",\"error_codes\":[70002,50126]}",
      "Error validating credentials. AADSTS50126: Invalid", "not accepted",
      "; run: exoauth login relay@example.com" },
    { 400, true, EXO_STATUS_MISCONFIGURED, "AADSTS50053",
      "{\"error\":\"unauthorized_client\",\"error_description\":"
      "\"AADSTS50053: You've tried to sign in too many times with an "
      "incorrect user ID or password." TRACE "\",\"error_codes\":[50053]}",
      "You've tried to sign in too many times", "locked out",
      "wait 30 minutes" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS50055",
      "{\"error\":\"user_password_expired\",\"error_description\":"
      "\"AADSTS50055: Password is expired." TRACE
      "\",\"error_codes\":[50055],\"suberror\":\"user_password_expired\","
      "\"password_change_url\":\"https://portal.microsoftonline.com/"
      "ChangePassword.aspx\"}",
      "\"Password is expired\"", "password has expired",
      "; run: exoauth login relay@example.com" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS50173",
      "{\"error\":\"invalid_grant\",\"error_codes\":[50173],"
      "\"error_description\":\"AADSTS50173: The provided grant has expired "
      "due to it being revoked. The user might have changed or reset their "
      "password. The grant was issued on '2018-07-04T10:28:18.3020190Z' "
      "and the TokensValidFrom date for this user is "
      "'2018-07-15T00:49:41.0000000Z'" TRACE "\"}",
      "\"The provided grant has expired", "grant was revoked",
      "password; run: exoauth login relay@example.com" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS700082",
      "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: "
      "The refresh token has expired due to inactivity.\"}",
      "invalid_grant (AADSTS700082)",
      "90 days without use; run: ", "exoauth login relay@example.com" },
    { 400, false, EXO_STATUS_MISCONFIGURED, "AADSTS70021",
      "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS70021: "
      "No matching federated identity record found for presented "
      "assertion." TRACE "\"}",
      "No matching federated identity", "no federated credential",
      "Federated credentials" },
    { 400, true, EXO_STATUS_NEEDS_LOGIN, "AADSTS9002313",
      "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS9002313: "
      "Invalid request. Request is malformed or invalid." TRACE
      "\",\"error_codes\":[9002313]}",
      "Invalid request. Request is malformed", "malformed", "client_id" },
    /* A code nobody explains steps back behind one that is known. */
    { 400, false, EXO_STATUS_MISCONFIGURED, "AADSTS90002",
      "{\"error\":\"invalid_request\",\"error_codes\":[123,90002]}",
      "invalid_request (AADSTS90002)", "no such tenant", "tenant" },
    { 400, false, EXO_STATUS_MISCONFIGURED, "AADSTS123",
      "{\"error\":\"invalid_request\",\"error_codes\":[123,\"x\",456]}",
      "invalid_request (AADSTS123)", "malformed", "check client_id" },
};

static void maps_entra(void **state)
{
    struct asked a;
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(entra_rows) / sizeof(entra_rows[0]); i++) {
        assert_int_equal(asked_text(&a, entra_rows[i].http, entra_rows[i].user,
                                    entra_rows[i].body),
                         EXO_E_STATUS);
        assert_string_equal(a.error.code, entra_rows[i].code);
        assert_int_equal(a.error.err.status, entra_rows[i].status);
        assert_has(a.error.err.text, entra_rows[i].says);
        assert_has(a.error.err.text, entra_rows[i].means);
        assert_has(a.error.err.text, entra_rows[i].remedy);
        assert_lacks(a.error.err.text, "Trace ID");
        assert_true(strlen(a.error.err.text) <= 400);
        assert_int_equal(a.error.http_status, entra_rows[i].http);
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

enum {
    T = EXO_STATUS_TRANSIENT,
    L = EXO_STATUS_NEEDS_LOGIN,
    M = EXO_STATUS_MISCONFIGURED
};

static const struct {
    const char *error;
    long http;
    int user; /* with somebody who could log in, and without */
    int app;
} name_rows[] = {
    { "invalid_grant", 400, L, M },
    { "interaction_required", 400, L, M },
    { "consent_required", 400, L, M },
    { "login_required", 400, L, M },
    { "access_denied", 400, L, M },
    { "authorization_declined", 400, L, M },
    { "expired_token", 400, L, M },
    { "bad_verification_code", 400, L, M },
    { "invalid_client", 401, M, M },
    { "invalid_client", 400, M, M },
    { "unauthorized_client", 400, M, M },
    { "invalid_scope", 400, M, M },
    { "invalid_request", 400, M, M },
    { "unsupported_grant_type", 400, M, M },
    { "invalid_resource", 400, M, M },
    { "invalid_target", 400, M, M },
    { "something_new", 400, M, M },
    { "temporarily_unavailable", 400, T, T },
    { "server_error", 400, T, T },
    { "slow_down", 400, T, T },
    { "authorization_pending", 400, T, T },
    /* A server in trouble is not believed. */
    { "invalid_grant", 500, T, T },
    { "invalid_client", 503, T, T },
    { "invalid_grant", 429, T, T },
    { "invalid_grant", 408, T, T },
    { "invalid_grant", 302, M, M },
    /* No with 200 is still no. */
    { "invalid_grant", 200, L, M },
};

static void maps_error_names(void **state)
{
    struct asked a;
    char body[100];
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"error\":\"%s\"}",
                       name_rows[i].error);
        assert_int_equal(asked_text(&a, name_rows[i].http, true, body),
                         EXO_E_STATUS);
        assert_int_equal((int)a.error.err.status, name_rows[i].user);
        assert_string_equal(a.error.error, name_rows[i].error);
        assert_string_equal(a.error.code, name_rows[i].error);
        assert_has(a.error.err.text, name_rows[i].error);
        exo_tokens_free(&a.tokens);

        assert_int_equal(asked_text(&a, name_rows[i].http, false, body),
                         EXO_E_STATUS);
        assert_int_equal((int)a.error.err.status, name_rows[i].app);
        assert_lacks(a.error.err.text, "run: exoauth login");
        assert_lacks(a.error.err.text, "log in again");
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static void maps_suberrors(void **state)
{
    static const char *const names[] = {
        "bad_token",
        "token_expired",
        "consent_required",
        "basic_action",
        "additional_action",
        "message_only",
        "user_password_expired",
    };
    struct asked a;
    char body[100];
    size_t i;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"error\":\"odd_one\",\"suberror\":\"%s\"}", names[i]);
        assert_int_equal(asked_text(&a, 400, true, body), EXO_E_STATUS);
        assert_int_equal(a.error.err.status, EXO_STATUS_NEEDS_LOGIN);
        exo_tokens_free(&a.tokens);
        assert_int_equal(asked_text(&a, 400, false, body), EXO_E_STATUS);
        assert_int_equal(a.error.err.status, EXO_STATUS_MISCONFIGURED);
        exo_tokens_free(&a.tokens);
    }
    asked_free(&a);
}

static void maps_http_alone(void **state)
{
    static const struct {
        long http;
        enum exo_status status;
        const char *says;
    } rows[] = {
        { 301, EXO_STATUS_MISCONFIGURED, "redirect" },
        { 307, EXO_STATUS_MISCONFIGURED, "redirect" },
        { 400, EXO_STATUS_TRANSIENT, "not the answer of" },
        { 401, EXO_STATUS_MISCONFIGURED, "no OAuth endpoint" },
        { 403, EXO_STATUS_MISCONFIGURED, "no OAuth endpoint" },
        { 404, EXO_STATUS_MISCONFIGURED, "no OAuth endpoint" },
        { 405, EXO_STATUS_MISCONFIGURED, "no OAuth endpoint" },
        { 407, EXO_STATUS_MISCONFIGURED, "proxy_auth_file" },
        { 408, EXO_STATUS_TRANSIENT, "overloaded" },
        { 418, EXO_STATUS_TRANSIENT, "not the answer of" },
        { 429, EXO_STATUS_TRANSIENT, "fewer requests" },
        { 500, EXO_STATUS_TRANSIENT, "overloaded" },
        { 503, EXO_STATUS_TRANSIENT, "overloaded" },
    };
    static const char *const bodies[] = { "", "<html>no</html>", "[1]",
                                          "{\"error\":{\"code\":403}}" };
    struct asked a;
    char code[32];
    size_t i, j;

    (void)state;
    asked_make(&a);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (j = 0; j < sizeof(bodies) / sizeof(bodies[0]); j++) {
            assert_int_equal(asked_text(&a, rows[i].http, true, bodies[j]),
                             EXO_E_STATUS);
            assert_int_equal(a.error.err.status, rows[i].status);
            (void)snprintf(code, sizeof(code), "HTTP %ld", rows[i].http);
            assert_string_equal(a.error.code, code);
            assert_has(a.error.err.text, rows[i].says);
            assert_has(a.error.err.text, "https://as.example/token");
            assert_string_equal(a.error.error, "");
            exo_tokens_free(&a.tokens);
        }
    }
    asked_free(&a);
}

/* From where tokens came before: no other server has got in between. */
static void takes_silence_for_a_refusal(void **state)
{
    static const struct {
        long http;
        const char *body;
        bool unsaid;
    } rows[] = {
        { 302, "", true },     { 307, " \r\n", true }, { 400, "", true },
        { 400, "{}", true },   { 401, "", true },      { 403, "", true },
        { 404, "\n", true },   { 405, "", true },      { 410, "", true },
        { 400, "<p>", false }, { 407, "", false },     { 408, "", false },
        { 429, "", false },    { 500, "", false },     { 503, "", false },
        { 400, "[1]", false },
    };
    struct asked a;

    (void)state;
    asked_make(&a);
    a.client.issued = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int64_t before = 0; before < 5; before++) {
            for (int user = 0; user < 2; user++) {
                a.client.unsaid = before;
                assert_int_equal(
                    asked_text(&a, rows[i].http, user == 1, rows[i].body),
                    EXO_E_STATUS);
                assert_int_equal(a.error.unsaid, rows[i].unsaid);
                if (rows[i].unsaid) {
                    assert_has(a.error.err.text, "refuses the grant or the");
                    assert_lacks(a.error.err.text, "OAuth endpoint");
                }
                assert_int_equal(a.error.err.status == EXO_STATUS_NEEDS_LOGIN,
                                 rows[i].unsaid && before >= 2 && user == 1);
                if (rows[i].unsaid && before >= 2 && user == 0)
                    assert_int_equal(a.error.err.status,
                                     EXO_STATUS_MISCONFIGURED);
                if (a.error.err.status == EXO_STATUS_NEEDS_LOGIN)
                    assert_has(a.error.err.text, "; run: exoauth login ");
                exo_tokens_free(&a.tokens);
            }
        }
    }
    a.client.issued = false;
    a.client.unsaid = 7;
    assert_int_equal(asked_text(&a, 400, true, ""), EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_TRANSIENT);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void obeys_retry_after(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.reply.retry_after = 30;
    (void)!asked_text(&a, 429, true, "");
    assert_int_equal(a.error.err.retry_after, 30);
    exo_tokens_free(&a.tokens);
    a.reply.retry_after = 86400;
    (void)!asked_text(&a, 503, true, "");
    assert_int_equal(a.error.err.retry_after, 3600);
    exo_tokens_free(&a.tokens);
    a.reply.retry_after = -5;
    (void)!asked_text(&a, 503, true, "");
    assert_int_equal(a.error.err.retry_after, 0);
    exo_tokens_free(&a.tokens);
    a.reply.retry_after = 30;
    (void)!asked_text(&a, 400, true, "{\"error\":\"invalid_client\"}");
    assert_int_equal(a.error.err.retry_after, 0);
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

static void measures_the_clock(void **state)
{
    struct asked a;

    (void)state;
    asked_make(&a);
    a.reply.sent = 1000000;
    a.reply.date = 1000612;
    (void)!asked_text(&a, 400, false,
                      "{\"error\":\"invalid_client\",\"error_codes\":"
                      "[700024]}");
    assert_int_equal(a.error.skew, 612);
    assert_has(a.error.err.text,
               "clock is 612 s behind the provider's); set this host's");
    exo_tokens_free(&a.tokens);
    a.reply.date = 999000;
    (void)!asked_text(&a, 400, false,
                      "{\"error\":\"invalid_client\",\"error_codes\":"
                      "[700024]}");
    assert_int_equal(a.error.skew, -1000);
    assert_has(a.error.err.text, "clock is 1000 s ahead of the provider's)");
    exo_tokens_free(&a.tokens);
    a.reply.date = 0;
    (void)!asked_text(&a, 400, false,
                      "{\"error\":\"invalid_client\",\"error_codes\":"
                      "[700024]}");
    assert_int_equal(a.error.skew, 0);
    assert_lacks(a.error.err.text, "clock is");
    exo_tokens_free(&a.tokens);
    asked_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_entra),
        cmocka_unit_test(maps_error_names),
        cmocka_unit_test(maps_suberrors),
        cmocka_unit_test(maps_http_alone),
        cmocka_unit_test(takes_silence_for_a_refusal),
        cmocka_unit_test(obeys_retry_after),
        cmocka_unit_test(measures_the_clock),
    };

    return cmocka_run_group_tests_name("oauth_error", tests, NULL, NULL);
}
