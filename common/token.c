/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The token block: what a published file and a reply have in common
 * (exoauth/token.h).
 *
 * Called by the plugin and the broker. A struct exo_token owns nothing, it
 * borrows from the block it was parsed from. The bytes of the token itself
 * are not checked when it is parsed, because the publisher did that and a
 * login is too frequent to do it again; exo_token_is_b64token() is for those
 * who bring a token in from outside.
 */
#include "config.h"

#include "exoauth/token.h"

#include <string.h>

enum exo_token_age exo_token_age(const struct exo_token *token, int64_t now)
{
    if (now >= token->expires) {
        return EXO_TOKEN_EXPIRED;
    }
    /* This clock is wrong by more than the others may be; nothing it says
     * about the rest of the times can be believed. */
    if (now < token->issued - EXO_CLOCK_SKEW) {
        return EXO_TOKEN_STALE;
    }
    if (now < token->refresh_after) {
        return EXO_TOKEN_FRESH;
    }
    return now < token->usable_until ? EXO_TOKEN_AGING : EXO_TOKEN_STALE;
}

/* A walk over the pairs: what exo_token_put() wrote has its keys in the
 * order in which they are asked for here, so each is where the walk stands. */
struct walk {
    const struct exo_block *block;
    const struct exo_pair *at;
};

static const struct exo_pair *get_pair(struct walk *walk, const char *key)
{
    const struct exo_pair *end = walk->block->pair + walk->block->n;
    const struct exo_pair *pair = walk->at;

    if (pair == end || strcmp(pair->key, key) != 0) {
        pair = exo_block_find(walk->block, key);
    }
    if (pair != NULL) {
        walk->at = pair + 1;
    }
    return pair;
}

static int get_number(struct walk *walk, const char *key, int64_t *number)
{
    const struct exo_pair *pair = get_pair(walk, key);

    *number = 0;
    return pair != NULL ? exo_block_number(pair->value, number) : EXO_E_SYNTAX;
}

/* NULL for a key that is missing and for one without a value. */
static const char *get_text(struct walk *walk, const char *key)
{
    const struct exo_pair *pair = get_pair(walk, key);

    return pair != NULL && pair->value_len > 0 ? pair->value : NULL;
}

int exo_token_parse(struct exo_token *token, const struct exo_block *block)
{
    struct walk walk = { block, block->pair };
    const struct exo_pair *pair;

    *token = (struct exo_token){ .account = NULL };
    token->account = get_text(&walk, "account");
    token->user = get_text(&walk, "user");
    token->servers = get_text(&walk, "servers");
    token->credential = get_text(&walk, "credential");
    if (token->account == NULL || token->servers == NULL) {
        return EXO_E_SYNTAX;
    }
    if (token->credential != NULL) {
        return EXO_OK;
    }

    if (get_number(&walk, "serial", &token->serial) != EXO_OK ||
        get_number(&walk, "issued", &token->issued) != EXO_OK ||
        get_number(&walk, "refresh_after", &token->refresh_after) != EXO_OK ||
        get_number(&walk, "usable_until", &token->usable_until) != EXO_OK ||
        get_number(&walk, "expires", &token->expires) != EXO_OK) {
        return EXO_E_SYNTAX;
    }
    pair = get_pair(&walk, "token");
    if (pair == NULL || pair->value_len == 0) {
        return EXO_E_SYNTAX;
    }
    token->token = pair->value;
    token->token_len = pair->value_len;
    return EXO_OK;
}

void exo_token_put(struct exo_buf *out, const struct exo_token *token)
{
    exo_block_put(out, "account", token->account);
    if (token->user != NULL) {
        exo_block_put(out, "user", token->user);
    }
    if (token->servers != NULL) {
        exo_block_put(out, "servers", token->servers);
    }
    if (token->credential != NULL) {
        exo_block_put(out, "credential", token->credential);
        return;
    }
    exo_block_put_number(out, "serial", token->serial);
    exo_block_put_number(out, "issued", token->issued);
    exo_block_put_number(out, "refresh_after", token->refresh_after);
    exo_block_put_number(out, "usable_until", token->usable_until);
    exo_block_put_number(out, "expires", token->expires);
    exo_block_put(out, "token", token->token != NULL ? token->token : "");
}

static bool is_token_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~' || c == '+' || c == '/';
}

bool exo_token_is_b64token(const char *data, size_t len)
{
    size_t i = 0;

    while (i < len && is_token_char(data[i])) {
        i++;
    }
    if (i == 0) {
        return false;
    }
    while (i < len && data[i] == '=') {
        i++;
    }
    return i == len;
}
