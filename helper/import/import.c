/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth import --from TOOL`: accounts of other programs. before(), as
 * root where root runs it, reads the original and writes the account files;
 * after that, as run_as, each credential goes the way of a login: stored only
 * once the provider has accepted it. One account that cannot be imported does
 * not stop the others; the exit status is that of the worst.
 * struct exo_import is the state in between, which the command frees.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "helper/broker/broker.h"
#include "exoauth/clock.h"
#include "exoauth/seal.h"
#include "import.h"
#include "helper/app/place.h"
#include "helper/app/prompt.h"

#define ORIGINAL_SHOWN 200

void exo_import_free(struct exo_import *in)
{
    if (!in) {
        return;
    }
    for (size_t i = 0; i < in->n; i++) {
        exo_import_drop(&in->item[i]);
    }
    free(in->item);
    exo_secret_free(&in->secret);
    free(in);
}

/* Is the key set by --set, by the original, or by a file that is there? */
static bool is_known(const struct exo_import *in,
                     const struct exo_import_item *item, enum exo_key key)
{
    const struct exo_import_request *o = &in->request;
    const char *name = exo_key_name(key);
    struct exo_settings *settings = NULL;
    struct exo_err ignored = EXO_ERR_INIT;
    bool known = exo_import_get(item, key) != NULL;

    for (size_t i = 0; i < o->n_set && !known; i++) {
        known = strncmp(o->set[i], name, strlen(name)) == 0 &&
                o->set[i][strlen(name)] == '=';
    }
    if (!known && exo_settings_load(&settings, in->app->conf, &item->account,
                                    &ignored) == 0) {
        known = exo_settings_get(settings, key)[0] != '\0';
    }
    exo_settings_free(settings);
    return known;
}

static void need(struct exo_import_item *item, const struct exo_import *in,
                 enum exo_key key, const char *what)
{
    if ((item->err.status == EXO_STATUS_OK ||
         item->err.status == EXO_STATUS_NEEDS_LOGIN) &&
        !is_known(in, item, key)) {
        (void)exo_err_set(&item->err, EXO_STATUS_USAGE,
                          "%s does not say %s of %s; add --set %s=VALUE",
                          in->shown, what, item->account.name,
                          exo_key_name(key));
    }
}

/* What the original lacks must be given, before anything is written. */
static void check_item(const struct exo_import *in,
                       struct exo_import_item *item)
{
    need(item, in, EXO_KEY_PROVIDER, "the provider");
    need(item, in, EXO_KEY_CLIENT_ID, "the client id");
    if (item->provider && item->provider->servers[0] == '\0') {
        need(item, in, EXO_KEY_SERVERS, "the mail servers");
    }
    if (!exo_import_get(item, EXO_KEY_GRANT)) {
        exo_import_key(item, EXO_KEY_GRANT,
                       item->app ? "client_credentials" : "authorization_code");
    }
}

/* The account's file: what the original says, then --set. */
static int draft_item(struct exo_app *app, const struct exo_import_request *o,
                      struct exo_import_item *item, struct exo_err *err)
{
    char **pairs = calloc(item->n_pairs + o->n_set, sizeof(*pairs));
    int rc = pairs ? 0 : EXO_E_NOMEM;

    for (size_t i = 0; rc == 0 && i < item->n_pairs; i++) {
        rc = item->pair[i].error;
        pairs[i] = item->pair[i].data;
    }
    if (rc == 0 && o->n_set > 0) {
        memcpy(pairs + item->n_pairs, o->set, o->n_set * sizeof(*pairs));
    }
    if (rc == 0) {
        rc = exo_draft_make(&item->draft, app->conf, &item->account, pairs,
                            item->n_pairs + o->n_set, err);
    }
    if (rc == 0) {
        rc = exo_draft_prepare(item->draft, err);
    }
    free(pairs);
    return rc;
}

static int read_original(struct exo_import *in, struct exo_err *err)
{
    const struct exo_import_request *o = &in->request;
    struct exo_secret text = EXO_SECRET_INIT;
    int rc;

    exo_buf_init(&text.hidden, EXO_IMPORT_SIZE);
    rc = exo_import_ask(in, &text, err);
    if (rc == 0) {
        rc = exo_import_take(in, &text, err);
    }
    exo_secret_free(&text);
    if (rc != 0 && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT, "%s: %s; try again",
                         in->shown, exo_strerror(rc));
    }
    if (rc == 0 && in->n == 0) {
        rc = exo_err_set(err, EXO_STATUS_NEEDS_LOGIN,
                         "%s holds no credential%s%s; name another account, "
                         "or run: exoauth login",
                         in->shown, o->account ? " of " : "",
                         o->account ? o->account->name : "");
    }
    return rc;
}

/* --secret-file stands in for what the original keeps elsewhere. */
static int give_secret(struct exo_import *in)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < in->n; i++) {
        if (!exo_secret_empty(&in->secret)) {
            rc = exo_secret_copy(&in->item[i].client_secret, &in->secret);
        }
    }
    return rc;
}

/* One without a token is written as well, for the login that follows. */
static bool is_writable(const struct exo_import_item *item)
{
    return item->err.status == EXO_STATUS_OK ||
           item->err.status == EXO_STATUS_NEEDS_LOGIN;
}

int exo_import_before(struct exo_app *app, const struct exo_import_request *o,
                      struct exo_import **import, struct exo_err *err)
{
    struct exo_import *in = calloc(1, sizeof(*in));
    int rc = 0;

    *import = in;
    if (!in) {
        return EXO_E_NOMEM;
    }
    in->app = app;
    in->request = *o;
    exo_buf_init(&in->secret.hidden, EXO_SECRET_MAX);
    in->shown = strcmp(o->file, "-") == 0 ? "standard input" : o->file;
    if (o->secret_file) {
        rc = exo_prompt_file("secret-file", o->secret_file, &in->secret, err);
    }
    if (rc == 0) {
        rc = read_original(in, err);
    }
    if (rc == 0) {
        rc = give_secret(in);
    }
    if (rc == 0) {
        rc = exo_place_own(app, err);
    }
    for (size_t i = 0; rc == 0 && i < in->n; i++) {
        check_item(in, &in->item[i]);
        if (is_writable(&in->item[i])) {
            rc = draft_item(app, o, &in->item[i], err);
        }
    }
    return rc;
}

/* The stored credential with what is new in the account's file. */
static bool works_with(struct exo_app *app, const struct exo_import_item *item,
                       const char *grant)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_proof proof;
    struct exo_got got;
    bool good;

    memset(&proof, 0, sizeof(proof));
    proof.grant = grant;
    proof.draft = item->draft;
    good =
        exo_broker_login(app, &item->account, &proof,
                         exo_clock_ms() + EXO_RENEWAL_MS, &got, &ignored) == 0;
    exo_got_free(&got);
    return good;
}

/* Also where the provider has put another in its place since. */
static bool is_same(const struct exo_record *record,
                    const struct exo_import_item *item)
{
    char mark[EXO_SEAL_ID + 1];

    return exo_secret_same(&record->client_secret, &item->client_secret) &&
           (exo_secret_same(&record->refresh_token, &item->refresh_token) ||
            (record->adopted[0] != '\0' &&
             exo_seal_mark(&item->refresh_token, mark) == 0 &&
             strcmp(mark, record->adopted) == 0));
}

/* Is the stored credential good, and is it this one already? Then it is not
 * spent again: a provider may take that for theft. */
static bool is_there(struct exo_app *app, const struct exo_import_request *o,
                     const struct exo_import_item *item, const char *grant)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_record record;
    struct exo_got got;
    bool any, mine, good;

    any = exo_store_get(app->store, &item->account, &record, &ignored) == 0;
    mine = any && is_same(&record, item);
    exo_record_free(&record);
    if (!o->if_needed && (!mine || exo_draft_waits(item->draft))) {
        return false;
    }
    if (exo_draft_waits(item->draft)) {
        return any && works_with(app, item, grant);
    }
    want.deadline_ms = exo_clock_ms() + EXO_RENEWAL_MS;
    good = exo_broker_get(app, &item->account, &want, &got, &ignored) == 0 &&
           got.record.state == EXO_STATUS_OK &&
           (mine || !got.renewed || got.record.serial > 1);
    exo_got_free(&got);
    return good;
}

static int prove(struct exo_app *app, const struct exo_import_item *item,
                 const char *grant, const char *shown, struct exo_err *err)
{
    struct exo_proof proof = { .grant = grant, .draft = item->draft };
    struct exo_got got;
    bool other;
    int rc;

    memset(&got, 0, sizeof(got));
    exo_record_init(&got.record);
    if (!exo_secret_empty(&item->client_secret)) {
        proof.client_secret = &item->client_secret;
    }
    if (!item->app) {
        proof.refresh_token = &item->refresh_token;
    }
    rc = exo_broker_login(app, &item->account, &proof,
                          exo_clock_ms() + EXO_RENEWAL_MS, &got, err);
    if (rc == 0) {
        other = strcmp(item->account.name, got.record.account) != 0;
        exo_say("%s: imported%s%s, for mailbox %s at %s; do not use %.*s "
                "elsewhere any more, its refresh token may have been replaced",
                item->account.name, other ? " as the credential of " : "",
                other ? got.record.account : "", got.token.user,
                got.token.servers, ORIGINAL_SHOWN, shown);
    }
    exo_got_free(&got);
    return rc;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

/* The client is right, but somebody must log in: with what the original says,
 * as the remedy is that login. */
static void keep_draft(struct exo_app *app, struct exo_import_item *item)
{
    struct exo_err why = EXO_ERR_INIT;
    int rc = item->draft && item->draft->is_new
                 ? exo_draft_write(item->draft, &why)
                 : 0;

    if (rc != 0) {
        exo_app_warn(app, "%-s", exo_err_text(&why, rc));
    }
}

static int import_one(struct exo_app *app, const struct exo_import *in,
                      struct exo_import_item *item, struct exo_err *err)
{
    struct exo_settings *settings = NULL;
    const char *grant;
    int rc;

    if (!is_writable(item)) {
        *err = item->err;
        return EXO_E_STATUS;
    }
    rc = exo_settings_load_draft(&settings, app->conf, item->draft,
                                 &item->account, err);
    if (rc == 0) {
        exo_settings_unknown(app->conf, settings, warn, app);
        rc = exo_settings_complete(settings, err);
    }
    if (rc == 0) {
        grant = exo_grant_word(exo_settings_owner(settings)->grant);
        item->changed = exo_draft_waits(item->draft);
        if (!(item->err.status != EXO_STATUS_OK && item->changed) &&
            is_there(app, &in->request, item, grant)) {
            rc = 0;
        } else if (item->err.status != EXO_STATUS_OK) {
            *err = item->err;
            rc = EXO_E_STATUS;
        } else {
            rc = prove(app, item, grant, in->shown, err);
            item->changed = true;
        }
    }
    if (rc != 0 && err->status == EXO_STATUS_NEEDS_LOGIN) {
        keep_draft(app, item);
    }
    exo_settings_free(settings);
    return rc;
}

static void swap(struct exo_err *a, struct exo_err *b)
{
    struct exo_err c = *a;

    *a = *b;
    *b = c;
}

int exo_import_run(struct exo_app *app, struct exo_import *in, bool *changed,
                   struct exo_err *err)
{
    int failed = 0;
    int rc = exo_app_store(app, err);

    for (size_t i = 0; rc == 0 && i < in->n; i++) {
        struct exo_err one = EXO_ERR_INIT;
        int result = import_one(app, in, &in->item[i], &one);

        *changed |= in->item[i].changed;
        if (result == 0) {
            continue;
        }
        if (failed == 0 || exo_status_is_worse(one.status, err->status)) {
            swap(err, &one);
        }
        if (failed != 0) {
            exo_app_warn(app, "%-s", one.text);
        }
        failed = result;
    }
    return rc != 0 ? rc : failed;
}
