/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz harness: the body of a token endpoint's answer, as success and as
 * refusal, for a grant with a user and for one without. Whatever comes, the
 * outcome is a token that may be sent or one clean line without a secret.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/oauth.h"
#include "exoauth/token.h"
#include "../lib/whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "cl1ent+s3cret"
#define SENT "0.refresh-t0ken"

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check_tokens(const struct exo_tokens *tokens)
{
    must(exo_token_is_b64token(whole_secret(&tokens->access_token),
                               whole_len(&tokens->access_token)));
    must(tokens->expires_in > 0 && tokens->refresh_in >= 0 &&
         tokens->refresh_in <= tokens->expires_in);
    must(memchr(tokens->scope, '\0', sizeof(tokens->scope)) != NULL);
}

static void check_error(const struct exo_oauth_error *error, bool user)
{
    const char *text = error->err.text;
    size_t i, len = strnlen(text, sizeof(error->err.text));

    must(len > 0 && len < sizeof(error->err.text));
    for (i = 0; i < len; i++)
        must(text[i] >= 0x20 && text[i] < 0x7f);
    must(strstr(text, "; ") != NULL);
    must(strstr(text, SECRET) == NULL);
    must(!user ||
         (strstr(text, SENT) == NULL && strstr(error->error, SENT) == NULL));
    must(error->code[0] != '\0');
    must(error->err.status == EXO_STATUS_TRANSIENT ||
         error->err.status == EXO_STATUS_NEEDS_LOGIN ||
         error->err.status == EXO_STATUS_MISCONFIGURED);
}

static void run(const uint8_t *data, size_t size, long status, bool user)
{
    struct exo_secret secret = EXO_SECRET_INIT, sent = EXO_SECRET_INIT;
    struct exo_http_reply reply = { .status = status, .body = EXO_SECRET_INIT };
    struct exo_oauth_client client = { .account = "a@example.com",
                                       .token_endpoint = "https://as/token",
                                       .client_id = "id",
                                       .secret = &secret };
    struct exo_oauth_error error;
    struct exo_tokens tokens;

    must(exo_secret_set(&secret, SECRET, strlen(SECRET)) == EXO_OK);
    must(exo_secret_set(&sent, SENT, strlen(SENT)) == EXO_OK);
    if (exo_secret_set(&reply.body, (const char *)data, size) == EXO_OK) {
        if (exo_oauth_parse(&client, user ? &sent : NULL, &reply, &tokens,
                            &error) == EXO_OK)
            check_tokens(&tokens);
        else
            check_error(&error, user);
        must(user || error.err.status != EXO_STATUS_NEEDS_LOGIN);
        exo_tokens_free(&tokens);
    }
    exo_secret_free(&reply.body);
    exo_secret_free(&sent);
    exo_secret_free(&secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, 200, false);
    run(data, size, 200, true);
    run(data, size, 400, true);
    run(data, size, 401, false);
    return 0;
}
