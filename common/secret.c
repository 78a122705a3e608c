/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets: refresh tokens, client secrets, passwords, keys (exoauth/buf.h).
 *
 * Called by whoever holds a secret for longer than one expression. The
 * owner calls exo_secret_free(), which wipes; a setter that fails leaves the
 * secret empty and not half set. The memory handling is that of struct
 * exo_buf; the type exists so that a secret cannot reach a format string
 * without the word "reveal" in the source.
 */
#include "config.h"

#include "exoauth/buf.h"

void exo_secret_free(struct exo_secret *secret)
{
    exo_buf_free(&secret->hidden);
}

int exo_secret_set(struct exo_secret *secret, const char *data, size_t len)
{
    int rc;

    exo_buf_reset(&secret->hidden);
    exo_buf_add(&secret->hidden, data, len);
    rc = secret->hidden.error;
    if (rc != EXO_OK) {
        exo_buf_reset(&secret->hidden);
    }
    return rc;
}

int exo_secret_copy(struct exo_secret *to, const struct exo_secret *from)
{
    if (to == from) {
        return EXO_OK;
    }
    return exo_secret_set(to, exo_secret_reveal(from), exo_secret_len(from));
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
    return exo_secret_len(secret) == 0;
}

size_t exo_secret_len(const struct exo_secret *secret)
{
    return secret->hidden.error == 0 ? secret->hidden.len : 0;
}

const char *exo_secret_reveal(const struct exo_secret *secret)
{
    const char *text;

    return exo_buf_done(&secret->hidden, &text) == EXO_OK ? text : "";
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
