/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one text syntax of exoauth (doc/design.md, "One syntax"): lines of
 * `key: value`, for configuration, published tokens, requests and replies.
 * This is the only parser and the only writer.
 *
 * A key is [a-z0-9_-]+ (upper-case ASCII is folded, as libsasl2 does), blanks
 * around key and value do not count, a line whose first non-blank is '#' is
 * a comment. At most 64 keys, 16 KiB a value, 64 KiB in all; a key given
 * twice, a line without a colon, or a control byte in a value is an error.
 *
 *   EXO_BLOCK_FILE     empty lines are skipped, the end of input ends it.
 *   EXO_BLOCK_MESSAGE  an empty line ends it; input that ends before that is
 *                      EXO_E_SHORT. The first line must be `exoauth: 1`,
 *                      another number is EXO_E_VERSION.
 */
#ifndef EXOAUTH_BLOCK_H
#define EXOAUTH_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_BLOCK_KEYS 64
#define EXO_BLOCK_VALUE ((size_t)16 * 1024)
#define EXO_BLOCK_SIZE ((size_t)64 * 1024)

enum exo_block_kind { EXO_BLOCK_FILE, EXO_BLOCK_MESSAGE };

struct exo_pair {
    const char *key;
    const char *value;
    size_t value_len;
    unsigned line; /* from 1 */
};

struct exo_block {
    size_t n;
    size_t size;       /* bytes of input that the block took */
    unsigned bad_line; /* where parsing stopped, from 1 */
    const char *why;   /* static text for it, NULL if all is well */
    struct exo_pair pair[EXO_BLOCK_KEYS]; /* only [0, n) is initialised */
};

/*
 * Parses text[0..len) in place: keys and values become NUL-terminated
 * strings inside text, which must stay as long as the block is used and
 * must have room for one byte more than len. Nothing is allocated.
 * EXO_E_SYNTAX, EXO_E_TOOBIG, EXO_E_SHORT or EXO_E_VERSION, with bad_line
 * and why set; on EXO_E_SHORT text is unchanged, so read on and call again.
 */
int exo_block_parse(struct exo_block *block, char *text, size_t len,
                    enum exo_block_kind kind) EXO_MUST_CHECK;

/* The value of a key, NULL if it is not there. */
const char *exo_block_get(const struct exo_block *block, const char *key);
const struct exo_pair *exo_block_find(const struct exo_block *block,
                                      const char *key);

/* A non-negative decimal of at most 18 digits, nothing else around it. */
int exo_block_number(const char *value, int64_t *number) EXO_MUST_CHECK;

/* "yes" or "no" (also true/false, on/off, 1/0 as libsasl2's files allow). */
int exo_block_bool(const char *value, bool *yes) EXO_MUST_CHECK;

/* One line. A value that would not survive the parser (control byte,
 * leading or trailing blank, too long) puts EXO_E_SYNTAX into the buffer. */
void exo_block_put(struct exo_buf *out, const char *key, const char *value);
/* An error of value becomes one of out. */
void exo_block_put_buf(struct exo_buf *out, const char *key,
                       const struct exo_buf *value);
void exo_block_put_number(struct exo_buf *out, const char *key, int64_t number);
void exo_block_begin(struct exo_buf *out); /* exoauth: 1 */
void exo_block_end(struct exo_buf *out);   /* the empty line */

/* True if a byte below 0x20 or 0x7f is in data[0..len). */
bool exo_has_control(const char *data, size_t len);

/* The next blank-separated word at *list: its start, its length in *len, and
 * *list moved past it; NULL at the end. Lists in configuration are these. */
const char *exo_word_next(const char **list, size_t *len);

/* Is it a word of that list, which may be NULL? */
bool exo_word_in(const char *list, const char *word, size_t len);

#endif
