/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the plugin asks its host: who logs in (SASL_CB_AUTHNAME), as whom
 * (SASL_CB_USER, optional) and, for an account that nobody knows, the
 * password. A host answers either by a callback function, at once, or by a
 * list of prompts: then the step returns SASL_INTERACT and is entered again
 * when the host has filled them in.
 *
 * Called by mech.c, from the first step only. The list of prompts is ours:
 * exo_prompt_free() frees it as soon as it has been read, at the latest in
 * mech_dispose; what its results point to stays the host's. Fails with
 * SASL_BADPARAM where the host gives no user name or a useless one, with
 * what canon_user says, or with SASL_NOMEM.
 */
#include "config.h"

#include "plugin.h"

#include <string.h>

#include "exoauth/block.h"

/* libsasl2 takes no longer names either, but loses memory when it refuses. */
#define NAME_LEN 1024

struct text {
    const char *data; /* NULL: the host has none */
    size_t len;
    bool ask; /* the host has to prompt for it */
};

static void fill_prompt(sasl_interact_t *prompt, unsigned long id)
{
    memset(prompt, 0, sizeof *prompt);
    prompt->id = id;
    switch (id) {
    case SASL_CB_AUTHNAME:
        prompt->challenge = "Authentication Name";
        prompt->prompt = "User name (mailbox address)";
        break;
    case SASL_CB_USER:
        prompt->challenge = "Authorization Name";
        prompt->prompt = "Open the mailbox of (empty: your own)";
        break;
    case SASL_CB_PASS:
        prompt->challenge = "Password";
        prompt->prompt = "Access token";
        break;
    default: /* SASL_CB_LIST_END */
        break;
    }
}

/* The host frees nothing of it: the plugin that asked does. */
static int send_prompts(struct exo_mech *mech, const sasl_utils_t *utils,
                        sasl_interact_t **prompt_need, const unsigned long *ids,
                        size_t n)
{
    exo_prompt_free(mech, utils, prompt_need);
    mech->prompts = utils->malloc((n + 1) * sizeof *mech->prompts);
    if (mech->prompts == NULL) {
        return exo_status_nomem(utils);
    }
    for (size_t i = 0; i < n; i++) {
        fill_prompt(&mech->prompts[i], ids[i]);
    }
    fill_prompt(&mech->prompts[n], SASL_CB_LIST_END);
    *prompt_need = mech->prompts;
    return SASL_INTERACT;
}

void exo_prompt_free(struct exo_mech *mech, const sasl_utils_t *utils,
                     sasl_interact_t **prompt_need)
{
    if (mech->prompts == NULL) {
        return;
    }
    if (prompt_need != NULL && *prompt_need == mech->prompts) {
        *prompt_need = NULL;
    }
    utils->free(mech->prompts);
    mech->prompts = NULL;
}

/* The result of a prompt that was sent; false if none was, for this id. */
static bool prompted(const struct exo_mech *mech, unsigned long id,
                     struct text *text)
{
    const sasl_interact_t *prompt = mech->prompts;

    while (prompt != NULL && prompt->id != SASL_CB_LIST_END &&
           prompt->id != id) {
        prompt++;
    }
    if (prompt == NULL || prompt->id != id) {
        return false;
    }
    text->data = prompt->result;
    text->len = text->data != NULL ? prompt->len : 0;
    /* Some hosts, mutt among them, count the NUL at the end. */
    while (text->len > 0 && text->data[text->len - 1] == '\0') {
        text->len--;
    }
    return true;
}

/*
 * Asking libsasl2 for a callback that the host does not have is no small
 * thing: it words an error text each time, which costs as much as reading
 * the token. Callbacks of the connection can be looked at; process-wide ones
 * cannot, but they are fixed for as long as the plugin is loaded, so one
 * "no" is good for every later login.
 */
static bool has_no_user(const struct exo_mech *mech,
                        const sasl_client_params_t *params)
{
    const sasl_callback_t *callback = params->prompt_supp;

    if (!atomic_load_explicit(&mech->plugin->no_user, memory_order_relaxed)) {
        return false;
    }
    while (callback != NULL && callback->id != SASL_CB_LIST_END &&
           callback->id != SASL_CB_USER) {
        callback++;
    }
    return callback == NULL || callback->id == SASL_CB_LIST_END;
}

static int get_name(const struct exo_mech *mech,
                    const sasl_client_params_t *params, unsigned long id,
                    struct text *text)
{
    const sasl_utils_t *utils = params->utils;
    sasl_callback_ft proc = NULL;
    void *context = NULL;
    int r;

    *text = (struct text){ NULL, 0, false };
    if (prompted(mech, id, text)) {
        return SASL_OK;
    }
    if (id == SASL_CB_USER && has_no_user(mech, params)) {
        return SASL_OK;
    }
    r = utils->getcallback(utils->conn, id, &proc, &context);
    if (r == SASL_INTERACT) {
        text->ask = true;
    } else if (r != SASL_OK && id == SASL_CB_USER) {
        atomic_store_explicit(&mech->plugin->no_user, true,
                              memory_order_relaxed);
    }
    if (r != SASL_OK || proc == NULL) {
        return SASL_OK;
    }
    /* Without a length, as libsasl2's own plugins ask: the text is
     * NUL-terminated by contract, and not every host sets the length. */
    r = ((sasl_getsimple_t *)(void (*)(void))proc)(context, (int)id,
                                                   &text->data, NULL);
    if (r != SASL_OK) {
        return exo_status_fail(utils, EXO_STATUS_USAGE,
                               "the program that logs in could not give a "
                               "user name; set one in its configuration");
    }
    if (text->data != NULL) {
        text->len = strlen(text->data);
    }
    return SASL_OK;
}

static bool is_blank(const struct text *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] != ' ') {
            return false;
        }
    }
    return true;
}

/* Hands the names to libsasl2, which keeps its own, canonical copies. */
static int set_names(sasl_client_params_t *params, const struct text *authid,
                     const struct text *authzid, sasl_out_params_t *oparams)
{
    const sasl_utils_t *utils = params->utils;
    unsigned flags = SASL_CU_AUTHID;
    int r;

    if (is_blank(authid)) {
        return exo_status_fail(utils, EXO_STATUS_USAGE,
                               "no user name was given; set it in the "
                               "program that logs in");
    }
    if (exo_has_control(authid->data, authid->len) ||
        (authzid->len > 0 && exo_has_control(authzid->data, authzid->len))) {
        return exo_status_fail(utils, EXO_STATUS_USAGE,
                               "the user name holds a control character; "
                               "correct it in the program that logs in");
    }
    if (authid->len > NAME_LEN || authzid->len > NAME_LEN) {
        return exo_status_fail(utils, EXO_STATUS_USAGE,
                               "the user name is too long; correct it in the "
                               "program that logs in");
    }
    if (is_blank(authzid)) {
        flags |= SASL_CU_AUTHZID;
    }
    r = params->canon_user(utils->conn, authid->data, (unsigned)authid->len,
                           flags, oparams);
    if (r == SASL_OK && (flags & SASL_CU_AUTHZID) == 0) {
        r = params->canon_user(utils->conn, authzid->data,
                               (unsigned)authzid->len, SASL_CU_AUTHZID,
                               oparams);
    }
    if (r != SASL_OK) {
        utils->seterror(utils->conn, 0,
                        "the user name is refused by the program that logs "
                        "in; correct it there");
    }
    return r;
}

int exo_prompt_names(struct exo_mech *mech, sasl_client_params_t *params,
                     sasl_interact_t **prompt_need, sasl_out_params_t *oparams)
{
    struct text authid, authzid;
    unsigned long ids[2];
    size_t n = 0;
    int r;

    r = get_name(mech, params, SASL_CB_AUTHNAME, &authid);
    if (r == SASL_OK) {
        r = get_name(mech, params, SASL_CB_USER, &authzid);
    }
    if (r != SASL_OK) {
        goto out;
    }
    /* A host that cannot be prompted has no name to give by prompt. */
    if (prompt_need != NULL) {
        if (authid.ask) {
            ids[n++] = SASL_CB_AUTHNAME;
        }
        if (authzid.ask) {
            ids[n++] = SASL_CB_USER;
        }
        if (n > 0) {
            return send_prompts(mech, params->utils, prompt_need, ids, n);
        }
    }
    r = set_names(params, &authid, &authzid, oparams);
out:
    exo_prompt_free(mech, params->utils, prompt_need);
    return r;
}

int exo_prompt_password(struct exo_mech *mech, const sasl_utils_t *utils,
                        sasl_interact_t **prompt_need, const char **data,
                        size_t *len)
{
    static const unsigned long id = SASL_CB_PASS;
    struct text text = { NULL, 0, false };
    sasl_callback_ft proc = NULL;
    sasl_secret_t *secret = NULL;
    void *context = NULL;
    int r;

    *data = NULL;
    *len = 0;
    if (prompted(mech, id, &text)) {
        *data = text.data;
        *len = text.len;
        return SASL_OK;
    }
    r = utils->getcallback(utils->conn, id, &proc, &context);
    if (r == SASL_INTERACT && prompt_need != NULL) {
        return send_prompts(mech, utils, prompt_need, &id, 1);
    }
    if (r != SASL_OK || proc == NULL) {
        return SASL_OK;
    }
    /* This callback has a signature of its own. The secret stays the host's,
     * to be wiped or freed by it. */
    r = ((sasl_getsecret_t *)(void (*)(void))proc)(utils->conn, context,
                                                   (int)id, &secret);
    if (r == SASL_OK && secret != NULL) {
        *data = (const char *)secret->data;
        *len = secret->len;
    }
    return SASL_OK;
}
