/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of oauth/ only: what one file, or one URI, holds of a
 * certificate and its private key.
 */
#ifndef EXOAUTH_KEYFILE_H
#define EXOAUTH_KEYFILE_H

#include "exoauth/key.h"

/* OpenSSL's EVP_PKEY and X509, whose headers stay in the .c files. */
struct evp_pkey_st;
struct x509_st;

/* A leaf and more of its chain than anybody has. */
#define EXO_KEYFILE_CERTIFICATES 16

struct exo_keyfile {
    struct evp_pkey_st *key; /* the first private key, or NULL */
    struct x509_st *certificate[EXO_KEYFILE_CERTIFICATES];
    size_t n; /* of them, in the order of the file; any more are left out */
};

enum exo_keyfile_want {
    EXO_KEYFILE_KEY = 1,
    EXO_KEYFILE_CERTIFICATE = 2,
    EXO_KEYFILE_BOTH = 3
};

/*
 * Reads name, a file or a URI, and keeps what is wanted. 0 also if there was
 * only a part of it, or nothing: the caller knows what that means.
 * EXO_E_STATUS if it cannot be read, or if a passphrase is missing or wrong.
 * Free found in every case.
 */
int exo_keyfile_read(struct exo_keyfile *found,
                     const struct exo_keypair_source *source, const char *name,
                     enum exo_keyfile_want want,
                     struct exo_err *err) EXO_MUST_CHECK;
void exo_keyfile_free(struct exo_keyfile *found);

#endif
