/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening Fernet tokens (exoauth/fernet.h), by OpenSSL.
 *
 * `exoauth import` calls this for the secrets that email-oauth2-proxy has
 * encrypted with the password of a mail program. The code is looked at after
 * everything else about the form of a token and before anything is decrypted,
 * in constant time. Key and message are the caller's and wipe themselves;
 * nothing secret stays here, and on failure message is as it was.
 */
#include "config.h"

#include "exoauth/fernet.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "exoauth/base64.h"

#define FERNET_80 0x80
#define HEAD ((size_t)1 + 8) /* version, time of creation */
#define BLOCK ((size_t)16)   /* also the length of the IV and of both keys */
#define CODE ((size_t)32)

int exo_fernet_key(struct exo_secret *key, const struct exo_secret *password,
                   const void *salt, size_t salt_len, long rounds)
{
    const char *text;
    size_t len;
    char *room;
    int rc = exo_secret_reveal(password, &text, &len);

    exo_secret_free(key);
    if (rc != EXO_OK) {
        return rc;
    }
    if (rounds < 1 || rounds > EXO_FERNET_ROUNDS_MAX || salt_len == 0 ||
        salt_len > INT_MAX || len == 0) {
        return EXO_E_ARG;
    }
    room = exo_buf_reserve(&key->hidden, EXO_FERNET_KEY);
    if (room == NULL) {
        return key->hidden.error;
    }
    if (PKCS5_PBKDF2_HMAC(text, (int)len, salt, (int)salt_len, (int)rounds,
                          EVP_sha256(), (int)EXO_FERNET_KEY,
                          (unsigned char *)room) != 1) {
        return EXO_E_NOMEM;
    }
    key->hidden.len = EXO_FERNET_KEY;
    room[EXO_FERNET_KEY] = '\0';
    return EXO_OK;
}

/* The form with padding, which Fernet demands. */
static int decode(struct exo_secret *raw, const char *token, size_t len)
{
    size_t pad = 0;

    if (len % 4 != 0) {
        return EXO_E_SYNTAX;
    }
    while (pad < 2 && pad < len && token[len - 1 - pad] == '=') {
        pad++;
    }
    return exo_base64url_bytes(&raw->hidden, token, len - pad);
}

/* text[0..len) is IV and whole blocks. */
static int decrypt(const unsigned char *key, const unsigned char *text,
                   size_t len, struct exo_buf *out)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    size_t size = len - BLOCK;
    unsigned char *room;
    int n = 0, last = 0;
    int rc = EXO_E_NOMEM;

    room = (unsigned char *)exo_buf_reserve(out, size + BLOCK);
    if (room == NULL) {
        rc = out->error;
        goto out;
    }
    if (cipher == NULL ||
        EVP_DecryptInit_ex(cipher, EVP_aes_128_cbc(), NULL, key, text) != 1 ||
        EVP_DecryptUpdate(cipher, room, &n, text + BLOCK, (int)size) != 1) {
        goto out;
    }
    /* The code was right, so the padding is as its maker left it. */
    rc = EXO_E_SYNTAX;
    if (EVP_DecryptFinal_ex(cipher, room + n, &last) == 1) {
        out->len += (size_t)(n + last);
        rc = EXO_OK;
    }
    OPENSSL_cleanse(room + n + last, size + BLOCK - (size_t)(n + last));
    out->data[out->len] = '\0';
out:
    EVP_CIPHER_CTX_free(cipher);
    return rc;
}

int exo_fernet_open(const struct exo_secret *key, const char *token, size_t len,
                    struct exo_secret *message)
{
    struct exo_secret raw = EXO_SECRET_INIT;
    unsigned char code[CODE];
    const unsigned char *keys, *p;
    const char *text;
    size_t key_len, signed_len;
    int rc = exo_secret_reveal(key, &text, &key_len);

    if (rc != EXO_OK || key_len != EXO_FERNET_KEY) {
        return rc != EXO_OK ? rc : EXO_E_ARG;
    }
    keys = (const unsigned char *)text;
    rc = decode(&raw, token, len);
    if (rc == EXO_OK) {
        rc = exo_secret_reveal(&raw, &text, &len);
    }
    if (rc != EXO_OK) {
        goto out;
    }
    p = (const unsigned char *)text;
    rc = EXO_E_SYNTAX;
    if (len < HEAD + BLOCK + BLOCK + CODE || p[0] != FERNET_80) {
        goto out;
    }
    signed_len = len - CODE;
    if ((signed_len - HEAD) % BLOCK != 0) {
        goto out;
    }
    rc = EXO_E_NOMEM;
    if (HMAC(EVP_sha256(), keys, (int)BLOCK, p, signed_len, code, NULL) ==
        NULL) {
        goto out;
    }
    rc = EXO_E_UNSAFE;
    if (CRYPTO_memcmp(code, p + signed_len, CODE) == 0) {
        rc = decrypt(keys + BLOCK, p + HEAD, signed_len - HEAD,
                     &message->hidden);
    }
out:
    OPENSSL_cleanse(code, sizeof(code));
    exo_secret_free(&raw);
    return rc;
}
