/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One credential as the store keeps it: one JSON object. Everything but
 * the three secrets is clear metadata, so that `exoauth status` needs no
 * key. `seal` says how they are stored; another way than the two below is
 * refused (EXO_E_VERSION), never guessed at. Not sealed:
 *
 *   { "exoauth": 1, "account": "a@b", "revision": 7, "serial": 42,
 *     "grant": "client_credentials", "state": "ok", "config": "9c1e...",
 *     "tried": "9c1e...", "scope": "...", "issued": 1794996400,
 *     "refresh_after": ...,
 *     "usable_until": ..., "expires": ..., "granted": ..., "refreshed": ...,
 *     "next_try": 0, "failures": 0, "error_code": "", "error_text": "",
 *     "error_time": 0, "told": "", "warned": 0, "certificate_ends": 0,
 *     "seal": "none",
 *     "secret": { "access_token": "...", "refresh_token": "...",
 *                 "client_secret": "..." } }
 *
 * Sealed, with everything before `ciphertext` as authenticated data
 * (exoauth/seal.h); what is sealed is the object that `secret` would be:
 *
 *     ... "seal": "aes-256-gcm", "key": "16 hex digits, which key",
 *     "salt": "...", "nonce": "...", "ciphertext": "..." }
 *
 * Unknown members are an error: a newer version wrote it, and rewriting it
 * would lose them. told and warned alone may be missing, as older versions
 * did not have them. After warned there are `issuer` and `token_endpoint` of
 * an account that had them discovered, `certificate_ends`, `unsaid` and
 * `adopted`; others do not have the members, so that an older version can read
 * them.
 */
#ifndef EXOAUTH_RECORD_H
#define EXOAUTH_RECORD_H

#include <stdint.h>

#include "exoauth/account.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/seal.h"

#define EXO_RECORD_MAX ((size_t)256 * 1024)

struct exo_record {
    char account[EXO_ACCOUNT_MAX + 1];
    int64_t revision; /* 0: never stored; counts every write */
    int64_t serial;   /* counts access tokens */
    char grant[32];
    /* OK, TRANSIENT, NEEDS_LOGIN or MISCONFIGURED */
    enum exo_status state;
    char config[65]; /* fingerprint of the configuration of the token */
    char tried[65];  /* and of the last request, successful or not */
    char scope[1024];
    int64_t issued, refresh_after, usable_until, expires;
    int64_t granted;     /* when somebody last authorised, 0 for app-only */
    int64_t refreshed;   /* last success at the provider */
    int64_t next_try;    /* no request before; 0: none pending */
    int64_t failures;    /* in a row */
    char error_code[64]; /* e.g. "AADSTS700082" or "invalid_grant" */
    char error_text[EXO_ERR_TEXT]; /* the cause, no secret and no command */
    int64_t error_time;
    char told[16];  /* the trouble that on_event was told of, "" if none */
    int64_t warned; /* the threshold that `expiring` was told of, 0: none */
    /* Who said where tokens are asked for, and where; "" if the configuration
     * says it. */
    char issuer[512];
    char token_endpoint[1024];
    /* notAfter of the certificate of the last good request, 0: none. For who
     * cannot read it, as PKCS#12 wants a passphrase. */
    int64_t certificate_ends;
    int64_t unsaid; /* refusals in a row that gave no reason */
    /* exo_seal_mark() of the refresh token that a person gave and a login
     * spent, so that none sends it again; "" if none. */
    char adopted[EXO_SEAL_ID + 1];
    char sealed_by[EXO_SEAL_ID + 1]; /* as read: which key; "": not sealed */
    struct exo_secret access_token;
    struct exo_secret refresh_token;
    struct exo_secret client_secret;
};

void exo_record_init(struct exo_record *record);
void exo_record_free(struct exo_record *record); /* wipes */

/* JSON text of it, not sealed, appended; the buffer's sticky error tells. */
int exo_record_encode(const struct exo_record *record,
                      struct exo_buf *out) EXO_MUST_CHECK;

/* The same, sealed. dice: NULL, or what a test wants to have thrown. */
int exo_record_seal(const struct exo_record *record,
                    const struct exo_secret *key,
                    const struct exo_seal_dice *dice,
                    struct exo_buf *out) EXO_MUST_CHECK;

/* EXO_E_SYNTAX (damaged; why is a static text), EXO_E_VERSION. Of a sealed
 * record (sealed_by tells) only what is clear, and that is not yet known to
 * be true. */
int exo_record_decode(struct exo_record *record, const char *text, size_t len,
                      const char **why) EXO_MUST_CHECK;

/* The same, and the record must be this account's: one that was copied to
 * another name is damage, not a credential. Also the error of the buffer. */
int exo_record_decode_of(struct exo_record *record,
                         const struct exo_account *account,
                         const struct exo_buf *text,
                         const char **why) EXO_MUST_CHECK;

/* The rest of a record that was decoded from the same text. EXO_E_UNSAFE or
 * EXO_E_SYNTAX: the seal does not hold; record is empty then. */
int exo_record_unseal(struct exo_record *record, const char *text, size_t len,
                      const struct exo_secret *key,
                      const char **why) EXO_MUST_CHECK;

#endif
