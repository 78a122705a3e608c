/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By what a client proves itself to the provider, found anew for each
 * request: a secret, a certificate's key, or another system's assertion.
 */
#ifndef EXOAUTH_MEANS_H
#define EXOAUTH_MEANS_H

#include "helper/app/app.h"
#include "exoauth/key.h"
#include "helper/settings/settings.h"

struct exo_means {
    /* The client secret; with private_key_jwt the passphrase of the key. It
     * is what the record's client_secret holds. With managed_identity what
     * IDENTITY_HEADER is, which is never stored. Empty: none. */
    struct exo_secret secret;
    struct exo_secret assertion;
    struct exo_keypair *key;
};

/*
 * given: what a person just gave, stored: what the record has; both may be
 * NULL. A file or command of the configuration comes before stored, given
 * before all. That nothing is found is no error: the secret is empty then.
 * EXO_E_STATUS: NEEDS_LOGIN where a passphrase is missing or wrong. Free
 * means in every case.
 */
int exo_means_find(struct exo_means *means, struct exo_app *app,
                   const struct exo_settings *settings,
                   const struct exo_secret *given,
                   const struct exo_secret *stored,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_means_free(struct exo_means *means);

#endif
