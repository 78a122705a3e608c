/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth login: the account's grant, and once it has proved itself, the
 * credential into the store and --set into the account's file. before() is
 * what root does: reading the files named on the command line, and getting
 * ready to write the account's (draft.h). The last line on stdout is
 * `changed` or `unchanged`.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/broker/broker.h"
#include "cmd.h"
#include "helper/broker/discover.h"
#include "exoauth/clock.h"
#include "helper/app/keys.h"
#include "helper/login/login.h"
#include "helper/app/place.h"
#include "helper/app/prompt.h"

/* At most one of them: each is another grant. */
static int check_ways(const struct exo_options *o, struct exo_err *err)
{
    int ways = o->device + o->browser + o->paste + (o->password_file != NULL) +
               (o->refresh_token_file != NULL);

    if (ways > 1) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "of --device, --browser, --paste, --password-file "
                           "and --refresh-token-file only one can be given; "
                           "see: exoauth login --help");
    }
    return 0;
}

static int before(struct exo_app *app, struct exo_options *o,
                  struct exo_err *err)
{
    int rc = check_ways(o, err);

    if (rc == 0 && o->secret_file) {
        rc = exo_prompt_file("secret-file", o->secret_file, &o->secret, err);
    }
    if (rc == 0 && o->refresh_token_file) {
        rc = exo_prompt_file("refresh-token-file", o->refresh_token_file,
                             &o->refresh_token, err);
    }
    if (rc == 0 && o->password_file) {
        rc = exo_prompt_file("password-file", o->password_file, &o->password,
                             err);
    }
    if (rc == 0) {
        rc = exo_place_own(app, err);
    }
    if (rc == 0 && o->n_set > 0) {
        rc = exo_draft_make(&o->draft, app->conf, &o->account, o->set, o->n_set,
                            err);
    }
    if (rc == 0 && o->draft) {
        rc = exo_draft_prepare(o->draft, err);
    }
    return rc;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

/* A flag overrides the grant of a file for this login, but a grant that the
 * file asks for is what the next refresh runs. */
static void warn_grant(const struct exo_login *login)
{
    const struct exo_settings *owner = login->owner;

    if (login->way == EXO_LOGIN_APP || !owner->grant_said ||
        owner->grant != EXO_GRANT_CLIENT_CREDENTIALS) {
        return;
    }
    exo_app_warn(login->app,
                 "%s asks for client_credentials, by grant or by the secret it "
                 "names, and the next refresh will run that; for a person's "
                 "credential add: --set grant=authorization_code",
                 owner->path);
}

/* There is nobody to ask and nothing to store. */
static int check_identity(const struct exo_settings *owner,
                          const struct exo_login_request *o,
                          struct exo_err *err)
{
    if (owner->grant != EXO_GRANT_MANAGED_IDENTITY ||
        (!o->device && !o->browser && !o->paste && !o->password &&
         !o->refresh_token && !o->secret)) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_USAGE,
                       "%s asks for grant managed_identity, which has no "
                       "login and no stored secret; log in without such an "
                       "option, or set another grant",
                       owner->path);
}

static int run_grant(struct exo_app *app, struct exo_settings *settings,
                     const struct exo_login_request *o,
                     const struct exo_ground *ground, struct exo_err *err)
{
    struct exo_login login = {
        .app = app, .request = o, .settings = settings, .ground = ground
    };
    struct exo_oauth_error error;
    int rc;

    exo_buf_init(&login.means.secret.hidden, EXO_SECRET_MAX);
    exo_buf_init(&login.means.assertion.hidden, EXO_SECRET_MAX);
    exo_buf_init(&login.keep.hidden, EXO_SECRET_MAX);
    login.owner = exo_settings_owner(settings);
    if (exo_settings_asks_issuer(settings)) {
        rc = exo_discover(app, settings, exo_clock_ms() + EXO_RENEWAL_MS,
                          &login.sends_iss, &error);
        if (rc != 0) {
            *err = error.err;
            return rc;
        }
    }
    login.way = exo_login_choose(app, login.owner, o);
    warn_grant(&login);
    rc = exo_login_prove(&login, err);
    exo_means_free(&login.means);
    exo_secret_free(&login.keep);
    return rc;
}

/* An app's secret may have been stored without a word about it in a file:
 * the next login is no reason to ask for a person. */
static void assume_stored(struct exo_app *app, struct exo_settings *settings)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    enum exo_grant grant;

    exo_record_init(&record);
    if (exo_store_peek(app->store, &exo_settings_owner(settings)->file, &record,
                       &ignored) == 0 &&
        exo_grant_parse(record.grant, &grant)) {
        (void)!exo_settings_assume(settings, grant);
    }
    exo_record_free(&record);
}

/* Does the stored credential work, so that nothing is to be done? For a
 * shortage that is not known. */
static int check_stored(struct exo_app *app, const struct exo_login_request *o,
                        bool *works, bool *first, struct exo_err *err)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err why = EXO_ERR_INIT;
    struct exo_got got;
    int rc;

    want.deadline_ms = exo_clock_ms() + EXO_RENEWAL_MS;
    want.stored = true;
    rc = exo_broker_get(app, o->account, &want, &got, &why);
    *first = rc == 0 && got.renewed && got.record.serial == 1;
    *works = rc == 0 && got.record.state == EXO_STATUS_OK;
    exo_got_free(&got);
    if (rc != 0 && why.unread && why.status == EXO_STATUS_TRANSIENT) {
        *err = why;
        return rc;
    }
    return 0;
}

/* --set of what no token depends on, such as servers, has nothing to prove. */
static bool is_proved(struct exo_app *app, const struct exo_settings *settings)
{
    const struct exo_settings *owner = exo_settings_owner(settings);
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    bool yes =
        exo_store_peek(app->store, &owner->file, &record, &ignored) == 0 &&
        record.state == EXO_STATUS_OK &&
        strcmp(record.config, owner->fingerprint) == 0;

    exo_record_free(&record);
    return yes;
}

/* Done if the stored credential works, also with what is to be set. */
static int try_stored(struct exo_app *app, const struct exo_settings *settings,
                      const struct exo_login_request *o, bool *done,
                      bool *changed, struct exo_err *err)
{
    bool first = false;
    int rc = 0;

    *done = false;
    if (exo_draft_waits(o->draft)) {
        if (!is_proved(app, settings)) {
            return 0;
        }
        rc = exo_draft_check(o->draft, err);
        if (rc == 0) {
            rc = exo_draft_write(o->draft, err);
        }
        *changed = rc == 0;
    }
    if (rc == 0) {
        rc = check_stored(app, o, done, &first, err);
        *changed |= first;
    }
    return rc;
}

static int login(struct exo_app *app, struct exo_settings *settings,
                 const struct exo_login_request *o, bool if_needed,
                 bool *changed, struct exo_err *err)
{
    struct exo_ground ground = { .app = NULL };
    bool done = false;
    int rc = exo_app_store(app, err);

    if (rc == 0) {
        rc = exo_ground_take(&ground, app, o->account, o->draft, err);
    }
    /* Before a person is troubled, or a code is spent. */
    if (rc == 0) {
        rc = exo_store_ready(app->store, err);
    }
    if (rc == 0) {
        /* Not between a code that is spent and its record. */
        rc = exo_keys_ask(app, err);
    }
    if (rc == 0) {
        assume_stored(app, settings);
    }
    if (rc == 0 && if_needed) {
        rc = try_stored(app, settings, o, &done, changed, err);
    }
    if (rc == 0 && !done) {
        rc = run_grant(app, settings, o, &ground, err);
        *changed = true;
    }
    exo_ground_free(&ground);
    return rc;
}

static const struct exo_secret *given(const char *file,
                                      const struct exo_secret *secret)
{
    return file ? secret : NULL;
}

static int run(struct exo_app *app, struct exo_options *o, struct exo_err *err)
{
    const struct exo_login_request request = {
        .account = &o->account,
        .device = o->device,
        .browser = o->browser,
        .paste = o->paste,
        .secret = given(o->secret_file, &o->secret),
        .refresh_token = given(o->refresh_token_file, &o->refresh_token),
        .password = given(o->password_file, &o->password),
        .wait = o->wait,
        .draft = o->draft,
    };
    struct exo_settings *settings;
    bool changed = false;
    int rc;

    rc = exo_settings_load_draft(&settings, app->conf, o->draft, &o->account,
                                 err);
    if (rc == 0) {
        exo_settings_unknown(app->conf, settings, warn, app);
        rc = check_identity(exo_settings_owner(settings), &request, err);
    }
    if (rc == 0) {
        rc = exo_settings_complete(settings, err);
    }
    if (rc == 0) {
        rc = login(app, settings, &request, o->if_needed, &changed, err);
    }
    exo_settings_free(settings);
    if (rc == 0) {
        rc = exo_out_changed(changed, err);
    }
    return rc;
}

const struct exo_command exo_cmd_login = {
    .name = "login",
    .usage = "ACCOUNT [--browser|--device|--paste] [--wait N] "
             "[--secret-file F|-] [--password-file F|-] "
             "[--refresh-token-file F|-] [--if-needed] [--set KEY=VALUE]...",
    .help = "Runs the account's grant, and stores the credential once it has "
            "proved itself.\n\n"
            "  --set KEY=VALUE       with this key, which is written to the "
            "account file\n"
            "                        together with the credential\n"
            "  --secret-file F       the client secret, or the private key's "
            "passphrase, from a\n"
            "                        file, - for stdin\n"
            "  --browser             sign in with a browser on this host\n"
            "  --paste               sign in with a browser anywhere, paste "
            "where it ends\n"
            "  --device              device code: enter a code in a browser "
            "anywhere\n"
            "  --wait SECONDS        how long --browser waits (600)\n"
            "  --password-file F     the mailbox's password, - for stdin; "
            "deprecated\n"
            "  --refresh-token-file F  adopt a refresh token, - for stdin\n"
            "  --if-needed           do nothing while the stored credential "
            "works\n",
    .options = EXO_OPT_DEVICE | EXO_OPT_BROWSER | EXO_OPT_SECRET_FILE |
               EXO_OPT_PASSWORD_FILE | EXO_OPT_REFRESH_TOKEN_FILE |
               EXO_OPT_IF_NEEDED | EXO_OPT_SET,
    .needs_account = true,
    .prepare = true,
    .before = before,
    .run = run,
};
