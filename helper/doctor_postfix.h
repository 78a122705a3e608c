/* SPDX-License-Identifier: BSD-2-Clause */
/* Between doctor_postfix.c, doctor_map.c and doctor_jail.c only. */
#ifndef EXOAUTH_DOCTOR_POSTFIX_H
#define EXOAUTH_DOCTOR_POSTFIX_H

#include "doctor.h"

/* The users and passwords of smtp_sasl_password_maps, as far as they stand in
 * a text file. No password is kept or shown. */
void exo_postfix_check_map(struct exo_doctor *d, const char *maps);

/* The jail of the services that log in; NULL: they are in none. */
const char *exo_postfix_jail(const struct exo_postfix *postfix);

/* Is there a service of master.cf that runs exoauth serve? */
bool exo_postfix_serves(const struct exo_postfix *postfix);

#endif
