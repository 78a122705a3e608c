/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which configuration a command to type is for (typed.h). Set once by main();
 * text.c asks for it with each message. It takes nothing from anybody.
 */
#include "config.h"

#include "common/typed.h"

#include <stdio.h>

static char typed[EXO_TYPED_N][EXO_TYPED_MAX];

void exo_typed_set(enum exo_typed_at at, const char *words)
{
    (void)snprintf(typed[at], sizeof typed[at], "%s", words);
}

const char *exo_typed(enum exo_typed_at at)
{
    return typed[at];
}
