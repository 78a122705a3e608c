/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever a browser, or somebody who pretends to be one, brings back: a
 * code comes out only with our state, and an error is one printable line
 * that repeats none of our secrets.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "exoauth/pkce.h"
#include "../lib/whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STATE "state-of-this-login"
#define VERIFIER "verifier-of-this-login"
#define ISSUER "https://as.example"

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check_code(const struct exo_secret *code, const char *data,
                       size_t size)
{
    const char *text = whole_secret(code);
    size_t i, len = whole_len(code);

    must(len > 0 && len <= EXO_REDIRECT_CODE_MAX && size <= EXO_REDIRECT_MAX);
    for (i = 0; i < len; i++)
        must(text[i] >= 0x20 && text[i] < 0x7f);
    must(memmem(data, size, "state=", 6) != NULL);
}

static void check_error(const struct exo_oauth_error *error, int rc)
{
    const char *text = error->err.text;
    size_t i, len = strnlen(text, sizeof(error->err.text));

    must(rc == EXO_E_SYNTAX || rc == EXO_E_UNSAFE || rc == EXO_E_STATUS);
    must(len > 0 && len < sizeof(error->err.text));
    for (i = 0; i < len; i++)
        must(text[i] >= 0x20 && text[i] < 0x7f);
    must(strstr(text, "; ") != NULL);
    must(strstr(text, STATE) == NULL && strstr(text, VERIFIER) == NULL);
    must(rc == EXO_E_STATUS || error->error[0] == '\0');
    must(error->err.status == EXO_STATUS_TRANSIENT ||
         error->err.status == EXO_STATUS_NEEDS_LOGIN ||
         error->err.status == EXO_STATUS_MISCONFIGURED);
}

static void run(const char *data, size_t size, const char *issuer)
{
    const struct exo_oauth_client client = {
        .account = "a@example.com",
        .authorization_endpoint = "https://as.example/authorize",
        .client_id = "id",
    };
    struct exo_pkce pkce = { .verifier = EXO_SECRET_INIT,
                             .state = EXO_SECRET_INIT };
    struct exo_secret code = EXO_SECRET_INIT;
    struct exo_oauth_error error;
    int rc;

    must(exo_secret_set(&pkce.verifier, VERIFIER, strlen(VERIFIER)) == EXO_OK);
    must(exo_secret_set(&pkce.state, STATE, strlen(STATE)) == EXO_OK);
    rc = exo_redirect_parse(&client, &pkce, issuer, false, data, size, &code,
                            &error);
    if (rc == EXO_OK) {
        check_code(&code, data, size);
    } else {
        check_error(&error, rc);
        must(exo_secret_empty(&code));
    }
    exo_secret_free(&code);
    exo_pkce_free(&pkce);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run((const char *)data, size, NULL);
    run((const char *)data, size, ISSUER);
    return 0;
}
