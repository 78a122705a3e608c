/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client assertion, its encoding and signatures: by the vectors of RFC
 * 4648, RFC 7515 appendix A.2 and RFC 7520 section 4.1, by OpenSSL with the
 * parameters of RFC 7518 spelt out, and by jose where it is installed.
 */
#include "config.h"

#include "oauth_util.h"

#include <json-c/json.h>

#include "exoauth/base64.h"
#include "exoauth/jwt.h"
#include "oauth_keys.h"
#include "../lib/whole.h"

#define AUDIENCE "https://login.example/contoso.com/oauth2/v2.0/token"
#define CLIENT "11111111-2222-4333-8444-555555555555"
#define NOW INT64_C(1794996400)

static void encodes_base64url(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } rows[] = {
        { "", 0, "" },
        { "f", 1, "Zg" },
        { "fo", 2, "Zm8" },
        { "foo", 3, "Zm9v" },
        { "foob", 4, "Zm9vYg" },
        { "\xfb\xef\xff", 3, "--__" },
        { "\0\0", 2, "AAA" },
        { "\x03\xec\xff\xe0\xc1", 5, "A-z_4ME" }, /* RFC 7515 appendix C */
    };
    struct exo_buf out = EXO_BUF_INIT(100);
    size_t i;

    (void)state;
    for (i = 0; i < N_OF(rows); i++) {
        exo_buf_reset(&out);
        exo_buf_str(&out, "+/=");
        assert_int_equal(exo_base64url(&out, rows[i].bytes, rows[i].len), 0);
        assert_memory_equal(whole_text(&out), "+/=", 3);
        assert_string_equal(whole_text(&out) + 3, rows[i].text);
        assert_int_equal(out.len, strlen(rows[i].text) + 3);
    }
    exo_buf_free(&out);
    out.max = 5;
    assert_int_equal(exo_base64url(&out, "foobar", 6), EXO_E_TOOBIG);
    assert_int_equal(out.len, 0);
    exo_buf_free(&out);
}

#define A2_INPUT                                                           \
    "eyJhbGciOiJSUzI1NiJ9."                                                \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl" \
    "LmNvbS9pc19yb290Ijp0cnVlfQ"
#define A2_SIGNATURE                                                   \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" \
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" \
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K" \
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" \
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" \
    "p0igcN_IoypGlUPQGe77Rw"
#define HOBBIT_INPUT                                                       \
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBs" \
    "ZSJ9."                                                                \
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIg" \
    "ZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVw" \
    "IHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJl" \
    "IHN3ZXB0IG9mZiB0by4"
#define HOBBIT_SIGNATURE                                               \
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZo" \
    "pdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmD" \
    "LJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9e" \
    "Ro4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2" \
    "aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH8" \
    "4ogoree7vjbU5y18kDquDg"

/* RS256 is deterministic: ours must be the signature that the RFC prints. */
static void signs_what_the_rfcs_print(void **state)
{
    static const struct {
        const struct jwk *jwk;
        const char *input, *signature;
    } rows[] = {
        { &rfc7515, A2_INPUT, A2_SIGNATURE },
        { &rfc7520, HOBBIT_INPUT, HOBBIT_SIGNATURE },
    };
    struct exo_err err = EXO_ERR_INIT;
    struct place *place = *state;
    size_t i;

    for (i = 0; i < N_OF(rows); i++) {
        struct exo_buf raw = EXO_BUF_INIT(1024), text = EXO_BUF_INIT(1024);
        EVP_PKEY *pkey = rsa_key(rows[i].jwk);
        X509 *cert = make_certificate(pkey, -DAY, DAY);
        struct exo_keypair *key;

        put_pem(place, "both.pem", cert, NULL, pkey, NULL);
        key = get_key(place, "both.pem");
        assert_int_equal(exo_keypair_sign(key, EXO_JWT_RS256, rows[i].input,
                                          strlen(rows[i].input), &raw, &err),
                         0);
        assert_int_equal(exo_base64url(&text, raw.data, raw.len), 0);
        assert_string_equal(whole_text(&text), rows[i].signature);
        exo_buf_free(&raw);
        exo_buf_free(&text);
        exo_keypair_free(key);
        X509_free(cert);
        EVP_PKEY_free(pkey);
    }
}

/* Everything a test of an assertion needs. */
struct bench {
    EVP_PKEY *pkey;
    X509 *cert;
    struct exo_keypair *key;
    struct exo_secret jwt;
    struct exo_err err;
};

static void bench_make(struct bench *b, const struct place *place)
{
    memset(b, 0, sizeof(*b));
    b->jwt = (struct exo_secret)EXO_SECRET_INIT;
    b->pkey = rsa_key(&rfc7515);
    b->cert = make_certificate(b->pkey, -DAY, DAY);
    put_pem(place, "both.pem", b->cert, NULL, b->pkey, NULL);
    b->key = get_key(place, "both.pem");
}

static void bench_free(struct bench *b)
{
    exo_secret_free(&b->jwt);
    exo_keypair_free(b->key);
    X509_free(b->cert);
    EVP_PKEY_free(b->pkey);
}

static const char *make(struct bench *b, enum exo_jwt_alg alg, int64_t now)
{
    if (exo_jwt_assertion(&b->jwt, b->key, alg, CLIENT, AUDIENCE, now,
                          &b->err) != 0)
        fail_msg("%s", b->err.text);
    return whole_secret(&b->jwt);
}

/* Part 0 or 1 of a JWT as JSON. */
static struct json_object *part(const char *jwt, int which)
{
    unsigned char text[4096];
    struct json_object *object;
    size_t len;

    if (which == 1)
        jwt = strchr(jwt, '.') + 1;
    len = from_base64url(jwt, strcspn(jwt, "."), text, sizeof(text) - 1);
    text[len] = '\0';
    object = json_tokener_parse((const char *)text);
    assert_non_null(object);
    return object;
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, name, &value))
        fail_msg("no \"%s\"", name);
    assert_true(json_object_is_type(value, json_type_string));
    return json_object_get_string(value);
}

static int64_t number_of(struct json_object *object, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, name, &value))
        fail_msg("no \"%s\"", name);
    assert_true(json_object_is_type(value, json_type_int));
    return json_object_get_int64(value);
}

static void makes_header_and_claims(void **state)
{
    static const char *const words[] = { "PS256", "RS256" };
    static const char *const prints[] = { "x5t#S256", "x5t" };
    struct json_object *header, *claims;
    struct bench b;
    int i;

    bench_make(&b, *state);
    for (i = 0; i < 2; i++) {
        enum exo_jwt_alg alg = i == 0 ? EXO_JWT_PS256 : EXO_JWT_RS256;
        const char *jwt = make(&b, alg, NOW);
        unsigned char print[64];
        size_t len;

        assert_int_equal(strspn(jwt, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
                                     "klmnopqrstuvwxyz0123456789-_."),
                         strlen(jwt));
        header = part(jwt, 0);
        assert_int_equal(json_object_object_length(header), 3);
        assert_string_equal(text_of(header, "typ"), "JWT");
        assert_string_equal(text_of(header, "alg"), words[i]);
        len = from_base64url(text_of(header, prints[i]),
                             strlen(text_of(header, prints[i])), print,
                             sizeof(print));
        assert_int_equal(len, i == 0 ? 32 : 20);
        assert_memory_equal(print,
                            i == 0 ? exo_keypair_certificate(b.key)->sha256
                                   : exo_keypair_certificate(b.key)->sha1,
                            len);
        claims = part(jwt, 1);
        assert_int_equal(json_object_object_length(claims), 7);
        assert_string_equal(text_of(claims, "aud"), AUDIENCE);
        assert_string_equal(text_of(claims, "iss"), CLIENT);
        assert_string_equal(text_of(claims, "sub"), CLIENT);
        assert_int_equal(number_of(claims, "nbf"), NOW);
        assert_int_equal(number_of(claims, "iat"), NOW);
        assert_int_equal(number_of(claims, "exp"), NOW + 600);
        (void)json_object_put(header);
        (void)json_object_put(claims);
    }
    bench_free(&b);
}

/* A jti is a random UUID, and no two assertions have the same. */
static void makes_a_new_id_each_time(void **state)
{
    char ids[8][40];
    struct bench b;
    size_t i, j;

    bench_make(&b, *state);
    for (i = 0; i < N_OF(ids); i++) {
        struct json_object *claims = part(make(&b, EXO_JWT_RS256, NOW), 1);
        const char *id = text_of(claims, "jti");

        assert_int_equal(strlen(id), 36);
        for (j = 0; j < 36; j++) {
            if (j == 8 || j == 13 || j == 18 || j == 23)
                assert_int_equal(id[j], '-');
            else
                assert_non_null(strchr("0123456789abcdef", id[j]));
        }
        assert_int_equal(id[14], '4');
        assert_non_null(strchr("89ab", id[19]));
        for (j = 0; j < i; j++)
            assert_string_not_equal(ids[j], id);
        memcpy(ids[i], id, 37);
        (void)json_object_put(claims);
    }
    bench_free(&b);
}

/* By the public key, with a salt of that many bytes. */
static int verifies(EVP_PKEY *pkey, const char *jwt, int salt)
{
    const char *dot = strrchr(jwt, '.');
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char signature[512];
    EVP_PKEY_CTX *ctx;
    size_t len;
    int rc;

    len =
        from_base64url(dot + 1, strlen(dot + 1), signature, sizeof(signature));
    assert_int_equal(len, 256);
    assert_int_equal(
        EVP_DigestVerifyInit_ex(md, &ctx, "SHA256", NULL, NULL, pkey, NULL), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0);
    rc = EVP_DigestVerify(md, signature, len, (const unsigned char *)jwt,
                          (size_t)(dot - jwt));
    EVP_MD_CTX_free(md);
    return rc;
}

static void signs_pss_with_salt_32(void **state)
{
    EVP_PKEY *other = rsa_key(&rfc7520);
    struct bench b;
    const char *jwt;

    bench_make(&b, *state);
    jwt = make(&b, EXO_JWT_PS256, NOW);
    assert_int_equal(verifies(b.pkey, jwt, 32), 1);
    assert_int_not_equal(verifies(b.pkey, jwt, 20), 1);
    assert_int_not_equal(verifies(other, jwt, 32), 1);
    bench_free(&b);
    EVP_PKEY_free(other);
}

static void refuses_what_does_not_fit(void **state)
{
    char long_id[9000];
    struct bench b;

    memset(long_id, 'x', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    bench_make(&b, *state);
    assert_int_equal(exo_jwt_assertion(&b.jwt, b.key, EXO_JWT_PS256, long_id,
                                       AUDIENCE, NOW, &b.err),
                     EXO_E_STATUS);
    assert_has(b.err.text, "too long for a JWT; correct it in the account");
    assert_true(exo_secret_empty(&b.jwt));
    bench_free(&b);
}

static void knows_its_words(void **state)
{
    enum exo_jwt_alg alg = EXO_JWT_RS256;

    (void)state;
    assert_true(exo_jwt_alg_parse("PS256", &alg));
    assert_int_equal(alg, EXO_JWT_PS256);
    assert_true(exo_jwt_alg_parse("RS256", &alg));
    assert_int_equal(alg, EXO_JWT_RS256);
    assert_false(exo_jwt_alg_parse("none", &alg));
    assert_false(exo_jwt_alg_parse("ps256", &alg));
    assert_false(exo_jwt_alg_parse("", &alg));
    assert_int_equal(alg, EXO_JWT_RS256);
}

/* Where tests/deps puts what npm installs. */
static void node_directory(char *to, size_t size)
{
    const char *dir = getenv("EXO_NODE_DIR"), *cache = getenv("XDG_CACHE_HOME");

    if (dir != NULL)
        (void)snprintf(to, size, "%s", dir);
    else if (cache != NULL)
        (void)snprintf(to, size, "%s/exoauth-tests", cache);
    else
        (void)snprintf(to, size, "%s/.cache/exoauth-tests",
                       getenv("HOME") != NULL ? getenv("HOME") : "");
}

static void satisfies_jose(void **state)
{
    static char node[] = "node", audience[] = AUDIENCE, client[] = CLIENT;
    struct place *place = *state;
    const char *src = getenv("EXO_SRCDIR");
    char dir[400], script[500], cert[400], word[8];
    char *argv[] = { node, script, cert, word, audience, client, NULL };
    struct bench b;
    int alg, rc;

    node_directory(dir, sizeof(dir));
    assert_int_equal(setenv("EXO_NODE_DIR", dir, 1), 0);
    bench_make(&b, place);
    (void)snprintf(script, sizeof(script), "%s/tests/lib/verify-jwt.mjs",
                   src != NULL ? src : ".");
    (void)snprintf(cert, sizeof(cert), "%s/both.pem", place->path);
    for (alg = EXO_JWT_PS256; alg <= EXO_JWT_RS256; alg++) {
        put_file(place, "jwt.txt", 0600,
                 make(&b, (enum exo_jwt_alg)alg, time(NULL)));
        (void)snprintf(word, sizeof(word), "%s",
                       exo_jwt_alg_word((enum exo_jwt_alg)alg));
        rc = run_program(place, argv, "jwt.txt");
        if (rc == 127 || rc == 3) {
            say_skipped(rc == 3 ? "jose is not installed; run: tests/deps"
                                : "node is not installed");
            break;
        }
        if (rc != 0)
            fail_msg("jose: %s", get_file(place, "out.txt"));
        /* And it does not nod everything through. */
        (void)snprintf(word, sizeof(word), "%s",
                       alg == EXO_JWT_PS256 ? "RS256" : "PS256");
        assert_int_equal(run_program(place, argv, "jwt.txt"), 1);
    }
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_base64url),
        cmocka_unit_test(signs_what_the_rfcs_print),
        cmocka_unit_test(makes_header_and_claims),
        cmocka_unit_test(makes_a_new_id_each_time),
        cmocka_unit_test(signs_pss_with_salt_32),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(knows_its_words),
        cmocka_unit_test(satisfies_jose),
    };

    return cmocka_run_group_tests_name("oauth_jwt", tests, place_setup,
                                       place_teardown);
}
