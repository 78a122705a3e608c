/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token files of mutt_oauth2.py, of mutt and of neomutt: one JSON object,
 * normally encrypted by gpg(1). Neomutt's keeps the client in the file;
 * mutt's keeps it in the script, so that it must be given. Called by import.c
 * with the file read; the decrypted text and the JSON object are wiped here.
 */
#include "config.h"

#include <json-c/json.h>
#include <string.h>

#include "exoauth/json.h"
#include "import.h"

/* The script's own table, as far as it is needed. */
static const struct {
    const char *name;
    const char *token_endpoint;
} registrations[] = {
    { "google", "https://accounts.google.com/o/oauth2/token" },
    { "microsoft",
      "https://login.microsoftonline.com/common/oauth2/v2.0/token" },
};

static bool is_openpgp(const char *p)
{
    static const char armor[] = "-----BEGIN PGP MESSAGE-----";

    /* RFC 9580 section 4.2: bit 7 of a packet's first byte is always set. */
    return ((unsigned char)p[0] & 0x80) != 0 ||
           strncmp(p, armor, strlen(armor)) == 0;
}

static bool is_json(const char *p)
{
    return p[strspn(p, " \t\r\n")] == '{';
}

static int not_ours(const struct exo_import *in, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_USAGE,
                       "%s is not a token file of mutt_oauth2.py, plain or by "
                       "gpg; if its script uses another program, give what "
                       "that decrypts with - for the file",
                       in->shown);
}

/* The script's users add registrations of their own to it. */
static void take_registration(struct exo_import_item *item, const char *name)
{
    for (size_t i = 0; i < sizeof(registrations) / sizeof(registrations[0]);
         i++) {
        if (strcmp(registrations[i].name, name) == 0) {
            exo_import_endpoint(item, registrations[i].token_endpoint);
        }
    }
}

static int take(struct exo_import *in, struct json_object *token,
                struct exo_err *err)
{
    struct exo_import_item *item = exo_import_add(in);
    const char *refresh_token = exo_json_string(token, "refresh_token");
    const char *secret = exo_json_string(token, "client_secret");
    int rc;

    if (!item) {
        return EXO_E_NOMEM;
    }
    rc = exo_import_name(in, item, exo_json_string(token, "email"), err);
    if (rc != 0) {
        return rc;
    }
    take_registration(item, exo_json_string(token, "registration"));
    exo_import_key(item, EXO_KEY_CLIENT_ID,
                   exo_json_string(token, "client_id"));
    if (strcmp(exo_json_string(token, "authflow"), "devicecode") == 0) {
        exo_import_key(item, EXO_KEY_GRANT, "device_code");
    }
    rc = exo_secret_set(&item->client_secret, secret, strlen(secret));
    if (rc == 0 && refresh_token[0] == '\0') {
        exo_import_no_token(in, item);
    } else if (rc == 0) {
        rc = exo_secret_set(&item->refresh_token, refresh_token,
                            strlen(refresh_token));
    }
    return rc;
}

static int read_tokens(struct exo_import *in, struct exo_err *err)
{
    struct exo_secret plain = EXO_SECRET_INIT;
    struct json_object *token = NULL;
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(&in->text, &text, &len);

    if (rc == 0 && is_openpgp(text)) {
        rc = exo_import_gpg(in, &plain, err);
    } else if (rc == 0) {
        exo_secret_move(&plain, &in->text);
    }
    if (rc == 0) {
        rc = exo_secret_reveal(&plain, &text, &len);
    }
    if (rc == 0) {
        rc = is_json(text) ? exo_json_parse(&plain, &token) : EXO_E_SYNTAX;
        if (rc != EXO_E_NOMEM &&
            (rc != 0 ||
             !json_object_object_get_ex(token, "registration", NULL))) {
            rc = not_ours(in, err);
        }
    }
    if (rc == 0) {
        rc = take(in, token, err);
    }
    exo_json_free(token);
    exo_secret_free(&plain);
    return rc;
}

const struct exo_import_tool exo_import_mutt = {
    .name = "mutt",
    .read = read_tokens,
};
