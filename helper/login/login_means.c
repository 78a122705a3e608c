/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the client of a login proves itself with: given on the command line,
 * configured, stored, or asked for on the terminal, in this order. Called by
 * cmd_login.c as run_as, before anybody else is troubled. Secrets are in
 * login->means and login->keep, which the caller frees; whether they are
 * right, only the provider knows.
 */
#include "config.h"

#include "login.h"
#include "helper/app/prompt.h"
#include "helper/settings/trouble.h"

/* What is stored, where it is a client's proof. What is damaged gets
 * replaced. */
static int read_stored(const struct exo_login *login, struct exo_secret *stored,
                       struct exo_err *err)
{
    struct exo_record record;
    int rc;

    exo_record_init(&record);
    rc = exo_store_get(login->app->store, &login->owner->file, &record, err);
    if (rc == 0) {
        if (!exo_record_has_password(&record)) {
            rc = exo_secret_copy(stored, &record.client_secret);
        }
    } else if (rc == EXO_E_NOENT || rc == EXO_E_STATUS) {
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = 0;
    }
    exo_record_free(&record);
    return rc;
}

static int find(struct exo_login *login, const struct exo_secret *given,
                const struct exo_secret *stored, struct exo_err *err)
{
    exo_means_free(&login->means);
    *err = (struct exo_err)EXO_ERR_INIT;
    return exo_means_find(&login->means, login->app, login->owner, given,
                          stored, err);
}

static int prompt(struct exo_login *login, const char *question,
                  const char *what, struct exo_err *err)
{
    int rc;

    exo_secret_free(&login->keep);
    rc = exo_prompt_secret(question, &login->keep, err);
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(&login->keep))) {
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "no %s for %s; give it with --secret-file FILE, or - "
                         "for stdin",
                         what, login->owner->file.name);
    }
    login->replace = rc == 0;
    return rc;
}

/* The key, with as little of a passphrase as it needs. */
static int find_key(struct exo_login *login, const struct exo_secret *stored,
                    struct exo_err *err)
{
    int rc = find(login, NULL, NULL, err);

    login->replace = rc == 0; /* what was stored is not needed any more */
    if (rc == 0 || err->status != EXO_STATUS_NEEDS_LOGIN ||
        exo_settings_get(login->owner, EXO_KEY_KEY_PASSPHRASE_COMMAND)[0] !=
            '\0') {
        return rc;
    }
    if (!exo_secret_empty(stored)) {
        rc = find(login, NULL, stored, err);
    }
    if (rc != 0 && err->status == EXO_STATUS_NEEDS_LOGIN) {
        rc = prompt(login, "Passphrase of the private key: ",
                    "passphrase of the private key", err);
        if (rc == 0) {
            rc = find(login, &login->keep, NULL, err);
        }
    }
    return rc;
}

static int find_secret(struct exo_login *login, const struct exo_secret *stored,
                       struct exo_err *err)
{
    int rc = find(login, NULL, stored, err);

    /* An old password must not pass for a client secret. */
    login->replace =
        login->way == EXO_LOGIN_PASSWORD && exo_secret_empty(stored);
    if (rc == 0 && login->way == EXO_LOGIN_APP &&
        login->owner->auth != EXO_CLIENT_ASSERTION &&
        exo_secret_empty(&login->means.secret)) {
        rc = prompt(login,
                    "Client secret (its value, not its id): ", "client secret",
                    err);
        if (rc == 0) {
            rc = find(login, &login->keep, NULL, err);
        }
    }
    if (login->owner->auth == EXO_CLIENT_ASSERTION) {
        login->replace = true;
    }
    return rc;
}

int exo_login_means(struct exo_login *login, struct exo_err *err)
{
    const struct exo_secret *given = login->request->secret;
    struct exo_secret stored = EXO_SECRET_INIT;
    int rc;

    if (login->owner->grant == EXO_GRANT_MANAGED_IDENTITY) {
        login->replace = true; /* what another grant may have left */
        return 0;
    }
    if (given) {
        rc = exo_secret_copy(&login->keep, given);
        login->replace = true;
        return rc != 0 ? rc : find(login, given, NULL, err);
    }
    rc = read_stored(login, &stored, err);
    if (rc == 0) {
        rc = login->owner->auth == EXO_CLIENT_PRIVATE_KEY_JWT
                 ? find_key(login, &stored, err)
                 : find_secret(login, &stored, err);
    }
    exo_secret_free(&stored);
    return rc;
}
