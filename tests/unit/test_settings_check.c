/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rule of each key's value, and what follows from the values: grant,
 * client authentication, fingerprint, and whether all of it is there.
 */
#include "config.h"

#include "house.h"

#include "helper/settings/settings.h"

#include <time.h>

#define CUSTOM                                                  \
    "provider: custom\nclient_id: app\nservers: mail.example\n" \
    "token_endpoint: https://as.example/token\n"

static const struct rule {
    enum exo_key key;
    const char *value;
    const char *why; /* NULL: it may stand */
} rules[] = {
    { EXO_KEY_CREDENTIAL, "@b.example", NULL },
    { EXO_KEY_CREDENTIAL, "", "account name" },
    { EXO_KEY_PROVIDER, "microsoft", NULL },
    { EXO_KEY_PROVIDER, "custom", NULL },
    { EXO_KEY_PROVIDER, "Microsoft", "provider Microsoft is unknown" },
    { EXO_KEY_PROVIDER, "", "unknown" },
    { EXO_KEY_CLOUD, "public", NULL },
    { EXO_KEY_CLOUD, "a b", "one word" },
    { EXO_KEY_CLOUD, "", "one word" },
    { EXO_KEY_TENANT, "contoso.com", NULL },
    { EXO_KEY_TENANT, "72f988bf-86f1-41af-91ab-2d7cd011db47", NULL },
    { EXO_KEY_TENANT, "organizations", NULL },
    { EXO_KEY_TENANT, "a/b", "GUID" },
    { EXO_KEY_TENANT, "", "GUID" },
    { EXO_KEY_CLIENT_ID, "04b07795-8ddb-461a-bbee-02f9e1bf7b46", NULL },
    { EXO_KEY_CLIENT_ID, "two words", "one word" },
    { EXO_KEY_CLIENT_ID, "caf\xc3\xa9", "one word" },
    { EXO_KEY_CLIENT_ID, "", "one word" },
    { EXO_KEY_GRANT, "client_credentials", NULL },
    { EXO_KEY_GRANT, "authorization_code", NULL },
    { EXO_KEY_GRANT, "device_code", NULL },
    { EXO_KEY_GRANT, "password", NULL },
    { EXO_KEY_GRANT, "managed_identity", NULL },
    { EXO_KEY_GRANT, "refresh_token", "grant refresh_token is unknown" },
    { EXO_KEY_CLIENT_AUTH, "none", NULL },
    { EXO_KEY_CLIENT_AUTH, "secret_post", NULL },
    { EXO_KEY_CLIENT_AUTH, "secret_basic", NULL },
    { EXO_KEY_CLIENT_AUTH, "private_key_jwt", NULL },
    { EXO_KEY_CLIENT_AUTH, "assertion", NULL },
    { EXO_KEY_CLIENT_AUTH, "client_secret_post", "is unknown" },
    { EXO_KEY_PUBLISH, "yes", NULL },
    { EXO_KEY_PUBLISH, "no", NULL },
    { EXO_KEY_PUBLISH, "never", "yes or no" },
    { EXO_KEY_PUBLISH, "", "yes or no" },
    { EXO_KEY_SECRET_FILE, "/etc/secret", NULL },
    { EXO_KEY_SECRET_FILE, "secret", "absolute path" },
    { EXO_KEY_SECRET_FILE, "~/secret", "absolute path" },
    { EXO_KEY_SECRET_COMMAND, "pass show mail", NULL },
    { EXO_KEY_SECRET_COMMAND, "", "is empty" },
    { EXO_KEY_SECRET_EXPIRES, "2027-06-30", NULL },
    { EXO_KEY_SECRET_EXPIRES, "2027-13-01", "2027-06-30" },
    { EXO_KEY_SECRET_EXPIRES, "2027-06-30 noon", "2027-06-30" },
    { EXO_KEY_SECRET_EXPIRES, "30.6.2027", "2027-06-30" },
    { EXO_KEY_CERTIFICATE, "/c.pem", NULL },
    { EXO_KEY_CERTIFICATE, "c.pem", "absolute path" },
    { EXO_KEY_PRIVATE_KEY, "pkcs11:object=k", NULL },
    { EXO_KEY_PRIVATE_KEY, "/k.pem", NULL },
    { EXO_KEY_PRIVATE_KEY, "k.pem", "absolute path, or a URI" },
    { EXO_KEY_PRIVATE_KEY, "pkcs11:a b", "absolute path, or a URI" },
    { EXO_KEY_PRIVATE_KEY, "", "is empty" },
    { EXO_KEY_KEY_PASSPHRASE_COMMAND, "pass show key", NULL },
    { EXO_KEY_KEY_PASSPHRASE_COMMAND, "", "is empty" },
    { EXO_KEY_IDENTITY_ENDPOINT, "http://169.254.169.254/x", NULL },
    { EXO_KEY_IDENTITY_ENDPOINT, "http://10.0.0.1/x", "169.254.x.x" },
    { EXO_KEY_ISSUER, "https://as.example/", NULL },
    { EXO_KEY_ISSUER, "http://as.example/", "https URL" },
    { EXO_KEY_JWT_ALG, "PS256", NULL },
    { EXO_KEY_JWT_ALG, "RS256", NULL },
    { EXO_KEY_JWT_ALG, "ES256", "is unknown" },
    { EXO_KEY_ASSERTION_FILE, "/var/run/token", NULL },
    { EXO_KEY_ASSERTION_FILE, "token", "absolute path" },
    { EXO_KEY_USER, "shared mailbox", NULL },
    { EXO_KEY_USER, "", "is empty" },
    { EXO_KEY_SCOPE, "a b", NULL },
    { EXO_KEY_SCOPE, "a,b", NULL },
    { EXO_KEY_SCOPE, "", "scopes between blanks" },
    { EXO_KEY_SCOPE, " , ", "scopes between blanks" },
    { EXO_KEY_SCOPE, "\"a\"", "scopes between blanks" },
    { EXO_KEY_RESOURCE, "https://partner.outlook.cn", NULL },
    { EXO_KEY_RESOURCE, "a b", "one word" },
    { EXO_KEY_RESOURCE, "", "one word" },
    { EXO_KEY_SERVERS, "a.example *.b.example [::1] 127.0.0.1", NULL },
    { EXO_KEY_SERVERS, "", "is empty" },
    { EXO_KEY_SERVERS, "a.example,b.example", "host names" },
    { EXO_KEY_SERVERS, "https://a.example", "host names" },
    { EXO_KEY_SERVERS, "*", "every server" },
    { EXO_KEY_SERVERS, "*.com", "two labels" },
    { EXO_KEY_SERVERS, "*.1", "address" },
    { EXO_KEY_SERVERS, "a.example:587", "without a port" },
    { EXO_KEY_SERVERS, "a.*.example", "only in front" },
    { EXO_KEY_ALLOW, "postfix @mail 1000", NULL },
    { EXO_KEY_ALLOW, "", "is empty" },
    { EXO_KEY_TOKEN_ENDPOINT, "https://as.example/token", NULL },
    { EXO_KEY_TOKEN_ENDPOINT, "http://127.0.0.1:8080/token", NULL },
    { EXO_KEY_TOKEN_ENDPOINT, "http://as.example/token", "https URL" },
    { EXO_KEY_AUTHORIZATION_ENDPOINT, "https://as.example/auth", NULL },
    { EXO_KEY_AUTHORIZATION_ENDPOINT, "file:///etc/passwd", "https URL" },
    { EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT, "http://localhost/d", NULL },
    { EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT, "", "https URL" },
};

static void checks_values(void **state)
{
    bool seen[EXO_KEYS] = { false };

    (void)state;
    for (size_t i = 0; i < N_OF(rules); i++) {
        const struct rule *r = &rules[i];
        struct exo_err err = EXO_ERR_INIT;
        int rc = exo_setting_check(r->key, r->value, &err);

        seen[r->key] = true;
        if ((rc == 0) != (r->why == NULL))
            fail_msg("%s: %s: %s", exo_key_name(r->key), r->value, err.text);
        if (r->why != NULL)
            assert_err(&err, EXO_STATUS_MISCONFIGURED, exo_key_name(r->key),
                       r->why);
    }
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        struct exo_err err = EXO_ERR_INIT;

        /* A key without a row here is one whose rule nobody looked at. */
        if (!seen[i])
            fail_msg("%s has no rule here", exo_key_name((enum exo_key)i));
        assert_int_equal(exo_setting_check((enum exo_key)i, "a\nb", &err),
                         EXO_E_STATUS);
        assert_err(&err, EXO_STATUS_MISCONFIGURED, "control character",
                   "remove it");
    }
}

/* Loads a@b from CUSTOM and these lines. */
static struct exo_settings *load(struct house *house, const char *lines)
{
    struct exo_account account = account_of("a@b");
    struct exo_settings *settings;
    char text[1024];

    (void)snprintf(text, sizeof(text), CUSTOM "%s", lines);
    house_file(house, "a@b", text);
    if (exo_settings_load(&settings, house->conf, &account, &house->err) != 0)
        fail_msg("%s", house->err.text);
    return settings;
}

static void chooses_the_grant(void **state)
{
    static const struct {
        const char *lines;
        enum exo_grant grant;
        bool said;
    } rows[] = {
        { "", EXO_GRANT_AUTHORIZATION_CODE, false },
        { "secret_file: /s\n", EXO_GRANT_CLIENT_CREDENTIALS, true },
        { "secret_command: true\n", EXO_GRANT_CLIENT_CREDENTIALS, true },
        { "certificate: /c\n", EXO_GRANT_CLIENT_CREDENTIALS, true },
        { "assertion_file: /a\n", EXO_GRANT_CLIENT_CREDENTIALS, true },
        { "grant: device_code\n", EXO_GRANT_DEVICE_CODE, true },
        { "grant: device_code\nsecret_file: /s\n", EXO_GRANT_DEVICE_CODE,
          true },
        { "grant: client_credentials\n", EXO_GRANT_CLIENT_CREDENTIALS, true },
    };
    struct house *house = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct exo_settings *s = load(house, rows[i].lines);

        assert_int_equal(s->grant, rows[i].grant);
        assert_int_equal(s->grant_said, rows[i].said);
        assert_string_equal(exo_settings_get(s, EXO_KEY_GRANT),
                            exo_grant_word(rows[i].grant));
        exo_settings_free(s);
    }
}

static void chooses_the_client_authentication(void **state)
{
    static const struct {
        const char *lines;
        enum exo_client_auth auth;
        bool said;
    } rows[] = {
        { "", EXO_CLIENT_NONE, false },
        { "client_auth: none\n", EXO_CLIENT_NONE, true },
        { "client_auth: secret_post\n", EXO_CLIENT_SECRET_POST, true },
        { "client_auth: secret_basic\n", EXO_CLIENT_SECRET_BASIC, true },
    };
    struct house *house = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct exo_settings *s = load(house, rows[i].lines);

        assert_int_equal(s->auth, rows[i].auth);
        assert_int_equal(s->auth_said, rows[i].said);
        exo_settings_free(s);
    }
}

static void assumes_the_grant_of_the_record(void **state)
{
    struct house *house = *state;
    struct exo_settings *s = load(house, "");
    char before[65];

    /* Custom has no scopes of its own: only grant and fingerprint follow. */
    memcpy(before, s->fingerprint, sizeof(before));
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_CLIENT_CREDENTIALS), 0);
    assert_int_equal(s->grant, EXO_GRANT_CLIENT_CREDENTIALS);
    assert_false(s->grant_said);
    assert_string_not_equal(s->fingerprint, before);
    assert_int_equal(exo_settings_assume(s, EXO_GRANT_AUTHORIZATION_CODE), 0);
    assert_string_equal(s->fingerprint, before);
    exo_settings_free(s);

    house_conf(house, "tenant: t.example\n");
    house_file(house, "m@b", "client_id: i\n");
    house_file(house, "s@b", "client_id: i\nscope: mine\n");
    house_file(house, "g@b", "client_id: i\ngrant: device_code\n");
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = { "m@b", "s@b", "g@b" };
        static const char *const scopes[] = {
            "https://outlook.office365.com/.default", "mine",
            "https://outlook.office.com/SMTP.Send"
        };
        struct exo_account account = account_of(names[i]);

        assert_int_equal(
            exo_settings_load(&s, house->conf, &account, &house->err), 0);
        assert_int_equal(exo_settings_assume(s, EXO_GRANT_CLIENT_CREDENTIALS),
                         0);
        /* What a file says, grant or scope, stays said. */
        assert_int_equal(s->grant, i == 2 ? EXO_GRANT_DEVICE_CODE
                                          : EXO_GRANT_CLIENT_CREDENTIALS);
        assert_int_equal(strncmp(exo_settings_get(s, EXO_KEY_SCOPE), scopes[i],
                                 strlen(scopes[i])),
                         0);
        exo_settings_free(s);
    }
}

static void fingerprint_of(struct house *house, const char *lines,
                           char print[65])
{
    struct exo_settings *s = load(house, lines);

    assert_true(strlen(s->fingerprint) > 0);
    memcpy(print, s->fingerprint, 65);
    exo_settings_free(s);
}

static void fingerprints_what_makes_a_token(void **state)
{
    static const struct {
        const char *lines;
        bool same;
    } rows[] = {
        { "scope: a\n", false },
        { "grant: device_code\n", false },
        { "client_auth: secret_basic\n", false },
        { "certificate: /does/not/exist\n", false },
        { "assertion_file: /does/not/exist\n", false },
        { "jwt_alg: RS256\n", false },
        { "issuer: https://as.example/\n", false },
        { "key_passphrase_command: true\n", true },
        { "secret_command: true\n", false },
        { "secret_file: /does/not/exist\n", false },
        { "tenant: t.example\n", false },
        { "resource: https://mail.example\n", false },
        /* The default, spelt out, asks the provider for the same. */
        { "grant: authorization_code\n", true },
        { "\n# a comment\n", true },
        { "user: x\n", true },
        { "allow: postfix\n", true },
        { "secret_expires: 2027-01-01\n", true },
        { "authorization_endpoint: https://as.example/auth\n", true },
        { "device_authorization_endpoint: https://as.example/d\n", true },
    };
    struct house *house = *state;
    char plain[65], print[65];

    fingerprint_of(house, "", plain);
    for (size_t i = 0; i < N_OF(rows); i++) {
        fingerprint_of(house, rows[i].lines, print);
        if ((strcmp(plain, print) == 0) != rows[i].same)
            fail_msg("%s", rows[i].lines);
    }
}

static void fingerprints_the_secret_file(void **state)
{
    struct house *house = *state;
    const struct timespec times[2] = { { 1800000000, 0 }, { 1800000000, 0 } };
    const struct timespec later[2] = { { 1800000000, 0 }, { 1800000001, 0 } };
    char lines[400], print[3][65];

    (void)snprintf(lines, sizeof(lines), "secret_file: %s\n",
                   place_name(&house->place, "secret"));
    put_file(&house->place, "secret", 0600, "one\n");
    assert_int_equal(utimensat(house->place.fd, "secret", times, 0), 0);
    fingerprint_of(house, lines, print[0]);
    fingerprint_of(house, lines, print[1]);
    assert_string_equal(print[0], print[1]);

    assert_int_equal(utimensat(house->place.fd, "secret", later, 0), 0);
    fingerprint_of(house, lines, print[1]);
    assert_string_not_equal(print[0], print[1]);

    put_file(&house->place, "secret", 0600, "longer\n");
    assert_int_equal(utimensat(house->place.fd, "secret", times, 0), 0);
    fingerprint_of(house, lines, print[2]);
    assert_string_not_equal(print[0], print[2]);
    assert_string_not_equal(print[1], print[2]);
}

static void says_what_is_missing(void **state)
{
    static const struct {
        const char *text, *cause, *remedy;
    } rows[] = {
        { CUSTOM "scope: x\n", NULL, NULL },
        { CUSTOM "grant: device_code\n", NULL, NULL },
        { "provider: custom\n", "client_id is missing",
          "login a@b --set client_id=" },
        { "provider: custom\nclient_id: i\nservers: h\n",
          "token_endpoint is missing", "--set token_endpoint=" },
        { "provider: custom\nclient_id: i\ntoken_endpoint: https://a/t\n",
          "servers is missing", "--set servers=" },
        { CUSTOM "grant: password\n", NULL, NULL },
        { CUSTOM "assertion_file: /a\n", NULL, NULL },
        { CUSTOM "certificate: /c\n", NULL, NULL },
        { CUSTOM "certificate: /c\nprivate_key: handle:0x81000001\n", NULL,
          NULL },
        { CUSTOM "certificate: /c\nsecret_file: /s\nclient_auth: "
                 "secret_post\n",
          NULL, NULL },
        { CUSTOM "grant: managed_identity\n", "resource is missing",
          "login a@b --set resource=" },
        { CUSTOM "grant: managed_identity\nresource: https://x\n", NULL, NULL },
        { "grant: managed_identity\n", NULL, NULL },
        { "grant: managed_identity\ncertificate: /c\n", "needs no client_auth",
          "certificate or assertion_file" },
        { CUSTOM "client_auth: assertion\n", "assertion_file is missing",
          "--set assertion_file=" },
        { CUSTOM "client_auth: private_key_jwt\n", "certificate is missing",
          "--set certificate=" },
        { CUSTOM "private_key: /k\n", "certificate is missing",
          "--set certificate=" },
        { CUSTOM "certificate: /c\nassertion_file: /a\n", "more than one",
          "--set client_auth=" },
        { CUSTOM "certificate: /c\nsecret_file: /s\n", "more than one",
          "--set client_auth=" },
    };
    struct house *house = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct exo_account account = account_of("a@b");
        struct exo_err err = EXO_ERR_INIT;
        struct exo_settings *s;
        int rc;

        house_file(house, "a@b", rows[i].text);
        assert_int_equal(exo_settings_load(&s, house->conf, &account, &err), 0);
        rc = exo_settings_complete(s, &err);
        if ((rc == 0) != (rows[i].cause == NULL))
            fail_msg("%s: %s", rows[i].text, err.text);
        if (rows[i].cause != NULL) {
            assert_err(&err, EXO_STATUS_MISCONFIGURED, rows[i].cause,
                       rows[i].remedy);
            assert_has(err.text, "a@b.conf: ");
        }
        exo_settings_free(s);
    }
}

#define IN_HOUSE(test) \
    cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_values),
        IN_HOUSE(chooses_the_grant),
        IN_HOUSE(chooses_the_client_authentication),
        IN_HOUSE(assumes_the_grant_of_the_record),
        IN_HOUSE(fingerprints_what_makes_a_token),
        IN_HOUSE(fingerprints_the_secret_file),
        IN_HOUSE(says_what_is_missing),
    };

    return cmocka_run_group_tests_name("settings-check", tests, NULL, NULL);
}
