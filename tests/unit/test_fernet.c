/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fernet by the vectors of its specification (generate, verify, invalid), and
 * by tokens made here with OpenSSL: every length, every changed bit. Keys
 * from passwords by the vectors of RFC 7914 section 11.
 */
#include "config.h"

#include "util.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "exoauth/base64.h"
#include "exoauth/fernet.h"
#include "../lib/whole.h"

#define SPEC_KEY "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4"
#define SPEC_TOKEN                                                             \
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPg" \
    "JobwOz7JcbmrR64jVmpU4IwqDA=="

static int spec_key(void **state)
{
    static struct exo_secret key;

    key = (struct exo_secret)EXO_SECRET_INIT;
    *state = &key;
    return exo_base64url_bytes(&key.hidden, SPEC_KEY, strlen(SPEC_KEY));
}

static int free_key(void **state)
{
    exo_secret_free(*state);
    return 0;
}

/* A token as section "Generating" says, with padding. */
static void make(struct exo_buf *token, const struct exo_secret *key,
                 const char *text, size_t len)
{
    static const unsigned char head[25] = { 0x80, 0,    0,  0, 0, 0x1d, 0xc0,
                                            0x9e, 0xb0, 0,  1, 2, 3,    4,
                                            5,    6,    7,  8, 9, 10,   11,
                                            12,   13,   14, 15 };
    const unsigned char *keys = (const unsigned char *)whole_secret(key);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    unsigned char bytes[512];
    int n, last;

    memcpy(bytes, head, sizeof(head));
    assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_128_cbc(), NULL,
                                        keys + 16, head + 9),
                     1);
    assert_int_equal(EVP_EncryptUpdate(cipher, bytes + 25, &n,
                                       (const unsigned char *)text, (int)len),
                     1);
    assert_int_equal(EVP_EncryptFinal_ex(cipher, bytes + 25 + n, &last), 1);
    EVP_CIPHER_CTX_free(cipher);
    n += last + 25;
    assert_non_null(
        HMAC(EVP_sha256(), keys, 16, bytes, (size_t)n, bytes + n, NULL));
    assert_int_equal(exo_base64url(token, bytes, (size_t)n + 32), 0);
    while (token->len % 4 != 0)
        exo_buf_str(token, "=");
}

static int open_text(const struct exo_secret *key, const char *token,
                     struct exo_secret *message)
{
    return exo_fernet_open(key, token, strlen(token), message);
}

static void makes_the_generate_vector(void **state)
{
    struct exo_buf token = EXO_BUF_INIT(1000);

    make(&token, *state, "hello", 5);
    assert_string_equal(whole_text(&token), SPEC_TOKEN);
    exo_buf_free(&token);
}

static void opens_the_verify_vector(void **state)
{
    struct exo_secret message = EXO_SECRET_INIT;

    assert_int_equal(exo_secret_set(&message, ">", 1), 0);
    assert_int_equal(open_text(*state, SPEC_TOKEN, &message), 0);
    assert_string_equal(whole_secret(&message), ">hello");
    exo_secret_free(&message);
}

static void refuses_the_invalid_vectors(void **state)
{
    static const struct {
        const char *what, *token;
        int rc;
    } rows[] = {
        { "incorrect mac",
          "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
          "szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
          EXO_E_UNSAFE },
        { "too short",
          "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
          EXO_E_SYNTAX },
        { "invalid base64",
          "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
          "szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
          EXO_E_SYNTAX },
        { "payload size not multiple of block size",
          "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-"
          "fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
          EXO_E_SYNTAX },
        { "payload padding error",
          "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-"
          "JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
          EXO_E_SYNTAX },
        { "incorrect IV (causes padding error)",
          "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-"
          "fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
          EXO_E_SYNTAX },
        { "trailing characters after b64 padding", SPEC_TOKEN "trailingdata",
          EXO_E_SYNTAX },
        { "invalid characters in b64",
          "*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@"
          "GM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==",
          EXO_E_SYNTAX },
        { "invalid non-urlsafe characters in b64",
          "gAAAAAAdwJ6wAAEC/AwQFBgcICQoLDA0ODy+021cpGVWKZ_"
          "eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==",
          EXO_E_SYNTAX },
        { "empty", "", EXO_E_SYNTAX },
        { "padding missing",
          "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_"
          "5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA",
          EXO_E_SYNTAX },
    };
    struct exo_secret message = EXO_SECRET_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (open_text(*state, rows[i].token, &message) != rows[i].rc)
            fail_msg("%s", rows[i].what);
        assert_true(exo_secret_empty(&message));
    }
    exo_secret_free(&message);
}

/* The two vectors that only an age would refuse; their text is empty. */
static void asks_for_no_age(void **state)
{
    static const char *const tokens[] = {
        "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-"
        "Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
        "szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
    };
    struct exo_secret message = EXO_SECRET_INIT;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(open_text(*state, tokens[i], &message), 0);
        assert_true(exo_secret_empty(&message));
        exo_secret_free(&message);
    }
}

static void opens_every_length(void **state)
{
    char text[100];

    memset(text, 'x', sizeof(text));
    for (size_t len = 0; len < sizeof(text); len++) {
        struct exo_secret message = EXO_SECRET_INIT;
        struct exo_buf token = EXO_BUF_INIT(1000);

        make(&token, *state, text, len);
        assert_int_equal(open_text(*state, whole_text(&token), &message), 0);
        assert_int_equal(whole_len(&message), len);
        assert_memory_equal(whole_secret(&message), text, len);
        assert_int_equal(whole_secret(&message)[len], 0);
        exo_secret_free(&message);
        exo_buf_free(&token);
    }
}

static void refuses_every_changed_bit(void **state)
{
    struct exo_buf bytes = EXO_BUF_INIT(1000);
    struct exo_secret message = EXO_SECRET_INIT;

    assert_int_equal(
        exo_base64url_bytes(&bytes, SPEC_TOKEN, strlen(SPEC_TOKEN) - 2), 0);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        struct exo_buf token = EXO_BUF_INIT(1000);

        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(exo_base64url(&token, bytes.data, bytes.len), 0);
        exo_buf_str(&token, "==");
        assert_int_equal(open_text(*state, whole_text(&token), &message),
                         bit < 8 ? EXO_E_SYNTAX : EXO_E_UNSAFE);
        assert_true(exo_secret_empty(&message));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        exo_buf_free(&token);
    }
    exo_buf_free(&bytes);
}

static void wants_a_whole_key(void **state)
{
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_secret message = EXO_SECRET_INIT;

    assert_int_equal(open_text(&key, SPEC_TOKEN, &message), EXO_E_ARG);
    assert_int_equal(exo_secret_set(&key, whole_secret(*state), 31), 0);
    assert_int_equal(open_text(&key, SPEC_TOKEN, &message), EXO_E_ARG);
    exo_secret_free(&key);
}

static void derives_keys(void **state)
{
    static const struct {
        const char *password, *salt;
        long rounds;
        unsigned char key[32];
    } rows[] = {
        { "passwd",
          "salt",
          1,
          { 0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91,
            0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde,
            0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc } },
        { "Password", "NaCl", 80000, { 0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe,
                                       0x21, 0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27,
                                       0x01, 0xf9, 0x64, 0x1a, 0x44, 0x18, 0xd0,
                                       0x4c, 0x04, 0x14, 0xae, 0xff, 0x08, 0x87,
                                       0x6b, 0x34, 0xab, 0x56 } },
    };
    struct exo_secret password = EXO_SECRET_INIT;
    struct exo_secret key = EXO_SECRET_INIT;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(exo_secret_set(&password, rows[i].password,
                                        strlen(rows[i].password)),
                         0);
        assert_int_equal(exo_fernet_key(&key, &password, rows[i].salt,
                                        strlen(rows[i].salt), rows[i].rounds),
                         0);
        assert_int_equal(whole_len(&key), EXO_FERNET_KEY);
        assert_memory_equal(whole_secret(&key), rows[i].key, 32);
    }
    assert_int_equal(exo_fernet_key(&key, &password, "salt", 4, 0), EXO_E_ARG);
    assert_true(exo_secret_empty(&key));
    assert_int_equal(
        exo_fernet_key(&key, &password, "salt", 4, EXO_FERNET_ROUNDS_MAX + 1),
        EXO_E_ARG);
    assert_int_equal(exo_fernet_key(&key, &password, "", 0, 1), EXO_E_ARG);
    exo_secret_free(&password);
    assert_int_equal(exo_fernet_key(&key, &password, "salt", 4, 1), EXO_E_ARG);
    exo_secret_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_generate_vector),
        cmocka_unit_test(opens_the_verify_vector),
        cmocka_unit_test(refuses_the_invalid_vectors),
        cmocka_unit_test(asks_for_no_age),
        cmocka_unit_test(opens_every_length),
        cmocka_unit_test(refuses_every_changed_bit),
        cmocka_unit_test(wants_a_whole_key),
        cmocka_unit_test(derives_keys),
    };

    return cmocka_run_group_tests(tests, spec_key, free_key);
}
