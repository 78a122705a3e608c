/* SPDX-License-Identifier: BSD-2-Clause */
/* Between doctor_token.c and doctor_fit.c only. */
#ifndef EXOAUTH_DOCTOR_FIT_H
#define EXOAUTH_DOCTOR_FIT_H

#include "doctor.h"

/* Does what the token says of itself fit the account? Findings only. */
void exo_doctor_fit(struct exo_doctor *d, const struct exo_account *account,
                    const struct exo_settings *settings, const char *token,
                    size_t len);

#endif
