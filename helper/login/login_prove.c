/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login from its person to the record: called by cmd_login.c as run_as. What
 * the credential stands on (ground.h) is looked at before a code is spent and
 * when all is stored. What was spent is stored in any case; an error then says
 * what the next command will find.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "helper/broker/broker.h"
#include "helper/broker/discover.h"
#include "exoauth/clock.h"
#include "exoauth/reserve.h"
#include "login.h"
#include "helper/app/spend.h"
#include "helper/settings/trouble.h"

static void tell(const struct exo_got *got)
{
    char until[32] = "";
    time_t expires = (time_t)got->token.expires;
    bool other = strcmp(got->token.account, got->record.account) != 0;
    struct tm tm;

    if (localtime_r(&expires, &tm)) {
        (void)strftime(until, sizeof(until), "%F %T", &tm);
    }
    exo_say("%s: authorised by %s, for mailbox %s at %s; the token lasts until "
            "%s%s%s",
            got->token.account, got->record.grant, got->token.user,
            got->token.servers, until,
            other ? "; the credential is that of " : "",
            other ? got->record.account : "");
}

static int store(struct exo_app *app, const struct exo_login_request *o,
                 const struct exo_proof *proof, struct exo_got *got,
                 struct exo_err *err)
{
    int rc = exo_broker_login(app, o->account, proof,
                              exo_clock_ms() + EXO_RENEWAL_MS, got, err);

    /* The reserve is still there where nothing was begun; then no person is
     * asked twice for want of memory. */
    if (rc != 0 && proof->tokens && exo_reserve_use()) {
        exo_got_free(got);
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = exo_broker_login(app, o->account, proof,
                              exo_clock_ms() + EXO_RENEWAL_MS, got, err);
    }
    return rc;
}

/* Before a person is troubled, there is room for what a code will bring. */
static int ask_person(struct exo_login *login, struct exo_tokens *tokens,
                      struct exo_err *err)
{
    int rc = exo_store_reserve(login->app->store, &login->owner->file, err);

    if (rc == 0) {
        rc = exo_reserve_take();
        exo_err_words(err, rc);
    }
    return rc == 0 ? exo_login_person(login, tokens, err) : rc;
}

static int ask(struct exo_login *login, struct exo_proof *proof,
               struct exo_tokens *tokens, struct exo_err *err)
{
    enum exo_grant grant;
    int rc = 0;

    proof->grant = exo_login_grant(login);
    if (exo_grant_parse(proof->grant, &grant)) {
        rc = exo_settings_assume(login->settings, grant);
    }
    if (rc == 0) {
        rc = exo_login_means(login, err);
    }
    if (rc == 0 && login->way == EXO_LOGIN_ADOPT) {
        proof->refresh_token = login->request->refresh_token;
    } else if (rc == 0 && login->way != EXO_LOGIN_APP) {
        proof->tokens = tokens;
        rc = ask_person(login, tokens, err);
    }
    return rc;
}

/* What stands elsewhere now is not what the next command finds; and the key may
 * have gone while a person was asked. */
static int check_stored(const struct exo_login *login, bool person,
                        struct exo_err *err)
{
    struct exo_err why = EXO_ERR_INIT;
    int rc = exo_ground_check(login->ground, &why);

    if (rc == 0 && person) {
        rc = exo_store_ready(login->app->store, &why);
    }
    return rc == 0
               ? 0
               : exo_err_set(err, why.status, "the credential is stored; %-s",
                             exo_err_text(&why, rc));
}

int exo_login_prove(struct exo_login *login, struct exo_err *err)
{
    struct exo_app *app = login->app;
    struct exo_tokens tokens;
    struct exo_proof proof;
    struct exo_got got;
    char text[EXO_ERR_TEXT];
    int rc;

    memset(&tokens, 0, sizeof(tokens));
    memset(&proof, 0, sizeof(proof));
    memset(&got, 0, sizeof(got));
    exo_record_init(&got.record);
    rc = ask(login, &proof, &tokens, err);
    if (rc == 0) {
        proof.client_secret = login->replace ? &login->keep : NULL;
        proof.token_endpoint =
            exo_settings_discovered(login->owner, EXO_KEY_TOKEN_ENDPOINT)
                ? exo_settings_get(login->owner, EXO_KEY_TOKEN_ENDPOINT)
                : NULL;
        proof.draft = login->request->draft;
        rc = store(app, login->request, &proof, &got, err);
    }
    exo_spend_end(); /* begun where a code was redeemed */
    if (rc == 0) {
        tell(&got);
        if (exo_trouble_final(text, &got.record, login->owner->grant,
                              exo_clock_now())) {
            exo_app_warn(app, "%-s", text);
        }
        exo_login_whose(login, &tokens);
        rc = check_stored(login, proof.tokens != NULL, err);
    }
    exo_got_free(&got);
    exo_tokens_free(&tokens);
    return rc;
}
