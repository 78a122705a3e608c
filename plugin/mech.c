/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One login: mech_new, mech_step, mech_dispose. libsasl2 calls them for the
 * host, long after the plugin was loaded and often as another user inside a
 * chroot, in any thread, or in a forked child.
 *
 *   first step     who logs in, then one token, then the response
 *   any later one  SASL_OK and an empty response, whatever the server said;
 *                  OAUTHBEARER answers an error challenge with ^A
 *
 * XOAUTH2 and OAUTHBEARER differ in what they send and in nothing else.
 *
 * The first step returns SASL_CONTINUE, for a POP service SASL_OK: each is
 * what makes the hosts of its kind go on rightly both when the server
 * accepts and when it challenges. A later step never fails, because hosts
 * hang on that or lose the server's own words; and doneflag is never set,
 * because libsasl2 would refuse the later step.
 *
 * Which step it is, only the state here knows: a host that sends no initial
 * response reaches the first step with an empty serverin, and serverin may
 * be anything in a later one. What a login holds, mech_dispose wipes and
 * frees. Every failure comes before a byte is sent, with one seterror.
 */
#include "config.h"

#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/source.h"
#include "exoauth/wire.h"

/* A password with fewer bytes is a password. Access tokens are longer than
 * anything a person would type or a password manager make up. */
#define TOKEN_MIN 40

int exo_mech_new(void *glob_context, sasl_client_params_t *params,
                 void **conn_context)
{
    const struct exo_offer *offer = glob_context;
    struct exo_mech *mech = malloc(sizeof *mech);

    *conn_context = NULL;
    if (mech == NULL) {
        return exo_status_nomem(params->utils);
    }
    mech->plugin = offer->plugin;
    mech->mechanism = offer->mechanism;
    mech->state = EXO_MECH_NAMES;
    mech->refused = false;
    mech->prompts = NULL;
    mech->message = (struct exo_secret)EXO_SECRET_INIT;
    mech->token_at = 0;
    mech->token_len = 0;
    mech->serial = -1;
    mech->unknown.text[0] = '\0';
    *conn_context = mech;
    return SASL_OK;
}

void exo_mech_dispose(void *conn_context, const sasl_utils_t *utils)
{
    struct exo_mech *mech = conn_context;

    if (mech == NULL) {
        return;
    }
    exo_prompt_free(mech, utils, NULL);
    exo_secret_free(&mech->message);
    free(mech);
}

static void warn(void *context, const char *text)
{
    const sasl_client_params_t *params = context;

    params->utils->log(params->utils->conn, SASL_LOG_WARN, "%s", text);
}

/* libsasl2 has "address;port" from hosts that say it. 0: not known. */
static unsigned remote_port(const sasl_client_params_t *params)
{
    const char *text = params->ipremoteport;
    int64_t port = 0;

    text = text != NULL ? strrchr(text, ';') : NULL;
    if (text == NULL || exo_block_number(text + 1, &port) != EXO_OK ||
        port < 1 || port > 65535) {
        return 0;
    }
    return (unsigned)port;
}

/* account_user is the account's `user:`, or NULL. */
static int send_token(struct exo_mech *mech, const sasl_client_params_t *params,
                      const sasl_out_params_t *oparams,
                      const char *account_user, const char *token,
                      size_t token_len)
{
    const char *user = oparams->authid;
    int r;

    /* An authorization identity equal to the authentication identity asks
     * for nothing else (RFC 4422 section 3.4.1), and some hosts, mbsync
     * among them, always give both: it counts as not given, so that the
     * account's `user:` is heard. */
    if (strcmp(oparams->user, oparams->authid) != 0) {
        user = oparams->user;
    } else if (account_user != NULL) {
        user = account_user;
    }
    r = mech->mechanism == EXO_XOAUTH2
            ? exo_wire_xoauth2(&mech->message, user, token, token_len,
                               &mech->token_at)
            : exo_wire_oauthbearer(&mech->message, user, params->serverFQDN,
                                   remote_port(params), token, token_len,
                                   &mech->token_at);
    if (r == EXO_E_NOMEM) {
        return exo_status_nomem(params->utils);
    }
    if (r != EXO_OK) {
        return exo_status_fail(params->utils, EXO_STATUS_USAGE,
                               "the name of the user or server holds a "
                               "control character, or names and token are "
                               "too long to be sent");
    }
    mech->token_len = token_len;
    mech->state = EXO_MECH_SENT;
    return SASL_CONTINUE;
}

/* For accounts that nobody knows: hosts with a password command or a wallet
 * can be given the token there. A real password never leaves as a Bearer. */
static int from_password(struct exo_mech *mech,
                         const sasl_client_params_t *params,
                         sasl_interact_t **prompt_need,
                         const sasl_out_params_t *oparams)
{
    const char *token = NULL;
    size_t len = 0;
    int r;

    mech->state = EXO_MECH_PASSWORD;
    r = exo_prompt_password(mech, params->utils, prompt_need, &token, &len);
    if (r != SASL_OK) {
        return r;
    }
    if (len >= TOKEN_MIN && exo_token_is_b64token(token, len)) {
        r = send_token(mech, params, oparams, NULL, token, len);
    } else {
        r = exo_status_fail(params->utils, mech->unknown.status,
                            mech->unknown.text);
    }
    /* A host that tries the step again gets everything tried again. */
    if (r != SASL_CONTINUE) {
        mech->state = EXO_MECH_TOKEN;
    }
    exo_prompt_free(mech, params->utils, prompt_need);
    return r;
}

/* The token of a good answer. One from a published file has had its bytes
 * checked by its publisher and by the parser; one from a peer is checked
 * here, because what it may do to the response depends on nobody else. */
static int from_answer(struct exo_mech *mech,
                       const sasl_client_params_t *params,
                       const sasl_out_params_t *oparams,
                       const struct exo_answer *answer)
{
    const struct exo_token *token = &answer->reply.token;

    if (token->token != answer->published.token.token &&
        !exo_token_is_b64token(token->token, token->token_len)) {
        struct exo_err err;

        exo_err_set(&err, EXO_STATUS_TRANSIENT,
                    "the token that was given for %s is not one; run: exoauth "
                    "refresh %s --force",
                    oparams->authid, EXO_SH(oparams->authid, "ACCOUNT"));
        return exo_status_fail(params->utils, err.status, err.text);
    }
    mech->serial = token->serial;
    return send_token(mech, params, oparams, token->user, token->token,
                      token->token_len);
}

static int from_sources(struct exo_mech *mech, sasl_client_params_t *params,
                        const sasl_out_params_t *oparams)
{
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_answer answer;
    const char *why;
    int r;

    if (params->serverFQDN == NULL || params->serverFQDN[0] == '\0') {
        return exo_status_fail(params->utils, EXO_STATUS_MISCONFIGURED,
                               "the program that logs in does not say to "
                               "which server; no token can be given to it");
    }
    request.get = oparams->authid;
    request.server = params->serverFQDN;
    exo_source_get(mech->plugin->conf, &request, 0, warn, params, &answer);
    why = answer.reply.message;
    if (why == NULL || why[0] == '\0') {
        why = exo_status_word(answer.reply.status);
    }
    if (answer.reply.status == EXO_STATUS_OK) {
        r = from_answer(mech, params, oparams, &answer);
    } else if (exo_err_set(&mech->unknown, answer.reply.status, "%-s", why) &&
               answer.known && answer.reply.status != EXO_STATUS_NO_ACCOUNT) {
        r = exo_status_fail(params->utils, answer.reply.status,
                            mech->unknown.text);
    } else {
        mech->state = EXO_MECH_PASSWORD;
        r = SASL_OK;
    }
    exo_answer_free(&answer);
    return r;
}

static bool is_pop(const char *service)
{
    return service != NULL &&
           (strcmp(service, "pop") == 0 || strcmp(service, "pop3") == 0);
}

static int first_step(struct exo_mech *mech, sasl_client_params_t *params,
                      sasl_interact_t **prompt_need, sasl_out_params_t *oparams)
{
    int r = SASL_OK;

    if (mech->state == EXO_MECH_NAMES) {
        r = exo_prompt_names(mech, params, prompt_need, oparams);
        if (r != SASL_OK) {
            return r;
        }
        mech->state = EXO_MECH_TOKEN;
    }
    if (mech->state == EXO_MECH_TOKEN) {
        r = from_sources(mech, params, oparams);
    }
    if (mech->state == EXO_MECH_PASSWORD) {
        r = from_password(mech, params, prompt_need, oparams);
    }
    return r;
}

/* The next login shall have a new token. The broker decides whether there is
 * one: what a server claims may not make it ask the provider without end. */
static void send_back(const struct exo_mech *mech,
                      const sasl_client_params_t *params,
                      const sasl_out_params_t *oparams)
{
    struct exo_request request = EXO_REQUEST_INIT;

    if (mech->serial < 0) {
        return;
    }
    request.get = oparams->authid;
    request.server = params->serverFQDN;
    request.reject = mech->serial;
    exo_source_reject(mech->plugin->conf, &request);
}

/* RFC 7628 section 3.2.3: an error challenge, which is a JSON object, is
 * answered by ^A. Hosts take this step after a success, too, with nothing or
 * with a stale buffer in serverin, and warn of an answer then. */
static int later_step(struct exo_mech *mech, const sasl_client_params_t *params,
                      const sasl_out_params_t *oparams, const char *serverin,
                      unsigned serverinlen, const char **clientout,
                      unsigned *clientoutlen)
{
    if (exo_challenge_note(mech, params, oparams, serverin, serverinlen)) {
        send_back(mech, params, oparams);
    }
    if (mech->mechanism == EXO_OAUTHBEARER && serverin != NULL &&
        serverinlen > 0 && serverin[0] == '{') {
        *clientout = "\001";
        *clientoutlen = 1;
    }
    return SASL_OK;
}

int exo_mech_step(void *conn_context, sasl_client_params_t *params,
                  const char *serverin, unsigned serverinlen,
                  sasl_interact_t **prompt_need, const char **clientout,
                  unsigned *clientoutlen, sasl_out_params_t *oparams)
{
    struct exo_mech *mech = conn_context;
    size_t len;
    int r;

    if (mech == NULL || clientout == NULL || clientoutlen == NULL) {
        return SASL_BADPARAM;
    }
    *clientout = "";
    *clientoutlen = 0;
    if (mech->state == EXO_MECH_SENT) {
        return later_step(mech, params, oparams, serverin, serverinlen,
                          clientout, clientoutlen);
    }
    r = first_step(mech, params, prompt_need, oparams);
    if (r != SASL_CONTINUE) {
        *clientout = NULL;
        return r;
    }
    if (exo_secret_reveal(&mech->message, clientout, &len) != EXO_OK) {
        return SASL_NOMEM;
    }
    *clientoutlen = (unsigned)len;
    return is_pop(params->service) ? SASL_OK : SASL_CONTINUE;
}
