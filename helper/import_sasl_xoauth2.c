/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token files of sasl-xoauth2: one JSON object with the refresh token, and
 * with it or in the configuration (/etc/sasl-xoauth2.conf, JSON too) the
 * client and the token endpoint; a key of the token file wins. Called by
 * import.c with the token file read. JSON objects are wiped when they are
 * freed. The scope is in neither: its own tool asks for SMTP.Send, which
 * every consent that was given for it covers.
 */
#include "config.h"

#include <json-c/json.h>
#include <string.h>

#include "exoauth/json.h"
#include "import.h"

#define CONFIG_FILE "/etc/sasl-xoauth2.conf"
#define DEFAULT_ENDPOINT "https://accounts.google.com/o/oauth2/token"
#define OUTLOOK "https://outlook.office"

static int parse(const char *name, const struct exo_secret *text,
                 struct json_object **object, struct exo_err *err)
{
    int rc = exo_json_parse(text, object);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: %s as JSON; sasl-xoauth2 writes one JSON "
                           "object, name that file",
                           name, exo_strerror(rc));
    }
    return 0;
}

/* The configuration; *object NULL if there is none and none was named. */
static int read_config(const struct exo_import *in, struct json_object **object,
                       struct exo_err *err)
{
    const char *name = in->options->config_file;
    struct exo_secret text = EXO_SECRET_INIT;
    int rc = exo_import_read(name ? name : CONFIG_FILE, &text, err);

    if (rc == 0) {
        rc = parse(name ? name : CONFIG_FILE, &text, object, err);
    } else if (rc == EXO_E_NOENT && name) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--config-file %s: no such file; name "
                         "sasl-xoauth2.conf",
                         name);
    } else if (rc == EXO_E_NOENT) {
        rc = 0;
    }
    exo_secret_free(&text);
    return rc;
}

static const char *either(struct json_object *token, struct json_object *config,
                          const char *name)
{
    const char *value = exo_json_string(token, name);

    return value[0] != '\0' || !config ? value : exo_json_string(config, name);
}

/* Its booleans are JSON's or the words yes and no. */
static bool is_set(struct json_object *token, struct json_object *config,
                   const char *name)
{
    struct json_object *value;

    if (strcmp(either(token, config, name), "yes") == 0 ||
        strcmp(either(token, config, name), "true") == 0) {
        return true;
    }
    return (json_object_object_get_ex(token, name, &value) ||
            (config && json_object_object_get_ex(config, name, &value))) &&
           json_object_is_type(value, json_type_boolean) &&
           json_object_get_boolean(value);
}

static void note_network(const struct exo_import *in, struct json_object *token,
                         struct json_object *config)
{
    static const char *const keys[][2] = { { "proxy", "proxy" },
                                           { "ca_bundle_file", "ca_file" },
                                           { "ca_certs_dir", "ca_file" } };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (either(token, config, keys[i][0])[0] != '\0') {
            exo_app_warn(in->app,
                         "%s of sasl-xoauth2 is not taken over; where it is "
                         "still needed, set %s in %s",
                         keys[i][0], keys[i][1], in->app->conf->path);
        }
    }
}

/* The last part of FILE where it looks like a mailbox, which is how its
 * manual names token files. */
static const char *name_of_file(const struct exo_import *in)
{
    const char *slash = strrchr(in->options->file, '/');
    const char *name = slash ? slash + 1 : in->options->file;

    return strchr(name, '@') ? name : "";
}

static int take(struct exo_import *in, struct json_object *token,
                struct json_object *config, struct exo_err *err)
{
    struct exo_import_item *item = exo_import_add(in);
    const char *url = either(token, config, "token_endpoint");
    const char *refresh_token = exo_json_string(token, "refresh_token");
    const char *secret = either(token, config, "client_secret");
    const char *user = exo_json_string(token, "user");
    const char *scope = either(token, config, "scope");
    int rc;

    if (!item) {
        return EXO_E_NOMEM;
    }
    if (user[0] == '\0' && !in->options->has_account) {
        user = name_of_file(in);
    }
    rc = exo_import_name(in, item, user, err);
    if (rc != 0) {
        return rc;
    }
    item->app = is_set(token, config, "use_client_credentials");
    exo_import_endpoint(item, url[0] != '\0' ? url : DEFAULT_ENDPOINT);
    exo_import_key(item, EXO_KEY_CLIENT_ID, either(token, config, "client_id"));
    if (scope[0] != '\0') {
        exo_import_scope(item, scope);
    } else if (!item->app && strstr(item->provider->delegated_scope, OUTLOOK) &&
               strcmp(item->provider->cloud, "public") == 0) {
        exo_import_scope(item, "https://outlook.office.com/SMTP.Send "
                               "offline_access");
    }
    rc = exo_secret_set(&item->client_secret, secret, strlen(secret));
    if (rc == 0 && !item->app && refresh_token[0] == '\0') {
        exo_import_no_token(in, item);
    } else if (rc == 0 && !item->app) {
        rc = exo_secret_set(&item->refresh_token, refresh_token,
                            strlen(refresh_token));
    }
    note_network(in, token, config);
    return rc;
}

static int read_tokens(struct exo_import *in, struct exo_err *err)
{
    static const char *const known[] = { "refresh_token", "access_token",
                                         "expiry", "use_client_credentials" };
    struct json_object *token = NULL, *config = NULL;
    bool any = false;
    int rc = parse(in->shown, &in->text, &token, err);

    for (size_t i = 0; rc == 0 && i < sizeof(known) / sizeof(known[0]); i++) {
        any |= json_object_object_get_ex(token, known[i], NULL);
    }
    if (rc == 0 &&
        (!any || json_object_object_get_ex(token, "registration", NULL))) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "%s is not a token file of sasl-xoauth2; name the "
                         "file that stands in place of the password in "
                         "smtp_sasl_password_maps, and see --from",
                         in->shown);
    }
    if (rc == 0) {
        rc = read_config(in, &config, err);
    }
    if (rc == 0) {
        rc = take(in, token, config, err);
    }
    exo_json_free(config);
    exo_json_free(token);
    return rc;
}

const struct exo_import_tool exo_import_sasl_xoauth2 = {
    .name = "sasl-xoauth2",
    .read = read_tokens,
};
