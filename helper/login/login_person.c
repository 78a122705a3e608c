/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The logins that need a person: which one it is to be, and who it was that
 * authorised. Called by cmd_login.c as run_as and without a lock; device.c
 * and browser.c talk to the person. Tokens are the caller's to free. The
 * name in an ID token is shown and compared, and decides nothing.
 */
#include "config.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "browser.h"
#include "device.h"
#include "exoauth/provider.h"
#include "login.h"
#include "helper/app/prompt.h"
#include "helper/app/spend.h"

static bool has(const struct exo_settings *owner, enum exo_key key)
{
    return exo_settings_get(owner, key)[0] != '\0';
}

static enum exo_login_way choose_person(const struct exo_app *app,
                                        const struct exo_settings *owner)
{
    bool page = has(owner, EXO_KEY_AUTHORIZATION_ENDPOINT);

    if (owner->grant == EXO_GRANT_PASSWORD) {
        return EXO_LOGIN_PASSWORD;
    }
    if (owner->grant == EXO_GRANT_DEVICE_CODE) {
        return EXO_LOGIN_DEVICE;
    }
    if (page && exo_browser_display(app)) {
        return EXO_LOGIN_BROWSER;
    }
    /* A device code is another grant, which a file may have ruled out. */
    if (page && (owner->grant_said ||
                 !has(owner, EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT))) {
        return EXO_LOGIN_PASTE;
    }
    return EXO_LOGIN_DEVICE;
}

enum exo_login_way exo_login_choose(const struct exo_app *app,
                                    const struct exo_settings *owner,
                                    const struct exo_login_request *o)
{
    if (o->refresh_token) {
        return EXO_LOGIN_ADOPT;
    }
    if (o->device) {
        return EXO_LOGIN_DEVICE;
    }
    if (o->browser) {
        return EXO_LOGIN_BROWSER;
    }
    if (o->paste) {
        return EXO_LOGIN_PASTE;
    }
    if (o->password) {
        return EXO_LOGIN_PASSWORD;
    }
    if (exo_grant_of_app(owner->grant) || (!owner->grant_said && o->secret)) {
        return EXO_LOGIN_APP;
    }
    return choose_person(app, owner);
}

const char *exo_login_grant(const struct exo_login *login)
{
    switch (login->way) {
    case EXO_LOGIN_APP:
        return login->owner->grant == EXO_GRANT_MANAGED_IDENTITY
                   ? "managed_identity"
                   : "client_credentials";
    case EXO_LOGIN_DEVICE:
        return "device_code";
    case EXO_LOGIN_PASSWORD:
        return "password";
    case EXO_LOGIN_ADOPT:
        return login->owner->grant == EXO_GRANT_CLIENT_CREDENTIALS
                   ? "authorization_code"
                   : exo_grant_word(login->owner->grant);
    default:
        return "authorization_code";
    }
}

/* Whose token it is to be. */
static const char *mailbox_of(const struct exo_settings *s)
{
    const char *user = exo_settings_get(s, EXO_KEY_USER);

    return user[0] != '\0' ? user : s->account.name;
}

/* Entra says in an ID token who it was, if asked; others have it in their
 * scope already, or do not know OpenID Connect. */
static int ask_who(const struct exo_login *login,
                   struct exo_oauth_client *client, struct exo_buf *scope)
{
    if (strcmp(exo_settings_get(login->owner, EXO_KEY_PROVIDER), "microsoft") !=
            0 ||
        client->scope[0] == '\0' || client->resource[0] != '\0' ||
        strstr(client->scope, "openid")) {
        return 0;
    }
    exo_buf_fmt(scope, "%s openid profile", client->scope);
    return exo_buf_done(scope, &client->scope);
}

/* Where a browser ends that is not on this host. For Entra its own page,
 * which every app registration of a desktop program may use. */
static void paste_uri(const struct exo_settings *owner, struct exo_buf *uri)
{
    const struct exo_provider *p =
        exo_provider_find(exo_settings_get(owner, EXO_KEY_PROVIDER),
                          exo_settings_get(owner, EXO_KEY_CLOUD));
    const char *page = p ? p->authorization_endpoint : "";
    size_t len =
        strncmp(page, "https://", 8) == 0 ? 8 + strcspn(page + 8, "/") : 0;

    if (len > 0 && strcmp(p->name, "microsoft") == 0) {
        exo_buf_add(uri, page, len);
        exo_buf_str(uri, "/common/oauth2/nativeclient");
    } else {
        exo_buf_str(uri, "http://localhost");
    }
}

static int by_browser(struct exo_login *login,
                      const struct exo_oauth_client *client,
                      struct exo_tokens *tokens, struct exo_err *err)
{
    struct exo_buf uri = EXO_BUF_INIT(512);
    struct exo_browser browser = {
        .client = client,
        .issuer = exo_settings_get(login->owner, EXO_KEY_ISSUER),
        .sends_iss = login->sends_iss,
        .ground = login->ground,
        .wait =
            login->request->wait > 0 ? login->request->wait : EXO_BROWSER_WAIT,
    };
    const char *mailbox = mailbox_of(login->settings);
    int rc;

    browser.hint = strchr(mailbox, '@') && mailbox[0] != '@' ? mailbox : "";
    paste_uri(login->owner, &uri);
    rc = exo_buf_done(&uri, &browser.redirect_uri);
    if (rc == 0) {
        rc = login->way == EXO_LOGIN_BROWSER
                 ? exo_browser_login(login->app, &browser, tokens, err)
                 : exo_browser_paste(&browser, tokens, err);
    }
    exo_buf_free(&uri);
    return rc;
}

static int find_password(struct exo_login *login, struct exo_secret *password,
                         struct exo_err *err)
{
    int rc;

    if (login->request->password) {
        return exo_secret_copy(password, login->request->password);
    }
    rc = exo_prompt_secret("Password of the mailbox: ", password, err);
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(password))) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "no password for %s; give it with --password-file "
                         "FILE, or - for stdin",
                         login->owner->file.name);
    }
    return rc;
}

/* Without a refresh token the password is all there is to renew with. It
 * takes the place of a stored client secret, so there must be none. */
static int keep_password(struct exo_login *login,
                         const struct exo_secret *password, struct exo_err *err)
{
    const char *name = login->owner->file.name;

    if (!exo_secret_empty(&login->means.secret) &&
        !has(login->owner, EXO_KEY_SECRET_FILE) &&
        !has(login->owner, EXO_KEY_SECRET_COMMAND)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the provider gives no refresh token, and of "
                           "password and client secret only one can be stored; "
                           "run: exoauth login %s --set secret_file=FILE",
                           EXO_SH(name, "ACCOUNT"));
    }
    if (login->owner->grant != EXO_GRANT_PASSWORD) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "the provider gives no refresh token, and a password "
            "is stored only where grant is password; run: "
            "exoauth login %s --set grant=password",
            EXO_SH(name, "ACCOUNT"));
    }
    exo_app_warn(login->app,
                 "%s: the provider gives no refresh token, so the password "
                 "itself is stored; better: a scope with offline_access",
                 name);
    login->replace = true;
    return exo_secret_copy(&login->keep, password);
}

static int by_password(struct exo_login *login,
                       const struct exo_oauth_client *client,
                       struct exo_tokens *tokens, struct exo_err *err)
{
    struct exo_secret password = EXO_SECRET_INIT;
    struct exo_oauth_error error;
    int rc;

    exo_app_warn(login->app,
                 "%s: the password grant is deprecated and ends where a second "
                 "factor is asked for; use --browser or --device if you can",
                 login->owner->file.name);
    rc = find_password(login, &password, err);
    if (rc == 0) {
        rc = exo_oauth_password(client, mailbox_of(login->settings), &password,
                                tokens, &error);
        if (rc != 0) {
            *err = error.err;
        }
    }
    if (rc == 0 && exo_secret_empty(&tokens->refresh_token)) {
        rc = keep_password(login, &password, err);
    }
    exo_secret_free(&password);
    return rc;
}

/* What the code brings is stored by exo_broker_login(), which waits for the
 * account's lock. */
static void spend_code(int64_t left_ms)
{
    exo_spend_begin(left_ms + EXO_RENEWAL_MS);
}

int exo_login_person(struct exo_login *login, struct exo_tokens *tokens,
                     struct exo_err *err)
{
    struct exo_buf scope = EXO_BUF_INIT(4096);
    struct exo_oauth_client client;
    int rc;

    exo_broker_client(login->app, login->settings, &login->means, 0, &client);
    client.spend = spend_code;
    if (login->way == EXO_LOGIN_PASSWORD) {
        return by_password(login, &client, tokens, err);
    }
    rc = ask_who(login, &client, &scope);
    if (rc == 0) {
        rc = login->way == EXO_LOGIN_DEVICE
                 ? exo_device_login(&client, login->ground, tokens, err)
                 : by_browser(login, &client, tokens, err);
    }
    exo_buf_free(&scope);
    return rc;
}

void exo_login_whose(const struct exo_login *login,
                     const struct exo_tokens *tokens)
{
    const char *wanted = mailbox_of(login->settings);

    if (tokens->mailbox[0] == '\0' || wanted[0] == '@' ||
        strcasecmp(tokens->mailbox, wanted) == 0) {
        return;
    }
    exo_app_warn(login->app,
                 "%s was authorised by %s, not by the owner of mailbox %s; "
                 "unless that mailbox is shared with them, sign in as %s; run: "
                 "exoauth login %s",
                 login->owner->file.name, tokens->mailbox, wanted, wanted,
                 EXO_SH(login->owner->file.name, "ACCOUNT"));
}
