/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key encryption keys of a store: the one that seals, and while `exoauth
 * rekey` is at work the one before it, which still opens. As text, in a file
 * or from a command, a block of the FILE form,
 *
 *     exoauth: 1
 *     key: ...              32 bytes in base64url
 *     old_key: ...          only while a rekey is under way
 *
 * or just the key on one line, or the block wrapped under a passphrase
 * (exo_wrap_close(), purpose "key").
 */
#ifndef EXOAUTH_KEYRING_H
#define EXOAUTH_KEYRING_H

#include <stdbool.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/seal.h"

#define EXO_KEYRING_MAX ((size_t)8 * 1024) /* bytes of text */
#define EXO_KEYRING_PURPOSE "key"

struct exo_keyring {
    struct exo_secret key; /* EXO_SEAL_KEY bytes, or empty: no key */
    struct exo_secret old; /* or empty */
    char key_id[EXO_SEAL_ID + 1];
    char old_id[EXO_SEAL_ID + 1];
};

void exo_keyring_init(struct exo_keyring *ring);
void exo_keyring_free(struct exo_keyring *ring); /* wipes */

/* A ring with a new key; what was its key is its old one. */
int exo_keyring_renew(struct exo_keyring *ring) EXO_MUST_CHECK;
/* Forgets the old one. */
void exo_keyring_settle(struct exo_keyring *ring);

/* NULL if the ring has no key of this id. Borrowed. */
const struct exo_secret *exo_keyring_find(const struct exo_keyring *ring,
                                          const char *id);

/* Is this text wrapped? Then exo_wrap_open() comes first. Fails where the
 * text did. */
int exo_keyring_is_wrapped(const struct exo_secret *text,
                           bool *wrapped) EXO_MUST_CHECK;

/* EXO_E_SYNTAX, EXO_E_VERSION, with a static text in why. */
int exo_keyring_parse(struct exo_keyring *ring, const struct exo_secret *text,
                      const char **why) EXO_MUST_CHECK;
int exo_keyring_print(const struct exo_keyring *ring,
                      struct exo_secret *text) EXO_MUST_CHECK;

#endif
