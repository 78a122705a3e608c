/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files under a passphrase (exoauth/seal.h): a key file that a person locks
 * and a bundle of credentials on its way to another host. keyring.c and the
 * commands export and import call it; both texts are the caller's.
 *
 * The cost of scrypt stands in the file, so it can grow with the years; what
 * a file may ask for is bounded, as it may come from anybody. Writing takes
 * 64 MiB for a moment. Failure as in seal.c.
 */
#include "config.h"

#include "exoauth/seal.h"

#include <openssl/evp.h>
#include <string.h>

#include "exoauth/base64.h"
#include "exoauth/block.h"

#define COST 16 /* log2(N); with r = 8 this is 64 MiB */
#define COST_LEAST 14
#define COST_MOST 20
#define BLOCKS 8 /* r */
#define LANES 1  /* p */
#define LANES_MOST 4
#define MEMORY ((uint64_t)1100 * 1024 * 1024) /* for COST_MOST */
#define LINE 76

static int stretch(const struct exo_secret *passphrase,
                   const struct exo_seal_dice *dice,
                   const struct exo_wrap_cost *cost, struct exo_secret *key)
{
    unsigned char raw[EXO_SEAL_KEY];
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(passphrase, &text, &len);

    if (rc == 0) {
        rc = EVP_PBE_scrypt(text, len, dice->salt, sizeof(dice->salt),
                            UINT64_C(1) << cost->log2n, (uint64_t)cost->r,
                            (uint64_t)cost->p, MEMORY, raw, sizeof(raw)) == 1
                 ? exo_secret_set(key, (const char *)raw, sizeof(raw))
                 : EXO_E_NOMEM;
    }
    explicit_bzero(raw, sizeof(raw));
    return rc;
}

static void put_bytes(struct exo_buf *out, const char *key, const void *data,
                      size_t len)
{
    struct exo_buf text = EXO_BUF_INIT(64);

    (void)!exo_base64url(&text, data, len);
    exo_block_put_buf(out, key, &text);
    exo_buf_free(&text);
}

static void put_lines(struct exo_buf *out, const struct exo_buf *text)
{
    size_t at;

    for (at = 0; at < text->len; at += LINE) {
        size_t left = text->len - at;

        exo_buf_add(out, text->data + at, left < LINE ? left : LINE);
        exo_buf_str(out, "\n");
    }
}

int exo_wrap_close(const struct exo_secret *passphrase, const char *purpose,
                   const struct exo_secret *plain, struct exo_buf *out)
{
    const struct exo_wrap_cost cost = { COST, BLOCKS, LANES, 0 };
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_buf sealed = EXO_BUF_INIT(out->max);
    struct exo_buf text = EXO_BUF_INIT(out->max);
    struct exo_buf label = EXO_BUF_INIT(64);
    struct exo_seal_dice dice;
    const size_t start = out->len;
    const char *name;
    int rc = exo_seal_throw(&dice);

    if (rc != 0) {
        goto out;
    }
    exo_buf_fmt(&text, "scrypt %d %d %d", COST, BLOCKS, LANES);
    exo_buf_fmt(&label, "exoauth wrap %s", purpose);
    exo_block_begin(out);
    exo_block_put(out, "sealed", purpose);
    exo_block_put_buf(out, "kdf", &text);
    put_bytes(out, "salt", dice.salt, sizeof(dice.salt));
    put_bytes(out, "nonce", dice.nonce, sizeof(dice.nonce));
    exo_block_end(out);
    rc = out->error != 0 ? out->error : stretch(passphrase, &dice, &cost, &key);
    if (rc == 0) {
        rc = exo_buf_done(&label, &name);
    }
    if (rc == 0) {
        rc = exo_seal_close(&key, name, &dice, out->data + start,
                            out->len - start, plain, &sealed);
    }
    exo_buf_reset(&text);
    if (rc == 0) {
        rc = exo_base64url(&text, sealed.data, sealed.len);
    }
    if (rc == 0) {
        put_lines(out, &text);
        rc = out->error;
    }
out:
    exo_buf_free(&label);
    exo_buf_free(&text);
    exo_buf_free(&sealed);
    exo_secret_free(&key);
    return rc;
}

/* ---- and back ---- */

static int read_bytes(const struct exo_block *block, const char *key, void *to,
                      size_t len)
{
    struct exo_buf raw = EXO_BUF_INIT(64);
    const char *text = exo_block_get(block, key);
    int rc = EXO_E_SYNTAX;

    if (text != NULL) {
        rc = exo_base64url_bytes(&raw, text, strlen(text));
    }
    if (rc == 0 && raw.len != len) {
        rc = EXO_E_SYNTAX;
    }
    if (rc == 0) {
        memcpy(to, raw.data, len);
    }
    exo_buf_free(&raw);
    return rc;
}

static bool read_cost(const char *text, struct exo_wrap_cost *cost)
{
    int64_t *const to[] = { NULL, &cost->log2n, &cost->r, &cost->p };
    char word[8];
    size_t n = 0;
    size_t len;
    const char *at;

    for (; (at = exo_word_next(&text, &len)) != NULL; n++) {
        if (n >= sizeof(to) / sizeof(to[0]) || len >= sizeof(word)) {
            return false;
        }
        memcpy(word, at, len);
        word[len] = '\0';
        if (n == 0 ? strcmp(word, "scrypt") != 0
                   : exo_block_number(word, to[n]) != 0) {
            return false;
        }
    }
    return n == sizeof(to) / sizeof(to[0]) && cost->log2n >= COST_LEAST &&
           cost->log2n <= COST_MOST && cost->r == BLOCKS && cost->p >= 1 &&
           cost->p <= LANES_MOST;
}

static int read_head(const struct exo_block *block, const char *purpose,
                     struct exo_seal_dice *dice, struct exo_wrap_cost *cost,
                     const char **why)
{
    const char *sealed = exo_block_get(block, "sealed");
    const char *kdf = exo_block_get(block, "kdf");

    *why = "it is not a file that exoauth sealed for this purpose";
    if (sealed == NULL || strcmp(sealed, purpose) != 0) {
        return EXO_E_SYNTAX;
    }
    *why = "its kdf line is not one that this version of exoauth knows";
    if (kdf == NULL || !read_cost(kdf, cost)) {
        return EXO_E_VERSION;
    }
    *why = "its salt or nonce is missing or malformed";
    if (read_bytes(block, "salt", dice->salt, sizeof(dice->salt)) != 0 ||
        read_bytes(block, "nonce", dice->nonce, sizeof(dice->nonce)) != 0) {
        return EXO_E_SYNTAX;
    }
    *why = NULL;
    return 0;
}

/* The lines behind the block, as bytes. */
static int read_lines(const struct exo_buf *text, size_t from,
                      struct exo_buf *sealed)
{
    struct exo_buf joined = EXO_BUF_INIT(text->max);
    const char *all;
    size_t at;
    int rc;

    for (at = from; at < text->len; at++) {
        if (text->data[at] != '\n') {
            exo_buf_add(&joined, text->data + at, 1);
        }
    }
    rc = exo_buf_done(&joined, &all);
    if (rc == 0) {
        rc = exo_base64url_bytes(sealed, all, joined.len);
    }
    exo_buf_free(&joined);
    return rc;
}

/* *copy is what block points into. */
static int read_block(const struct exo_buf *text, const char *purpose,
                      struct exo_buf *copy, struct exo_block *block,
                      struct exo_seal_dice *dice, struct exo_wrap_cost *cost,
                      const char **why)
{
    int rc;

    *why = NULL;
    exo_buf_join(copy, text);
    if (copy->error != 0 || exo_buf_reserve(copy, 1) == NULL) {
        return EXO_E_NOMEM;
    }
    rc = exo_block_parse(block, copy->data, copy->len, EXO_BLOCK_MESSAGE);
    if (rc != 0) {
        *why = block->why;
        return rc;
    }
    return read_head(block, purpose, dice, cost, why);
}

int exo_wrap_cost(const char *purpose, const struct exo_buf *text,
                  struct exo_wrap_cost *cost, const char **why)
{
    struct exo_buf copy = EXO_BUF_INIT(text->max + 1);
    struct exo_seal_dice dice;
    struct exo_block block;
    int rc = read_block(text, purpose, &copy, &block, &dice, cost, why);

    if (rc == 0) {
        cost->memory = (INT64_C(128) << cost->log2n) * cost->r;
    } else if (*why == NULL) {
        *why = exo_strerror(rc);
    }
    exo_buf_free(&copy);
    return rc;
}

int exo_wrap_open(const struct exo_secret *passphrase, const char *purpose,
                  const struct exo_buf *text, struct exo_secret *plain,
                  const char **why)
{
    struct exo_buf copy = EXO_BUF_INIT(text->max + 1);
    struct exo_buf sealed = EXO_BUF_INIT(text->max);
    struct exo_buf label = EXO_BUF_INIT(64);
    struct exo_secret key = EXO_SECRET_INIT;
    struct exo_seal_dice dice = { { 0 }, { 0 } };
    struct exo_wrap_cost cost = { 0, 0, 0, 0 };
    struct exo_block block;
    const char *name;
    int rc = read_block(text, purpose, &copy, &block, &dice, &cost, why);

    if (rc == 0) {
        rc = read_lines(text, block.size, &sealed);
    }
    if (rc == EXO_E_SYNTAX && *why == NULL) {
        *why = "it was cut short or changed";
    }
    exo_buf_fmt(&label, "exoauth wrap %s", purpose);
    if (rc == 0) {
        rc = stretch(passphrase, &dice, &cost, &key);
    }
    if (rc == 0) {
        rc = exo_buf_done(&label, &name);
    }
    if (rc == 0) {
        rc = exo_seal_open(&key, name, &dice, text->data, block.size,
                           sealed.data, sealed.len, plain);
    }
    if (rc == EXO_E_UNSAFE) {
        *why = "the passphrase is not the one it was sealed with, or it was "
               "changed";
    }
    if (rc != 0 && *why == NULL) {
        *why = exo_strerror(rc);
    }
    exo_buf_free(&label);
    exo_buf_free(&sealed);
    exo_buf_free(&copy);
    exo_secret_free(&key);
    return rc;
}
