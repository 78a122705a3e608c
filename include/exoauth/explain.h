/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an error of the provider or of a mail server means and who can mend
 * it. The entries are text, meanings/SOURCE, one file for each source; they
 * are compiled in, since a message about a failure must not need a file that
 * can fail, too. They feed every message about a provider's answer and
 * `exoauth explain`; they never decide what the program does next.
 */
#ifndef EXOAUTH_EXPLAIN_H
#define EXOAUTH_EXPLAIN_H

#include <stddef.h>

/* Each member but words is there, is one line of ASCII and has no "%". */
struct exo_explanation {
    const char *code;    /* "AADSTS7000222", "invalid_client", "535 5.7.3" */
    const char *words;   /* of an answer: alternatives divided by "|", each of
                          * parts divided by "*" that follow each other in it;
                          * NULL: found by its code alone */
    const char *meaning; /* half a sentence, no full stop */
    const char *remedy;  /* imperative */
    const char *who;     /* who must act */
    const char *run;     /* the command, or PowerShell */
    const char *takes;   /* until it works */
    const char *origin;  /* the document that says so */
    const char *source;  /* whose code or answer it is: "entra", "exchange" */
};

/* An AADSTS code or an OAuth error name, exactly; NULL if nobody knows it. */
const struct exo_explanation *exo_explain(const char *code);

/*
 * All that a text of a log or a terminal is about, at most max of them, and
 * how many: its AADSTS codes, else its OAuth error names, else the one mail
 * answer that fits best. A bare number is a code: "7000222" of Entra, "535"
 * of every mail answer that has it. Case and blanks do not count.
 */
size_t exo_explain_text(const char *text, const struct exo_explanation **found,
                        size_t max);

/* Entry 0, 1, ..., NULL past the end. Of the answers of mail the first that
 * fits is meant. */
const struct exo_explanation *exo_explain_row(size_t row);

#endif
