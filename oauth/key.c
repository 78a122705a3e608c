/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's certificate and private key (exoauth/key.h): are they fit to be
 * used, what are the thumbprints, and what does a signature look like.
 *
 * The helper loads a key before a request and frees it after; jwt.c signs
 * with it. keyfile.c reads the files. Everything that can be wrong with a
 * pair is found here and said in one line, because what the provider says
 * of a bad one is only that the signature is not valid. The private key is
 * OpenSSL's, which wipes it when it is freed.
 */
#include "config.h"

#include "exoauth/key.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "exoauth/token.h"
#include "keyfile.h"

#define BITS_MIN 2048 /* RFC 7518 sections 3.3 and 3.5 */
#define RELOADS 8     /* of a certificate and a key that do not match */

struct exo_keypair {
    EVP_PKEY *pkey;
    EVP_PKEY *public; /* of the certificate */
    struct exo_certificate certificate;
};

static int no_memory(struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "out of memory for a certificate and key; free some "
                       "memory, exoauth tries again by itself");
}

static bool read_time(const ASN1_TIME *from, int64_t *to)
{
    struct tm tm;

    if (from == NULL || ASN1_TIME_to_tm(from, &tm) != 1) {
        return false;
    }
    *to = timegm(&tm);
    return true;
}

static int describe(const struct exo_keypair_source *source, X509 *x509,
                    struct exo_certificate *to, struct exo_err *err)
{
    if (!read_time(X509_get0_notBefore(x509), &to->not_before) ||
        !read_time(X509_get0_notAfter(x509), &to->not_after)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the certificate %.160s has no valid dates; make "
                           "a new one",
                           source->certificate);
    }
    if (X509_digest(x509, EVP_sha1(), to->sha1, NULL) != 1 ||
        X509_digest(x509, EVP_sha256(), to->sha256, NULL) != 1) {
        return no_memory(err);
    }
    return EXO_OK;
}

/* "2026-11-21" */
static void write_day(char to[16], int64_t when)
{
    time_t t = (time_t)when;
    struct tm tm;

    to[0] = '\0';
    if (gmtime_r(&t, &tm) != NULL) {
        (void)strftime(to, 16, "%Y-%m-%d", &tm);
    }
}

static int check_time(const struct exo_keypair_source *source,
                      const struct exo_certificate *certificate,
                      struct exo_err *err)
{
    int64_t now = time(NULL);
    char day[16];

    if (now > certificate->not_after) {
        write_day(day, certificate->not_after);
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the certificate %.160s expired on %s; make a new "
                           "one and upload it (Entra: App registrations, "
                           "Certificates & secrets)",
                           source->certificate, day);
    }
    if (now + EXO_CLOCK_SKEW < certificate->not_before) {
        write_day(day, certificate->not_before);
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the certificate %.160s is not valid before %s; "
                           "set this host's clock by NTP, or wait",
                           source->certificate, day);
    }
    return EXO_OK;
}

static int check_rsa(const char *name, const EVP_PKEY *pkey,
                     struct exo_err *err)
{
    if (!EVP_PKEY_is_a(pkey, "RSA")) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the private key %.160s is not an RSA key, and "
                           "PS256 and RS256 need one; make an RSA key and a "
                           "certificate for it",
                           name);
    }
    if (EVP_PKEY_get_bits(pkey) < BITS_MIN) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the private key %.160s has %d bits, and at least "
                           "%d are needed; make a new key and certificate",
                           name, EVP_PKEY_get_bits(pkey), BITS_MIN);
    }
    return EXO_OK;
}

static bool separate(const struct exo_keypair_source *source)
{
    return source->private_key != NULL && *source->private_key != '\0' &&
           strcmp(source->private_key, source->certificate) != 0;
}

static int no_certificate(const struct exo_keypair_source *source,
                          struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "there is no certificate in %.160s; set certificate in "
                       "the account file to a PEM or PKCS#12 file",
                       source->certificate);
}

/* The certificate for which the key was made; a chain may come in any
 * order. NULL if there is none. */
static X509 *find_partner(const struct exo_keyfile *found, const EVP_PKEY *pkey)
{
    size_t i;

    for (i = 0; i < found->n; i++) {
        if (X509_check_private_key(found->certificate[i], pkey) == 1) {
            return found->certificate[i];
        }
    }
    return NULL;
}

/* Fills key from what was found. *strangers: one is not for the other. */
static int pair(struct exo_keypair *key,
                const struct exo_keypair_source *source,
                struct exo_keyfile *certificates, struct exo_keyfile *keys,
                bool *strangers, struct exo_err *err)
{
    const char *name =
        separate(source) ? source->private_key : source->certificate;
    X509 *partner;
    int rc;

    if (certificates->n == 0) {
        return no_certificate(source, err);
    }
    if (keys->key == NULL) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "there is no private key in %.160s; set "
                           "private_key in the account file to the file or "
                           "URI that has it",
                           name);
    }
    rc = check_rsa(name, keys->key, err);
    if (rc != EXO_OK) {
        return rc;
    }
    partner = find_partner(certificates, keys->key);
    if (partner == NULL) {
        *strangers = true;
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the private key %.120s does not belong to the "
                           "certificate %.120s; set certificate and "
                           "private_key in the account file to one pair",
                           name, source->certificate);
    }
    rc = describe(source, partner, &key->certificate, err);
    if (rc == EXO_OK) {
        rc = check_time(source, &key->certificate, err);
    }
    if (rc != EXO_OK) {
        return rc;
    }
    key->public = X509_get_pubkey(partner);
    if (key->public == NULL) {
        return no_memory(err);
    }
    key->pkey = keys->key;
    keys->key = NULL;
    return EXO_OK;
}

static int load_once(struct exo_keypair **key,
                     const struct exo_keypair_source *source, bool *strangers,
                     struct exo_err *err)
{
    struct exo_keyfile first = { .n = 0 }, second = { .n = 0 };
    bool two = separate(source);
    int rc;

    *key = calloc(1, sizeof(**key));
    if (*key == NULL) {
        return no_memory(err);
    }
    rc =
        exo_keyfile_read(&first, source, source->certificate,
                         two ? EXO_KEYFILE_CERTIFICATE : EXO_KEYFILE_BOTH, err);
    if (rc == EXO_OK && two) {
        rc = exo_keyfile_read(&second, source, source->private_key,
                              EXO_KEYFILE_KEY, err);
    }
    if (rc == EXO_OK) {
        rc = pair(*key, source, &first, two ? &second : &first, strangers, err);
    }
    exo_keyfile_free(&first);
    exo_keyfile_free(&second);
    ERR_clear_error();
    if (rc != EXO_OK) {
        exo_keypair_free(*key);
        *key = NULL;
    }
    return rc;
}

/* Whoever replaces both files may be between the two, or be faster than the
 * reader: they are read again, after 1, 2, 4, ... 128 ms. */
int exo_keypair_load(struct exo_keypair **key,
                     const struct exo_keypair_source *source,
                     struct exo_err *err)
{
    struct timespec pause = { .tv_nsec = 1000000 };
    bool strangers;
    int rc;

    for (int i = 0;; i++) {
        strangers = false;
        rc = load_once(key, source, &strangers, err);
        if (!strangers || !separate(source) || i == RELOADS) {
            return rc;
        }
        *err = (struct exo_err)EXO_ERR_INIT;
        (void)nanosleep(&pause, NULL);
        pause.tv_nsec *= 2;
    }
}

void exo_keypair_free(struct exo_keypair *key)
{
    if (key == NULL) {
        return;
    }
    EVP_PKEY_free(key->pkey);
    EVP_PKEY_free(key->public);
    free(key);
}

int exo_certificate_load(struct exo_certificate *certificate,
                         const struct exo_keypair_source *source,
                         struct exo_err *err)
{
    struct exo_keyfile found;
    int rc;

    memset(certificate, 0, sizeof(*certificate));
    rc = exo_keyfile_read(&found, source, source->certificate,
                          EXO_KEYFILE_CERTIFICATE, err);
    if (rc == EXO_OK && found.n == 0) {
        rc = no_certificate(source, err);
    }
    if (rc == EXO_OK) {
        rc = describe(source, found.certificate[0], certificate, err);
    }
    exo_keyfile_free(&found);
    return rc;
}

const struct exo_certificate *exo_keypair_certificate(
    const struct exo_keypair *key)
{
    return &key->certificate;
}

/* RFC 7518 section 3.5: the salt is as long as the hash, and MGF1 uses the
 * same hash, which is OpenSSL's default. A provider that does not let the
 * length be set may still do the right thing; the verification tells. */
static bool set_padding(EVP_PKEY_CTX *ctx, enum exo_jwt_alg alg)
{
    if (alg == EXO_JWT_RS256) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    }
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) <= 0) {
        return false;
    }
    (void)EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
    return true;
}

/* With the provider that holds the key. OpenSSL prefers its own otherwise,
 * copies what a TPM gives it, the public half, and then cannot sign. */
static bool sign(EVP_PKEY *pkey, enum exo_jwt_alg alg, const void *data,
                 size_t len, unsigned char *to, size_t *size)
{
    const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(pkey);
    struct exo_buf query = EXO_BUF_INIT(200);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    const char *which;
    bool done;

    if (provider != NULL) {
        exo_buf_fmt(&query, "?provider=%s", OSSL_PROVIDER_get0_name(provider));
    }
    done = md != NULL && exo_buf_done(&query, &which) == EXO_OK &&
           EVP_DigestSignInit_ex(md, &ctx, "SHA256", NULL, which, pkey, NULL) ==
               1 &&
           set_padding(ctx, alg) &&
           EVP_DigestSign(md, to, size, data, len) == 1;
    EVP_MD_CTX_free(md);
    exo_buf_free(&query);
    return done;
}

static bool verify(EVP_PKEY *public, enum exo_jwt_alg alg, const void *data,
                   size_t len, const unsigned char *signature, size_t size)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    bool good;

    good = md != NULL &&
           EVP_DigestVerifyInit_ex(md, &ctx, "SHA256", NULL, NULL, public,
                                   NULL) == 1 &&
           set_padding(ctx, alg) &&
           EVP_DigestVerify(md, signature, size, data, len) == 1;
    EVP_MD_CTX_free(md);
    return good;
}

int exo_keypair_sign(const struct exo_keypair *key, enum exo_jwt_alg alg,
                     const void *data, size_t len, struct exo_buf *signature,
                     struct exo_err *err)
{
    size_t size = (size_t)EVP_PKEY_get_size(key->pkey);
    char *room = exo_buf_reserve(signature, size);
    unsigned char *to = (unsigned char *)room;
    int rc = EXO_OK;

    if (room == NULL) {
        return no_memory(err);
    }
    /* A TPM looks at its passphrase only now. */
    if (!sign(key->pkey, alg, data, len, to, &size)) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "the private key cannot be used for a signature; "
                         "check its passphrase and the token or module that "
                         "holds it");
    } else if (!verify(key->public, alg, data, len, to, size)) {
        rc =
            exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                        "the private key makes %s signatures that the "
                        "certificate does not verify; set jwt_alg to %s in "
                        "the account file",
                        exo_jwt_alg_word(alg),
                        exo_jwt_alg_word(alg == EXO_JWT_PS256 ? EXO_JWT_RS256
                                                              : EXO_JWT_PS256));
    }
    if (rc == EXO_OK) {
        signature->len += size;
        room[size] = '\0';
    }
    ERR_clear_error();
    return rc;
}
