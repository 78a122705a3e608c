/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of providers: that it is whole, that the lists of names fit it,
 * and what stands in it for Microsoft's public cloud.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/account.h"
#include "exoauth/provider.h"
#include "../lib/whole.h"

static void assert_expands(const char *pattern, const char *tenant,
                           const char *want)
{
    struct exo_buf out = EXO_BUF_INIT(500);

    if (want == NULL) {
        assert_int_equal(exo_provider_expand(pattern, tenant, &out), EXO_E_ARG);
    } else {
        assert_int_equal(exo_provider_expand(pattern, tenant, &out), 0);
        assert_string_equal(whole_text(&out), want);
    }
    exo_buf_free(&out);
}

static void knows_microsoft(void **state)
{
    const struct exo_provider *p = exo_provider_find("microsoft", NULL);

    (void)state;
    assert_non_null(p);
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

/* Is the name in the list, between commas? */
static void assert_listed(const char *list, const char *name)
{
    char all[300], one[60];

    (void)snprintf(all, sizeof(all), ", %s,", list);
    (void)snprintf(one, sizeof(one), ", %s,", name);
    assert_has(all, one);
}

static size_t names_in(const char *list)
{
    size_t n = *list != '\0';

    while ((list = strchr(list, ',')) != NULL) {
        list++;
        n++;
    }
    return n;
}

static void lists_what_it_has(void **state)
{
    const struct exo_provider *p;
    size_t i, names = 0, clouds = 0;

    (void)state;
    for (i = 0; (p = exo_provider_row(i)) != NULL; i++) {
        assert_listed(exo_provider_names(), p->name);
        if (exo_provider_find(p->name, NULL) == p)
            names++;
        if (*p->cloud == '\0')
            continue;
        clouds++;
        assert_string_equal(p->name, "microsoft");
        assert_listed(exo_provider_clouds(p->name), p->cloud);
        assert_ptr_equal(exo_provider_find(p->name, p->cloud), p);
    }
    assert_int_equal(names, names_in(exo_provider_names()));
    assert_int_equal(names, 11);
    assert_int_equal(clouds, names_in(exo_provider_clouds("microsoft")));
    assert_int_equal(clouds, 5);
    assert_null(exo_provider_row((size_t)-1));
    assert_string_equal(exo_provider_clouds("google"), "");
    assert_string_equal(exo_provider_clouds("custom"), "");
    assert_string_equal(exo_provider_clouds("nobody"), "");
    assert_non_null(exo_provider_find("custom", NULL));
    assert_string_equal(exo_provider_find("custom", "")->token_endpoint, "");
    assert_null(exo_provider_find("custom", "public"));
    assert_null(exo_provider_find("google", "usgov"));
    assert_null(exo_provider_find("microsoft", "mars"));
    assert_null(exo_provider_find("Microsoft", NULL));
    assert_null(exo_provider_find("gmail", NULL));
    assert_null(exo_provider_find("", NULL));
    assert_null(exo_provider_find(NULL, NULL));
}

/* A URL to which the program would send a secret, or nothing. */
static void assert_endpoint(const struct exo_provider *p, const char *pattern)
{
    struct exo_buf url = EXO_BUF_INIT(500);

    assert_int_equal(exo_provider_expand(pattern, "t.example", &url), 0);
    if (*pattern != '\0') {
        assert_int_equal(exo_http_url_check(whole_text(&url)), EXO_OK);
        assert_true(strncmp(pattern, "https://", 8) == 0);
        assert_int_equal(strstr(pattern, "{tenant}") != NULL,
                         strcmp(p->name, "microsoft") == 0);
    }
    exo_buf_free(&url);
}

static void every_row_is_whole(void **state)
{
    const struct exo_provider *p;
    size_t i;

    (void)state;
    for (i = 0; (p = exo_provider_row(i)) != NULL; i++) {
        const char *const lists[] = { p->app_scope, p->delegated_scope,
                                      p->servers, p->resource };
        bool preset = strcmp(p->name, "custom") != 0;
        size_t j;

        assert_endpoint(p, p->token_endpoint);
        assert_endpoint(p, p->authorization_endpoint);
        assert_endpoint(p, p->device_authorization_endpoint);
        assert_int_equal(*p->token_endpoint != '\0', preset);
        assert_int_equal(*p->authorization_endpoint != '\0', preset);
        assert_int_equal(*p->servers != '\0', preset);
        /* Something must say what the token is for. */
        assert_int_equal(*p->delegated_scope != '\0' || *p->resource != '\0',
                         preset);
        for (j = 0; j < N_OF(lists); j++) {
            assert_null(strchr(lists[j], ','));
            assert_null(strstr(lists[j], "  "));
            assert_true(lists[j][0] != ' ');
        }
    }
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
        cmocka_unit_test(knows_microsoft),
        cmocka_unit_test(lists_what_it_has),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(checks_tenants),
    };

    return cmocka_run_group_tests_name("oauth_tables", tests, NULL, NULL);
}
