/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a text of the provider give away a secret of the request or of the
 * answer (answer.h)? The one filter of what is stored or shown of it.
 *
 * said.c asks for each member of a refusal, response.c for what an answer with
 * tokens says besides. A server, or a proxy that likes to help, may quote the
 * request: plain, encoded, cut, or with something in between. So text and
 * secret are compared by their letters and digits alone, in one case, and a run
 * of a few of the secret is enough. What cannot be told counts as a leak.
 */
#include "config.h"

#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/base64.h"

#define RUN 12  /* that many in a row are no accident */
#define LEAST 6 /* shorter ones are looked for as they are only */
#define LAYERS 3

static bool is_bone(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static void bones(struct exo_secret *out, const char *text, size_t len)
{
    exo_buf_reset(&out->hidden);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if (is_bone(c)) {
            exo_buf_add(&out->hidden, &c, 1);
        }
    }
}

/* ---- what a text stands for -------------------------------------------- */

/* Bytes of "%41", "\u0041", "&#65;", "&#x41;" at p, and what it is; of "&amp;"
 * and its like, which stand for no letter, *c is a blank. 0: none. */
static size_t escape(const char *p, size_t len, char *c)
{
    char digits[12] = "";
    size_t skip = 1, n = 2;
    int base = 16;
    const char *end;
    char *stop;
    long value;

    if (len > 2 && *p == '\\' && (p[1] == 'u' || p[1] == 'x')) {
        skip = 2;
        n = p[1] == 'u' ? 4 : 2;
    } else if (len > 3 && *p == '&' && p[1] == '#') {
        skip = p[2] == 'x' || p[2] == 'X' ? 3 : 2;
        base = skip == 3 ? 16 : 10;
        end = memchr(p, ';', len < sizeof(digits) ? len : sizeof(digits));
        n = end == NULL ? 0 : (size_t)(end - p) - skip;
    } else if (*p == '&') {
        n = 1;
        while (n < len && n < 9 && is_bone(p[n])) {
            n++;
        }
        *c = ' ';
        return n > 2 && n < len && p[n] == ';' ? n + 1 : 0;
    } else if (*p != '%') {
        return 0;
    }
    if (n == 0 || skip + n > len) {
        return 0;
    }
    memcpy(digits, p + skip, n);
    value = strtol(digits, &stop, base);
    if (*stop != '\0' || value < 0) {
        return 0;
    }
    *c = (char)(value < 128 ? value : ' ');
    return skip + n + (*p == '&' ? 1 : 0);
}

/* One layer less of it; false: there was none. */
static bool unwrap(struct exo_buf *out, const char *text, size_t len)
{
    bool any = false;

    for (size_t i = 0; i < len;) {
        char c = text[i];
        size_t n = escape(text + i, len - i, &c);

        any |= n > 0 || c == '+';
        if (n == 0) {
            c = c == '+' ? ' ' : c;
            n = 1;
        }
        exo_buf_add(out, &c, 1);
        i += n;
    }
    return any;
}

/* ---- one secret -------------------------------------------------------- */

/* Is a run of it in there? Here and below: 1, 0, or the error that kept us
 * from knowing. */
static int has_run(const struct exo_secret *in, const struct exo_secret *of)
{
    const char *text, *known;
    size_t len, n, run;
    int rc = exo_secret_reveal(in, &text, &len);

    rc = rc == EXO_OK ? exo_secret_reveal(of, &known, &n) : rc;
    if (rc != EXO_OK) {
        return rc;
    }
    if (n < LEAST) {
        return 0;
    }
    run = n < RUN ? n : RUN;
    if (len < n) { /* the pieces of the shorter one are fewer */
        const char *other = text;
        size_t its = len;

        text = known;
        len = n;
        known = other;
        n = its;
    }
    for (size_t i = 0; i + run <= n; i++) {
        if (memmem(text, len, known + i, run) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* The secret as `known` in plain, in hexadecimal, and in base64 wherever it
 * begins: behind a client id, as in Basic, or alone. */
static int has_form(const struct exo_secret *in, const char *known, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    struct exo_secret form = EXO_SECRET_INIT, bare = EXO_SECRET_INIT;
    const char *text;
    size_t n;
    int found;

    bones(&bare, known, len);
    found = has_run(in, &bare);
    for (size_t i = 0; i < len; i++) {
        exo_buf_add(&form.hidden, &hex[(unsigned char)known[i] >> 4], 1);
        exo_buf_add(&form.hidden, &hex[known[i] & 15], 1);
    }
    found = found != 0 ? found : has_run(in, &form);
    for (size_t i = 0; found == 0 && i < 3 && i < len; i++) {
        exo_secret_free(&form);
        found = exo_base64(&form, known + i, len - i);
        found = found == EXO_OK ? exo_secret_reveal(&form, &text, &n) : found;
        if (found == EXO_OK) {
            bones(&bare, text, n);
            found = has_run(in, &bare);
        }
    }
    exo_secret_free(&form);
    exo_secret_free(&bare);
    return found;
}

static int repeats(const char *text, size_t len, const struct exo_secret *in,
                   const struct exo_secret *secret)
{
    struct exo_secret encoded = EXO_SECRET_INIT;
    const char *known;
    size_t n;
    int found;

    if (secret == NULL) {
        return 0;
    }
    found = exo_secret_reveal(secret, &known, &n);
    if (found != EXO_OK || n == 0) {
        return found;
    }
    found = memmem(text, len, known, n) != NULL ? 1 : has_form(in, known, n);
    /* As it is in Basic, RFC 6749 section 2.3.1. */
    if (found == 0) {
        int rc = exo_http_form_add(&encoded, "", known, n);

        rc = rc == EXO_OK ? exo_secret_reveal(&encoded, &known, &n) : rc;
        found = rc == EXO_OK ? has_form(in, known + 1, n - 1) : rc;
    }
    exo_secret_free(&encoded);
    return found;
}

/* ---- all of them ------------------------------------------------------- */

int exo_leaks(const struct exo_asked *asked, const struct exo_tokens *tokens,
              const char *text, size_t len)
{
    const struct exo_secret *const secrets[] = {
        asked->client->secret,
        asked->client->assertion,
        asked->made,
        asked->sent,
        asked->verifier,
        tokens ? &tokens->access_token : NULL,
        tokens ? &tokens->refresh_token : NULL,
    };
    struct exo_secret bare = EXO_SECRET_INIT;
    struct exo_secret plain[LAYERS];
    bool more = len > 0;
    int found = 0, layers = 0;

    for (int layer = 0; found == 0 && more; layer++) {
        bones(&bare, text, len);
        for (size_t i = 0;
             found == 0 && i < sizeof(secrets) / sizeof(secrets[0]); i++) {
            found = repeats(text, len, &bare, secrets[i]);
        }
        if (layer == LAYERS) {
            break;
        }
        plain[layer] = (struct exo_secret)EXO_SECRET_INIT;
        layers++;
        more = unwrap(&plain[layer].hidden, text, len);
        found =
            found != 0 ? found : exo_secret_reveal(&plain[layer], &text, &len);
    }
    while (layers > 0) {
        exo_secret_free(&plain[--layers]);
    }
    exo_secret_free(&bare);
    /* One that is too long in some form may be there. */
    return found < 0 && found != EXO_E_NOMEM ? 1 : found;
}
