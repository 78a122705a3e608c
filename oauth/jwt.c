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

#include <openssl/rand.h>

#include "exoauth/base64.h"
#include "exoauth/json.h"

#define PART_MAX ((size_t)8192) /* bytes of header or claims */

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

static void put_header(struct exo_buf *out, const struct exo_keypair *key,
                       enum exo_jwt_alg alg)
{
    const struct exo_certificate *cert = exo_keypair_certificate(key);
    struct exo_buf print = EXO_BUF_INIT(64);
    bool sha256 = alg == EXO_JWT_PS256;
    struct exo_json json;

    out->error = sha256
                     ? exo_base64url(&print, cert->sha256, sizeof(cert->sha256))
                     : exo_base64url(&print, cert->sha1, sizeof(cert->sha1));
    exo_json_begin(&json, out, false);
    exo_json_put_text(&json, "typ", "JWT");
    exo_json_put_text(&json, "alg", exo_jwt_alg_word(alg));
    exo_json_put_buf(&json, sha256 ? "x5t#S256" : "x5t", &print);
    exo_json_end(&json);
    exo_buf_free(&print);
}

static void put_claims(struct exo_buf *out, const char *client_id,
                       const char *audience, int64_t now, const char *id)
{
    struct exo_json json;

    exo_json_begin(&json, out, false);
    exo_json_put_text(&json, "aud", audience);
    exo_json_put_text(&json, "iss", client_id);
    exo_json_put_text(&json, "sub", client_id);
    exo_json_put_text(&json, "jti", id);
    exo_json_put_number(&json, "nbf", now);
    exo_json_put_number(&json, "iat", now);
    exo_json_put_number(&json, "exp", now + EXO_JWT_LIFE);
    exo_json_end(&json);
}

/* Appends it in base64url. */
static int append(struct exo_secret *to, const struct exo_buf *part)
{
    const char *text;
    int rc = exo_buf_done(part, &text);

    return rc == EXO_OK ? exo_base64url(&to->hidden, text, part->len) : rc;
}

static int append_signature(struct exo_secret *to,
                            const struct exo_keypair *key, enum exo_jwt_alg alg,
                            struct exo_err *err)
{
    struct exo_buf signature = EXO_BUF_INIT(4096);
    const char *text;
    size_t len;
    int rc = exo_secret_reveal(to, &text, &len);

    if (rc == EXO_OK) {
        rc = exo_keypair_sign(key, alg, text, len, &signature, err);
    }
    if (rc == EXO_OK) {
        exo_buf_str(&to->hidden, ".");
        rc = append(to, &signature);
    }
    exo_buf_free(&signature);
    return rc;
}

int exo_jwt_assertion(struct exo_secret *assertion,
                      const struct exo_keypair *key, enum exo_jwt_alg alg,
                      const char *client_id, const char *audience, int64_t now,
                      struct exo_err *err)
{
    struct exo_buf header = EXO_BUF_INIT(PART_MAX);
    struct exo_buf claims = EXO_BUF_INIT(PART_MAX);
    char id[37];
    int rc;

    exo_secret_free(assertion);
    if (!make_id(id)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the system has no random bytes; wait until its "
                           "random number generator is seeded");
    }
    put_header(&header, key, alg);
    put_claims(&claims, client_id, audience, now, id);
    rc = append(assertion, &header);
    if (rc == EXO_OK) {
        exo_buf_str(&assertion->hidden, ".");
        rc = append(assertion, &claims);
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
    exo_buf_free(&header);
    exo_buf_free(&claims);
    return rc;
}
