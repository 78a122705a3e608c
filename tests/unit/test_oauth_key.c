/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a certificate and its key: every form they come in, and every way
 * in which a pair can be wrong, with the line the administrator sees.
 */
#include "config.h"

#include "oauth_util.h"

#include "oauth_keys.h"

struct fixture {
    struct place place;
    EVP_PKEY *rsa, *other, *ec, *small;
    X509 *cert;
    struct keeper keeper;
    struct exo_err err;
    struct exo_keypair *key;
};

static EVP_PKEY *make_key(EVP_PKEY *key)
{
    assert_non_null(key);
    return key;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    place_make(&f->place);
    f->rsa = rsa_key(&rfc7515);
    f->other = rsa_key(&rfc7520);
    f->ec = make_key(EVP_EC_gen("P-256"));
    f->small = make_key(EVP_RSA_gen(1024));
    f->cert = make_certificate(f->rsa, -DAY, DAY);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    X509_free(f->cert);
    EVP_PKEY_free(f->rsa);
    EVP_PKEY_free(f->other);
    EVP_PKEY_free(f->ec);
    EVP_PKEY_free(f->small);
    place_remove(&f->place);
    free(f);
    return 0;
}

/* Loads place/certificate and, if it is not NULL, private_key, which is a
 * name in place too unless it looks like a URI. */
static int load(struct fixture *f, const char *certificate,
                const char *private_key, const char *passphrase)
{
    const struct exo_keypair_source source = {
        .account = "relay@example.com",
        .certificate = place_name(&f->place, certificate),
        .private_key = private_key == NULL || strchr(private_key, ':') != NULL
                           ? private_key
                           : place_name(&f->place, private_key),
        .passphrase = keeper_ask,
        .context = &f->keeper,
    };

    f->keeper = (struct keeper){ .answer = passphrase };
    f->err = (struct exo_err)EXO_ERR_INIT;
    return exo_keypair_load(&f->key, &source, &f->err);
}

static void assert_loads(struct fixture *f, const char *certificate,
                         const char *private_key, const char *passphrase,
                         int asked)
{
    if (load(f, certificate, private_key, passphrase) != 0)
        fail_msg("%s: %s", certificate, f->err.text);
    assert_int_equal(f->keeper.asked, asked);
    exo_keypair_free(f->key);
}

static void assert_refuses(struct fixture *f, const char *certificate,
                           const char *private_key, const char *passphrase,
                           enum exo_status status, const char *text)
{
    assert_int_equal(load(f, certificate, private_key, passphrase),
                     EXO_E_STATUS);
    assert_null(f->key);
    assert_has(f->err.text, text);
    assert_has(f->err.text, "; ");
    assert_int_equal(f->err.status, status);
    assert_true(f->keeper.asked <= 1);
    if (passphrase != NULL && *passphrase != '\0')
        assert_lacks(f->err.text, passphrase);
}

#define MISCONFIGURED EXO_STATUS_MISCONFIGURED
#define NEEDS_LOGIN EXO_STATUS_NEEDS_LOGIN

static void loads_every_form(void **state)
{
    struct fixture *f = *state;
    char uri[400];
    BIO *der = BIO_new(BIO_s_mem());

    put_pem(&f->place, "cert.pem", f->cert, NULL, NULL, NULL);
    put_pem(&f->place, "key.pem", NULL, NULL, f->rsa, NULL);
    put_pem(&f->place, "locked.pem", NULL, NULL, f->rsa, "open s3same");
    put_pem(&f->place, "both.pem", f->cert, NULL, f->rsa, NULL);
    put_pem(&f->place, "both-locked.pem", f->cert, NULL, f->rsa, "open s3same");
    put_pkcs12(&f->place, "all.p12", f->cert, f->rsa, "open s3same");
    put_pkcs12(&f->place, "free.p12", f->cert, f->rsa, "");
    assert_int_equal(i2d_X509_bio(der, f->cert), 1);
    put_bio(&f->place, "cert.der", der);

    /* As Kubernetes mounts a secret. */
    assert_int_equal(symlinkat("both.pem", f->place.fd, "link.pem"), 0);

    assert_loads(f, "both.pem", NULL, NULL, 0);
    assert_loads(f, "link.pem", NULL, NULL, 0);
    assert_loads(f, "both.pem", "both.pem", NULL, 0);
    assert_loads(f, "cert.pem", "key.pem", NULL, 0);
    assert_loads(f, "cert.der", "key.pem", NULL, 0);
    assert_loads(f, "free.p12", NULL, NULL, 0);
    assert_loads(f, "cert.pem", "locked.pem", "open s3same", 1);
    assert_has(f->keeper.what, "locked.pem");
    assert_loads(f, "both-locked.pem", NULL, "open s3same", 1);
    assert_loads(f, "all.p12", NULL, "open s3same", 1);
    assert_loads(f, "cert.pem", "all.p12", "open s3same", 1);
    assert_loads(f, "all.p12", "key.pem", "open s3same", 1);
    (void)snprintf(uri, sizeof(uri), "file:%s/key.pem", f->place.path);
    assert_loads(f, "cert.pem", uri, NULL, 0);
    (void)snprintf(uri, sizeof(uri), "file://%s/locked.pem", f->place.path);
    assert_loads(f, "cert.pem", uri, "open s3same", 1);
}

/* A chain in any order: the key decides which one is ours. */
static void finds_its_certificate_in_a_chain(void **state)
{
    struct fixture *f = *state;
    X509 *ca = make_certificate(f->other, -2 * DAY, 2 * DAY);
    struct exo_certificate alone;
    struct exo_keypair_source source = { .account = "a", .private_key = "" };

    put_pem(&f->place, "chain.pem", ca, f->cert, f->rsa, NULL);
    assert_int_equal(load(f, "chain.pem", NULL, NULL), 0);
    source.certificate = place_name(&f->place, "chain.pem");
    assert_int_equal(exo_certificate_load(&alone, &source, &f->err), 0);
    assert_memory_not_equal(alone.sha1, exo_keypair_certificate(f->key)->sha1,
                            20);
    exo_keypair_free(f->key);
    X509_free(ca);
}

static void refuses_bad_pairs(void **state)
{
    struct fixture *f = *state;
    X509 *ec = make_certificate(f->ec, -DAY, DAY);
    X509 *small = make_certificate(f->small, -DAY, DAY);

    put_pem(&f->place, "cert.pem", f->cert, NULL, NULL, NULL);
    put_pem(&f->place, "key.pem", NULL, NULL, f->rsa, NULL);
    put_pem(&f->place, "other.pem", NULL, NULL, f->other, NULL);
    put_pem(&f->place, "mixed.pem", f->cert, NULL, f->other, NULL);
    put_pem(&f->place, "ec.pem", ec, NULL, f->ec, NULL);
    put_pem(&f->place, "small.pem", small, NULL, f->small, NULL);

    assert_refuses(f, "cert.pem", NULL, NULL, MISCONFIGURED,
                   "there is no private key in ");
    assert_refuses(f, "key.pem", NULL, NULL, MISCONFIGURED,
                   "there is no certificate in ");
    assert_refuses(f, "cert.pem", "cert.pem", NULL, MISCONFIGURED,
                   "there is no private key in ");
    assert_refuses(f, "cert.pem", "other.pem", NULL, MISCONFIGURED,
                   "other.pem does not belong to the certificate ");
    assert_refuses(f, "mixed.pem", NULL, NULL, MISCONFIGURED,
                   "does not belong to the certificate ");
    assert_refuses(f, "ec.pem", NULL, NULL, MISCONFIGURED,
                   "is not an RSA key, and PS256 and RS256 need one");
    assert_refuses(f, "small.pem", NULL, NULL, MISCONFIGURED,
                   "has 1024 bits, and at least 2048 are needed");
    X509_free(ec);
    X509_free(small);
}

static void refuses_passphrases(void **state)
{
    static const char *const locked[] = { "locked.pem", "all.p12" };
    struct fixture *f = *state;
    size_t i;

    put_pem(&f->place, "locked.pem", f->cert, NULL, f->rsa, "open s3same");
    put_pkcs12(&f->place, "all.p12", f->cert, f->rsa, "open s3same");
    for (i = 0; i < N_OF(locked); i++) {
        assert_refuses(f, locked[i], NULL, "shut s3same", NEEDS_LOGIN,
                       " is wrong; run: exoauth login relay@example.com");
        assert_has(f->err.text, "the passphrase of ");
        assert_refuses(f, locked[i], NULL, "", NEEDS_LOGIN, " is wrong; run:");
        assert_refuses(f, locked[i], NULL, NULL, NEEDS_LOGIN,
                       " is encrypted and its passphrase is not known; run: "
                       "exoauth login relay@example.com");
        assert_refuses(f, locked[i], NULL, "FAIL", EXO_STATUS_TRANSIENT,
                       "no tty; use one");
    }
}

static void refuses_dates(void **state)
{
    struct fixture *f = *state;
    X509 *old = make_certificate(f->rsa, -400 * DAY, -60);
    X509 *young = make_certificate(f->rsa, 3600, DAY);
    X509 *skewed = make_certificate(f->rsa, 200, DAY);
    struct exo_keypair_source source = { .account = "a" };
    struct exo_certificate alone;

    put_pem(&f->place, "old.pem", old, NULL, f->rsa, NULL);
    put_pem(&f->place, "young.pem", young, NULL, f->rsa, NULL);
    put_pem(&f->place, "skewed.pem", skewed, NULL, f->rsa, NULL);
    assert_refuses(f, "old.pem", NULL, NULL, MISCONFIGURED, " expired on 20");
    assert_refuses(f, "young.pem", NULL, NULL, MISCONFIGURED,
                   " is not valid before 20");
    assert_loads(f, "skewed.pem", NULL, NULL, 0);
    /* `status` wants to know when it ended. */
    source.certificate = place_name(&f->place, "old.pem");
    assert_int_equal(exo_certificate_load(&alone, &source, &f->err), 0);
    assert_true(alone.not_after < time(NULL));
    assert_int_equal(alone.not_after - alone.not_before, 400 * DAY - 60);
    X509_free(old);
    X509_free(young);
    X509_free(skewed);
}

static void refuses_files(void **state)
{
    static const char garbage[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                  "-----END CERTIFICATE-----\n";
    struct fixture *f = *state;

    put_pem(&f->place, "both.pem", f->cert, NULL, f->rsa, NULL);
    put_pem(&f->place, "open.pem", f->cert, NULL, f->rsa, NULL);
    put_file(&f->place, "garbage.pem", 0600, garbage);
    put_file(&f->place, "empty.pem", 0600, "");
    assert_int_equal(fchmodat(f->place.fd, "open.pem", 0666, 0), 0);

    assert_refuses(f, "none.pem", NULL, NULL, MISCONFIGURED, "cannot read ");
    assert_refuses(f, "open.pem", NULL, NULL, MISCONFIGURED, "cannot read ");
    assert_refuses(f, "both.pem", "none.pem", NULL, MISCONFIGURED,
                   "none.pem: ");
    assert_refuses(f, "garbage.pem", NULL, NULL, MISCONFIGURED,
                   "there is no certificate in ");
    assert_refuses(f, "garbage.pem", "both.pem", NULL, MISCONFIGURED,
                   "there is no certificate in ");
    assert_refuses(f, "empty.pem", NULL, NULL, MISCONFIGURED,
                   "there is no certificate in ");
    assert_refuses(f, "both.pem", "file:/nonexistent/key", NULL, MISCONFIGURED,
                   "cannot read file:/nonexistent/key: ");
    assert_refuses(f, "both.pem", "nosuch:key?pin-value=1234", NULL,
                   MISCONFIGURED, "no private key at nosuch:key; ");
    assert_lacks(f->err.text, "1234");
}

/* Stops nothing and asks nobody, also when the key beside it is locked. */
static void reads_a_certificate_alone(void **state)
{
    struct fixture *f = *state;
    struct exo_keypair_source source = { .account = "a",
                                         .passphrase = keeper_ask,
                                         .context = &f->keeper };
    struct exo_certificate alone;
    int64_t now = time(NULL);

    put_pem(&f->place, "locked.pem", f->cert, NULL, f->rsa, "open s3same");
    put_pkcs12(&f->place, "all.p12", f->cert, f->rsa, "open s3same");
    f->keeper = (struct keeper){ .answer = NULL };
    source.certificate = place_name(&f->place, "locked.pem");
    assert_int_equal(exo_certificate_load(&alone, &source, &f->err), 0);
    assert_int_equal(f->keeper.asked, 0);
    assert_in_range(alone.not_before + DAY, now - 600, now);
    assert_in_range(alone.not_after - DAY, now - 600, now);
    source.certificate = place_name(&f->place, "all.p12");
    assert_int_equal(exo_certificate_load(&alone, &source, &f->err),
                     EXO_E_STATUS);
    assert_has(f->err.text, "its passphrase is not known");
}

/* "sha1 Fingerprint=AB:CD:..." without the colons. */
static void assert_fingerprint(const char *line, const unsigned char *print,
                               size_t len)
{
    const char *at = strchr(line, '=');
    char two[4];
    size_t i;

    assert_non_null(at);
    for (i = 0; i < len; i++) {
        (void)snprintf(two, sizeof(two), "%02X", print[i]);
        assert_memory_equal(at + 1 + 3 * i, two, 2);
    }
    assert_int_equal(at[3 * len], '\n');
}

static void prints_thumbprints_as_openssl(void **state)
{
    static char openssl[] = "openssl", x509[] = "x509", noout[] = "-noout",
                fingerprint[] = "-fingerprint", sha1[] = "-sha1",
                sha256[] = "-sha256", in[] = "-in";
    struct fixture *f = *state;
    char file[500];
    char *argv[] = { openssl, x509, noout, fingerprint, sha1, in, file, NULL };
    int rc;

    put_pem(&f->place, "both.pem", f->cert, NULL, f->rsa, NULL);
    (void)snprintf(file, sizeof(file), "%s/both.pem", f->place.path);
    assert_int_equal(load(f, "both.pem", NULL, NULL), 0);
    rc = run_program(&f->place, argv, NULL);
    if (rc == 127) {
        say_skipped("openssl(1) is not installed");
    } else {
        assert_int_equal(rc, 0);
        assert_fingerprint(get_file(&f->place, "out.txt"),
                           exo_keypair_certificate(f->key)->sha1, 20);
        argv[4] = sha256;
        assert_int_equal(run_program(&f->place, argv, NULL), 0);
        assert_fingerprint(get_file(&f->place, "out.txt"),
                           exo_keypair_certificate(f->key)->sha256, 32);
    }
    exo_keypair_free(f->key);
}

/* Windows exported PKCS#12 in RC2 for twenty years. */
static void explains_retired_ciphers(void **state)
{
    static char shell[] = "sh", option[] = "-c", zero[] = "sh",
                line[] = "openssl pkcs12 -export -legacy -in \"$1\" "
                         "-passout pass:old -out \"$1.p12\"";
    struct fixture *f = *state;
    char file[500];
    char *argv[] = { shell, option, line, zero, file, NULL };

    put_pem(&f->place, "both.pem", f->cert, NULL, f->rsa, NULL);
    (void)snprintf(file, sizeof(file), "%s/both.pem", f->place.path);
    if (run_program(&f->place, argv, NULL) != 0) {
        say_skipped("openssl(1) has no legacy ciphers");
        return;
    }
    assert_refuses(f, "both.pem.p12", NULL, "old", MISCONFIGURED,
                   "in a way that OpenSSL has retired; convert it: openssl "
                   "pkcs12 -legacy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_every_form),
        cmocka_unit_test(finds_its_certificate_in_a_chain),
        cmocka_unit_test(refuses_bad_pairs),
        cmocka_unit_test(refuses_passphrases),
        cmocka_unit_test(refuses_dates),
        cmocka_unit_test(refuses_files),
        cmocka_unit_test(reads_a_certificate_alone),
        cmocka_unit_test(prints_thumbprints_as_openssl),
        cmocka_unit_test(explains_retired_ciphers),
    };

    return cmocka_run_group_tests_name("oauth_key", tests, setup, teardown);
}
