/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address to which the provider sent the browser (exoauth/pkce.h, RFC
 * 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
 *
 * `exoauth login` calls it with what its listener got or a person pasted;
 * the code is the caller's to free. Anybody who can make the browser follow
 * a link can send anything here: sizes are capped, a parameter may stand
 * only once, and until state has been compared, in constant time, nothing
 * of it is believed or shown.
 */
#include "config.h"

#include "exoauth/pkce.h"

#include <string.h>

#include <openssl/crypto.h>

#include "answer.h"

enum parameter { CODE, STATE, ISS, ERROR, DESCRIPTION, PARAMETERS };

static const struct {
    const char *name;
    size_t max; /* bytes, decoded */
} known[PARAMETERS] = {
    [CODE] = { "code", EXO_REDIRECT_CODE_MAX },
    [STATE] = { "state", 128 },
    [ISS] = { "iss", 512 },
    [ERROR] = { "error", 63 },
    [DESCRIPTION] = { "error_description", 4096 },
};

struct response {
    struct exo_secret value[PARAMETERS];
    bool seen[PARAMETERS];
};

static int malformed(struct exo_oauth_error *error, const char *what)
{
    (void)exo_err_set(&error->err, EXO_STATUS_NEEDS_LOGIN,
                      "that is not the address the provider sent the browser "
                      "to: %s; copy the whole address, or start the login "
                      "again",
                      what);
    return EXO_E_SYNTAX;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Form-decoding, strict: a '%' is followed by two digits, and nothing may
 * become a control byte. EXO_E_SYNTAX, EXO_E_TOOBIG, EXO_E_NOMEM. */
static int decode(struct exo_buf *to, const char *text, size_t len)
{
    int high, low, byte;
    size_t i;
    char c;

    for (i = 0; i < len; i++) {
        byte = text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (text[i] == '%') {
            high = i + 2 < len ? hex(text[i + 1]) : -1;
            low = high >= 0 ? hex(text[i + 2]) : -1;
            if (low < 0) {
                return EXO_E_SYNTAX;
            }
            byte = high * 16 + low;
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f) {
            return EXO_E_SYNTAX;
        }
        c = (char)byte;
        exo_buf_add(to, &c, 1);
    }
    return to->error;
}

/* name=value; what nobody asked for is skipped, as section 4.1.2 says. */
static int read_one(struct response *r, const char *text, size_t len,
                    struct exo_oauth_error *error)
{
    const char *equals = memchr(text, '=', len);
    size_t i, name_len = equals == NULL ? len : (size_t)(equals - text);
    int rc = EXO_OK;

    for (i = 0; i < PARAMETERS; i++) {
        if (strlen(known[i].name) == name_len &&
            memcmp(known[i].name, text, name_len) == 0) {
            break;
        }
    }
    if (i == PARAMETERS) {
        return EXO_OK;
    }
    if (r->seen[i]) {
        return malformed(error, "a parameter stands there twice");
    }
    r->seen[i] = true;
    if (equals != NULL) {
        rc = decode(&r->value[i].hidden, equals + 1, len - name_len - 1);
    }
    if (rc == EXO_E_NOMEM) {
        return exo_no_memory(error);
    }
    if (rc == EXO_E_TOOBIG) {
        return malformed(error, "a parameter is too long");
    }
    if (rc != EXO_OK) {
        return malformed(error, "a parameter is not encoded as it should be");
    }
    return EXO_OK;
}

/* Everything between '?' and '#'. */
static int read_all(struct response *r, const char *address, size_t len,
                    struct exo_oauth_error *error)
{
    const char *from, *end, *next;
    int rc = EXO_OK;

    if (len > EXO_REDIRECT_MAX) {
        return malformed(error, "it is too long");
    }
    end = memchr(address, '#', len);
    if (end == NULL) {
        end = address + len;
    }
    from = memchr(address, '?', (size_t)(end - address));
    if (from == NULL) {
        return malformed(error, "nothing follows a '?'");
    }
    for (from++; rc == EXO_OK && from < end; from = next + 1) {
        next = memchr(from, '&', (size_t)(end - from));
        if (next == NULL) {
            next = end;
        }
        rc = read_one(r, from, (size_t)(next - from), error);
    }
    return rc;
}

/* How long the values are is no secret, what they are is. */
static bool same(const struct exo_secret *a, const char *b, size_t len)
{
    const char *text;
    size_t text_len;

    return exo_secret_reveal(a, &text, &text_len) == EXO_OK && len > 0 &&
           text_len == len && CRYPTO_memcmp(text, b, len) == 0;
}

static int check_origin(const struct response *r, const struct exo_pkce *pkce,
                        const char *issuer, bool sends_iss,
                        struct exo_oauth_error *error)
{
    const char *state;
    size_t len;

    if (exo_secret_reveal(&pkce->state, &state, &len) != EXO_OK) {
        return exo_no_memory(error);
    }
    if (!same(&r->value[STATE], state, len)) {
        (void)exo_err_set(&error->err, EXO_STATUS_NEEDS_LOGIN,
                          "the browser came back with another state than this "
                          "login's; use the newest address only, or start the "
                          "login again");
        return EXO_E_UNSAFE;
    }
    if (sends_iss && !r->seen[ISS]) {
        (void)exo_err_set(
            &error->err, EXO_STATUS_MISCONFIGURED,
            "the browser came back without an issuer, which %.160s "
            "always names; start the login again, and see who "
            "answered",
            issuer != NULL ? issuer : "the provider");
        return EXO_E_UNSAFE;
    }
    if (issuer != NULL && *issuer != '\0' && r->seen[ISS] &&
        !same(&r->value[ISS], issuer, strlen(issuer))) {
        (void)exo_err_set(&error->err, EXO_STATUS_MISCONFIGURED,
                          "the browser came back from another issuer than "
                          "%.160s; check the provider's endpoints in the "
                          "account file",
                          issuer);
        return EXO_E_UNSAFE;
    }
    return EXO_OK;
}

/* The words of a refusal are the same as a token endpoint's, so what they
 * mean is said in the same place. */
static int refused(const struct response *r,
                   const struct exo_oauth_client *client,
                   const struct exo_pkce *pkce, struct exo_oauth_error *error)
{
    const struct exo_asked asked = { .client = client,
                                     .url = client->authorization_endpoint,
                                     .key = "authorization_endpoint",
                                     .sent = &pkce->state,
                                     .verifier = &pkce->verifier };
    const struct exo_http_reply reply = { .status = 400 };
    struct exo_secret text = EXO_SECRET_INIT;
    struct json_object *object = NULL;
    struct exo_json json;
    const char *words, *why;
    size_t len;
    int rc;

    exo_json_begin(&json, &text.hidden, false);
    exo_json_put_buf(&json, "error", &r->value[ERROR].hidden);
    exo_json_put_buf(&json, "error_description", &r->value[DESCRIPTION].hidden);
    exo_json_end(&json);
    rc = exo_secret_reveal(&text, &words, &len);
    if (rc == EXO_OK) {
        rc = exo_json_read(words, len, EXO_JSON_BYTES | 1, &object, &why);
    }
    if (rc != EXO_OK) {
        rc = exo_no_memory(error);
    } else {
        rc = exo_refused(&asked, &reply, object, error);
        error->http_status = 0;
    }
    exo_json_free(object);
    exo_secret_free(&text);
    return rc;
}

static int judge(struct response *r, const struct exo_oauth_client *client,
                 const struct exo_pkce *pkce, const char *issuer,
                 bool sends_iss, struct exo_secret *code,
                 struct exo_oauth_error *error)
{
    bool has_code = !exo_secret_empty(&r->value[CODE]);
    bool has_error = !exo_secret_empty(&r->value[ERROR]);
    const char *code_text;
    size_t len;
    int rc;

    if (has_code == has_error) {
        return malformed(error, has_code ? "it has both a code and an error"
                                         : "it has no code");
    }
    rc = exo_secret_reveal(&r->value[CODE], &code_text, &len);
    if (rc != EXO_OK) {
        return exo_no_memory(error);
    }
    if (has_code && !exo_is_vschar(code_text)) {
        return malformed(error, "the code has bytes no code may have");
    }
    rc = check_origin(r, pkce, issuer, sends_iss, error);
    if (rc != EXO_OK) {
        return rc;
    }
    if (has_error) {
        return refused(r, client, pkce, error);
    }
    exo_secret_move(code, &r->value[CODE]);
    return EXO_OK;
}

int exo_redirect_parse(const struct exo_oauth_client *client,
                       const struct exo_pkce *pkce, const char *issuer,
                       bool sends_iss, const char *address, size_t len,
                       struct exo_secret *code, struct exo_oauth_error *error)
{
    struct response r;
    size_t i;
    int rc;

    memset(error, 0, sizeof(*error));
    memset(&r, 0, sizeof(r));
    exo_secret_free(code);
    for (i = 0; i < PARAMETERS; i++) {
        exo_buf_init(&r.value[i].hidden, known[i].max);
    }
    rc = read_all(&r, address, len, error);
    if (rc == EXO_OK) {
        rc = judge(&r, client, pkce, issuer, sends_iss, code, error);
    }
    for (i = 0; i < PARAMETERS; i++) {
        exo_secret_free(&r.value[i]);
    }
    return rc;
}
