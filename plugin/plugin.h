/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the plugin share. Everything runs inside the host
 * program: no function here touches its environment, signals, umask,
 * working directory or standard descriptors, or keeps anything in static
 * memory that changes.
 *
 * Functions that return SASL codes have told the host why (seterror, one
 * line) whenever the code is neither SASL_OK, SASL_CONTINUE nor
 * SASL_INTERACT.
 */
#ifndef EXOAUTH_PLUGIN_H
#define EXOAUTH_PLUGIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "exoauth/buf.h"
#include "exoauth/conf.h"
#include "exoauth/error.h"

#ifndef EXO_HELPER
#define EXO_HELPER "/usr/bin/exoauth"
#endif

enum exo_mechanism { EXO_XOAUTH2, EXO_OAUTHBEARER, EXO_N_MECHANISMS };

/* glob_context of one mechanism. */
struct exo_offer {
    enum exo_mechanism mechanism;
    struct exo_plugin *plugin;
};

/* Made by sasl_client_plug_init(), freed by the mech_free of the last
 * mechanism. The configuration is read once, as root and outside the jail,
 * where Postfix loads its plugins; the steps run later and elsewhere. */
struct exo_plugin {
    struct exo_conf *conf;
    sasl_client_plug_t mech[EXO_N_MECHANISMS]; /* best first */
    struct exo_offer offer[EXO_N_MECHANISMS];
    int n;               /* of them are offered and not yet freed */
    atomic_bool no_user; /* no process-wide SASL_CB_USER; see prompt.c */
};

enum exo_mech_state {
    EXO_MECH_NAMES,    /* who logs in is not known yet */
    EXO_MECH_TOKEN,    /* it is; the sources have not been asked */
    EXO_MECH_PASSWORD, /* they know nothing; a password may hold the token */
    EXO_MECH_SENT      /* the response is with the host */
};

/* conn_context: from mech_new to mech_dispose. */
struct exo_mech {
    struct exo_plugin *plugin;
    enum exo_mechanism mechanism;
    enum exo_mech_state state;
    bool refused;             /* the server's refusal has been noted */
    sasl_interact_t *prompts; /* handed to the host, ours; or NULL */
    struct exo_secret message;
    size_t token_at; /* where the token stands in message */
    size_t token_len;
    int64_t serial;         /* of the token; -1: it has none */
    struct exo_err unknown; /* why the account counts as unknown */
};

/* mech.c */
int exo_mech_new(void *glob_context, sasl_client_params_t *params,
                 void **conn_context);
int exo_mech_step(void *conn_context, sasl_client_params_t *params,
                  const char *serverin, unsigned serverinlen,
                  sasl_interact_t **prompt_need, const char **clientout,
                  unsigned *clientoutlen, sasl_out_params_t *oparams);
void exo_mech_dispose(void *conn_context, const sasl_utils_t *utils);

/*
 * prompt.c. exo_prompt_names: on SASL_OK oparams->authid and oparams->user
 * are set; they are the same text if the host asks for no other identity.
 * exo_prompt_password: *data is NULL if the host has no password; borrowed,
 * valid until exo_prompt_free(). SASL_INTERACT: *prompt_need is set, call
 * again with the same arguments in the next step.
 */
int exo_prompt_names(struct exo_mech *mech, sasl_client_params_t *params,
                     sasl_interact_t **prompt_need, sasl_out_params_t *oparams);
int exo_prompt_password(struct exo_mech *mech, const sasl_utils_t *utils,
                        sasl_interact_t **prompt_need, const char **data,
                        size_t *len);
/* prompt_need may be NULL; *prompt_need is set to NULL if it was ours. */
void exo_prompt_free(struct exo_mech *mech, const sasl_utils_t *utils,
                     sasl_interact_t **prompt_need);

/* status.c: seterror and the SASL code for it. */
int exo_status_to_sasl(enum exo_status status);
int exo_status_fail(const sasl_utils_t *utils, enum exo_status status,
                    const char *text);
int exo_status_nomem(const sasl_utils_t *utils);

/*
 * challenge.c: what the server says after it refused the token. Text is
 * sanitised: printable ASCII, "" where the member is missing or no string or
 * number.
 */
struct exo_challenge {
    char status[32];
    char scope[128];
    char configuration[128]; /* openid-configuration, a URL */
};

/* False, and nothing said, unless data[0..len) is one JSON object. */
bool exo_challenge_parse(struct exo_challenge *challenge, const char *data,
                         size_t len) EXO_MUST_CHECK;
/* Is it a refusal, and the first in this conversation? Then it is logged. */
bool exo_challenge_note(struct exo_mech *mech,
                        const sasl_client_params_t *params,
                        const sasl_out_params_t *oparams, const char *data,
                        size_t len);

#endif
