/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets: refresh tokens, client secrets, passwords, keys (exoauth/buf.h).
 *
 * Called by whoever holds a secret for longer than one expression. The
 * owner calls exo_secret_free(), which wipes. A secret that could not be made
 * keeps the error: it is neither empty nor equal to anything, its copies have
 * the error, too, and it is never revealed. So no shortage can pass for a
 * secret that was not given. The memory handling is that of struct exo_buf;
 * the type exists so that a secret cannot reach a format string without the
 * word "reveal" in the source.
 */
#include "config.h"

#include "exoauth/buf.h"

void exo_secret_free(struct exo_secret *secret)
{
    exo_buf_free(&secret->hidden);
}

int exo_secret_set(struct exo_secret *secret, const char *data, size_t len)
{
    exo_buf_reset(&secret->hidden);
    exo_buf_add(&secret->hidden, data, len);
    return secret->hidden.error;
}

int exo_secret_copy(struct exo_secret *to, const struct exo_secret *from)
{
    if (to != from) {
        exo_buf_reset(&to->hidden);
        exo_buf_join(&to->hidden, &from->hidden);
    }
    return to->hidden.error;
}

void exo_secret_move(struct exo_secret *to, struct exo_secret *from)
{
    if (to == from) {
        return;
    }
    exo_buf_free(&to->hidden);
    to->hidden = from->hidden;
    exo_buf_init(&from->hidden, from->hidden.max);
}

bool exo_secret_empty(const struct exo_secret *secret)
{
    return secret->hidden.error == 0 && secret->hidden.len == 0;
}

bool exo_secret_same(const struct exo_secret *one,
                     const struct exo_secret *other)
{
    return exo_buf_same(&one->hidden, &other->hidden);
}

int exo_secret_reveal(const struct exo_secret *secret, const char **text,
                      size_t *len)
{
    *len = secret->hidden.error == 0 ? secret->hidden.len : 0;
    return exo_buf_done(&secret->hidden, text);
}

void exo_secret_chomp(struct exo_secret *secret)
{
    struct exo_buf *buf = &secret->hidden;

    if (buf->len > 0 && buf->data[buf->len - 1] == '\n') {
        buf->data[--buf->len] = '\0';
        if (buf->len > 0 && buf->data[buf->len - 1] == '\r') {
            buf->data[--buf->len] = '\0';
        }
    }
}
