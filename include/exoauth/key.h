/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificate and private key by which a client proves who it is
 * (private_key_jwt). Read when they are needed and freed after the request.
 */
#ifndef EXOAUTH_KEY_H
#define EXOAUTH_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

/* RFC 7518 sections 3.5 and 3.3. The first is the default; the second is for
 * AD FS and for hardware that cannot do PSS. */
enum exo_jwt_alg { EXO_JWT_PS256, EXO_JWT_RS256 };

/* "PS256", "RS256"; static. */
const char *exo_jwt_alg_word(enum exo_jwt_alg alg);
/* The other way round; false, and *alg untouched, if it is none. */
bool exo_jwt_alg_parse(const char *word, enum exo_jwt_alg *alg);

/*
 * Asks for the passphrase of what, a file name or URI, at most once per file.
 * 0 with passphrase set; EXO_E_NOENT if there is nobody to ask and nothing
 * stored; EXO_E_STATUS with err set for any other failure.
 */
typedef int exo_keypair_passphrase(void *context, const char *what,
                                   struct exo_secret *passphrase,
                                   struct exo_err *err);

/* Where they are. Strings are borrowed. */
struct exo_keypair_source {
    const char *account;     /* for the remedy: "run: exoauth login ACCOUNT" */
    const char *certificate; /* file: PEM, DER or PKCS#12 */
    const char *private_key; /* file, or URI as OSSL_STORE knows them (file:,
                              * pkcs11:, handle:); NULL or "": in the file of
                              * the certificate */
    exo_keypair_passphrase *passphrase; /* NULL: there is none */
    void *context;
};

/* What is public about it. Times are UTC, seconds since 1970. */
struct exo_certificate {
    int64_t not_before;
    int64_t not_after;
    unsigned char sha1[20]; /* thumbprints: of the DER, as Entra shows them */
    unsigned char sha256[32];
};

struct exo_keypair;

/*
 * Reads both, checks that they belong together, that the key is RSA of at
 * least 2048 bits, and that the certificate is valid now (EXO_CLOCK_SKEW is
 * forgiven before its beginning, nothing after its end). Two files that do
 * not match are read again for a quarter of a second, as somebody may just be
 * replacing them. Files obey EXO_FILE_CONFIG. *key is NULL on failure.
 * EXO_E_STATUS, with one line: MISCONFIGURED; NEEDS_LOGIN where only a
 * passphrase is missing or wrong; TRANSIENT without memory.
 */
int exo_keypair_load(struct exo_keypair **key,
                     const struct exo_keypair_source *source,
                     struct exo_err *err) EXO_MUST_CHECK;
void exo_keypair_free(struct exo_keypair *key); /* NULL is fine */

/*
 * The certificate alone, expired or not: for `status`, which has no right to
 * the key. Of several in one file this is the one that exo_keypair_load() would
 * use only if it is the first. A PKCS#12 file still wants its passphrase.
 */
int exo_certificate_load(struct exo_certificate *certificate,
                         const struct exo_keypair_source *source,
                         struct exo_err *err) EXO_MUST_CHECK;

const struct exo_certificate *exo_keypair_certificate(
    const struct exo_keypair *key);

/*
 * Appends the raw signature of data[0..len). It is verified with the
 * certificate before it is returned, so hardware that pads in another way
 * is found here. EXO_E_STATUS: MISCONFIGURED, or TRANSIENT without memory.
 */
int exo_keypair_sign(const struct exo_keypair *key, enum exo_jwt_alg alg,
                     const void *data, size_t len, struct exo_buf *signature,
                     struct exo_err *err) EXO_MUST_CHECK;

/* The path of the file that private_key or certificate names, also as a URI
 * file:PATH (RFC 8089); NULL where it is a URI of another kind. */
const char *exo_key_file(const char *name);

#endif
