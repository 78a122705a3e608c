/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reader has written (exoauth-import(5)), block by block, as items
 * (import.h). A reader works on a stranger's file: nothing it writes is
 * believed further than what exoauth login would take from a person, and no
 * key that names a command or a user is taken at all. Called by import.c, as
 * root where root runs the command. text is wiped by its owner.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "import.h"

#define GOOGLE_CLIENT ".apps.googleusercontent.com"

/* Keys of the account file, in the order in which they get there. */
static const enum exo_key plain_keys[] = {
    EXO_KEY_CLIENT_ID,
    EXO_KEY_SCOPE,
    EXO_KEY_RESOURCE,
    EXO_KEY_CERTIFICATE,
    EXO_KEY_PRIVATE_KEY,
    EXO_KEY_JWT_ALG,
    EXO_KEY_AUTHORIZATION_ENDPOINT,
    EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT,
    EXO_KEY_GRANT,
    EXO_KEY_USER,
};

/* What stands for something else, or only under conditions. */
static const char *const other_keys[] = {
    "exoauth", "account",        "provider",      "cloud",
    "tenant",  "token_endpoint", "servers",       "status",
    "message", "refresh_token",  "client_secret",
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static bool is_known(const char *key)
{
    bool known = false;

    for (size_t i = 0; i < N(plain_keys) && !known; i++) {
        known = strcmp(exo_key_name(plain_keys[i]), key) == 0;
    }
    for (size_t i = 0; i < N(other_keys) && !known; i++) {
        known = strcmp(other_keys[i], key) == 0;
    }
    return known;
}

static int broken(const struct exo_import *in, size_t number, const char *what,
                  const char *which, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "the reader import-%.64s wrote what exoauth cannot take "
                       "(block %zu: %s%.64s); correct the reader, see "
                       "exoauth-import(5)",
                       in->request.from, number, what, which);
}

static const char *get(const struct exo_block *block, enum exo_key key)
{
    return exo_block_get(block, exo_key_name(key));
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len > n && strcmp(text + len - n, end) == 0;
}

/* An endpoint that the original does not name is not guessed from that: the
 * refresh token would be sent there. Google's own marks name Google. */
static bool is_google(const struct exo_block *block)
{
    const char *id = get(block, EXO_KEY_CLIENT_ID);
    const char *mail = exo_provider_find("google", NULL)->delegated_scope;

    return (id && ends_with(id, GOOGLE_CLIENT)) ||
           exo_word_in(get(block, EXO_KEY_SCOPE), mail, strlen(mail));
}

static void take_provider(struct exo_import_item *item,
                          const struct exo_block *block)
{
    const char *url = get(block, EXO_KEY_TOKEN_ENDPOINT);
    const char *name = get(block, EXO_KEY_PROVIDER);
    const char *cloud = get(block, EXO_KEY_CLOUD);

    if (url && *url) {
        exo_import_endpoint(item, url);
        return;
    }
    if (!name && is_google(block)) {
        name = "google";
    }
    if (name) {
        item->provider = exo_provider_find(name, cloud);
        exo_import_key(item, EXO_KEY_PROVIDER, name);
        exo_import_key(item, EXO_KEY_CLOUD, cloud);
        exo_import_key(item, EXO_KEY_TENANT, get(block, EXO_KEY_TENANT));
    }
}

static void take_keys(struct exo_import_item *item,
                      const struct exo_block *block)
{
    const struct exo_provider *preset;

    take_provider(item, block);
    preset = item->provider;
    if (!preset || preset->servers[0] == '\0') {
        exo_import_key(item, EXO_KEY_SERVERS, get(block, EXO_KEY_SERVERS));
    }
    for (size_t i = 0; i < N(plain_keys); i++) {
        enum exo_key key = plain_keys[i];
        const char *value = get(block, key);

        if (value && key == EXO_KEY_SCOPE) {
            exo_import_scope(item, value);
        } else if (value && !(key == EXO_KEY_RESOURCE && preset &&
                              strcmp(value, preset->resource) == 0)) {
            exo_import_key(item, key, value);
        }
    }
}

static int take_secret(struct exo_secret *to, const struct exo_block *block,
                       const char *key)
{
    const struct exo_pair *pair = exo_block_find(block, key);

    return pair ? exo_secret_set(to, pair->value, pair->value_len) : 0;
}

static void no_token(const struct exo_import *in, struct exo_import_item *item,
                     const char *said)
{
    const char *name = in->request.account ? in->request.account->name
                       : item->called      ? item->account.name
                                           : "";

    (void)exo_err_set(&item->err, EXO_STATUS_NEEDS_LOGIN,
                      "%s: %s for %s in it; run: exoauth login %s", in->shown,
                      said ? said : "no refresh token", name,
                      EXO_SH(name, "ACCOUNT"));
}

/* status and message: the original has the account, and no use of it. */
static int take_status(const struct exo_import *in,
                       struct exo_import_item *item,
                       const struct exo_block *block)
{
    const char *word = exo_block_get(block, "status");
    const char *said = exo_block_get(block, "message");
    enum exo_status status = EXO_STATUS_OK;

    if (word && (!exo_status_parse(word, &status) || !said)) {
        return EXO_E_SYNTAX;
    }
    if (status == EXO_STATUS_NEEDS_LOGIN) {
        no_token(in, item, said);
    } else if (status != EXO_STATUS_OK) {
        (void)exo_err_set(&item->err, status, "%s: %s", in->shown, said);
    } else if (!item->app && exo_secret_empty(&item->refresh_token)) {
        no_token(in, item, NULL);
    }
    return 0;
}

static int take_block(struct exo_import *in, const struct exo_block *block,
                      struct exo_err *err)
{
    struct exo_import_item *item;
    const char *grant = get(block, EXO_KEY_GRANT);
    const char *name = exo_block_get(block, "account");
    size_t number = in->n + 1;
    int rc;

    for (size_t i = 0; i < block->n; i++) {
        if (!is_known(block->pair[i].key)) {
            return broken(in, number, "it may not set ", block->pair[i].key,
                          err);
        }
    }
    item = exo_import_add(in);
    if (!item) {
        return EXO_E_NOMEM;
    }
    item->called = name && *name ? name : NULL;
    if (item->called &&
        exo_account_set(&item->account, name, strlen(name)) != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: the name in it is not usable; add the account, "
                           "usually the mailbox address, to the command",
                           in->shown);
    }
    item->app = grant && strcmp(grant, "client_credentials") == 0;
    take_keys(item, block);
    rc = take_secret(&item->refresh_token, block, "refresh_token");
    if (rc == 0) {
        rc = take_secret(&item->client_secret, block, "client_secret");
    }
    if (rc == 0 && take_status(in, item, block) != 0) {
        rc = broken(in, number, "status and message", "", err);
    }
    return rc;
}

static bool is_there(const struct exo_import *in, size_t end,
                     const struct exo_account *account)
{
    for (size_t i = 0; i < end; i++) {
        if (strcmp(in->item[i].account.name, account->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Of several accounts the one that was asked for; one alone becomes it, and
 * what the original calls it is its user. Of two with one name the first. */
static void choose(struct exo_import *in)
{
    const struct exo_import_request *o = &in->request;
    size_t kept = 0;

    for (size_t i = 0; i < in->n; i++) {
        struct exo_import_item *item = &in->item[i];
        bool other =
            o->account && strcmp(item->account.name, o->account->name) != 0;

        if (other && in->n == 1) {
            if (!exo_import_get(item, EXO_KEY_USER)) {
                exo_import_key(item, EXO_KEY_USER, item->called);
            }
            item->account = *o->account;
            item->called = o->account->name;
        } else if (other || is_there(in, kept, &item->account)) {
            exo_import_drop(item);
            continue;
        }
        in->item[kept++] = *item;
    }
    in->n = kept;
}

static int check_names(const struct exo_import *in, struct exo_err *err)
{
    for (size_t i = 0; i < in->n; i++) {
        if (!in->item[i].called) {
            return exo_err_set(err, EXO_STATUS_USAGE,
                               "%s does not say whose it is; add the account, "
                               "usually the mailbox address, to the command",
                               in->shown);
        }
    }
    return 0;
}

int exo_import_take(struct exo_import *in, struct exo_secret *text,
                    struct exo_err *err)
{
    char *at = text->hidden.data;
    size_t left = text->hidden.len;
    struct exo_block block;
    int rc = text->hidden.error;

    while (rc == 0 && left > 0) {
        rc = exo_block_parse(&block, at, left, EXO_BLOCK_MESSAGE);
        if (rc != 0) {
            return broken(in, in->n + 1,
                          block.why ? block.why : exo_strerror(rc), "", err);
        }
        rc = take_block(in, &block, err);
        at += block.size;
        left -= block.size;
    }
    if (rc == 0) {
        choose(in);
        rc = check_names(in, err);
    }
    for (size_t i = 0; i < in->n; i++) {
        in->item[i].called = NULL; /* it is in text */
    }
    return rc;
}
