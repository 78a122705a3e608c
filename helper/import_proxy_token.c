/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What email-oauth2-proxy encrypts: Fernet tokens, whose key comes by PBKDF2
 * from the password that the mail program gives to the proxy, with salt and
 * number of rounds beside them. Called by import_proxy.c. Versions until 2023
 * did not write the rounds down, and the proxy itself tries more than one
 * number, so the same is done here. Keys wipe themselves; plain is the
 * caller's.
 */
#include "config.h"

#include <string.h>

#include "exoauth/base64.h"
#include "exoauth/block.h"
#include "exoauth/fernet.h"
#include "import_proxy.h"
#include "prompt.h"

#define ROUNDS_NOW INT64_C(1200000)
#define ROUNDS_THEN INT64_C(100000)

/*
 * Opens one. salt is base64, rounds 0 if the file does not say. EXO_E_UNSAFE:
 * another password; EXO_E_SYNTAX: damaged.
 */
static int open_fernet(const struct exo_secret *password, const char *salt,
                       int64_t rounds, const char *token,
                       struct exo_secret *plain)
{
    const int64_t tries[] = { rounds > 0 ? rounds : ROUNDS_THEN, ROUNDS_NOW,
                              ROUNDS_THEN };
    struct exo_secret bytes = EXO_SECRET_INIT;
    struct exo_secret key = EXO_SECRET_INIT;
    const char *raw;
    size_t len;
    int rc = exo_base64_bytes(&bytes.hidden, salt, strlen(salt));

    if (rc == 0) {
        rc = exo_secret_reveal(&bytes, &raw, &len);
    }
    if (rc == 0 && (len == 0 || rounds > EXO_FERNET_ROUNDS_MAX)) {
        rc = EXO_E_SYNTAX;
    }
    if (rc == 0) {
        rc = EXO_E_UNSAFE;
    }
    for (size_t i = 0; rc == EXO_E_UNSAFE && i < 3; i++) {
        if (i > 0 && tries[i] == tries[0]) {
            continue;
        }
        rc = exo_fernet_key(&key, password, raw, len, (long)tries[i]);
        if (rc == 0) {
            rc = exo_fernet_open(&key, token, strlen(token), plain);
        }
    }
    exo_secret_free(&key);
    exo_secret_free(&bytes);
    return rc;
}

int exo_proxy_password(struct exo_proxy *p, const char *account,
                       struct exo_err *err)
{
    const char *file = p->in->options->password_file;
    struct exo_buf question = EXO_BUF_INIT(1024);
    const char *text;
    int rc;

    if (p->same_password ||
        (exo_buf_done(&p->whose, &text) == 0 && strcmp(text, account) == 0)) {
        return 0;
    }
    exo_buf_reset(&p->whose);
    exo_buf_str(&p->whose, account);
    exo_secret_free(&p->password);
    if (file) {
        p->same_password = true;
        return exo_prompt_file("password-file", file, &p->password, err);
    }
    exo_buf_fmt(&question, "Password of %s at email-oauth2-proxy: ", account);
    rc = exo_buf_done(&question, &text);
    if (rc == 0) {
        rc = exo_prompt_secret(text, &p->password, err);
    }
    exo_buf_free(&question);
    if (rc == EXO_E_NOENT || (rc == 0 && exo_secret_empty(&p->password))) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "the tokens of %s are encrypted with the password "
                         "that the mail program gives to the proxy; give it "
                         "with --password-file FILE",
                         account);
    }
    return rc;
}

/* Opens token with the password, as the account's salt and rounds say. */
static int open_token(struct exo_proxy *p, const char *account,
                      const char *token, struct exo_secret *plain)
{
    const char *text = exo_proxy_look(p, account, "token_iterations");
    int64_t rounds = 0;

    if (text[0] != '\0' && exo_block_number(text, &rounds) != 0) {
        return EXO_E_SYNTAX;
    }
    return open_fernet(&p->password, exo_proxy_look(p, account, "token_salt"),
                       rounds, token, plain);
}

int exo_proxy_decrypt(struct exo_proxy *p, struct exo_import_item *item,
                      const char *section, const char *option,
                      struct exo_secret *plain, struct exo_err *err)
{
    struct exo_secret token = EXO_SECRET_INIT;
    const char *text = exo_proxy_look(p, section, option);
    size_t len;
    int rc = exo_secret_set(&token, text, strlen(text));

    if (rc == 0 && !exo_secret_empty(&token)) {
        rc = exo_proxy_password(p, section, err);
        if (rc != 0) {
            goto out;
        }
        rc = exo_secret_reveal(&token, &text, &len);
        if (rc == 0) {
            rc = open_token(p, section, text, plain);
        }
    }
    if (rc == EXO_E_UNSAFE) {
        (void)exo_err_set(&item->err, EXO_STATUS_DENIED,
                          "%s: the password does not decrypt %s of %s; give "
                          "the one that the mail program gives to the proxy",
                          p->in->shown, option, item->account.name);
        rc = 0;
    } else if (rc != 0) {
        (void)exo_err_set(&item->err, EXO_STATUS_USAGE,
                          "%s: %s, token_salt or token_iterations of %s is "
                          "damaged; run: exoauth login %s",
                          p->in->shown, option, item->account.name,
                          EXO_SH(item->account.name, "ACCOUNT"));
        rc = 0;
    }
out:
    exo_secret_free(&token);
    return rc;
}
