/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of `exoauth login` only. */
#ifndef EXOAUTH_LOGIN_H
#define EXOAUTH_LOGIN_H

#include "helper/broker/broker.h"
#include "ground.h"

/* How this login gets its token. */
enum exo_login_way {
    EXO_LOGIN_APP,   /* client_credentials: nobody is asked */
    EXO_LOGIN_ADOPT, /* --refresh-token-file */
    EXO_LOGIN_DEVICE,
    EXO_LOGIN_BROWSER,
    EXO_LOGIN_PASTE,
    EXO_LOGIN_PASSWORD
};

/* What is asked for; borrowed. */
struct exo_login_request {
    const struct exo_account *account;
    bool device, browser, paste;
    /* What the option's file holds; NULL: it was not given. */
    const struct exo_secret *secret, *refresh_token, *password;
    int64_t wait;            /* seconds for a browser, 0: not given */
    struct exo_draft *draft; /* of --set, NULL: none */
};

struct exo_login {
    struct exo_app *app;
    const struct exo_login_request *request;
    struct exo_settings *settings;
    const struct exo_settings *owner; /* whose credential it is */
    enum exo_login_way way;
    struct exo_means means;
    /* What the record's client_secret shall be once the login has proved
     * itself, where replace says so. */
    struct exo_secret keep;
    bool replace;
    bool sends_iss; /* the provider says so: RFC 9207 */
    const struct exo_ground *ground;
};

/* The way that flags, configuration, terminal and provider leave. */
enum exo_login_way exo_login_choose(const struct exo_app *app,
                                    const struct exo_settings *owner,
                                    const struct exo_login_request *request);

/* The word for the record. */
const char *exo_login_grant(const struct exo_login *login);

/* The client's proof: given, configured, stored, or asked for. */
int exo_login_means(struct exo_login *login,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Asks whom the way needs, and stores what that brought. */
int exo_login_prove(struct exo_login *login,
                    struct exo_err *err) EXO_MUST_CHECK;

/* DEVICE, BROWSER, PASTE or PASSWORD, without any lock. */
int exo_login_person(struct exo_login *login, struct exo_tokens *tokens,
                     struct exo_err *err) EXO_MUST_CHECK;

/* Says who it was, and warns if that is not the account's mailbox. */
void exo_login_whose(const struct exo_login *login,
                     const struct exo_tokens *tokens);

#endif
