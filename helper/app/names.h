/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sorted set of account names, filled by the list functions of the
 * settings and of the store.
 */
#ifndef EXOAUTH_NAMES_H
#define EXOAUTH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "exoauth/account.h"

struct exo_names {
    struct exo_account *account;
    size_t n;
    size_t cap;
    bool nomem; /* a name is missing */
};

#define EXO_NAMES_INIT    \
    {                     \
        NULL, 0, 0, false \
    }

/* For exo_settings_list() and exo_store_list(): names is the context. */
void exo_names_add(void *names, const struct exo_account *account);

/* Sorts by byte value and drops what is there twice. EXO_E_NOMEM if a name
 * was lost on the way. */
int exo_names_sort(struct exo_names *names) EXO_MUST_CHECK;

/* After exo_names_sort(). */
bool exo_names_has(const struct exo_names *names,
                   const struct exo_account *account);

void exo_names_free(struct exo_names *names);

#endif
