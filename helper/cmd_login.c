/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth login: configuration, the account's grant, and the credential
 * into the store once it has proved itself. before() is what root does:
 * writing --set and reading the files named on the command line. The last
 * line on stdout is `changed` or `unchanged`.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"
#include "cmd.h"
#include "device.h"
#include "exoauth/file.h"
#include "exoauth/proto.h"
#include "place.h"
#include "prompt.h"

#define LOGIN_MS 60000 /* for a lock and a request; a person is not timed */

/* An ordinary user's first login begins his own configuration. */
static int begin_own(const struct exo_app *app, struct exo_err *err)
{
    static const char text[] = "# exoauth.conf(5); absent keys have their "
                               "defaults\n";
    char *slash = strrchr(app->conf->path, '/');
    char *dir;
    int fd = -1;
    int rc;

    if (!app->conf->user || app->conf->present || !slash) {
        return 0;
    }
    dir = strndup(app->conf->path, (size_t)(slash - app->conf->path));
    rc = dir ? exo_place_mkdirs(dir, 0700) : EXO_E_NOMEM;
    free(dir);
    if (rc == 0) {
        fd = open(app->conf->path,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : exo_file_write_all(fd, text, sizeof(text) - 1);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot make %s: %m; correct owner and mode of its "
                           "directory",
                           app->conf->path);
    }
    return 0;
}

static int before(struct exo_app *app, struct exo_options *o,
                  struct exo_err *err)
{
    int rc = 0;

    if (o->secret_file) {
        rc = exo_prompt_file("secret-file", o->secret_file, &o->secret, err);
    }
    if (rc == 0 && o->refresh_token_file) {
        rc = exo_prompt_file("refresh-token-file", o->refresh_token_file,
                             &o->refresh_token, err);
    }
    if (rc == 0) {
        rc = begin_own(app, err);
    }
    if (rc == 0 && o->n_set > 0) {
        rc = exo_settings_write(app->conf, &o->account, o->set, o->n_set,
                                &o->conf_changed, err);
    }
    return rc;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%s", text);
}

/* The secret for this login: given, configured, stored, or asked for. */
static int find_secret(struct exo_app *app, const struct exo_settings *owner,
                       const struct exo_options *o, bool needed,
                       struct exo_secret *secret, bool *is_new,
                       struct exo_err *err)
{
    struct exo_record record;
    int rc;

    *is_new = !exo_secret_empty(&o->secret);
    if (*is_new) {
        return exo_secret_copy(secret, &o->secret);
    }
    rc = exo_client_secret(owner, secret, err);
    if (rc != EXO_E_NOENT) {
        return rc;
    }
    exo_record_init(&record);
    rc = exo_store_get(app->store, &owner->file, &record, err);
    if (rc == 0) {
        rc = exo_secret_copy(secret, &record.client_secret);
    } else if (rc == EXO_E_NOENT || rc == EXO_E_STATUS) {
        *err = (struct exo_err)EXO_ERR_INIT; /* what is damaged gets replaced */
        rc = 0;
    }
    exo_record_free(&record);
    if (rc != 0 || !needed || !exo_secret_empty(secret)) {
        return rc;
    }
    rc = exo_prompt_secret("Client secret (its value, not its id): ", secret,
                           err);
    *is_new = rc == 0;
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(secret))) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "no client secret for %s; give it with --secret-file "
                         "FILE, or - for stdin",
                         owner->file.name);
    }
    return rc;
}

static bool wants_app(const struct exo_settings *owner,
                      const struct exo_options *o)
{
    if (o->device || o->refresh_token_file) {
        return false;
    }
    return owner->grant == EXO_GRANT_CLIENT_CREDENTIALS ||
           (!owner->grant_said && o->secret_file);
}

/* Lets the stored credential of an app, given without saying so in a file,
 * stand for what it is. */
static const char *grant_of(const struct exo_settings *owner, bool app_only,
                            const struct exo_options *o)
{
    if (app_only) {
        return "client_credentials";
    }
    if (o->refresh_token_file) {
        return owner->grant == EXO_GRANT_CLIENT_CREDENTIALS
                   ? "authorization_code"
                   : exo_grant_word(owner->grant);
    }
    return "device_code";
}

static void tell(const struct exo_app *app, const struct exo_got *got)
{
    char until[32] = "";
    time_t expires = (time_t)got->token.expires;
    struct tm tm;

    if (localtime_r(&expires, &tm)) {
        (void)strftime(until, sizeof(until), "%F %T", &tm);
    }
    (void)app;
    (void)fprintf(stderr,
                  "exoauth: %s: authorised by %s, for mailbox %s at %s; the "
                  "token lasts until %s\n",
                  got->token.account, got->record.grant, got->token.user,
                  got->token.servers, until);
}

static int prove(struct exo_app *app, struct exo_settings *settings,
                 const struct exo_options *o, struct exo_err *err)
{
    const struct exo_settings *owner = exo_settings_owner(settings);
    bool app_only = wants_app(owner, o);
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_oauth_client client;
    struct exo_tokens tokens;
    struct exo_proof proof;
    struct exo_got got;
    enum exo_grant grant;
    bool is_new;
    int rc;

    memset(&tokens, 0, sizeof(tokens));
    memset(&proof, 0, sizeof(proof));
    memset(&got, 0, sizeof(got));
    exo_record_init(&got.record);
    proof.grant = grant_of(owner, app_only, o);
    rc = find_secret(app, owner, o, app_only, &secret, &is_new, err);
    if (rc == 0 && exo_grant_parse(proof.grant, &grant)) {
        rc = exo_settings_assume(settings, grant);
    }
    if (rc == 0 && is_new) {
        proof.client_secret = &secret;
    }
    if (rc == 0 && o->refresh_token_file) {
        proof.refresh_token = &o->refresh_token;
    } else if (rc == 0 && !app_only) {
        exo_broker_client(app, settings, &secret, 0, &client);
        rc = exo_device_login(&client, &tokens, err);
        proof.tokens = &tokens;
    }
    if (rc == 0) {
        rc = exo_broker_login(app, &o->account, &proof,
                              exo_clock_ms() + LOGIN_MS, &got, err);
    }
    if (rc == 0) {
        tell(app, &got);
    }
    exo_got_free(&got);
    exo_tokens_free(&tokens);
    exo_secret_free(&secret);
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
    if (exo_store_get(app->store, &exo_settings_owner(settings)->file, &record,
                      &ignored) == 0 &&
        exo_grant_parse(record.grant, &grant)) {
        (void)!exo_settings_assume(settings, grant);
    }
    exo_record_free(&record);
}

/* 0: the stored credential works, nothing to do. */
static int check_stored(struct exo_app *app, const struct exo_options *o,
                        bool *first)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_got got;
    int rc;

    want.deadline_ms = exo_clock_ms() + LOGIN_MS;
    rc = exo_broker_get(app, &o->account, &want, &got, &ignored);
    *first = rc == 0 && got.renewed && got.record.serial == 1;
    if (rc == 0 && got.record.state != EXO_STATUS_OK) {
        rc = EXO_E_STATUS;
    }
    exo_got_free(&got);
    return rc;
}

static int run(struct exo_app *app, struct exo_options *o, struct exo_err *err)
{
    struct exo_settings *settings;
    bool changed = o->conf_changed;
    bool first;
    int rc = exo_settings_load(&settings, app->conf, &o->account, err);

    if (rc != 0) {
        return rc;
    }
    exo_settings_unknown(app->conf, settings, warn, app);
    rc = exo_settings_complete(settings, err);
    if (rc == 0) {
        rc = exo_app_store(app, err);
    }
    if (rc == 0 && o->if_needed && check_stored(app, o, &first) == 0) {
        changed |= first;
    } else if (rc == 0) {
        assume_stored(app, settings);
        rc = prove(app, settings, o, err);
        changed = true;
    }
    exo_settings_free(settings);
    if (rc == 0) {
        rc = changed ? exo_out("changed\n", 8, err)
                     : exo_out("unchanged\n", 10, err);
    }
    return rc;
}

const struct exo_command exo_cmd_login = {
    .name = "login",
    .usage = "ACCOUNT [--device] [--secret-file F|-] [--refresh-token-file "
             "F|-] [--if-needed] [--set KEY=VALUE]...",
    .help = "Writes the account's configuration, runs its grant, and stores "
            "the credential.\n\n"
            "  --set KEY=VALUE       write a key of the account file first\n"
            "  --secret-file F       the client secret, from a file, - for "
            "stdin\n"
            "  --device              device code: enter a code in a browser "
            "anywhere\n"
            "  --refresh-token-file F  adopt a refresh token, - for stdin\n"
            "  --if-needed           do nothing while the stored credential "
            "works\n",
    .options = EXO_OPT_DEVICE | EXO_OPT_SECRET_FILE |
               EXO_OPT_REFRESH_TOKEN_FILE | EXO_OPT_IF_NEEDED | EXO_OPT_SET |
               EXO_OPT_LATER,
    .needs_account = true,
    .prepare = true,
    .before = before,
    .run = run,
};
