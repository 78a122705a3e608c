/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth import --from TOOL`: what other programs have, as accounts of
 * ours. A reader, a program of its own (exoauth-import(5)), says what is in
 * the file of TOOL: import_reader.c runs it, import_block.c makes items of
 * what it writes, import_item.c has what an item consists of, import.c proves
 * and stores them. The original is opened for reading only.
 */
#ifndef EXOAUTH_IMPORT_H
#define EXOAUTH_IMPORT_H

#include "helper/app/app.h"
#include "helper/settings/draft.h"
#include "exoauth/provider.h"
#include "helper/settings/settings.h"

#define EXO_IMPORT_SIZE ((size_t)1024 * 1024) /* all that a reader writes */
#define EXO_IMPORT_KEYS 16                    /* of one account */

/* One account of the original. */
struct exo_import_item {
    const char *called; /* by the original; only in exo_import_take() */
    struct exo_account account;
    struct exo_buf pair[EXO_IMPORT_KEYS]; /* key=value for its file */
    size_t n_pairs;
    const struct exo_provider *provider; /* its preset, NULL: not known */
    bool app; /* client_credentials: there is no refresh token */
    struct exo_secret refresh_token;
    struct exo_secret client_secret;
    /* Why it cannot be imported. NEEDS_LOGIN: its account file can. */
    struct exo_err err;
    struct exo_draft *draft; /* its account file */
    bool changed;            /* that, or the credential */
};

/* What is asked for; borrowed. */
struct exo_import_request {
    const char *from; /* the tool, */
    const char *file; /* and its file, - for standard input */
    const char *config_file, *password_file, *secret_file; /* NULL: none */
    const struct exo_account *account; /* NULL: what the file says */
    char *const *set;                  /* key=value */
    size_t n_set;
    bool if_needed; /* nothing while the stored credential works */
};

struct exo_import {
    const struct exo_app *app;
    struct exo_import_request request;
    const char *shown;        /* FILE, or "standard input" */
    struct exo_secret secret; /* of --secret-file */
    struct exo_import_item *item;
    size_t n;
};

/* Before and after root becomes run_as; *in is the state between the two, NULL
 * or to be freed whatever comes back. */
int exo_import_before(struct exo_app *app,
                      const struct exo_import_request *request,
                      struct exo_import **in,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_import_run(struct exo_app *app, struct exo_import *in, bool *changed,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_import_free(struct exo_import *in); /* NULL allowed */

/* Runs the reader of request.from over request.file; what it writes becomes
 * text. EXO_E_STATUS, or EXO_E_NOMEM. */
int exo_import_ask(const struct exo_import *in, struct exo_secret *text,
                   struct exo_err *err) EXO_MUST_CHECK;

/* Makes items of what a reader has written, which may be anything. text is
 * changed. EXO_E_STATUS, or EXO_E_NOMEM. */
int exo_import_take(struct exo_import *in, struct exo_secret *text,
                    struct exo_err *err) EXO_MUST_CHECK;

/* A new item; NULL without memory. Earlier pointers to items end here. */
struct exo_import_item *exo_import_add(struct exo_import *in);
void exo_import_drop(struct exo_import_item *item); /* what it holds */

/* Sets a key of the account file, unless value is NULL or "". An error of
 * memory is found in the pair. */
void exo_import_key(struct exo_import_item *item, enum exo_key key,
                    const char *value);

/* What is set so far, NULL if nothing is. */
const char *exo_import_get(const struct exo_import_item *item,
                           enum exo_key key);

/* provider, cloud and tenant of a token endpoint, also as it was spelt in
 * former years; `custom` if no preset has it. */
void exo_import_endpoint(struct exo_import_item *item, const char *url);

/* scope, unless it is what the provider's preset says anyway. */
void exo_import_scope(struct exo_import_item *item, const char *scope);

#endif
