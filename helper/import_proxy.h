/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of email-oauth2-proxy while it is imported: between
 * import_proxy.c, import_proxy_config.c and import_proxy_token.c.
 */
#ifndef EXOAUTH_IMPORT_PROXY_H
#define EXOAUTH_IMPORT_PROXY_H

#include "import.h"

struct exo_proxy {
    struct exo_import *in;
    const struct exo_secret *config;
    const struct exo_secret *cache; /* NULL: in the configuration itself */
    struct exo_secret other;        /* what --config-file names */
    bool catch_all;
    struct exo_secret password;
    bool same_password;      /* for all: from --password-file */
    struct exo_buf whose;    /* the section it was asked for */
    struct exo_secret value; /* the last one looked up */
    int failed;              /* a value that is there could not be kept */
};

/* Takes in->text for it, and reads --config-file where there is one. To be
 * closed in every case; err as of struct exo_import_tool. */
int exo_proxy_open(struct exo_proxy *p, struct exo_import *in,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_proxy_close(struct exo_proxy *p);

/* The option of an account, or what it inherits; "" if there is none. Good
 * until the next one. */
const char *exo_proxy_look(struct exo_proxy *p, const char *account,
                           const char *option);
/* Does the section of the proxy itself say yes? */
bool exo_proxy_is_on(struct exo_proxy *p, const char *option);
/* p->value as a text; "" and p->failed if it could not be kept. */
const char *exo_proxy_value(struct exo_proxy *p);

/* The password of the account's tokens into p->password: from
 * --password-file, or asked for once per section. */
int exo_proxy_password(struct exo_proxy *p, const char *account,
                       struct exo_err *err) EXO_MUST_CHECK;
/* Decrypts an option of the account, if there is one, into plain. What cannot
 * be is the item's error, and 0. */
int exo_proxy_decrypt(struct exo_proxy *p, struct exo_import_item *item,
                      const char *section, const char *option,
                      struct exo_secret *plain,
                      struct exo_err *err) EXO_MUST_CHECK;

#endif
