/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a client proves who it is, with a JWT of its own or of another system,
 * and the two grants that a person starts: code and password.
 */
#include "config.h"

#include "oauth_wire.h"

#include "oauth_keys.h"

#define JWT_BEARER                                                         \
    "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion" \
    "-type%3Ajwt-bearer&client_assertion="
#define CLIENT_CREDENTIALS                                                     \
    "grant_type=client_credentials&scope=mail+offline_access&client_id=id%3A1" \
    "&"

/* Another system's JWT goes out as it came, and nothing secret beside it. */
static void sends_an_assertion(void **state)
{
    struct exo_secret jwt = EXO_SECRET_INIT;
    struct asked a;

    (void)state;
    asked_make(&a);
    assert_int_equal(exo_secret_set(&jwt, "eyJ.x-_y.z", 10), 0);
    a.client.auth = EXO_CLIENT_ASSERTION;
    a.client.assertion = &jwt;
    script(granted);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error), 0);
    assert_string_equal(wire.form, CLIENT_CREDENTIALS JWT_BEARER "eyJ.x-_y.z");
    assert_string_equal(wire.basic, "(none)");
    exo_tokens_free(&a.tokens);
    exo_secret_free(&jwt);
    asked_free(&a);
}

/* The claims of the assertion in the form, which is its last field. */
static size_t sent_claims(char *to, size_t size)
{
    const char *jwt = strstr(wire.form, JWT_BEARER);
    size_t len;

    assert_non_null(jwt);
    jwt = strchr(jwt + strlen(JWT_BEARER), '.') + 1;
    assert_int_equal(strcspn(jwt, "&="), strlen(jwt));
    len = from_base64url(jwt, strcspn(jwt, "."), (unsigned char *)to, size - 1);
    to[len] = '\0';
    return len;
}

/* Signed for the token endpoint, and anew for each request: a server takes
 * an assertion once. */
static void signs_each_request(void **state)
{
    static const struct answer answers[] = {
        { 200, "{\"access_token\":\"at\"}" },
        { 200, "{\"access_token\":\"at\"}" },
        { 400, "{\"error\":\"invalid_client\"}" },
        /* It does not come back. */
        { 200, "{\"access_token\":\"at\",\"scope\":\"mail @JWT@\"}" },
        { 200, "{\"device_code\":\"d\",\"user_code\":\"A\","
               "\"verification_uri\":\"https://x/\","
               "\"verification_uri_complete\":\"https://x/?@JWT@\"}" },
    };
    char first[1000], second[1000], form[sizeof(wire.form)];
    EVP_PKEY *pkey = rsa_key(&rfc7515);
    X509 *cert = make_certificate(pkey, -DAY, DAY);
    struct exo_device device;
    struct place place;
    struct exo_keypair *key;
    struct asked a;

    (void)state;
    place_make(&place);
    put_pem(&place, "both.pem", cert, NULL, pkey, NULL);
    key = get_key(&place, "both.pem");
    asked_make(&a);
    a.client.auth = EXO_CLIENT_PRIVATE_KEY_JWT;
    a.client.key = key;
    script(answers);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error), 0);
    assert_int_equal(strncmp(wire.form, CLIENT_CREDENTIALS JWT_BEARER,
                             strlen(CLIENT_CREDENTIALS JWT_BEARER)),
                     0);
    assert_null(strstr(wire.form, "client_secret"));
    assert_string_equal(wire.basic, "(none)");
    (void)sent_claims(first, sizeof(first));
    assert_has(first, "\"aud\":\"https://as.example/token\"");
    assert_has(first, "\"iss\":\"id:1\",\"sub\":\"id:1\"");
    exo_tokens_free(&a.tokens);

    assert_int_equal(exo_oauth_refresh(&a.client, &a.sent, &a.tokens, &a.error),
                     0);
    (void)sent_claims(second, sizeof(second));
    assert_string_not_equal(first, second);
    memcpy(form, wire.form, sizeof(form));
    exo_tokens_free(&a.tokens);

    assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error),
                     EXO_E_STATUS);
    assert_string_not_equal(form, wire.form);
    (void)sent_claims(first, sizeof(first));
    assert_has(first, "\"aud\":\"https://as.example/token\"");
    exo_device_free(&device);

    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error), 0);
    assert_string_equal(a.tokens.scope, "");
    exo_tokens_free(&a.tokens);
    assert_int_equal(exo_oauth_device_start(&a.client, &device, &a.error), 0);
    assert_string_equal(device.verification_uri_complete, "");
    exo_device_free(&device);

    exo_keypair_free(key);
    X509_free(cert);
    EVP_PKEY_free(pkey);
    place_remove(&place);
    asked_free(&a);
}

static void sends_no_half_assertion(void **state)
{
    struct exo_secret jwt = EXO_SECRET_INIT;
    struct asked a;

    (void)state;
    asked_make(&a);
    script(NULL);
    a.client.auth = EXO_CLIENT_PRIVATE_KEY_JWT;
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
        EXO_E_STATUS);
    assert_has(a.error.err.text, "no certificate with its key; set");
    exo_tokens_free(&a.tokens);

    a.client.auth = EXO_CLIENT_ASSERTION;
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
        EXO_E_STATUS);
    assert_has(a.error.err.text, "no usable assertion; check the file");
    exo_tokens_free(&a.tokens);

    a.client.assertion = &jwt;
    assert_int_equal(exo_secret_set(&jwt, "eyJ.x.y\n", 8), 0);
    assert_int_equal(
        exo_oauth_client_credentials(&a.client, &a.tokens, &a.error),
        EXO_E_STATUS);
    assert_lacks(a.error.err.text, "eyJ");
    exo_tokens_free(&a.tokens);
    assert_int_equal(wire.requests, 0);
    exo_secret_free(&jwt);
    asked_free(&a);
}

#define CODE                                      \
    "grant_type=authorization_code&code=c%2Bde"   \
    "&redirect_uri=http%3A%2F%2Flocalhost%3A1%2F" \
    "&code_verifier=ver-ifier&client_id=id%3A1"

/* A code carries its scope, and a server that refuses it shows neither it nor
 * the verifier again. */
static void sends_a_code(void **state)
{
    static const struct answer answers[] = {
        { 200, "{\"access_token\":\"at\",\"refresh_token\":\"0.next\"}" },
        { 200, "{\"access_token\":\"at\"}" },
        { 400, "{\"error\":\"invalid_grant\",\"error_description\":"
               "\"c+de or ver-ifier is bad\"}" },
        { 400, "{\"error\":\"invalid_grant\",\"error_description\":"
               "\"bad ver-ifier\"}" },
    };
    struct exo_secret code = EXO_SECRET_INIT, verifier = EXO_SECRET_INIT;
    struct asked a;
    int i;

    (void)state;
    asked_make(&a);
    assert_int_equal(exo_secret_set(&code, "c+de", 4), 0);
    assert_int_equal(exo_secret_set(&verifier, "ver-ifier", 9), 0);
    a.client.auth = EXO_CLIENT_NONE;
    script(answers);
    for (i = 0; i < 4; i++) {
        int rc = exo_oauth_code(&a.client, &code, "http://localhost:1/",
                                &verifier, &a.tokens, &a.error);

        assert_string_equal(wire.url, "https://as.example/token");
        assert_string_equal(
            wire.form,
            i == 1 ? CODE "&client_secret=s3cr3t%2F%2B+%26%7Evalue" : CODE);
        assert_int_equal(rc, i < 2 ? 0 : EXO_E_STATUS);
        if (i >= 2) {
            assert_int_equal(a.error.err.status, EXO_STATUS_NEEDS_LOGIN);
            assert_lacks(a.error.err.text, "c+de");
            assert_lacks(a.error.err.text, "ver-ifier");
        }
        exo_tokens_free(&a.tokens);
        a.client.auth = i == 0 ? EXO_CLIENT_SECRET_POST : EXO_CLIENT_NONE;
    }
    exo_secret_free(&code);
    exo_secret_free(&verifier);
    asked_free(&a);
}

static void sends_a_password(void **state)
{
    static const struct answer answers[] = {
        { 200, "{\"access_token\":\"at\"}" },
        { 400, "{\"error\":\"invalid_grant\",\"error_codes\":[50126],"
               "\"error_description\":\"p&ss w%rd\"}" },
    };
    struct exo_secret password = EXO_SECRET_INIT;
    struct asked a;

    (void)state;
    asked_make(&a);
    assert_int_equal(exo_secret_set(&password, "p&ss w%rd", 9), 0);
    a.client.auth = EXO_CLIENT_NONE;
    script(answers);
    assert_int_equal(exo_oauth_password(&a.client, "a+b@example.com", &password,
                                        &a.tokens, &a.error),
                     0);
    assert_string_equal(wire.form,
                        "grant_type=password&username=a%2Bb%40example.com"
                        "&password=p%26ss+w%25rd&scope=mail+offline_access"
                        "&client_id=id%3A1");
    exo_tokens_free(&a.tokens);
    assert_int_equal(exo_oauth_password(&a.client, "a+b@example.com", &password,
                                        &a.tokens, &a.error),
                     EXO_E_STATUS);
    assert_int_equal(a.error.err.status, EXO_STATUS_NEEDS_LOGIN);
    assert_string_equal(a.error.code, "AADSTS50126");
    assert_lacks(a.error.err.text, "p&ss");
    exo_tokens_free(&a.tokens);
    exo_secret_free(&password);
    asked_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_an_assertion),
        cmocka_unit_test(signs_each_request),
        cmocka_unit_test(sends_no_half_assertion),
        cmocka_unit_test(sends_a_code),
        cmocka_unit_test(sends_a_password),
    };

    return cmocka_run_group_tests_name("oauth_client", tests, NULL, NULL);
}
