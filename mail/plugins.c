/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which plugins libsasl2 loads (exoauth/plugins.h). Called by doctor. The
 * child does what every program does at its start, sasl_client_init(), and
 * then asks: the search path comes through the utilities that libsasl2 hands
 * to a plugin, so one of our own is added for a moment; the file of a
 * mechanism is the one that its code lies in. Nothing is logged in to.
 *
 * What comes back is a message block; the caller frees it with
 * exo_plugins_free(). A plugin of another libsasl2 than ours may still break
 * the child, which is then the answer.
 */
#include "config.h"

#include "exoauth/plugins.h"

#include <dlfcn.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

#define LIST_MAX ((size_t)8192)

struct found {
    struct exo_buf xoauth2;
    struct exo_buf oauthbearer;
};

static char plugin_path[4096];

/* Not a mechanism: libsasl2 tells its search path to plugins only. */
static int ask_path(const sasl_utils_t *utils, int max_version,
                    int *out_version, sasl_client_plug_t **plugins, int *count)
{
    sasl_callback_ft proc = NULL;
    void *context = NULL;
    const char *path = NULL;

    (void)max_version;
    if (utils->getcallback(NULL, SASL_CB_GETPATH, &proc, &context) == SASL_OK &&
        proc &&
        ((sasl_getpath_t *)(void (*)(void))proc)(context, &path) == SASL_OK &&
        path && strlen(path) < sizeof(plugin_path)) {
        memcpy(plugin_path, path, strlen(path) + 1);
    }
    *out_version = SASL_CLIENT_PLUG_VERSION;
    *plugins = NULL;
    *count = 0;
    return SASL_OK;
}

static void note(client_sasl_mechanism_t *mech,
                 sasl_info_callback_stage_t stage, void *context)
{
    struct found *found = context;
    struct exo_buf *list = NULL;
    Dl_info info;

    if (stage != SASL_INFO_LIST_MECH) {
        return;
    }
    if (strcmp(mech->plug->mech_name, "XOAUTH2") == 0) {
        list = &found->xoauth2;
    } else if (strcmp(mech->plug->mech_name, "OAUTHBEARER") == 0) {
        list = &found->oauthbearer;
    }
    memset(&info, 0, sizeof(info));
    if (list &&
        dladdr((const void *)(uintptr_t)mech->plug->mech_new, &info) != 0 &&
        info.dli_fname) {
        exo_buf_fmt(list, "%s%s", list->len > 0 ? " " : "", info.dli_fname);
    }
}

static void work(void *context, struct exo_buf *out)
{
    const char *conf_dir = context;
    struct found found = { EXO_BUF_INIT(LIST_MAX), EXO_BUF_INIT(LIST_MAX) };
    const char *version = "";
    int r;

    if (conf_dir) {
        (void)setenv("SASL_CONF_PATH", conf_dir, 1);
    }
    sasl_version_info(NULL, &version, NULL, NULL, NULL, NULL);
    exo_block_put(out, "version", version ? version : "");
    r = sasl_client_init(NULL);
    if (r == SASL_OK) {
        (void)sasl_client_add_plugin("exoauth-path", ask_path);
        (void)sasl_client_plugin_info(NULL, note, &found);
    }
    exo_block_put(out, "path", plugin_path);
    exo_block_put_buf(out, "xoauth2", &found.xoauth2);
    exo_block_put_buf(out, "oauthbearer", &found.oauthbearer);
    exo_block_put(out, "result",
                  r == SASL_OK ? "ok" : sasl_errstring(r, NULL, NULL));
    exo_buf_free(&found.xoauth2);
    exo_buf_free(&found.oauthbearer);
}

static const char *get(const struct exo_plugins *plugins, const char *key)
{
    const char *value = exo_block_get(&plugins->block, key);

    return value ? value : "";
}

int exo_plugins_look(struct exo_plugins *plugins, const char *conf_dir,
                     int64_t deadline_ms, struct exo_err *err)
{
    int rc;

    memset(plugins, 0, sizeof(*plugins));
    exo_buf_init(&plugins->text, EXO_BLOCK_SIZE);
    exo_buf_init(&plugins->log, EXO_BLOCK_SIZE);
    plugins->version = plugins->path = "";
    plugins->xoauth2 = plugins->oauthbearer = "";
    rc = exo_child_run("loading the plugins of libsasl2", work,
                       (void *)(uintptr_t)conf_dir, deadline_ms, &plugins->text,
                       &plugins->log, err);
    if (rc == 0 &&
        (!exo_buf_reserve(&plugins->text, 1) ||
         exo_block_parse(&plugins->block, plugins->text.data, plugins->text.len,
                         EXO_BLOCK_MESSAGE) != 0)) {
        rc = exo_err_set(err, EXO_STATUS_BUG,
                         "loading the plugins of libsasl2 could not tell what "
                         "it found; please report it");
    }
    if (rc != 0) {
        return rc;
    }
    plugins->version = get(plugins, "version");
    plugins->path = get(plugins, "path");
    plugins->xoauth2 = get(plugins, "xoauth2");
    plugins->oauthbearer = get(plugins, "oauthbearer");
    if (strcmp(get(plugins, "result"), "ok") != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "libsasl2 does not start: %s; reinstall libsasl2",
                           get(plugins, "result"));
    }
    return 0;
}

void exo_plugins_free(struct exo_plugins *plugins)
{
    exo_buf_free(&plugins->text);
    exo_buf_free(&plugins->log);
}
