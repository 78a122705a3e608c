/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account names: the SASL user name, usually a mailbox address, with ASCII
 * letters lower-cased and otherwise compared byte for byte. `@domain` is the
 * account that serves every mailbox of the domain without one of its own.
 * As a file name, bytes outside [a-z0-9._@+-] and a leading dot are written
 * as %XX, so that a name from a mail client can never become a path.
 */
#ifndef EXOAUTH_ACCOUNT_H
#define EXOAUTH_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "exoauth/error.h"

#define EXO_ACCOUNT_MAX 240 /* bytes, name and file name, without the NUL */

struct exo_account {
    char name[EXO_ACCOUNT_MAX + 1];
    char file[EXO_ACCOUNT_MAX + 1]; /* file name without suffix */
};

/* From what the user or host gave; EXO_E_TOOBIG if name or file name is too
 * long, EXO_E_ARG if exo_account_fault() names something. So whatever prints
 * the name of an account may print it. */
int exo_account_set(struct exo_account *account, const char *name,
                    size_t len) EXO_MUST_CHECK;

/* Why it is not the name of a mailbox or of an @domain, as in "it is empty";
 * static. NULL: it may be one. A local part, or a name without '@', is a
 * dot-atom of RFC 5321 without `*`, `/` and `?`, or UTF-8 that can be shown
 * and holds no blank. */
const char *exo_account_fault(const char *name);

/* Of a record that is there all the same, to remove it: EXO_E_ARG only for
 * what is empty or could not be printed as it is (exoauth/text.h). */
int exo_account_any(struct exo_account *account, const char *name,
                    size_t len) EXO_MUST_CHECK;

/* The `@domain` account that would serve it; EXO_E_NOENT if the name has no
 * '@', begins with it, or ends with it. The last '@' counts. */
int exo_account_domain(struct exo_account *domain,
                       const struct exo_account *account) EXO_MUST_CHECK;

/* From a directory entry file[0..len) (suffix already cut off); EXO_E_ARG
 * unless it is exactly what exo_account_set() would write. */
int exo_account_from_file(struct exo_account *account, const char *file,
                          size_t len) EXO_MUST_CHECK;

/*
 * Does the blank-separated list allow this host? Names are compared without
 * regard to ASCII case and without a trailing dot; `*.` stands for one or
 * more labels. No list, no host, or a pattern that exo_servers_fault() would
 * name, is no.
 */
bool exo_servers_allow(const char *servers, const char *host);

/* What is wrong with a list, as in "must be host names without a port";
 * static. NULL: nothing. `*.` needs two labels behind it, no address and no
 * public suffix of a country. */
const char *exo_servers_fault(const char *servers);

#endif
