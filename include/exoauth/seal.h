/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealing: AES-256-GCM (NIST SP 800-38D) under a key that HKDF-SHA256 (RFC
 * 5869) makes anew for each write,
 *
 *     HKDF(key encryption key, fresh salt of 32 bytes, label)
 *
 * so that a nonce can never meet the same key twice. The label says what is
 * sealed and for whom, e.g. "exoauth record a@b"; what stands beside the
 * ciphertext in the clear goes in as additional authenticated data. Bytes
 * only: record.h and keyring.h say how they stand in files.
 */
#ifndef EXOAUTH_SEAL_H
#define EXOAUTH_SEAL_H

#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_SEAL_KEY ((size_t)32)
#define EXO_SEAL_SALT ((size_t)32)
#define EXO_SEAL_NONCE ((size_t)12)
#define EXO_SEAL_TAG ((size_t)16)
#define EXO_SEAL_ID ((size_t)16) /* hex digits */

struct exo_seal_dice {
    unsigned char salt[EXO_SEAL_SALT];
    unsigned char nonce[EXO_SEAL_NONCE];
};

/* To be called before anything else of OpenSSL, by whatever library: 3.0 does
 * not look whether its default context could be made, and crashes where it
 * could not. EXO_E_NOMEM, and then for this process for good. */
int exo_seal_boot(void) EXO_MUST_CHECK;

/* Fresh ones. EXO_E_IO without randomness. */
int exo_seal_throw(struct exo_seal_dice *dice) EXO_MUST_CHECK;

/* A new key encryption key. */
int exo_seal_new_key(struct exo_secret *key) EXO_MUST_CHECK;

/* Which key this is, as 16 hex digits and a NUL; tells nothing about it:
 * the first 8 bytes of HKDF(key, no salt, "exoauth key id"). */
int exo_seal_key_id(const struct exo_secret *key,
                    char id[EXO_SEAL_ID + 1]) EXO_MUST_CHECK;

/* The same of a secret of any length, to know it again: HKDF(secret, no salt,
 * "exoauth mark"). */
int exo_seal_mark(const struct exo_secret *secret,
                  char id[EXO_SEAL_ID + 1]) EXO_MUST_CHECK;

/* Appends ciphertext and tag. key is EXO_SEAL_KEY bytes. */
int exo_seal_close(const struct exo_secret *key, const char *label,
                   const struct exo_seal_dice *dice, const void *aad,
                   size_t aad_len, const struct exo_secret *plain,
                   struct exo_buf *out) EXO_MUST_CHECK;

/* EXO_E_UNSAFE: not sealed with this key, for this label, with these data;
 * plain is empty then. */
int exo_seal_open(const struct exo_secret *key, const char *label,
                  const struct exo_seal_dice *dice, const void *aad,
                  size_t aad_len, const void *sealed, size_t len,
                  struct exo_secret *plain) EXO_MUST_CHECK;

/*
 * The same under a passphrase, as a text file of its own (a wrapped key, a
 * bundle of credentials): a block, its empty line, and the ciphertext in
 * base64url. The key is scrypt(passphrase, salt) (RFC 7914), the block
 * is the authenticated data.
 *
 *     exoauth: 1
 *     sealed: credentials
 *     kdf: scrypt 16 8 1         log2(N), r, p
 *     salt: ...
 *     nonce: ...
 *
 * `sealed` is the purpose; a file for another one is refused.
 */
int exo_wrap_close(const struct exo_secret *passphrase, const char *purpose,
                   const struct exo_secret *plain,
                   struct exo_buf *out) EXO_MUST_CHECK;

/* What opening costs, as the file itself says: bounded, whatever it says. */
struct exo_wrap_cost {
    int64_t log2n, r, p; /* of scrypt */
    int64_t memory;      /* bytes */
};

/* Without spending it; failure as exo_wrap_open(). */
int exo_wrap_cost(const char *purpose, const struct exo_buf *text,
                  struct exo_wrap_cost *cost, const char **why) EXO_MUST_CHECK;

/* EXO_E_UNSAFE: wrong passphrase, or the file was changed; EXO_E_SYNTAX,
 * EXO_E_VERSION: no such file. why gets a static text. plain->hidden.max
 * bounds what it may hold. */
int exo_wrap_open(const struct exo_secret *passphrase, const char *purpose,
                  const struct exo_buf *text, struct exo_secret *plain,
                  const char **why) EXO_MUST_CHECK;

#endif
