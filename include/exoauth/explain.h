/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an error of the provider means and who can mend it. One table feeds
 * every message about a provider's answer. It explains; it never decides
 * what the program does next.
 */
#ifndef EXOAUTH_EXPLAIN_H
#define EXOAUTH_EXPLAIN_H

#include <stddef.h>

struct exo_explanation {
    const char *code;    /* "AADSTS7000222" or "invalid_client" */
    const char *meaning; /* half a sentence, no full stop */
    const char *remedy;  /* imperative; "%s" never occurs in it */
};

/* NULL if it is not in the table. */
const struct exo_explanation *exo_explain(const char *code);

/* Row 0, 1, ... of the table, in the order of strcmp(); NULL past its end. */
const struct exo_explanation *exo_explain_row(size_t row);

#endif
