/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The byte buffer of exoauth/buf.h: everything that builds a text uses it.
 *
 * The owner of the struct frees it with exo_buf_free(). It never aborts: the
 * first failure (no memory, or the limit) sticks in buf->error, the content
 * stays as it was, and every later append does nothing. Growing is allocate,
 * copy, wipe, free, because realloc() would leave the old bytes in the heap.
 * Wiping covers the whole allocation and not only len: a caller may have
 * written into reserved room (a plaintext whose check then failed) without
 * counting it in.
 */
#include "config.h"

#include "exoauth/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE ((size_t)128)

void exo_buf_init(struct exo_buf *buf, size_t max)
{
    buf->data = NULL;
    buf->len = 0;
    buf->cap = 0;
    buf->max = max;
    buf->error = 0;
}

void exo_buf_free(struct exo_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->cap);
        free(buf->data);
    }
    exo_buf_init(buf, buf->max);
}

void exo_buf_reset(struct exo_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->cap);
    }
    buf->len = 0;
    buf->error = 0;
}

/* Room for need bytes and a NUL. */
static int buf_grow(struct exo_buf *buf, size_t need)
{
    size_t cap = need + 1;
    char *data;

    /* The first allocation is exact where the size is known (a file), later
     * ones double so that many small appends stay linear. */
    if (cap < FIRST_SIZE) {
        cap = FIRST_SIZE;
    }
    if (buf->cap <= SIZE_MAX / 2 && cap < buf->cap * 2) {
        cap = buf->cap * 2;
    }
    if (buf->max < SIZE_MAX && cap > buf->max + 1) {
        cap = buf->max + 1;
    }

    data = malloc(cap);
    if (data == NULL) {
        return EXO_E_NOMEM;
    }
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->len);
        explicit_bzero(buf->data, buf->cap);
        free(buf->data);
    }
    data[buf->len] = '\0';
    buf->data = data;
    buf->cap = cap;
    return EXO_OK;
}

char *exo_buf_reserve(struct exo_buf *buf, size_t more)
{
    if (buf->error != 0) {
        return NULL;
    }
    if (more > buf->max - buf->len || more >= SIZE_MAX - buf->len) {
        buf->error = EXO_E_TOOBIG;
        return NULL;
    }
    if (buf->data == NULL || buf->len + more >= buf->cap) {
        buf->error = buf_grow(buf, buf->len + more);
        if (buf->error != 0) {
            return NULL;
        }
    }
    return buf->data + buf->len;
}

void exo_buf_add(struct exo_buf *buf, const void *data, size_t len)
{
    char *to = exo_buf_reserve(buf, len);

    if (to == NULL) {
        return;
    }
    if (len > 0) {
        memcpy(to, data, len);
    }
    to[len] = '\0';
    buf->len += len;
}

void exo_buf_str(struct exo_buf *buf, const char *text)
{
    exo_buf_add(buf, text, strlen(text));
}

void exo_buf_fmt(struct exo_buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    exo_buf_vfmt(buf, fmt, ap);
    va_end(ap);
}

void exo_buf_vfmt(struct exo_buf *buf, const char *fmt, va_list ap)
{
    va_list again;
    char *to;
    int n;

    if (buf->error != 0) {
        return;
    }
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        buf->error = EXO_E_SYNTAX;
        return;
    }
    to = exo_buf_reserve(buf, (size_t)n);
    if (to == NULL) {
        return;
    }
    (void)vsnprintf(to, (size_t)n + 1, fmt, ap);
    buf->len += (size_t)n;
}

int exo_buf_done(const struct exo_buf *buf, const char **text)
{
    *text = buf->error != 0 ? NULL : buf->data != NULL ? buf->data : "";
    return buf->error;
}

void exo_buf_join(struct exo_buf *buf, const struct exo_buf *from)
{
    if (buf->error == 0 && from->error != 0) {
        buf->error = from->error;
    }
    exo_buf_add(buf, from->data, from->len);
}

bool exo_buf_same(const struct exo_buf *buf, const struct exo_buf *other)
{
    return buf->error == 0 && other->error == 0 && buf->len == other->len &&
           (buf->len == 0 || memcmp(buf->data, other->data, buf->len) == 0);
}

const char *exo_buf_shown(const struct exo_buf *buf)
{
    const char *text;

    return exo_buf_done(buf, &text) == EXO_OK ? text
           : buf->error == EXO_E_NOMEM        ? "(out of memory)"
                                              : "(too long)";
}
