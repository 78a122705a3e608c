/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of serve --listen that have no process yet (waiting.h). Called
 * by listen.c alone, which decides who may wait and for how long; what is in
 * the list belongs to it until it is dropped. Reading never blocks, and takes
 * one request at most, so it is bounded by EXO_BLOCK_SIZE and whatever else
 * was sent stays unread.
 */
#include "config.h"

#include "waiting.h"

#include <string.h>
#include <unistd.h>

#define USUAL ((size_t)500) /* bytes of a request, as they are */

void exo_waiting_add(struct exo_waiting *w, int fd, uid_t uid, int64_t now)
{
    struct exo_waiter *new = &w->of[w->n++];

    memset(new, 0, sizeof(*new));
    new->fd = fd;
    new->uid = uid;
    new->since = now;
    exo_buf_init(&new->text, EXO_BLOCK_SIZE);
    (void)exo_buf_reserve(&new->text, USUAL); /* failing is its error */
}

int exo_waiting_read(struct exo_waiting *w, size_t i)
{
    struct exo_waiter *one = &w->of[i];
    struct exo_block block;
    int rc = exo_message_read(one->fd, 0, &one->text, &block);

    if (rc == 0) {
        rc = exo_request_parse(&one->request, &block);
        one->whole = rc == 0;
    } else if (rc == EXO_E_SHORT && one->text.len == 0) {
        rc = EXO_E_NOENT;
    }
    return rc;
}

void exo_waiting_drop(struct exo_waiting *w, size_t i)
{
    struct exo_waiter *one = &w->of[i];

    (void)close(one->fd);
    exo_buf_free(&one->text);
    w->n--;
    memmove(one, one + 1, (w->n - i) * sizeof(*one));
}

void exo_waiting_leave(const struct exo_waiting *w, size_t i)
{
    for (size_t j = 0; j < w->n; j++) {
        if (j != i) {
            (void)close(w->of[j].fd);
        }
    }
}

void exo_waiting_free(struct exo_waiting *w)
{
    while (w->n > 0) {
        exo_waiting_drop(w, w->n - 1);
    }
}

size_t exo_waiting_of(const struct exo_waiting *w, uid_t uid)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        n += w->of[i].uid == uid;
    }
    return n;
}
