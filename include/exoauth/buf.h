/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capped byte buffer with a sticky error, always NUL-terminated when it
 * holds anything. Appending past the cap, or without memory, sets the error
 * and leaves the content as it was; later appends do nothing. So a caller
 * builds a whole text and asks once. Growing copies and wipes the old
 * block, freeing wipes: nobody has to know whether a secret passed through.
 */
#ifndef EXOAUTH_BUF_H
#define EXOAUTH_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "exoauth/error.h"

struct exo_buf {
    char *data; /* NULL until something was appended */
    size_t len; /* without the NUL */
    size_t cap;
    size_t max; /* most bytes it may hold */
    int error;  /* 0, EXO_E_NOMEM, EXO_E_TOOBIG or EXO_E_SYNTAX */
};

#define EXO_BUF_INIT(limit)    \
    {                          \
        NULL, 0, 0, (limit), 0 \
    }

void exo_buf_init(struct exo_buf *buf, size_t max);
void exo_buf_free(struct exo_buf *buf);  /* wipes; buf is empty after it */
void exo_buf_reset(struct exo_buf *buf); /* wipes, keeps the allocation */

/* Makes room for more bytes and returns where they go, NULL on error. The
 * caller adds to len and keeps the NUL; for read(2) and friends. */
char *exo_buf_reserve(struct exo_buf *buf, size_t more);

void exo_buf_add(struct exo_buf *buf, const void *data, size_t len);
void exo_buf_str(struct exo_buf *buf, const char *text);
void exo_buf_fmt(struct exo_buf *buf, const char *fmt, ...) EXO_PRINTF(2, 3);
void exo_buf_vfmt(struct exo_buf *buf, const char *fmt, va_list ap)
    EXO_PRINTF(2, 0);

/* Appends what is in from; an error of from becomes one of buf. */
void exo_buf_join(struct exo_buf *buf, const struct exo_buf *from);

/*
 * The finished text, "" if it is empty, valid until the next change. In error
 * *text is NULL and the error is returned: half a text is no text. Whatever is
 * written, opened, sent, compared or decided by goes through this.
 */
int exo_buf_done(const struct exo_buf *buf, const char **text) EXO_MUST_CHECK;

/* Are both whole, and the same? */
bool exo_buf_same(const struct exo_buf *buf, const struct exo_buf *other);

/*
 * For the arguments of a message only (tests/plugin/walls.sh): the text, or in
 * error a word that says so, as a message is given whatever happens.
 */
const char *exo_buf_shown(const struct exo_buf *buf);

/*
 * A secret is a buffer of another type, so that no function which prints
 * or logs can be handed one by mistake: there is no way from it to a
 * const char * but exo_secret_reveal(), which is easy to search for, and no
 * way past its error.
 */
#define EXO_SECRET_MAX ((size_t)64 * 1024)

struct exo_secret {
    struct exo_buf hidden;
};

#define EXO_SECRET_INIT              \
    {                                \
        EXO_BUF_INIT(EXO_SECRET_MAX) \
    }

void exo_secret_free(struct exo_secret *secret);
/* A failure is returned, and stays in the secret until it is freed or set. */
int exo_secret_set(struct exo_secret *secret, const char *data,
                   size_t len) EXO_MUST_CHECK;
int exo_secret_copy(struct exo_secret *to,
                    const struct exo_secret *from) EXO_MUST_CHECK;
/* Takes over from's memory, or error, without a copy; from is empty then. */
void exo_secret_move(struct exo_secret *to, struct exo_secret *from);
/* One that failed is not empty: nothing is known of what it would hold. */
bool exo_secret_empty(const struct exo_secret *secret);
/* Are both whole, and the same? For values that nobody may guess at from
 * outside there is CRYPTO_memcmp(). */
bool exo_secret_same(const struct exo_secret *one,
                     const struct exo_secret *other);
/*
 * The bytes, NUL-terminated, "" if empty, borrowed until the next change. In
 * error *text is NULL, *len 0, and the error is returned. Never log them.
 */
int exo_secret_reveal(const struct exo_secret *secret, const char **text,
                      size_t *len) EXO_MUST_CHECK;
/* Drops one trailing "\n" or "\r\n", as secret files end. */
void exo_secret_chomp(struct exo_secret *secret);

#endif
