/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing: answers that another implementation (Node.js) gave for the same
 * input, every single bit of a record, keys, and what wraps them.
 */
#include "config.h"

#include "exoauth/base64.h"
#include "exoauth/keyring.h"
#include "exoauth/record.h"
#include "exoauth/seal.h"
#include "util.h"
#include "../lib/whole.h"

/* The key 00 01 02 ... in base64url. */
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* From Node.js: crypto.hkdfSync, createCipheriv, scryptSync. */
#define KAT_ID "a41743c0fdc745a9"
#define KAT_SEAL "6a3cff554ee8ddcfcf3b05348164cdfcf43044a14d1f"
#define KAT_RECORD                                                         \
    "YlO8Bwu8kAjP1XDcdrKiVPO4XGLZvyqx1xXgHeZeafIKZTi_hjbVssLeF2coGtSTir70" \
    "BySPzg1yZy09O4-dGVQoERYPeVBcUEjG_zS3bX2NxkG81UShfpTUbTOE4WicEe9znrEt" \
    "8KgJlPIaTB4Ld4W5RstYsXw"
#define KAT_WRAP                                          \
    "exoauth: 1\n"                                        \
    "sealed: key\n"                                       \
    "kdf: scrypt 14 8 1\n"                                \
    "salt: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8\n" \
    "nonce: gIGCg4SFhoeIiYqL\n"                           \
    "\n"                                                  \
    "qRQpO_1f9dGbvSC6aWzJ5nTOTeya4-loYbMz\n"

static void set(struct exo_secret *secret, const void *data, size_t len)
{
    assert_int_equal(exo_secret_set(secret, data, len), 0);
}

/* 00 01 02 ... */
static void count_key(struct exo_secret *key)
{
    unsigned char raw[EXO_SEAL_KEY];
    size_t i;

    for (i = 0; i < sizeof(raw); i++)
        raw[i] = (unsigned char)i;
    set(key, raw, sizeof(raw));
}

static void count_dice(struct exo_seal_dice *dice)
{
    size_t i;

    for (i = 0; i < sizeof(dice->salt); i++)
        dice->salt[i] = (unsigned char)(0x40 + i);
    for (i = 0; i < sizeof(dice->nonce); i++)
        dice->nonce[i] = (unsigned char)(0x80 + i);
}

static void to_hex(const struct exo_buf *buf, char *hex)
{
    size_t i;

    for (i = 0; i < buf->len; i++)
        (void)sprintf(hex + 2 * i, "%02x", (unsigned char)buf->data[i]);
}

static void known_answers(void **state)
{
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_secret plain = EXO_SECRET_INIT;
    struct exo_secret back = EXO_SECRET_INIT;
    struct exo_buf out = EXO_BUF_INIT(64);
    struct exo_seal_dice dice;
    char id[EXO_SEAL_ID + 1];
    char hex[128];

    (void)state;
    count_key(&key);
    count_dice(&dice);
    assert_int_equal(exo_seal_key_id(&key, id), 0);
    assert_string_equal(id, KAT_ID);
    set(&plain, "secret", 6);
    assert_int_equal(exo_seal_close(&key, "exoauth record a@b", &dice, "clear",
                                    5, &plain, &out),
                     0);
    to_hex(&out, hex);
    assert_string_equal(hex, KAT_SEAL);
    assert_int_equal(exo_seal_open(&key, "exoauth record a@b", &dice, "clear",
                                   5, out.data, out.len, &back),
                     0);
    assert_string_equal(whole_secret(&back), "secret");
    /* Each thing that has to be the same. */
    assert_int_equal(exo_seal_open(&key, "exoauth record a@c", &dice, "clear",
                                   5, out.data, out.len, &back),
                     EXO_E_UNSAFE);
    assert_true(exo_secret_empty(&back));
    assert_int_equal(exo_seal_open(&key, "exoauth record a@b", &dice, "cleaR",
                                   5, out.data, out.len, &back),
                     EXO_E_UNSAFE);
    assert_int_equal(exo_seal_open(&key, "exoauth record a@b", &dice, "clear",
                                   5, out.data, out.len - 1, &back),
                     EXO_E_UNSAFE);
    assert_int_equal(exo_seal_open(&key, "exoauth record a@b", &dice, "clear",
                                   5, out.data, 3, &back),
                     EXO_E_UNSAFE);
    set(&key, "short", 5);
    assert_int_equal(exo_seal_key_id(&key, id), EXO_E_ARG);
    assert_string_equal(id, "");
    exo_secret_free(&key);
    exo_secret_free(&plain);
    exo_secret_free(&back);
    exo_buf_free(&out);
}

static void base64url_is_strict(void **state)
{
    static const struct {
        const char *text;
        const char *bytes; /* NULL: refused */
    } rows[] = {
        { "", "" },         { "Zg", "f" },        { "Zm8", "fo" },
        { "Zm9v", "foo" },  { "Zm9vYg", "foob" }, { "Z", NULL },
        { "Zg==", NULL },   { "Zh", NULL },       { "Zm9", NULL },
        { "Zm9v\n", NULL }, { "Z+9v", NULL },     { "Zm9vYmFy=", NULL },
        { "Zm 9v", NULL },  { "Zm9vZ", NULL },
    };
    struct exo_buf out = EXO_BUF_INIT(64);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int rc;

        exo_buf_reset(&out);
        rc = exo_base64url_bytes(&out, rows[i].text, strlen(rows[i].text));
        assert_int_equal(rc, rows[i].bytes != NULL ? 0 : EXO_E_SYNTAX);
        assert_string_equal(whole_text(&out),
                            rows[i].bytes != NULL ? rows[i].bytes : "");
    }
    exo_buf_free(&out);
}

/* ---- records ---- */

static void fill(struct exo_record *record)
{
    exo_record_init(record);
    strcpy(record->account, "a@b");
    record->revision = 7;
    record->serial = 42;
    strcpy(record->grant, "device_code");
    strcpy(record->error_text, "quote \" and \\ and \037");
    set(&record->access_token, "canary-access", 13);
    set(&record->refresh_token, "canary-refresh", 14);
}

static int reopen(const char *text, size_t len, const struct exo_secret *key,
                  struct exo_record *record)
{
    const char *why = NULL;
    int rc = exo_record_decode(record, text, len, &why);

    if (rc == 0 && record->sealed_by[0] == '\0')
        rc = EXO_E_UNSAFE; /* the store knows that it was sealed */
    if (rc == 0)
        rc = exo_record_unseal(record, text, len, key, &why);
    if (rc != 0)
        assert_non_null(why);
    return rc;
}

static void record_is_sealed(void **state)
{
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record, back;
    struct exo_seal_dice dice;
    const char *why = NULL;

    (void)state;
    fill(&record);
    count_key(&key);
    count_dice(&dice);
    assert_int_equal(exo_record_seal(&record, &key, &dice, &text), 0);
    assert_null(strstr(text.data, "canary"));
    assert_non_null(
        strstr(text.data, "\"ciphertext\": \"" KAT_RECORD "\" }\n"));
    /* The clear half needs no key, and has no secret. */
    assert_int_equal(exo_record_decode(&back, text.data, text.len, &why), 0);
    assert_int_equal(back.serial, 42);
    assert_string_equal(back.sealed_by, KAT_ID);
    assert_true(exo_secret_empty(&back.access_token));
    assert_int_equal(exo_record_unseal(&back, text.data, text.len, &key, &why),
                     0);
    assert_string_equal(whole_secret(&back.access_token), "canary-access");
    assert_string_equal(whole_secret(&back.refresh_token), "canary-refresh");
    assert_true(exo_secret_empty(&back.client_secret));
    assert_string_equal(back.error_text, record.error_text);
    exo_record_free(&back);
    exo_record_free(&record);
    exo_secret_free(&key);
    exo_buf_free(&text);
}

static void every_bit_counts(void **state)
{
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record, back;
    size_t bit;

    (void)state;
    fill(&record);
    count_key(&key);
    assert_int_equal(exo_record_seal(&record, &key, NULL, &text), 0);
    for (bit = 0; bit < text.len * 8; bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        if (reopen(text.data, text.len, &key, &back) == 0)
            fail_msg("bit %zu of byte %zu does not count", bit % 8, bit / 8);
        assert_true(exo_secret_empty(&back.access_token));
        exo_record_free(&back);
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(reopen(text.data, text.len, &key, &back), 0);
    exo_record_free(&back);
    /* Nor does a byte less, or one more that JSON would not mind. */
    assert_int_not_equal(reopen(text.data, text.len - 1, &key, &back), 0);
    exo_record_free(&back);
    exo_buf_str(&text, "\n");
    assert_int_not_equal(reopen(text.data, text.len, &key, &back), 0);
    exo_record_free(&back);
    exo_record_free(&record);
    exo_secret_free(&key);
    exo_buf_free(&text);
}

static void writes_differ(void **state)
{
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_buf one = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_buf two = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;

    (void)state;
    fill(&record);
    count_key(&key);
    assert_int_equal(exo_record_seal(&record, &key, NULL, &one), 0);
    assert_int_equal(exo_record_seal(&record, &key, NULL, &two), 0);
    assert_string_not_equal(strstr(one.data, "\"salt\""),
                            strstr(two.data, "\"salt\""));
    assert_string_not_equal(strstr(one.data, "\"nonce\""),
                            strstr(two.data, "\"nonce\""));
    assert_string_not_equal(strstr(one.data, "\"ciphertext\""),
                            strstr(two.data, "\"ciphertext\""));
    exo_record_free(&record);
    exo_secret_free(&key);
    exo_buf_free(&one);
    exo_buf_free(&two);
}

/* ---- keys ---- */

static void rings(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        { KEY "\n", 0 },
        { KEY, 0 },
        { "# c\nexoauth: 1\nkey: " KEY "\n", 0 },
        { "exoauth: 1\nkey: " KEY "\nold_key: " KEY "\n", 0 },
        { "exoauth: 2\nkey: " KEY "\n", EXO_E_VERSION },
        { "key: " KEY "\n", EXO_E_SYNTAX },
        { "exoauth: 1\n", EXO_E_SYNTAX },
        { "exoauth: 1\nkey: AAAA\n", EXO_E_SYNTAX },
        { "exoauth: 1\nkey: " KEY "AAAA\n", EXO_E_SYNTAX },
        { "exoauth: 1\nkey: " KEY "\nkey: " KEY "\n", EXO_E_SYNTAX },
        { "exoauth: 1\nkey: " KEY "\nold_key: x\n", EXO_E_SYNTAX },
        { "", EXO_E_SYNTAX },
        { "no key\n", EXO_E_SYNTAX },
    };
    struct exo_secret text = EXO_SECRET_INIT;
    struct exo_keyring ring;
    const char *why;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set(&text, rows[i].text, strlen(rows[i].text));
        assert_int_equal(exo_keyring_parse(&ring, &text, &why), rows[i].rc);
        if (rows[i].rc == 0)
            assert_string_equal(ring.key_id, KAT_ID);
        else
            assert_non_null(why);
        assert_true(exo_secret_empty(&ring.key) == (rows[i].rc != 0));
        exo_keyring_free(&ring);
    }
    exo_secret_free(&text);
}

static void renewing(void **state)
{
    struct exo_secret text = EXO_SECRET_INIT;
    struct exo_keyring ring, back;
    const char *why;
    char first[EXO_SEAL_ID + 1];
    bool wrapped;

    (void)state;
    exo_keyring_init(&ring);
    assert_int_equal(exo_keyring_renew(&ring), 0);
    strcpy(first, ring.key_id);
    assert_true(exo_secret_empty(&ring.old));
    assert_int_equal(exo_keyring_renew(&ring), 0);
    assert_string_not_equal(first, ring.key_id);
    assert_string_equal(first, ring.old_id);
    assert_ptr_equal(exo_keyring_find(&ring, first), &ring.old);
    assert_ptr_equal(exo_keyring_find(&ring, ring.key_id), &ring.key);
    assert_null(exo_keyring_find(&ring, ""));
    assert_null(exo_keyring_find(&ring, "0000000000000000"));
    assert_int_equal(exo_keyring_print(&ring, &text), 0);
    assert_int_equal(exo_keyring_is_wrapped(&text, &wrapped), 0);
    assert_false(wrapped);
    assert_int_equal(exo_keyring_parse(&back, &text, &why), 0);
    assert_string_equal(back.key_id, ring.key_id);
    assert_string_equal(back.old_id, ring.old_id);
    exo_keyring_settle(&ring);
    assert_null(exo_keyring_find(&ring, first));
    exo_keyring_free(&ring);
    exo_keyring_free(&back);
    exo_secret_free(&text);
}

static int unwrap(const char *text, const char *passphrase,
                  struct exo_secret *plain)
{
    struct exo_secret word = EXO_SECRET_INIT;
    struct exo_buf file = EXO_BUF_INIT(65536);
    const char *why = NULL;
    int rc;

    set(&word, passphrase, strlen(passphrase));
    exo_buf_str(&file, text);
    rc = exo_wrap_open(&word, "key", &file, plain, &why);
    assert_true((rc == 0) == (why == NULL));
    assert_true(rc == 0 || exo_secret_empty(plain));
    exo_secret_free(&word);
    exo_buf_free(&file);
    return rc;
}

/* The file with one thing in it replaced. */
static int unwrap_other(const char *from, const char *to)
{
    struct exo_secret plain = EXO_SECRET_INIT;
    const char *at = strstr(KAT_WRAP, from);
    char text[1024];
    int rc;

    assert_non_null(at);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - KAT_WRAP),
                   KAT_WRAP, to, at + strlen(from));
    rc = unwrap(text, "correct horse", &plain);
    exo_secret_free(&plain);
    return rc;
}

static void passphrases(void **state)
{
    struct exo_secret plain = EXO_SECRET_INIT;
    struct exo_secret word = EXO_SECRET_INIT;
    struct exo_buf out = EXO_BUF_INIT(65536);

    (void)state;
    assert_int_equal(unwrap(KAT_WRAP, "correct horse", &plain), 0);
    assert_string_equal(whole_secret(&plain), "exoauth: 1\n");
    assert_int_equal(unwrap(KAT_WRAP, "correct horsE", &plain), EXO_E_UNSAFE);
    assert_int_equal(unwrap_other("sealed: key", "sealed: credentials"),
                     EXO_E_SYNTAX);
    assert_int_equal(unwrap_other("sealed: key", "sealed:  key"), EXO_E_UNSAFE);
    assert_int_equal(unwrap_other("scrypt 14 8 1", "scrypt 15 8 1"),
                     EXO_E_UNSAFE);
    assert_int_equal(unwrap_other("scrypt 14 8 1", "scrypt 10 8 1"),
                     EXO_E_VERSION);
    assert_int_equal(unwrap_other("scrypt 14 8 1", "scrypt 30 8 1"),
                     EXO_E_VERSION);
    assert_int_equal(unwrap_other("scrypt 14 8 1", "scrypt 14 8 1 1"),
                     EXO_E_VERSION);
    assert_int_equal(unwrap_other("scrypt 14 8 1", "argon2 14 8 1"),
                     EXO_E_VERSION);
    assert_int_equal(unwrap_other("exoauth: 1", "exoauth: 2"), EXO_E_VERSION);
    assert_int_equal(unwrap_other("salt: Q", "salt: R"), EXO_E_UNSAFE);
    assert_int_equal(unwrap_other("salt: Q", "salt: "), EXO_E_SYNTAX);
    assert_int_equal(unwrap_other("\n\n", "\n"), EXO_E_SHORT);

    set(&plain, "what is sealed", 14);
    set(&word, "a", 1);
    assert_int_equal(exo_wrap_close(&word, "key", &plain, &out), 0);
    assert_null(strstr(out.data, "what"));
    exo_secret_free(&plain);
    assert_int_equal(unwrap(out.data, "a", &plain), 0);
    assert_string_equal(whole_secret(&plain), "what is sealed");
    assert_int_equal(unwrap(out.data, "", &plain), EXO_E_UNSAFE);
    exo_secret_free(&plain);
    exo_secret_free(&word);
    exo_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(record_is_sealed),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(writes_differ),
        cmocka_unit_test(rings),
        cmocka_unit_test(renewing),
        cmocka_unit_test(passphrases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
