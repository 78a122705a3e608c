/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth import --from TOOL`: what other programs have, as accounts of
 * ours. import.c is the command's part, one file per tool reads its format
 * into items, import_item.c has what they share. The original is opened for
 * reading only.
 */
#ifndef EXOAUTH_IMPORT_H
#define EXOAUTH_IMPORT_H

#include "cmd.h"
#include "exoauth/provider.h"
#include "settings.h"

#define EXO_IMPORT_SIZE ((size_t)1024 * 1024) /* largest file, bytes */
#define EXO_IMPORT_KEYS 12                    /* of one account */

/* One account of the original. */
struct exo_import_item {
    struct exo_account account;
    struct exo_buf pair[EXO_IMPORT_KEYS]; /* key=value for its file */
    size_t n_pairs;
    const struct exo_provider *provider; /* its preset, once known */
    bool app; /* client_credentials: there is no refresh token */
    struct exo_secret refresh_token;
    struct exo_secret client_secret;
    struct exo_err err; /* status not OK: why this one cannot be imported */
    struct exo_draft *draft; /* its account file */
    bool changed;            /* that, or the credential */
};

struct exo_import {
    const struct exo_app *app;
    const struct exo_options *options;
    const char *shown;      /* FILE, or "standard input" */
    struct exo_secret text; /* what is in it */
    struct exo_import_item *item;
    size_t n;
};

struct exo_import_tool {
    const char *name; /* of --from */
    /* Reads in->text into items. EXO_E_STATUS with err, where nothing of the
     * file is of use; what concerns one account goes into its item. */
    int (*read)(struct exo_import *in, struct exo_err *err);
};

extern const struct exo_import_tool exo_import_sasl_xoauth2;
extern const struct exo_import_tool exo_import_mutt;
extern const struct exo_import_tool exo_import_proxy;

/* Before and after root becomes run_as. options->import is the state between
 * the two. */
int exo_import_before(struct exo_app *app, struct exo_options *options,
                      struct exo_err *err) EXO_MUST_CHECK;
int exo_import_run(struct exo_app *app, struct exo_options *options,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_import_free(struct exo_import *in); /* NULL allowed */

/*
 * Reads a file of another program, "-" for stdin; a pipe is taken as it comes.
 * Such files belong to whoever runs that program, so the owner is not asked;
 * only one that everybody may write is refused. EXO_E_NOENT, err untouched, if
 * it is not there; else EXO_E_STATUS.
 */
int exo_import_read(const char *path, struct exo_secret *text,
                    struct exo_err *err) EXO_MUST_CHECK;

/* FILE, decrypted by gpg(1) with the key ring of whoever runs the command. */
int exo_import_gpg(const struct exo_import *in, struct exo_secret *plain,
                   struct exo_err *err) EXO_MUST_CHECK;

/* A new item; NULL without memory. Earlier pointers to items end here. */
struct exo_import_item *exo_import_add(struct exo_import *in);

/* Sets a key of the account file, unless value is "". Blanks around the value
 * do not count; a run of blanks or line ends inside it becomes one blank. */
void exo_import_key(struct exo_import_item *item, enum exo_key key,
                    const char *value);

/* An error of value becomes one of the pair. */
void exo_import_key_buf(struct exo_import_item *item, enum exo_key key,
                        const struct exo_buf *value);

/* What is set so far, NULL if nothing is. */
const char *exo_import_get(const struct exo_import_item *item,
                           enum exo_key key);

/* provider, cloud and tenant of a token endpoint; `custom` if no preset has
 * it. */
void exo_import_endpoint(struct exo_import_item *item, const char *url);

/* scope, unless it is what the provider's preset says anyway. The provider
 * must be known. */
void exo_import_scope(struct exo_import_item *item, const char *scope);

/* item->account: what was asked for on the command line, else name. If both
 * are there and differ, name becomes `user`. */
int exo_import_name(const struct exo_import *in, struct exo_import_item *item,
                    const char *name, struct exo_err *err) EXO_MUST_CHECK;

/* "No refresh token in it", for the item. */
void exo_import_no_token(const struct exo_import *in,
                         struct exo_import_item *item);

#endif
