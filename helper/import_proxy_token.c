/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What email-oauth2-proxy encrypts: Fernet tokens, whose key comes by PBKDF2
 * from the password that the mail program gives to the proxy, with salt and
 * number of rounds beside them. Called by import_proxy.c. Versions until 2023
 * did not write the rounds down, and the proxy itself tries more than one
 * number, so the same is done here. Keys wipe themselves; plain is the
 * caller's.
 */
#include "config.h"

#include <string.h>

#include "exoauth/base64.h"
#include "exoauth/fernet.h"
#include "import.h"

#define ROUNDS_NOW INT64_C(1200000)
#define ROUNDS_THEN INT64_C(100000)

int exo_import_proxy_open(const struct exo_secret *password, const char *salt,
                          int64_t rounds, const char *token,
                          struct exo_secret *plain)
{
    const int64_t tries[] = { rounds > 0 ? rounds : ROUNDS_THEN, ROUNDS_NOW,
                              ROUNDS_THEN };
    struct exo_secret bytes = EXO_SECRET_INIT;
    struct exo_secret key = EXO_SECRET_INIT;
    const char *raw;
    size_t len;
    int rc = exo_base64_bytes(&bytes.hidden, salt, strlen(salt));

    if (rc == 0) {
        rc = exo_secret_reveal(&bytes, &raw, &len);
    }
    if (rc == 0 && (len == 0 || rounds > EXO_FERNET_ROUNDS_MAX)) {
        rc = EXO_E_SYNTAX;
    }
    if (rc == 0) {
        rc = EXO_E_UNSAFE;
    }
    for (size_t i = 0; rc == EXO_E_UNSAFE && i < 3; i++) {
        if (i > 0 && tries[i] == tries[0]) {
            continue;
        }
        rc = exo_fernet_key(&key, password, raw, len, (long)tries[i]);
        if (rc == 0) {
            rc = exo_fernet_open(&key, token, strlen(token), plain);
        }
    }
    exo_secret_free(&key);
    exo_secret_free(&bytes);
    return rc;
}
