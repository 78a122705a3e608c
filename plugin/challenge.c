/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's error challenge. A server that refuses the token may send one
 * JSON object before it refuses the login,
 *
 *     {"status":"401","schemes":"bearer","scope":"..."}          XOAUTH2
 *     {"status":"invalid_token","scope":"...",
 *      "openid-configuration":"https://..."}                     OAUTHBEARER
 *
 * (RFC 7628 section 3.2.2). What its members say changes nothing in what the
 * mechanism does; they are worth a line in the log.
 *
 * The input is hostile. It is not terminated, it may be of any size, and in
 * some hosts it is no challenge at all but the host's own buffer, with the
 * token in it. So it is looked at only if it is a JSON object from its first
 * byte to its last; the scanner knows strings and nesting and counts no
 * deeper than its input is long; and a text that repeats part of the token,
 * or holds a word long enough to be another one, is not logged. Called by
 * mech.c. Nothing is allocated, nothing fails: what cannot be read is passed
 * over in silence.
 */
#include "config.h"

#include "plugin.h"

#include <string.h>

/* Real ones have about 100 bytes; an openid-configuration may be in it. */
#define CHALLENGE_MAX 8192
/* This many bytes of the token in a row are too many for a log. */
#define TOKEN_WINDOW 8

static const char removed[] = "(removed)";

struct cursor {
    const char *at;
    const char *end;
};

static bool at_char(const struct cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static bool take_char(struct cursor *c, char wanted)
{
    if (!at_char(c, wanted)) {
        return false;
    }
    c->at++;
    return true;
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && memchr(" \t\r\n", *c->at, 4) != NULL) {
        c->at++;
    }
}

/* Appends one byte, made printable; what does not fit is dropped. */
static void keep(char *out, size_t size, char byte)
{
    size_t len;

    if (size == 0) {
        return;
    }
    len = strlen(out);
    if (len + 1 >= size) {
        return;
    }
    out[len] = byte >= 0x20 && byte < 0x7f ? byte : '?';
    out[len + 1] = '\0';
}

/* A string, its text into out (size 0: not wanted). An escape other than of
 * a printable character becomes '?' and leaves its digits: nobody reads
 * them, and no decoder means no bugs in one. */
static bool take_string(struct cursor *c, char *out, size_t size)
{
    if (!take_char(c, '"')) {
        return false;
    }
    while (c->at < c->end) {
        char byte = *c->at++;

        if (byte == '"') {
            return true;
        }
        if ((unsigned char)byte < 0x20) {
            return false;
        }
        if (byte == '\\') {
            if (c->at == c->end) {
                return false;
            }
            byte = *c->at++;
            if (memchr("\"\\/", byte, 3) == NULL) {
                byte = '?';
            }
        }
        keep(out, size, byte);
    }
    return false;
}

/* A number, true, false or null. */
static bool take_word(struct cursor *c, char *out, size_t size)
{
    const char *begin = c->at;

    while (c->at < c->end &&
           (memchr("+-.", *c->at, 3) != NULL ||
            (*c->at >= '0' && *c->at <= '9') ||
            (*c->at >= 'a' && *c->at <= 'z') || *c->at == 'E')) {
        keep(out, size, *c->at++);
    }
    return c->at > begin;
}

/* An object or array that is not wanted. */
static bool skip_nested(struct cursor *c)
{
    size_t depth = 0;

    do {
        if (c->at == c->end) {
            return false;
        }
        if (*c->at == '"') {
            if (!take_string(c, NULL, 0)) {
                return false;
            }
            continue;
        }
        if (*c->at == '{' || *c->at == '[') {
            depth++;
        } else if (*c->at == '}' || *c->at == ']') {
            depth--;
        }
        c->at++;
    } while (depth > 0);
    return true;
}

static bool take_member(struct cursor *c, struct exo_challenge *challenge)
{
    char name[32] = "";
    char *out = NULL;
    size_t size = 0;
    const char *begin;
    size_t n;
    bool ok;

    if (!take_string(c, name, sizeof name)) {
        return false;
    }
    skip_blanks(c);
    if (!take_char(c, ':')) {
        return false;
    }
    skip_blanks(c);
    if (strcmp(name, "status") == 0) {
        out = challenge->status;
        size = sizeof challenge->status;
    } else if (strcmp(name, "scope") == 0) {
        out = challenge->scope;
        size = sizeof challenge->scope;
    } else if (strcmp(name, "openid-configuration") == 0) {
        out = challenge->configuration;
        size = sizeof challenge->configuration;
    }
    if (out != NULL && out[0] != '\0') {
        size = 0; /* the first one counts */
    }
    if (at_char(c, '{') || at_char(c, '[')) {
        return skip_nested(c);
    }
    begin = c->at;
    ok = at_char(c, '"') ? take_string(c, out, size) : take_word(c, out, size);
    /* Looked at as it came: out may have only a piece of it. */
    if (size > 0 &&
        exo_text_token(begin, (size_t)(c->at - begin), &n) != NULL) {
        memcpy(out, removed, sizeof removed);
    }
    return ok;
}

bool exo_challenge_parse(struct exo_challenge *challenge, const char *data,
                         size_t len)
{
    struct cursor c = { data, data };
    bool more = true;

    challenge->status[0] = '\0';
    challenge->scope[0] = '\0';
    challenge->configuration[0] = '\0';
    if (data == NULL || len == 0 || len > CHALLENGE_MAX) {
        return false;
    }
    c.end = data + len;
    if (!take_char(&c, '{')) {
        return false;
    }
    skip_blanks(&c);
    if (at_char(&c, '}')) {
        more = false;
    }
    while (more) {
        skip_blanks(&c);
        if (!take_member(&c, challenge)) {
            return false;
        }
        skip_blanks(&c);
        more = take_char(&c, ',');
    }
    if (!take_char(&c, '}')) {
        return false;
    }
    skip_blanks(&c);
    return c.at == c.end;
}

/* A server could echo the token to have it written into our log. */
static void drop_token(const struct exo_mech *mech, char *text)
{
    const char *token;
    size_t len;

    if (exo_secret_reveal(&mech->message, &token, &len) != EXO_OK) {
        return; /* nothing was sent */
    }
    token += mech->token_at;
    len = strlen(text);
    for (size_t i = 0; i + TOKEN_WINDOW <= len; i++) {
        if (memmem(token, mech->token_len, text + i, TOKEN_WINDOW) != NULL) {
            memcpy(text, removed, sizeof removed);
            return;
        }
    }
}

static const char *or_none(const char *text)
{
    return text[0] != '\0' ? text : "not given";
}

bool exo_challenge_note(struct exo_mech *mech,
                        const sasl_client_params_t *params,
                        const sasl_out_params_t *oparams, const char *data,
                        size_t len)
{
    const sasl_utils_t *utils = params->utils;
    struct exo_challenge challenge;
    struct exo_err said;

    if (mech->refused || !exo_challenge_parse(&challenge, data, len)) {
        return false;
    }
    mech->refused = true;
    drop_token(mech, challenge.status);
    drop_token(mech, challenge.scope);
    drop_token(mech, challenge.configuration);
    exo_err_set(
        &said, EXO_STATUS_DENIED,
        "%s refused the token for %s (status %s, scope %s%s%s); "
        "if it stays so, run: exoauth refresh %s --force",
        params->serverFQDN != NULL ? params->serverFQDN : "the server",
        oparams->authid, or_none(challenge.status), or_none(challenge.scope),
        challenge.configuration[0] != '\0' ? ", openid-configuration " : "",
        challenge.configuration, EXO_SH(oparams->authid, "ACCOUNT"));
    utils->log(utils->conn, SASL_LOG_WARN, "%s", said.text);
    return true;
}
