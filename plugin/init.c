/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door: libsasl2 loads the plugin in every program that calls
 * sasl_client_init(), and nearly all of them want nothing from it. So it
 * reads one small file, looks for one account, and where there is nothing to
 * offer registers no mechanism and says nothing: a mechanism that ranks above
 * PLAIN would take password logins from people who never heard of it.
 *
 * libsasl2 calls sasl_client_plug_init(), possibly again after sasl_done() or
 * while an earlier one is alive, and mech_free once for each mechanism of
 * each. All that an init makes belongs to its struct exo_plugin. A broken
 * configuration is one warning and no mechanism, never an error, which would be
 * logged by every program on the host; SASL_NOMEM, SASL_BADVERS and
 * SASL_BADPARAM are all that can fail.
 */
#include "config.h"

#include "plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((visibility("default")))
sasl_client_plug_init_t sasl_client_plug_init;

static void free_plugin(struct exo_plugin *plugin)
{
    if (plugin == NULL) {
        return;
    }
    exo_conf_free(plugin->conf);
    free(plugin);
}

/* libsasl2 goes through its list of mechanisms and looks into each entry of
 * ours before it frees it: the entries live until the last one's turn. */
static void mech_free(void *glob_context, const sasl_utils_t *utils)
{
    const struct exo_offer *offer = glob_context;

    (void)utils;
    if (--offer->plugin->n == 0) {
        free_plugin(offer->plugin);
    }
}

/* libsasl2's own search path, SASL_CONF_PATH and all. The text is libsasl2's.
 * At this time there is no connection, and libraries that want one get our
 * own idea of the same path. */
static const char *conf_path(const sasl_utils_t *utils)
{
    sasl_callback_ft proc = NULL;
    void *context = NULL;
    char *path = NULL;

    if (utils->getcallback(NULL, SASL_CB_GETCONFPATH, &proc, &context) ==
            SASL_OK &&
        proc != NULL &&
        ((sasl_getconfpath_t *)(void (*)(void))proc)(context, &path) ==
            SASL_OK &&
        path != NULL && path[0] != '\0') {
        return path;
    }
    return exo_conf_sasl_path();
}

/* Search permission is what counts: who may enter may read the token that
 * bears its name. A failure to find out is a no. */
static bool can_enter(const char *dir)
{
    struct exo_buf path = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    const char *text;
    struct stat st;
    bool can;

    exo_buf_str(&path, dir);
    exo_buf_str(&path, "/.");
    can = exo_buf_done(&path, &text) == EXO_OK && stat(text, &st) == 0;
    exo_buf_free(&path);
    return can;
}

/* A host can say that it wants tokens: one that has nothing else to log in
 * with, as exoauth connect. Everybody else's PLAIN stays what it was. */
static bool is_asked_for(const sasl_utils_t *utils)
{
    const char *value = NULL;

    return utils->getopt != NULL &&
           utils->getopt(utils->getopt_context, "exoauth", "exoauth_wanted",
                         &value, NULL) == SASL_OK &&
           value != NULL && strcmp(value, "yes") == 0;
}

/* Root counts because Postfix and others load plugins as root and log in as
 * somebody else. */
static bool is_wanted(const struct exo_conf *conf, const sasl_utils_t *utils)
{
    return exo_conf_has_accounts(conf) &&
           (geteuid() == 0 || conf->user || can_enter(conf->token_dir) ||
            is_asked_for(utils));
}

/* A bearer token is a plaintext credential: no NOPLAINTEXT unless somebody
 * who knows that there is TLS says so, and no layer. NODICTIONARY is true of
 * it, too, and ranks it above PLAIN and LOGIN whatever the order in which
 * plugins are found. */
static void fill_mech(struct exo_plugin *plugin, enum exo_mechanism mechanism)
{
    static const unsigned long prompts[] = { SASL_CB_AUTHNAME,
                                             SASL_CB_LIST_END };
    const struct exo_conf *conf = plugin->conf;
    struct exo_offer *offer = &plugin->offer[plugin->n];
    sasl_client_plug_t *mech = &plugin->mech[plugin->n];

    plugin->n++;
    offer->mechanism = mechanism;
    offer->plugin = plugin;
    mech->mech_name = mechanism == EXO_XOAUTH2 ? "XOAUTH2" : "OAUTHBEARER";
    mech->max_ssf = 0;
    mech->security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS |
                           SASL_SEC_NODICTIONARY;
    if (conf->noplaintext) {
        mech->security_flags |= SASL_SEC_NOPLAINTEXT;
    }
    mech->features = SASL_FEAT_ALLOWS_PROXY |
                     (conf->initial_response ? SASL_FEAT_WANT_CLIENT_FIRST
                                             : SASL_FEAT_SERVER_FIRST);
    mech->required_prompts = prompts;
    mech->glob_context = offer;
    mech->mech_new = exo_mech_new;
    mech->mech_step = exo_mech_step;
    mech->mech_dispose = exo_mech_dispose;
    mech->mech_free = mech_free;
}

/* Among equals libsasl2 keeps the order in which they come. */
static void fill_mechs(struct exo_plugin *plugin)
{
    const char *list = plugin->conf->mechanisms;
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        fill_mech(plugin, word[0] == 'x' ? EXO_XOAUTH2 : EXO_OAUTHBEARER);
    }
}

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
                          int *out_version, sasl_client_plug_t **pluglist,
                          int *plugcount)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_plugin *plugin = NULL;
    char *path = NULL;
    bool user = false;
    int r;

    if (utils == NULL || out_version == NULL || pluglist == NULL ||
        plugcount == NULL) {
        return SASL_BADPARAM;
    }
    *out_version = SASL_CLIENT_PLUG_VERSION;
    *pluglist = NULL;
    *plugcount = 0;
    if (max_version < SASL_CLIENT_PLUG_VERSION) {
        return SASL_BADVERS;
    }

    plugin = calloc(1, sizeof *plugin);
    r = plugin != NULL ? exo_conf_find(NULL, conf_path(utils), &path, &user)
                       : EXO_E_NOMEM;
    if (r == EXO_OK) {
        r = exo_conf_load(&plugin->conf, path, user, EXO_HELPER, &err);
    }
    free(path);
    errno = 0;
    if (r == EXO_OK && is_wanted(plugin->conf, utils)) {
        fill_mechs(plugin);
        *pluglist = plugin->mech;
        *plugcount = plugin->n;
        return SASL_OK;
    }
    /* libsasl2 says that there is no mechanism, and not for want of what. */
    if (err.text[0] == '\0') {
        (void)exo_err_system(&err, r != EXO_OK ? r : EXO_E_IO,
                             "cannot offer XOAUTH2");
    }
    if (err.text[0] != '\0') {
        utils->log(NULL, SASL_LOG_WARN, "%s", err.text);
    }
    free_plugin(plugin);
    return r == EXO_E_NOMEM ? SASL_NOMEM : SASL_OK;
}
