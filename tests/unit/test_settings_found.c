/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that no file and no preset gives: the service of a managed identity,
 * from the environment or well known, and what an issuer says.
 */
#include "config.h"

#include "house.h"

#include "helper/settings/settings.h"

static struct exo_settings *load(struct house *house, const char *name)
{
    struct exo_account account = account_of(name);
    struct exo_settings *settings;

    house->err = (struct exo_err)EXO_ERR_INIT;
    if (exo_settings_load(&settings, house->conf, &account, &house->err) != 0)
        fail_msg("%s", house->err.text);
    return settings;
}

static void finds_the_identity_service(void **state)
{
    static const struct {
        const char *lines, *endpoint, *header, *imds;
        enum exo_identity identity;
        const char *value;
    } rows[] = {
        { "", NULL, NULL, NULL, EXO_IDENTITY_IMDS, EXO_IDENTITY_IMDS_URL },
        { "", "http://127.0.0.1:1/", NULL, NULL, EXO_IDENTITY_IMDS,
          EXO_IDENTITY_IMDS_URL },
        { "", NULL, "h", "i", EXO_IDENTITY_IMDS, EXO_IDENTITY_IMDS_URL },
        { "", "http://evil.example/", "h", NULL, EXO_IDENTITY_IMDS,
          EXO_IDENTITY_IMDS_URL },
        { "", "http://127.0.0.1:1/", "h", NULL, EXO_IDENTITY_APP_SERVICE,
          "http://127.0.0.1:1/" },
        { "", "http://169.254.130.3:8081/msi/token", "h", "i",
          EXO_IDENTITY_APP_SERVICE, "http://169.254.130.3:8081/msi/token" },
        { "", "http://localhost:40342/", NULL, "i", EXO_IDENTITY_ARC,
          "http://localhost:40342/" },
        { "identity_endpoint: http://[::1]/\n", "http://127.0.0.1/", "h", NULL,
          EXO_IDENTITY_ARC, "http://[::1]/" },
        { "identity_endpoint: http://[::1]/\nsecret_file: /s\n", NULL, NULL,
          NULL, EXO_IDENTITY_APP_SERVICE, "http://[::1]/" },
    };
    static const char *const names[] = { "IDENTITY_ENDPOINT", "IDENTITY_HEADER",
                                         "IMDS_ENDPOINT" };
    struct house *house = *state;
    char text[200], first[65] = "";

    for (size_t i = 0; i < N_OF(rows); i++) {
        const char *values[] = { rows[i].endpoint, rows[i].header,
                                 rows[i].imds };
        struct exo_settings *s;

        for (size_t j = 0; j < N_OF(names); j++) {
            (void)unsetenv(names[j]);
            if (values[j] != NULL)
                assert_int_equal(setenv(names[j], values[j], 1), 0);
        }
        (void)snprintf(text, sizeof(text), "grant: managed_identity\n%s",
                       rows[i].lines);
        house_file(house, "a@b", text);
        s = load(house, "a@b");
        if (s->identity != rows[i].identity)
            fail_msg("row %zu: form %d", i, (int)s->identity);
        assert_string_equal(exo_settings_get(s, EXO_KEY_IDENTITY_ENDPOINT),
                            rows[i].value);
        assert_string_equal(exo_settings_get(s, EXO_KEY_RESOURCE),
                            "https://outlook.office365.com");
        assert_string_equal(exo_settings_get(s, EXO_KEY_SCOPE), "");
        assert_string_equal(exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT), "");
        /* The environment makes no other token. */
        if (i == 0)
            memcpy(first, s->fingerprint, sizeof(first));
        assert_int_equal(strcmp(first, s->fingerprint) == 0,
                         rows[i].lines[0] == '\0');
        exo_settings_free(s);
    }
    for (size_t j = 0; j < N_OF(names); j++)
        (void)unsetenv(names[j]);
}

static void takes_what_was_discovered(void **state)
{
    struct house *house = *state;
    char before[65];
    struct exo_settings *s;

    house_file(house, "a@b",
               "provider: custom\nclient_id: app\nservers: mail.example\n"
               "issuer: https://as.example\n"
               "authorization_endpoint: https://mine.example/\n");
    s = load(house, "a@b");
    memcpy(before, s->fingerprint, sizeof(before));
    assert_int_equal(exo_settings_complete(s, &house->err), 0);
    assert_int_equal(exo_settings_found(s, EXO_KEY_TOKEN_ENDPOINT, ""), 0);
    assert_false(exo_settings_discovered(s, EXO_KEY_TOKEN_ENDPOINT));
    assert_int_equal(
        exo_settings_found(s, EXO_KEY_TOKEN_ENDPOINT, "https://as.example/t"),
        0);
    assert_int_equal(exo_settings_found(s, EXO_KEY_AUTHORIZATION_ENDPOINT,
                                        "https://as.example/a"),
                     0);
    assert_true(exo_settings_discovered(s, EXO_KEY_TOKEN_ENDPOINT));
    assert_string_equal(exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT),
                        "https://as.example/t");
    assert_string_equal(s->key[EXO_KEY_TOKEN_ENDPOINT].origin, "discovery");
    assert_string_equal(exo_settings_get(s, EXO_KEY_AUTHORIZATION_ENDPOINT),
                        "https://mine.example/");
    assert_false(exo_settings_discovered(s, EXO_KEY_AUTHORIZATION_ENDPOINT));
    /* Also where a record makes us look at everything once more. */
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_DEVICE_CODE), 0);
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_AUTHORIZATION_CODE), 0);
    exo_settings_free(s);
    s = load(house, "a@b");
    assert_string_equal(s->fingerprint, before);
    assert_int_equal(
        exo_settings_found(s, EXO_KEY_TOKEN_ENDPOINT, "https://as.example/t"),
        0);
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_DEVICE_CODE), 0);
    memcpy(before, s->fingerprint, sizeof(before));
    exo_settings_free(s);
    s = load(house, "a@b");
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_DEVICE_CODE), 0);
    assert_string_equal(s->fingerprint, before);
    exo_settings_free(s);
}

#define IN_HOUSE(test) \
    cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(finds_the_identity_service),
        IN_HOUSE(takes_what_was_discovered),
    };

    return cmocka_run_group_tests_name("settings-found", tests, NULL, NULL);
}
