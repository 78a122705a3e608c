/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands. main() parses the options of the table below once for all of
 * them, opens the configuration, runs `before` as root (files named on the
 * command line, configuration), lets exo_app_drop() happen, then `run`.
 */
#ifndef EXOAUTH_CMD_H
#define EXOAUTH_CMD_H

#include "helper/app/app.h"
#include "helper/import/bundle.h"
#include "exoauth/account.h"
#include "exoauth/buf.h"
#include "helper/app/later.h"
#include "helper/app/out.h"
#include "session.h"

enum exo_format {
    EXO_FORMAT_RAW,
    EXO_FORMAT_XOAUTH2,
    EXO_FORMAT_OAUTHBEARER,
    EXO_FORMAT_JSON
};

struct exo_import;  /* import.h */
struct exo_outfile; /* outfile.h */
struct exo_draft;   /* draft.h */

struct exo_options {
    const char *config;
    int verbose;
    bool has_account;
    struct exo_account account;
    bool device, browser, paste, if_needed, all, force, json, account_file;
    bool prepare; /* refresh: and nothing else */
    bool prometheus, nagios;
    int nagios_exit; /* of status --nagios, once it has run */
    const char *secret_file, *refresh_token_file, *listen;
    const char *from, *file, *config_file, *password_file; /* import */
    char **set; /* key=value, borrowed from argv */
    size_t n_set;
    char **words; /* of explain, borrowed from argv */
    size_t n_words;
    int64_t min_ttl; /* -1: not given */
    int64_t wait;    /* seconds for a browser, 0: not given */
    enum exo_format format;
    /* filled by before() */
    struct exo_secret secret, refresh_token, password;
    struct exo_draft *draft; /* login --set */
    int listen_fd;
    bool has_account_file; /* remove */
    const char *typed;     /* remove: the account as it was given */
    /* remove: what is wrong with the name, which a record may have still */
    struct exo_err misnamed;
    const char *out;    /* export */
    const char *report; /* doctor --bundle */
    bool passphrase, no_passphrase;
    struct exo_import *import;
    struct exo_bundle bundle;                       /* import */
    struct exo_outfile *outfile;                    /* export */
    const char *relayhost, *transport, *config_dir; /* setup */
    int64_t rate_delay;                             /* seconds, 0: none */
    bool yes, dry_run, undo;
    void *rekey;                /* cmd_rekey.c */
    struct exo_session session; /* test, connect */
    struct exo_later deleter;
};

struct exo_command {
    const char *name;
    const char *usage; /* one line after "exoauth NAME" */
    const char *help;  /* the lines of --help */
    unsigned options;  /* EXO_OPT_* that it takes */
    bool needs_account;
    bool takes_file; /* its first word is a file */
    bool many;       /* as many accounts as there are, or --all */
    bool no_account;
    bool takes_words;    /* setup: words as they are */
    size_t n_words;      /* this many words, one of them the account, */
    size_t account_word; /* at this place */
    bool quiet;          /* serve */
    bool waited_for;     /* token, connect: a mail client waits for its end, and
                          * paints stderr over its screen */
    bool prepare;        /* makes directories as root */
    bool opens;          /* setup, doctor: open struct exo_app themselves, as
                          * what is missing or broken is their work */
    bool alone;          /* explain: words instead of an account, and nothing of
                          * struct exo_app */
    int (*before)(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err);
    /* The exit status is that of err; stdout carries only the result. */
    int (*run)(struct exo_app *app, struct exo_options *options,
               struct exo_err *err);
    /* Another exit status, and err emptied if it was shown. NULL: no. */
    int (*ending)(struct exo_options *options, struct exo_err *err);
};

enum {
    EXO_OPT_DEVICE = 1 << 0,
    EXO_OPT_SECRET_FILE = 1 << 1,
    EXO_OPT_REFRESH_TOKEN_FILE = 1 << 2,
    EXO_OPT_IF_NEEDED = 1 << 3,
    EXO_OPT_SET = 1 << 4,
    EXO_OPT_MIN_TTL = 1 << 5,
    EXO_OPT_FORMAT = 1 << 6,
    EXO_OPT_ALL = 1 << 7,
    EXO_OPT_FORCE = 1 << 8,
    EXO_OPT_JSON = 1 << 9,
    EXO_OPT_ACCOUNT_FILE = 1 << 10,
    EXO_OPT_LISTEN = 1 << 11,
    EXO_OPT_PROMETHEUS = 1 << 24,
    EXO_OPT_NAGIOS = 1 << 25,
    EXO_OPT_FROM = 1 << 20,
    EXO_OPT_CONFIG_FILE = 1 << 21,
    EXO_OPT_PASSWORD_FILE = 1 << 22,
    EXO_OPT_OUT = 1 << 26,
    EXO_OPT_PASSPHRASE = 1 << 27,
    EXO_OPT_SETUP = 1 << 30,
    EXO_OPT_BUNDLE = 1 << 28,
    EXO_OPT_BROWSER = 1 << 12, /* and --paste, --wait */
    EXO_OPT_SESSION = 1 << 14, /* --tls, --ca-file, --timeout, --mailbox */
    EXO_OPT_TEST = 1 << 15,    /* --server, --port, --to */
    EXO_OPT_PREPARE = 1 << 17
};

extern const struct exo_command exo_cmd_login;
extern const struct exo_command exo_cmd_token;
extern const struct exo_command exo_cmd_refresh;
extern const struct exo_command exo_cmd_status;
extern const struct exo_command exo_cmd_list;
extern const struct exo_command exo_cmd_show;
extern const struct exo_command exo_cmd_remove;
extern const struct exo_command exo_cmd_serve;
extern const struct exo_command exo_cmd_explain;
extern const struct exo_command exo_cmd_doctor;
extern const struct exo_command exo_cmd_import;
extern const struct exo_command exo_cmd_export;
extern const struct exo_command exo_cmd_rekey;
extern const struct exo_command exo_cmd_setup;
extern const struct exo_command exo_cmd_test;
extern const struct exo_command exo_cmd_connect;

/* What its before() left for run(). */
void exo_rekey_free(struct exo_options *options);
void exo_export_free(struct exo_options *options);

#endif
