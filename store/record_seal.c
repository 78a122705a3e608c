/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sealed half of a record (exoauth/record.h). A sealed record ends
 *
 *     "seal": "aes-256-gcm", "key": "...", "salt": "...", "nonce": "...",
 *     "ciphertext": "..." }
 *
 * The authenticated data are the bytes of the file as they are, from the
 * first one to the quote that opens the value of `ciphertext`: every clear
 * member in the order and the spelling in which it was written. So there is
 * no second encoder that could see them another way, and a byte that means
 * the same but is not the same is found, too. What follows the value must be
 * what the writer puts there. store.c calls it; the plain text is an
 * exo_secret. Failure: EXO_E_UNSAFE with a reason where the seal does not
 * hold, else as the encoder and seal.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "exoauth/base64.h"
#include "record_inner.h"

#define LABEL "exoauth record "

static const char opening[] = ",\n  \"ciphertext\": \"";
static const char ending[] = "\" }\n";

static void put_bytes(struct exo_buf *out, const char *name, const void *data,
                      size_t len)
{
    exo_buf_fmt(out, ",\n  \"%s\": \"", name);
    if (out->error == 0) {
        (void)!exo_base64url(out, data, len);
    }
    exo_buf_str(out, "\"");
}

static int seal_with(const struct exo_record *record,
                     const struct exo_secret *key,
                     const struct exo_seal_dice *dice,
                     const struct exo_secret *plain, struct exo_buf *out)
{
    char label[sizeof(LABEL) + EXO_ACCOUNT_MAX];
    struct exo_buf sealed = EXO_BUF_INIT(EXO_RECORD_MAX);
    char id[EXO_SEAL_ID + 1];
    int rc = exo_seal_key_id(key, id);

    if (rc != 0) {
        goto out;
    }
    exo_record_put_clear(out, record);
    exo_buf_fmt(out, ",\n  \"seal\": \"%s\",\n  \"key\": \"%s\"",
                EXO_RECORD_SEAL, id);
    put_bytes(out, "salt", dice->salt, sizeof(dice->salt));
    put_bytes(out, "nonce", dice->nonce, sizeof(dice->nonce));
    exo_buf_str(out, opening);
    (void)snprintf(label, sizeof(label), "%s%s", LABEL, record->account);
    rc = out->error;
    if (rc == 0) {
        rc = exo_seal_close(key, label, dice, out->data, out->len, plain,
                            &sealed);
    }
    if (rc == 0) {
        rc = exo_base64url(out, sealed.data, sealed.len);
    }
    exo_buf_str(out, ending);
    if (rc == 0) {
        rc = out->error;
    }
out:
    exo_buf_free(&sealed);
    return rc;
}

int exo_record_seal(const struct exo_record *record,
                    const struct exo_secret *key,
                    const struct exo_seal_dice *dice, struct exo_buf *out)
{
    struct exo_secret plain = { EXO_BUF_INIT(EXO_RECORD_MAX) };
    struct exo_seal_dice fresh;
    int rc = 0;

    if (dice == NULL) {
        rc = exo_seal_throw(&fresh);
        dice = &fresh;
    }
    exo_record_put_secrets(&plain.hidden, record);
    if (rc == 0) {
        rc = plain.hidden.error;
    }
    if (rc == 0) {
        rc = seal_with(record, key, dice, &plain, out);
    }
    exo_secret_free(&plain);
    return rc;
}

/* The value of a member that the decoder has found to be well-formed, back
 * from the text; the last one of that name, as the writer writes it. */
static int take_bytes(const char *text, const char *end, const char *name,
                      void *to, size_t len)
{
    struct exo_buf raw = EXO_BUF_INIT(64);
    char member[32];
    const char *at, *stop;
    int rc = EXO_E_SYNTAX;

    (void)snprintf(member, sizeof(member), ",\n  \"%s\": \"", name);
    at = memmem(text, (size_t)(end - text), member, strlen(member));
    if (at != NULL) {
        at += strlen(member);
        stop = memchr(at, '"', (size_t)(end - at));
        if (stop != NULL) {
            rc = exo_base64url_bytes(&raw, at, (size_t)(stop - at));
        }
    }
    if (rc == 0 && raw.len == len) {
        memcpy(to, raw.data, len);
    } else if (rc == 0) {
        rc = EXO_E_SYNTAX;
    }
    exo_buf_free(&raw);
    return rc;
}

/* Where the value of ciphertext begins and ends. */
static bool find_sealed(const char *text, size_t len, const char **from,
                        const char **to)
{
    const size_t open_len = sizeof(opening) - 1;
    const size_t end_len = sizeof(ending) - 1;
    const char *at = memmem(text, len, opening, open_len);

    if (at == NULL || len < end_len) {
        return false;
    }
    *from = at + open_len;
    *to = text + len - end_len;
    return *to >= *from && memcmp(*to, ending, end_len) == 0;
}

int exo_record_unseal(struct exo_record *record, const char *text, size_t len,
                      const struct exo_secret *key, const char **why)
{
    char label[sizeof(LABEL) + EXO_ACCOUNT_MAX];
    struct exo_buf sealed = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_secret plain = { EXO_BUF_INIT(EXO_RECORD_MAX) };
    struct exo_seal_dice dice;
    const char *from, *to, *secrets;
    size_t secrets_len;
    int rc = EXO_E_SYNTAX;

    *why = "its seal is malformed";
    if (!find_sealed(text, len, &from, &to)) {
        goto out;
    }
    rc = take_bytes(text, from, "salt", dice.salt, sizeof(dice.salt));
    if (rc == 0) {
        rc = take_bytes(text, from, "nonce", dice.nonce, sizeof(dice.nonce));
    }
    if (rc == 0) {
        rc = exo_base64url_bytes(&sealed, from, (size_t)(to - from));
    }
    if (rc != 0) {
        goto out;
    }
    (void)snprintf(label, sizeof(label), "%s%s", LABEL, record->account);
    rc = exo_seal_open(key, label, &dice, text, (size_t)(from - text),
                       sealed.data, sealed.len, &plain);
    *why = "its seal does not hold: it was changed, or moved here from "
           "another account";
    if (rc == 0) {
        rc = exo_secret_reveal(&plain, &secrets, &secrets_len);
    }
    if (rc == 0) {
        rc = exo_record_take_secrets(record, secrets, secrets_len, why);
    }
out:
    if (rc == 0) {
        *why = NULL;
    }
    exo_secret_free(&plain);
    exo_buf_free(&sealed);
    return rc;
}
