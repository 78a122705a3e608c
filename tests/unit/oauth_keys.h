/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and certificates for the tests of oauth/. The two RSA keys are those
 * that RFC 7515 appendix A.2 and RFC 7520 section 3.4 print, so they are no
 * secrets; certificates are made here, with the dates a test wants.
 */
#ifndef EXOAUTH_TEST_OAUTH_KEYS_H
#define EXOAUTH_TEST_OAUTH_KEYS_H

#include "util.h"

#include <sys/wait.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "exoauth/key.h"

#define DAY ((long)86400)

struct jwk {
    const char *n, *d, *p, *q; /* e is 65537 */
};

static const struct jwk rfc7515 = {
    .n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
         "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
         "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"
         "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
         "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
         "PAcDTW9gb54h4FRWyuXpoQ",
    .d = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_G"
         "Q5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKV"
         "RUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9J"
         "YanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoF"
         "aFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjn"
         "czT0QU91p1DhOVRuOopznQ",
    .p = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBds"
         "s1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ"
         "5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    .q = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHA"
         "jLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLt"
         "XlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
};

static const struct jwk rfc7520 = {
    .n = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRoj"
         "dNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2l"
         "bzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6c"
         "S6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3"
         "-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU"
         "kRz5iaiQkqgc5gHdrNP5zw",
    .d = "bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0U"
         "TEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_4"
         "2rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe"
         "04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRi"
         "oz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau"
         "7gdsPfHPxxjVOcOpBrQzwQ",
    .p = "3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFf"
         "GQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8"
         "UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k",
    .q = "uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1"
         "MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUw"
         "FWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc",
};

/* What base64url stands for; its length. to has room for size bytes. */
static inline size_t from_base64url(const char *text, size_t len,
                                    unsigned char *to, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned int bits = 0, have = 0;
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        const char *found = strchr(alphabet, text[i]);

        assert_true(text[i] != '\0' && found != NULL);
        bits = (bits << 6 | (unsigned int)(found - alphabet)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            assert_true(n < size);
            to[n++] = (unsigned char)(bits >> have);
        }
    }
    return n;
}

static inline BIGNUM *from_jwk(const char *text)
{
    unsigned char bytes[512];
    size_t len = from_base64url(text, strlen(text), bytes, sizeof(bytes));
    BIGNUM *number = BN_bin2bn(bytes, (int)len, NULL);

    assert_non_null(number);
    return number;
}

/* d mod (prime - 1) */
static inline BIGNUM *exponent(const BIGNUM *d, const BIGNUM *prime,
                               BN_CTX *ctx)
{
    BIGNUM *less = BN_dup(prime), *result = BN_new();

    assert_true(less != NULL && result != NULL);
    assert_int_equal(BN_sub_word(less, 1), 1);
    assert_int_equal(BN_mod(result, d, less, ctx), 1);
    BN_free(less);
    return result;
}

static inline EVP_PKEY *rsa_key(const struct jwk *jwk)
{
    BIGNUM *n = from_jwk(jwk->n), *d = from_jwk(jwk->d);
    BIGNUM *p = from_jwk(jwk->p), *q = from_jwk(jwk->q);
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *dp = exponent(d, p, bn), *dq = exponent(d, q, bn);
    BIGNUM *qi = BN_mod_inverse(NULL, q, p, bn);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, 65537);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR1, p);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_FACTOR2, q);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_non_null(params);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_CTX_free(bn);
    BN_free(n);
    BN_free(d);
    BN_free(p);
    BN_free(q);
    BN_free(dp);
    BN_free(dq);
    BN_free(qi);
    return key;
}

/* Self-signed, valid from..to seconds from now. */
static inline X509 *make_certificate(EVP_PKEY *key, long from, long to)
{
    X509 *x509 = X509_new();
    X509_NAME *name;

    assert_non_null(x509);
    name = X509_get_subject_name(x509);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), from));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), to));
    assert_int_equal(X509_NAME_add_entry_by_txt(
                         name, "CN", MBSTRING_ASC,
                         (const unsigned char *)"exoauth test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

/* Writes what stands in bio to place/name. */
static inline void put_bio(const struct place *place, const char *name,
                           BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);

    assert_true(len > 0);
    put_bytes(place, name, 0600, data, (size_t)len);
    BIO_free(bio);
}

/* One PEM file of certificates and a key; each may be NULL. The key is
 * encrypted if there is a passphrase. */
static inline void put_pem(const struct place *place, const char *name,
                           X509 *first, X509 *second, EVP_PKEY *key,
                           const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (first != NULL)
        assert_int_equal(PEM_write_bio_X509(bio, first), 1);
    if (second != NULL)
        assert_int_equal(PEM_write_bio_X509(bio, second), 1);
    if (key != NULL)
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(
                bio, key, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
                passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0,
                NULL, NULL),
            1);
    put_bio(place, name, bio);
}

static inline void put_pkcs12(const struct place *place, const char *name,
                              X509 *x509, EVP_PKEY *key, const char *passphrase)
{
    PKCS12 *p12 = PKCS12_create(passphrase, "exoauth", key, x509, NULL, 0, 0,
                                2048, 2048, 0);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(p12);
    assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
    PKCS12_free(p12);
    put_bio(place, name, bio);
}

/* A person, or a stored passphrase: answer, how often it was asked for. */
struct keeper {
    const char *answer; /* NULL: nobody is there */
    int asked;
    char what[200];
};

static inline int keeper_ask(void *context, const char *what,
                             struct exo_secret *passphrase, struct exo_err *err)
{
    struct keeper *keeper = context;

    keeper->asked++;
    (void)snprintf(keeper->what, sizeof(keeper->what), "%s", what);
    if (keeper->answer == NULL)
        return EXO_E_NOENT;
    if (strcmp(keeper->answer, "FAIL") == 0)
        return exo_err_set(err, EXO_STATUS_TRANSIENT, "no tty; use one");
    return exo_secret_set(passphrase, keeper->answer, strlen(keeper->answer));
}

/* The key of place/name, which holds everything and is not encrypted. */
static inline struct exo_keypair *get_key(const struct place *place,
                                          const char *name)
{
    struct exo_keypair_source source = { .account = "relay@example.com",
                                         .certificate =
                                             place_name(place, name) };
    struct exo_err err = EXO_ERR_INIT;
    struct exo_keypair *key;

    if (exo_keypair_load(&key, &source, &err) != 0)
        fail_msg("%s", err.text);
    return key;
}

/* Runs argv with place/in as its input, NULL for none, and what it says in
 * place/out.txt; its exit status, 127 if there is no such program. */
static inline int run_program(const struct place *place, char *const argv[],
                              const char *in)
{
    int from = open(in != NULL ? place_name(place, in) : "/dev/null",
                    O_RDONLY | O_CLOEXEC);
    int to = openat(place->fd, "out.txt",
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status;
    pid_t pid = fork();

    assert_true(from >= 0 && to >= 0 && pid >= 0);
    if (pid == 0) {
        (void)dup2(from, STDIN_FILENO);
        (void)dup2(to, STDOUT_FILENO);
        (void)dup2(to, STDERR_FILENO);
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    (void)close(from);
    (void)close(to);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
