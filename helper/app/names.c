/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of names behind `list`, `status` and `remove`. Directories are
 * listed in no order and the store may know accounts that have no file, so
 * the names are collected first and sorted once.
 *
 * The caller owns the set (exo_names_free()). Running out of memory is
 * remembered and reported by exo_names_sort(), because a callback has no way
 * to say it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"

void exo_names_add(void *context, const struct exo_account *account)
{
    struct exo_names *names = context;

    if (names->n == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 16;
        struct exo_account *grown =
            reallocarray(names->account, cap, sizeof(*grown));

        if (!grown) {
            names->nomem = true;
            return;
        }
        names->account = grown;
        names->cap = cap;
    }
    names->account[names->n++] = *account;
}

static int compare(const void *a, const void *b)
{
    const struct exo_account *left = a;
    const struct exo_account *right = b;

    return strcmp(left->name, right->name);
}

int exo_names_sort(struct exo_names *names)
{
    size_t kept = 0;

    if (names->n > 0) {
        qsort(names->account, names->n, sizeof(*names->account), compare);
    }
    for (size_t i = 0; i < names->n; i++) {
        if (kept == 0 ||
            compare(&names->account[kept - 1], &names->account[i]) != 0) {
            names->account[kept++] = names->account[i];
        }
    }
    names->n = kept;
    return names->nomem ? EXO_E_NOMEM : 0;
}

bool exo_names_has(const struct exo_names *names,
                   const struct exo_account *account)
{
    return names->n > 0 && bsearch(account, names->account, names->n,
                                   sizeof(*names->account), compare) != NULL;
}

void exo_names_free(struct exo_names *names)
{
    free(names->account);
    *names = (struct exo_names)EXO_NAMES_INIT;
}
