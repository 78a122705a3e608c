/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in the store beside the record in question (survey.c), for the
 * rules of guard.c: whether a key may be made, or used, there.
 */
#ifndef EXOAUTH_STORE_SURVEY_H
#define EXOAUTH_STORE_SURVEY_H

#include "backend.h"

/* One account of each kind, "": there is none. */
struct exo_survey {
    struct exo_store *store;
    const struct exo_keyring *ring;
    bool fits; /* the ring opens one; then no more was looked at */
    char sealed[EXO_ACCOUNT_MAX + 1];
    char open[EXO_ACCOUNT_MAX + 1];
    char damaged[EXO_ACCOUNT_MAX + 1];
    char closed[EXO_ACCOUNT_MAX + 1]; /* it cannot be read; its own reader says
                                       * what is wrong */
};

/* Reads each record, and no secret. ring may be NULL: then nothing fits it. */
int exo_survey_make(struct exo_survey *search, struct exo_store *store,
                    const struct exo_keyring *ring,
                    struct exo_err *err) EXO_MUST_CHECK;

#endif
