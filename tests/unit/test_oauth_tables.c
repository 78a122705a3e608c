/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two tables of oauth/: providers, and the meanings of errors.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/account.h"
#include "exoauth/explain.h"
#include "exoauth/provider.h"

static void explains_in_order(void **state)
{
    const struct exo_explanation *row, *before = NULL;
    size_t i, n;

    (void)state;
    for (n = 0; (row = exo_explain_row(n)) != NULL; n++, before = row) {
        const char *const texts[] = { row->meaning, row->remedy };

        if (before != NULL)
            assert_true(strcmp(before->code, row->code) < 0);
        /* The search finds what the list holds. */
        assert_ptr_equal(exo_explain(row->code), row);
        for (i = 0; i < 2; i++) {
            const char *c;

            assert_in_range(strlen(texts[i]), 10, 199);
            for (c = texts[i]; *c != '\0'; c++)
                assert_in_range(*c, 0x20, 0x7e);
            assert_null(strchr(texts[i], '%'));
            assert_true(c[-1] != '.' && c[-1] != ' ' && texts[i][0] != ' ');
        }
        /* Both, the name and a command must fit in one line. */
        assert_in_range(strlen(row->meaning) + strlen(row->remedy), 20, 240);
    }
    assert_true(n >= 100);
    assert_null(exo_explain_row((size_t)-1));
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
    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_null(exo_explain(unknown[i]));
    assert_null(exo_explain(NULL));
}

static void assert_expands(const char *pattern, const char *tenant,
                           const char *want)
{
    struct exo_buf out = EXO_BUF_INIT(500);

    if (want == NULL) {
        assert_int_equal(exo_provider_expand(pattern, tenant, &out), EXO_E_ARG);
    } else {
        assert_int_equal(exo_provider_expand(pattern, tenant, &out), 0);
        assert_string_equal(exo_buf_text(&out), want);
    }
    exo_buf_free(&out);
}

static void knows_microsoft(void **state)
{
    const struct exo_provider *p = exo_provider_find("microsoft", NULL);

    (void)state;
    assert_non_null(p);
    assert_true(p->needs_tenant);
    assert_string_equal(p->cloud, "public");
    assert_ptr_equal(exo_provider_find("microsoft", ""), p);
    assert_ptr_equal(exo_provider_find("microsoft", "public"), p);
    assert_expands(
        p->token_endpoint, "contoso.com",
        "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
    assert_expands(
        p->device_authorization_endpoint, "organizations",
        "https://login.microsoftonline.com/organizations/oauth2/v2.0/"
        "devicecode");
    assert_expands(
        p->authorization_endpoint, "c0ffee00-1111-2222-3333-444455556666",
        "https://login.microsoftonline.com/"
        "c0ffee00-1111-2222-3333-444455556666/oauth2/v2.0/authorize");
    assert_string_equal(p->app_scope, "https://outlook.office365.com/.default");
    assert_string_equal(p->delegated_scope,
                        "https://outlook.office.com/SMTP.Send "
                        "https://outlook.office.com/IMAP.AccessAsUser.All "
                        "https://outlook.office.com/POP.AccessAsUser.All "
                        "offline_access");
    assert_true(exo_servers_allow(p->servers, "smtp.office365.com"));
    assert_true(exo_servers_allow(p->servers, "outlook.office365.com"));
    assert_true(exo_servers_allow(p->servers, "smtp-mail.outlook.com"));
    assert_true(exo_servers_allow(p->servers, "smtp.hve.mx.microsoft"));
    assert_true(exo_servers_allow(p->servers, "smtp-hve.office365.com"));
    assert_false(exo_servers_allow(p->servers, "evil.office365.com"));
    assert_false(exo_servers_allow(p->servers, "smtp.office365.com.evil.org"));
}

static void lists_what_it_has(void **state)
{
    (void)state;
    assert_string_equal(exo_provider_names(), "microsoft, custom");
    assert_string_equal(exo_provider_clouds("microsoft"), "public");
    assert_string_equal(exo_provider_clouds("custom"), "");
    assert_string_equal(exo_provider_clouds("nobody"), "");
    assert_non_null(exo_provider_find("custom", NULL));
    assert_string_equal(exo_provider_find("custom", "")->token_endpoint, "");
    assert_false(exo_provider_find("custom", "")->needs_tenant);
    assert_null(exo_provider_find("custom", "public"));
    assert_null(exo_provider_find("microsoft", "mars"));
    assert_null(exo_provider_find("Microsoft", NULL));
    assert_null(exo_provider_find("google", NULL));
    assert_null(exo_provider_find("", NULL));
    assert_null(exo_provider_find(NULL, NULL));
}

static void checks_tenants(void **state)
{
    static const char *const good[] = { "contoso.com", "common", "A-1",
                                        "contoso.onmicrosoft.com" };
    static const char *const bad[] = { "",        ".",   "..",  ".a",
                                       "a/b",     "a b", "a?b", "a#b",
                                       "a%2f",    "a@b", "a\n", "caf\xc3\xa9",
                                       "{tenant}" };
    char longest[255];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(exo_provider_tenant_ok(good[i]));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(exo_provider_tenant_ok(bad[i]));
        assert_expands("https://x/{tenant}/y", bad[i], NULL);
    }
    assert_false(exo_provider_tenant_ok(NULL));
    memset(longest, 'a', sizeof(longest) - 1);
    longest[254] = '\0';
    assert_false(exo_provider_tenant_ok(longest));
    longest[253] = '\0';
    assert_true(exo_provider_tenant_ok(longest));

    assert_expands("https://x/{tenant}", NULL, NULL);
    assert_expands("https://x/token", NULL, "https://x/token");
    assert_expands("", "..", "");
    assert_expands("{tenant}{tenant}", "t", "tt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_in_order),
        cmocka_unit_test(explains_known_codes),
        cmocka_unit_test(knows_microsoft),
        cmocka_unit_test(lists_what_it_has),
        cmocka_unit_test(checks_tenants),
    };

    return cmocka_run_group_tests_name("oauth_tables", tests, NULL, NULL);
}
