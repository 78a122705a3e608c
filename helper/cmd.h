/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands. main() parses the options of the table below once for all of
 * them, opens the configuration, runs `before` as root (files named on the
 * command line, configuration), lets exo_app_drop() happen, then `run`.
 */
#ifndef EXOAUTH_CMD_H
#define EXOAUTH_CMD_H

#include "app.h"
#include "exoauth/account.h"
#include "exoauth/buf.h"

enum exo_format {
    EXO_FORMAT_RAW,
    EXO_FORMAT_XOAUTH2,
    EXO_FORMAT_OAUTHBEARER,
    EXO_FORMAT_JSON
};

struct exo_options {
    const char *config;
    int verbose;
    bool has_account;
    struct exo_account account;
    bool device, if_needed, all, force, json, account_file;
    const char *secret_file, *refresh_token_file, *listen;
    char **set; /* key=value, borrowed from argv */
    size_t n_set;
    char **words; /* of explain, borrowed from argv */
    size_t n_words;
    int64_t min_ttl; /* -1: not given */
    enum exo_format format;
    /* filled by before() */
    struct exo_secret secret, refresh_token;
    bool conf_changed;
    int listen_fd;
    bool has_account_file; /* remove */
    pid_t deleter_pid;     /* 0: none */
    int deleter_fd;
};

struct exo_command {
    const char *name;
    const char *usage; /* one line after "exoauth NAME" */
    const char *help;  /* the lines of --help */
    unsigned options;  /* EXO_OPT_* that it takes */
    bool needs_account;
    bool quiet;   /* serve */
    bool prepare; /* makes directories as root */
    bool alone;   /* explain: words instead of an account, and nothing of
                   * struct exo_app */
    int (*before)(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err);
    /* The exit status is that of err; stdout carries only the result. */
    int (*run)(struct exo_app *app, struct exo_options *options,
               struct exo_err *err);
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
    EXO_OPT_LATER = 1 << 12 /* --browser, --paste, --password-file */
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

/* stdout, checked: a full disk or closed pipe is an error, not silence. */
int exo_out(const void *data, size_t len, struct exo_err *err) EXO_MUST_CHECK;

#endif
