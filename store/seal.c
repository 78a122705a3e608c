/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AES-256-GCM and HKDF-SHA256 by OpenSSL (exoauth/seal.h). record_seal.c
 * calls it for records, wrap.c for files under a passphrase.
 *
 * Keys and plain texts are the caller's exo_secret and wipe themselves; the
 * derived key lives on the stack here and is wiped before return. Failure:
 * EXO_E_UNSAFE for a seal that does not hold, EXO_E_IO for what OpenSSL cannot
 * do (a host without these algorithms), EXO_E_ARG for a key of another
 * length, EXO_E_NOMEM or EXO_E_TOOBIG.
 */
#include "config.h"

#include "exoauth/seal.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

/* OpenSSL's parameters are not const although it only reads them. */
static OSSL_PARAM bytes(const char *name, const void *data, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data,
                                             len);
}

/* What OpenSSL could not do: want of memory, or of an algorithm. It does not
 * always say which; errno, 0 at the beginning, does. */
static int failure(void)
{
    unsigned long error;
    int rc = errno == ENOMEM ? EXO_E_NOMEM : EXO_E_IO;

    while ((error = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
            rc = EXO_E_NOMEM;
        }
    }
    return rc;
}

static int derive(const struct exo_secret *key, const void *salt,
                  size_t salt_len, const char *label, unsigned char *out,
                  size_t len)
{
    static char digest[] = "SHA256";
    OSSL_PARAM params[5];
    EVP_KDF_CTX *ctx = NULL;
    EVP_KDF *kdf = NULL;
    const char *secret;
    size_t n = 0, secret_len;
    int rc = exo_secret_reveal(key, &secret, &secret_len);

    if (rc != 0) {
        goto out;
    }
    errno = 0;
    kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    params[n++] =
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[n++] = bytes(OSSL_KDF_PARAM_KEY, secret, secret_len);
    params[n++] = bytes(OSSL_KDF_PARAM_INFO, label, strlen(label));
    if (salt_len > 0) {
        params[n++] = bytes(OSSL_KDF_PARAM_SALT, salt, salt_len);
    }
    params[n] = OSSL_PARAM_construct_end();
    rc = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1 ? 0
                                                                   : failure();
out:
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return rc;
}

static int check_key(const struct exo_secret *key)
{
    const char *bytes;
    size_t len;
    int rc = exo_secret_reveal(key, &bytes, &len);

    return rc == 0 && len != EXO_SEAL_KEY ? EXO_E_ARG : rc;
}

int exo_seal_boot(void)
{
    return OSSL_LIB_CTX_get0_global_default() == NULL ? EXO_E_NOMEM : 0;
}

int exo_seal_throw(struct exo_seal_dice *dice)
{
    errno = 0;
    if (RAND_bytes(dice->salt, (int)sizeof(dice->salt)) != 1 ||
        RAND_bytes(dice->nonce, (int)sizeof(dice->nonce)) != 1) {
        return failure();
    }
    return 0;
}

int exo_seal_new_key(struct exo_secret *key)
{
    unsigned char raw[EXO_SEAL_KEY];
    int rc;

    errno = 0;
    rc = RAND_priv_bytes(raw, (int)sizeof(raw)) == 1
             ? exo_secret_set(key, (const char *)raw, sizeof(raw))
             : failure();

    explicit_bzero(raw, sizeof(raw));
    return rc;
}

static int mark(const struct exo_secret *secret, const char *label,
                char id[EXO_SEAL_ID + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[EXO_SEAL_ID / 2];
    size_t i;
    int rc;

    id[0] = '\0';
    rc = derive(secret, NULL, 0, label, raw, sizeof(raw));
    if (rc != 0) {
        return rc;
    }
    for (i = 0; i < sizeof(raw); i++) {
        id[2 * i] = hex[raw[i] >> 4];
        id[2 * i + 1] = hex[raw[i] & 15];
    }
    id[EXO_SEAL_ID] = '\0';
    return 0;
}

int exo_seal_key_id(const struct exo_secret *key, char id[EXO_SEAL_ID + 1])
{
    int rc = check_key(key);

    id[0] = '\0';
    return rc == 0 ? mark(key, "exoauth key id", id) : rc;
}

int exo_seal_mark(const struct exo_secret *secret, char id[EXO_SEAL_ID + 1])
{
    return mark(secret, "exoauth mark", id);
}

/* A context with key and nonce, its additional data taken in. */
static int begin(const struct exo_secret *key, const char *label,
                 const struct exo_seal_dice *dice, const void *aad,
                 size_t aad_len, bool closing, EVP_CIPHER_CTX **made)
{
    unsigned char derived[EXO_SEAL_KEY];
    EVP_CIPHER_CTX *ctx = NULL;
    int n;
    int rc;

    *made = NULL;
    if (aad_len > INT_MAX) {
        return EXO_E_TOOBIG;
    }
    rc = check_key(key);
    if (rc == 0) {
        rc = derive(key, dice->salt, sizeof(dice->salt), label, derived,
                    sizeof(derived));
    }
    if (rc != 0) {
        return rc;
    }
    errno = 0;
    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        rc = EXO_E_NOMEM;
    } else if (EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), derived, dice->nonce,
                                  closing, NULL) != 1 ||
               EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1) {
        rc = failure();
    }
    explicit_bzero(derived, sizeof(derived));
    if (rc != 0) {
        EVP_CIPHER_CTX_free(ctx);
    } else {
        *made = ctx;
    }
    return rc;
}

int exo_seal_close(const struct exo_secret *key, const char *label,
                   const struct exo_seal_dice *dice, const void *aad,
                   size_t aad_len, const struct exo_secret *plain,
                   struct exo_buf *out)
{
    const char *from;
    size_t len;
    EVP_CIPHER_CTX *ctx;
    unsigned char *to;
    int n = 0;
    int rc = exo_secret_reveal(plain, &from, &len);

    if (rc != 0) {
        return rc;
    }
    if (len > INT_MAX - EXO_SEAL_TAG) {
        return EXO_E_TOOBIG;
    }
    to = (unsigned char *)exo_buf_reserve(out, len + EXO_SEAL_TAG);
    if (to == NULL) {
        return out->error;
    }
    rc = begin(key, label, dice, aad, aad_len, true, &ctx);
    if (rc != 0) {
        return rc;
    }
    if (EVP_CipherUpdate(ctx, to, &n, (const unsigned char *)from, (int)len) !=
            1 ||
        (size_t)n != len || EVP_CipherFinal_ex(ctx, to + len, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)EXO_SEAL_TAG,
                            to + len) != 1) {
        rc = failure();
    }
    EVP_CIPHER_CTX_free(ctx);
    if (rc == 0) {
        out->len += len + EXO_SEAL_TAG;
    }
    out->data[out->len] = '\0';
    return rc;
}

int exo_seal_open(const struct exo_secret *key, const char *label,
                  const struct exo_seal_dice *dice, const void *aad,
                  size_t aad_len, const void *sealed, size_t len,
                  struct exo_secret *plain)
{
    const unsigned char *from = sealed;
    unsigned char tag[EXO_SEAL_TAG];
    EVP_CIPHER_CTX *ctx;
    unsigned char *to;
    int n = 0;
    int rc;

    exo_secret_free(plain);
    if (len < EXO_SEAL_TAG) {
        return EXO_E_UNSAFE;
    }
    if (len > INT_MAX) {
        return EXO_E_TOOBIG;
    }
    len -= EXO_SEAL_TAG;
    memcpy(tag, from + len, sizeof(tag));
    to = (unsigned char *)exo_buf_reserve(&plain->hidden, len);
    if (to == NULL) {
        return plain->hidden.error;
    }
    rc = begin(key, label, dice, aad, aad_len, false, &ctx);
    if (rc == 0 && (EVP_CipherUpdate(ctx, to, &n, from, (int)len) != 1 ||
                    (size_t)n != len ||
                    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                                        (int)sizeof(tag), tag) != 1)) {
        rc = failure();
    }
    /* Nothing of it is looked at before the tag is. */
    if (rc == 0 && EVP_CipherFinal_ex(ctx, to + len, &n) != 1) {
        rc = failure() == EXO_E_NOMEM ? EXO_E_NOMEM : EXO_E_UNSAFE;
    }
    EVP_CIPHER_CTX_free(ctx);
    plain->hidden.len = len;
    plain->hidden.data[len] = '\0';
    if (rc != 0) {
        exo_secret_free(plain);
    }
    return rc;
}
