/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client assertion (exoauth/jwt.h): header, claims and signature.
 *
 * client.c makes one for each request and wipes it after; a server takes a
 * jti only once. Every failure is EXO_E_STATUS with its line in err. The
 * JSON itself is public; only with the signature it becomes a secret, and
 * by then it is in a struct exo_secret.
 */
#include "config.h"

#include "exoauth/jwt.h"

#include <string.h>

#include <json-c/json.h>
#include <openssl/rand.h>

#include "exoauth/base64.h"

#define PART_MAX ((size_t)8192) /* bytes of header or claims */

static const char *const alg_words[] = {
    [EXO_JWT_PS256] = "PS256", [EXO_JWT_RS256] = "RS256"
};

const char *exo_jwt_alg_word(enum exo_jwt_alg alg)
{
    return alg_words[alg];
}

bool exo_jwt_alg_parse(const char *word, enum exo_jwt_alg *alg)
{
    if (strcmp(word, alg_words[EXO_JWT_PS256]) == 0) {
        *alg = EXO_JWT_PS256;
    } else if (strcmp(word, alg_words[EXO_JWT_RS256]) == 0) {
        *alg = EXO_JWT_RS256;
    } else {
        return false;
    }
    return true;
}

/* A random UUID, RFC 4122 section 4.4; false without randomness. */
static bool make_id(char to[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char id[16];
    size_t i, n = 0;

    if (RAND_bytes(id, sizeof(id)) != 1) {
        return false;
    }
    id[6] = (unsigned char)((id[6] & 0x0f) | 0x40);
    id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
    for (i = 0; i < sizeof(id); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            to[n++] = '-';
        }
        to[n++] = hex[id[i] >> 4];
        to[n++] = hex[id[i] & 15];
    }
    to[n] = '\0';
    return true;
}

/* Takes over value; false without memory. */
static bool put(struct json_object *object, const char *name,
                struct json_object *value)
{
    if (value != NULL && json_object_object_add(object, name, value) == 0) {
        return true;
    }
    (void)json_object_put(value);
    return false;
}

static bool put_text(struct json_object *object, const char *name,
                     const char *value)
{
    return put(object, name, json_object_new_string(value));
}

static struct json_object *make_header(const struct exo_keypair *key,
                                       enum exo_jwt_alg alg)
{
    const struct exo_certificate *cert = exo_keypair_certificate(key);
    struct exo_buf print = EXO_BUF_INIT(64);
    const char *thumb;
    struct json_object *object = json_object_new_object();
    bool sha256 = alg == EXO_JWT_PS256;
    int rc = sha256 ? exo_base64url(&print, cert->sha256, sizeof(cert->sha256))
                    : exo_base64url(&print, cert->sha1, sizeof(cert->sha1));

    if (object == NULL || rc != EXO_OK ||
        exo_buf_done(&print, &thumb) != EXO_OK ||
        !put_text(object, "typ", "JWT") ||
        !put_text(object, "alg", exo_jwt_alg_word(alg)) ||
        !put_text(object, sha256 ? "x5t#S256" : "x5t", thumb)) {
        (void)json_object_put(object);
        object = NULL;
    }
    exo_buf_free(&print);
    return object;
}

static struct json_object *make_claims(const char *client_id,
                                       const char *audience, int64_t now,
                                       const char *id)
{
    struct json_object *object = json_object_new_object();

    if (object != NULL && put_text(object, "aud", audience) &&
        put_text(object, "iss", client_id) &&
        put_text(object, "sub", client_id) && put_text(object, "jti", id) &&
        put(object, "nbf", json_object_new_int64(now)) &&
        put(object, "iat", json_object_new_int64(now)) &&
        put(object, "exp", json_object_new_int64(now + EXO_JWT_LIFE))) {
        return object;
    }
    (void)json_object_put(object);
    return NULL;
}

/* Appends object in base64url; NULL counts as no memory. */
static int append(struct exo_secret *to, struct json_object *object)
{
    const char *text = NULL;

    if (object != NULL) {
        text = json_object_to_json_string_ext(
            object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    }
    if (text == NULL) {
        return EXO_E_NOMEM;
    }
    if (strlen(text) > PART_MAX) {
        return EXO_E_TOOBIG;
    }
    return exo_base64url(&to->hidden, text, strlen(text));
}

static int append_signature(struct exo_secret *to,
                            const struct exo_keypair *key, enum exo_jwt_alg alg,
                            struct exo_err *err)
{
    struct exo_buf signature = EXO_BUF_INIT(4096);
    int rc = exo_keypair_sign(key, alg, exo_secret_reveal(to),
                              exo_secret_len(to), &signature, err);

    if (rc == EXO_OK) {
        exo_buf_str(&to->hidden, ".");
        rc = exo_base64url(&to->hidden, signature.data, signature.len);
    }
    exo_buf_free(&signature);
    return rc;
}

int exo_jwt_assertion(struct exo_secret *assertion,
                      const struct exo_keypair *key, enum exo_jwt_alg alg,
                      const char *client_id, const char *audience, int64_t now,
                      struct exo_err *err)
{
    struct json_object *header = NULL, *claims = NULL;
    char id[37];
    int rc;

    exo_secret_free(assertion);
    if (!make_id(id)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the system has no random bytes; wait until its "
                           "random number generator is seeded");
    }
    header = make_header(key, alg);
    claims = make_claims(client_id, audience, now, id);
    rc = append(assertion, header);
    if (rc == EXO_OK) {
        exo_buf_str(&assertion->hidden, ".");
        rc = append(assertion, claims);
    }
    if (rc == EXO_OK) {
        rc = append_signature(assertion, key, alg, err);
    }
    if (rc == EXO_E_TOOBIG) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "client_id or token_endpoint is too long for a JWT; "
                         "correct it in the account file");
    } else if (rc != EXO_OK && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "out of memory while making a JWT; free some memory, "
                         "exoauth tries again by itself");
    }
    if (rc != EXO_OK) {
        exo_secret_free(assertion);
    }
    (void)json_object_put(header);
    (void)json_object_put(claims);
    return rc;
}
