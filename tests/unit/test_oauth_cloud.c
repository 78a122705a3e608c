/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes out for each national cloud: endpoints, parameters and servers,
 * against a table written down here from Microsoft's documentation and not
 * from the code. exo_http_post() is replaced at link time (--wrap) by one
 * that keeps the request.
 */
#include "config.h"

#include "oauth_util.h"

#include "exoauth/account.h"
#include "exoauth/provider.h"
#include "../lib/whole.h"

#define TENANT "contoso.example"

int __wrap_exo_http_post(const char *url, const struct exo_secret *form,
                         const struct exo_secret *basic,
                         const struct exo_http_way *way, int64_t deadline_ms,
                         struct exo_http_reply *reply, struct exo_err *err);

static char sent_url[300], sent_form[1000];

int __wrap_exo_http_post(const char *url, const struct exo_secret *form,
                         const struct exo_secret *basic,
                         const struct exo_http_way *way, int64_t deadline_ms,
                         struct exo_http_reply *reply, struct exo_err *err)
{
    (void)way;
    (void)deadline_ms;
    assert_null(basic);
    (void)snprintf(sent_url, sizeof(sent_url), "%s", url);
    (void)snprintf(sent_form, sizeof(sent_form), "%s", whole_secret(form));
    memset(reply, 0, sizeof(*reply));
    reply->body = (struct exo_secret)EXO_SECRET_INIT;
    return exo_err_set(err, EXO_STATUS_TRANSIENT, "kept; look at it");
}

#define PUBLIC "https://login.microsoftonline.com/" TENANT "/oauth2/"
#define US "https://login.microsoftonline.us/" TENANT "/oauth2/"
#define CHINA "https://login.partner.microsoftonline.cn/" TENANT "/oauth2/"

/* As it stands in a form, between two fields. */
#define SCOPES(host)                                                \
    "&scope=https%3A%2F%2F" host "%2FSMTP.Send+https%3A%2F%2F" host \
    "%2FIMAP.AccessAsUser.All+https%3A%2F%2F" host                  \
    "%2FPOP.AccessAsUser.All+offline_access&"
#define DEFAULT(host) "&scope=https%3A%2F%2F" host "%2F.default&"

static const struct {
    const char *cloud;
    const char *token, *authorize, *device; /* NULL: it has none */
    const char *app, *person;
    const char *servers[6], *stranger;
} clouds[] = {
    { "public",
      PUBLIC "v2.0/token",
      PUBLIC "v2.0/authorize",
      PUBLIC "v2.0/devicecode",
      DEFAULT("outlook.office365.com"),
      SCOPES("outlook.office.com"),
      { "smtp.office365.com", "outlook.office365.com", "smtp-mail.outlook.com",
        "smtp.hve.mx.microsoft", "smtp-hve.office365.com" },
      "outlook.office365.us" },
    { "usgov",
      US "v2.0/token",
      US "v2.0/authorize",
      US "v2.0/devicecode",
      DEFAULT("outlook.office365.us"),
      SCOPES("outlook.office365.us"),
      { "outlook.office365.us", "smtp.office365.us" },
      "outlook-dod.office365.us" },
    { "usgov-dod",
      US "v2.0/token",
      US "v2.0/authorize",
      US "v2.0/devicecode",
      DEFAULT("outlook.office365.us"),
      SCOPES("outlook.office365.us"),
      { "outlook-dod.office365.us", "webmail.apps.mil" },
      "outlook.office365.com" },
    { "china",
      CHINA "v2.0/token",
      CHINA "v2.0/authorize",
      CHINA "v2.0/devicecode",
      DEFAULT("partner.outlook.cn"),
      SCOPES("partner.outlook.cn"),
      { "partner.outlook.cn", "smtp.partner.outlook.cn" },
      "smtp.office365.com" },
    { "china-v1",
      CHINA "token",
      CHINA "authorize",
      NULL,
      "&resource=https%3A%2F%2Fpartner.outlook.cn&",
      "&resource=https%3A%2F%2Fpartner.outlook.cn&",
      { "partner.outlook.cn", "smtp.partner.outlook.cn" },
      "smtp.office365.com" },
};

static const char *expanded(struct exo_buf *to, const char *pattern)
{
    exo_buf_init(to, 300);
    assert_int_equal(exo_provider_expand(pattern, TENANT, to), 0);
    return whole_text(to);
}

/* What was sent is about this one thing, and is sent to this address. */
static void assert_sent(const char *url, const char *part)
{
    const bool v1 = strstr(part, "resource=") != NULL;

    assert_string_equal(sent_url, url);
    assert_has(sent_form, part);
    if (v1)
        assert_lacks(sent_form, "scope=");
    else
        assert_lacks(sent_form, "resource=");
}

static void sends_what_the_cloud_wants(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < N_OF(clouds); i++) {
        const struct exo_provider *p =
            exo_provider_find("microsoft", clouds[i].cloud);
        struct exo_device device;
        struct exo_buf token, dev;
        struct asked a;

        assert_non_null(p);
        asked_make(&a);
        a.client.token_endpoint = expanded(&token, p->token_endpoint);
        a.client.device_authorization_endpoint =
            expanded(&dev, p->device_authorization_endpoint);
        a.client.resource = p->resource;

        a.client.scope = p->app_scope;
        assert_int_equal(
            exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
            EXO_E_STATUS);
        exo_tokens_free(&a.tokens);
        assert_sent(clouds[i].token, clouds[i].app);
        assert_has(sent_form, "grant_type=client_credentials");

        a.client.scope = p->delegated_scope;
        assert_int_equal(
            exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
            EXO_E_STATUS);
        exo_tokens_free(&a.tokens);
        assert_sent(clouds[i].token, clouds[i].person);
        assert_has(sent_form, "grant_type=refresh_token");

        sent_url[0] = sent_form[0] = '\0';
        assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error),
                         EXO_E_STATUS);
        exo_device_free(&device);
        if (clouds[i].device != NULL) {
            /* Scope is the first field here. */
            assert_string_equal(sent_url, clouds[i].device);
            assert_has(sent_form, clouds[i].person + 1);
        } else {
            assert_string_equal(sent_url, "");
            assert_int_equal(a.error.err.status, EXO_STATUS_MISCONFIGURED);
            assert_has(a.error.err.text, "another grant");
        }
        exo_buf_free(&token);
        exo_buf_free(&dev);
        asked_free(&a);
    }
}

static void authorizes_where_the_cloud_wants(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < N_OF(clouds); i++) {
        const struct exo_provider *p =
            exo_provider_find("microsoft", clouds[i].cloud);
        struct exo_buf url;

        assert_string_equal(expanded(&url, p->authorization_endpoint),
                            clouds[i].authorize);
        exo_buf_free(&url);
    }
}

static void trusts_the_servers_of_the_cloud(void **state)
{
    size_t i, j;

    (void)state;
    for (i = 0; i < N_OF(clouds); i++) {
        const struct exo_provider *p =
            exo_provider_find("microsoft", clouds[i].cloud);

        for (j = 0; clouds[i].servers[j] != NULL; j++)
            assert_true(exo_servers_allow(p->servers, clouds[i].servers[j]));
        assert_false(exo_servers_allow(p->servers, clouds[i].stranger));
    }
}

/* outlook.com: the public cloud under one of two tenant names. */
static void serves_persons(void **state)
{
    const struct exo_provider *p = exo_provider_find("microsoft", NULL);
    static const char *const tenants[] = { "consumers", "common" };
    size_t i;

    (void)state;
    for (i = 0; i < N_OF(tenants); i++) {
        struct exo_buf url = EXO_BUF_INIT(300);
        char want[200];

        (void)snprintf(want, sizeof(want),
                       "https://login.microsoftonline.com/%s/oauth2/v2.0/token",
                       tenants[i]);
        assert_int_equal(
            exo_provider_expand(p->token_endpoint, tenants[i], &url), 0);
        assert_string_equal(whole_text(&url), want);
        exo_buf_free(&url);
    }
    assert_true(exo_servers_allow(p->servers, "smtp-mail.outlook.com"));
    assert_true(exo_servers_allow(p->servers, "outlook.office365.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_the_cloud_wants),
        cmocka_unit_test(authorizes_where_the_cloud_wants),
        cmocka_unit_test(trusts_the_servers_of_the_cloud),
        cmocka_unit_test(serves_persons),
    };

    return cmocka_run_group_tests_name("oauth_cloud", tests, NULL, NULL);
}
