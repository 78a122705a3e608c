/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every code that Microsoft documents for the flows in use, in a body as Entra
 * writes it. The words are from Microsoft's table of remedies, not from ours:
 * each line must send the reader to the same place.
 */
#include "config.h"

#include <ctype.h>

#include "oauth_util.h"

enum {
    T = EXO_STATUS_TRANSIENT,
    L = EXO_STATUS_NEEDS_LOGIN,
    M = EXO_STATUS_MISCONFIGURED
};

static const struct {
    const char *codes;
    const char *error;
    int user, app;    /* status where somebody could log in, and where not */
    const char *word; /* one of these, between bars, is in the line */
} rows[] = {
    { "7000215", "invalid_client", M, M, "value" },
    { "7000222", "invalid_client", M, M, "expired" },
    { "7000218", "invalid_client", M, M, "public client" },
    { "700025", "invalid_client", M, M, "public" },
    { "70002 50126 50056", "invalid_grant", L, M, "secret|password" },
    { "700027", "invalid_client", M, M, "upload" },
    { "700024", "invalid_client", M, M, "clock" },
    { "700021 50027", "invalid_client", M, M, "client_id|assertion" },
    { "700030 50012", "invalid_client", M, M, "certificate" },
    { "700016 700011 7000229", "unauthorized_client", M, M,
      "client_id|enterprise" },
    { "7000112 70001", "unauthorized_client", M, M, "enable|client_id" },
    { "50194 90002 90019 50059 50128 9001023 9002332 90130 90124",
      "invalid_request", M, M, "tenant" },
    { "90038 90051 900382 900432", "invalid_request", M, M, "cloud" },
    { "900561 90014 900144 90023 9002313 90013 90100", "invalid_request", M, M,
      "malformed|endpoint|bug|missing" },
    { "90009 901002 70011 28002 28003 700022 700023", "invalid_scope", M, M,
      "scope|resource" },
    { "500011 50001 650057 650052 500014", "invalid_resource", M, M,
      "resource|permission|licen|scope" },
    { "65001 650056 90094 90095", "invalid_grant", L, M, "consent" },
    { "65004", "access_denied", L, M, "declined|refused" },
    { "50105", "invalid_grant", L, M, "assign" },
    { "50011 500113 900971", "invalid_request", M, M, "redirect" },
    { "50034 50020 50014 51004 16000", "invalid_grant", L, M, "user" },
    { "50053", "invalid_grant", L, M, "30 minutes" },
    { "50055 50144", "invalid_grant", L, M, "password" },
    { "50057", "invalid_grant", L, M, "enable" },
    { "50072 50074 50076 50079 50078", "interaction_required", L, M,
      "multifactor" },
    { "50085", "invalid_grant", L, M, "log in again|exoauth login|sign" },
    { "50097 50129 50155 50187 53001 53000 530003", "interaction_required", L,
      M, "device" },
    { "50131 53003 530032 53002 53011", "interaction_required", L, M,
      "conditional access|policy|risk" },
    { "530035", "interaction_required", L, M, "security defaults" },
    { "500021 500022 500212 500213", "invalid_grant", L, M, "tenant" },
    { "50132 50133 50173", "invalid_grant", L, M, "revoked" },
    { "70000 70008 700082", "invalid_grant", L, M, "refresh token|expired" },
    { "700084", "invalid_grant", L, M, "spa|single-page" },
    { "70043", "invalid_grant", L, M, "frequency" },
    { "700005 54005", "invalid_grant", L, M, "code" },
    { "50147 50149 501481 501491", "invalid_grant", L, M, "PKCE|code" },
    { "70018 90119 70019 90120", "invalid_grant", L, M, "code" },
    { "50134", "invalid_grant", L, M, "tenant|data cent|network" },
    { "70021 700211 700213 70025 700223", "invalid_client", M, M,
      "federated|federation" },
    { "7000114", "invalid_client", M, M, "grant|on behalf" },
    { "50196", "invalid_grant", L, M, "loop" },
    { "90055 90024 50033 50087 50088 90006 90012 90033 90090 90091",
      "temporarily_unavailable", T, T, "by itself|later|again" },
};

static bool has_word(const char *text, const char *words)
{
    char word[64];

    while (*words != '\0') {
        size_t len = strcspn(words, "|"), i;

        (void)snprintf(word, sizeof(word), "%.*s", (int)len, words);
        for (i = 0; text[i] != '\0'; i++) {
            if (strncasecmp(text + i, word, len) == 0) {
                return true;
            }
        }
        words += len + (words[len] == '|');
    }
    return false;
}

static int check(struct asked *a, size_t row, const char *code, bool user)
{
    char body[1000], name[32];
    const char *text = a->error.err.text;
    int want = user ? rows[row].user : rows[row].app;
    bool good;

    (void)snprintf(
        body, sizeof(body),
        "{\"error\":\"%s\",\"error_description\":\"AADSTS%s: What Entra says "
        "of it. Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333 Correlation "
        "ID: aaaa0000-bb11-2222-33cc-444444dddddd Timestamp: 2026-01-28 "
        "17:49:58Z\",\"error_codes\":[%s],\"timestamp\":\"2026-01-28 "
        "17:49:58Z\",\"trace_id\":\"0000aaaa-11bb-cccc-dd22-eeeeee333333\","
        "\"correlation_id\":\"aaaa0000-bb11-2222-33cc-444444dddddd\","
        "\"error_uri\":\"https://login.microsoftonline.com/error?code=%s\"}",
        rows[row].error, code, code, code);
    (void)snprintf(name, sizeof(name), "AADSTS%s", code);
    assert_int_equal(asked_text(a, 400, user, body), EXO_E_STATUS);
    good = strcmp(a->error.code, name) == 0 && strstr(text, name) != NULL &&
           (int)a->error.err.status == want && strstr(text, "; ") != NULL &&
           strstr(text, "Trace ID") == NULL && strlen(text) <= 400 &&
           has_word(strstr(text, "What Entra says of it") + 21, rows[row].word);
    if (!good) {
        print_error("%s: status %d, not %d, or no \"%s\": %s\n", name,
                    (int)a->error.err.status, want, rows[row].word, text);
    }
    exo_tokens_free(&a->tokens);
    return good ? 0 : 1;
}

static void explains_every_code(void **state)
{
    struct asked a;
    int bad = 0, n = 0;

    (void)state;
    asked_make(&a);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *p = rows[i].codes;

        while (*p != '\0') {
            char code[16];
            size_t len = strcspn(p, " ");

            (void)snprintf(code, sizeof(code), "%.*s", (int)len, p);
            bad += check(&a, i, code, true) + check(&a, i, code, false);
            n++;
            p += len + (p[len] == ' ');
        }
    }
    asked_free(&a);
    assert_int_equal(bad, 0);
    assert_true(n > 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_every_code),
    };

    return cmocka_run_group_tests_name("oauth_aadsts", tests, NULL, NULL);
}
