/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is held back for the moment after a provider's answer (reserve.h).
 *
 * grant.c and prove.c take it before a request that spends; net/ uses it in
 * the allocations of libcurl, oauth/ where an answer could not be read, and
 * outcome.c where a record could not be written. It is given up at the end of
 * each such request. The memory is written to, or the kernel would only have
 * promised it. Another thread may ask for a name meanwhile, so the block
 * changes hands by one atomic exchange. Nothing is kept that needs freeing.
 */
#include "config.h"

#include "exoauth/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A record with its text, its sealed text and an answer, several times over;
 * the longest way to a file. */
#define MEMORY ((size_t)1024 * 1024)
#define DESCRIPTORS 8

struct held {
    char memory[MEMORY];
    int fd[DESCRIPTORS];
};

static _Atomic(struct held *) held;

static void give_up(struct held *mine)
{
    for (size_t i = 0; i < DESCRIPTORS; i++) {
        if (mine->fd[i] >= 0) {
            (void)close(mine->fd[i]);
        }
    }
    free(mine);
}

int exo_reserve_take(void)
{
    struct held *mine;
    int rc = EXO_OK;
    int saved;

    if (atomic_load(&held) != NULL) {
        return EXO_OK;
    }
    mine = malloc(sizeof *mine);
    if (mine == NULL) {
        return EXO_E_NOMEM;
    }
    memset(mine, 0xff, sizeof *mine);
    for (size_t i = 0; rc == EXO_OK && i < DESCRIPTORS; i++) {
        mine->fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        rc = mine->fd[i] >= 0 ? EXO_OK : exo_error_from_errno(errno);
    }
    if (rc != EXO_OK) {
        saved = errno;
        give_up(mine);
        errno = saved;
        return rc;
    }
    atomic_store(&held, mine);
    return EXO_OK;
}

bool exo_reserve_use(void)
{
    struct held *mine = atomic_exchange(&held, NULL);
    int saved = errno;

    if (mine != NULL) {
        give_up(mine);
    }
    errno = saved;
    return mine != NULL;
}
