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

#include "cmd.h"
#include "exoauth/provider.h"
#include "settings.h"

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

struct exo_import {
    const struct exo_app *app;
    const struct exo_options *options;
    const char *shown; /* FILE, or "standard input" */
    struct exo_import_item *item;
    size_t n;
};

/* Before and after root becomes run_as. options->import is the state between
 * the two. */
int exo_import_before(struct exo_app *app, struct exo_options *options,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_import_run(struct exo_app *app, struct exo_options *options,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_import_free(struct exo_import *in); /* NULL allowed */

/* Runs the reader of options->from over options->file; what it writes becomes
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
