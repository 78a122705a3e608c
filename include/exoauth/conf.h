/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth.conf: which file is in force, and what it says. The same code
 * serves the plugin inside its host and the exoauth program; it never asks
 * NSS, and the environment only where the process is not set-id.
 */
#ifndef EXOAUTH_CONF_H
#define EXOAUTH_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

enum exo_log_level {
    EXO_LOG_ERROR,
    EXO_LOG_WARNING,
    EXO_LOG_NOTICE,
    EXO_LOG_INFO,
    EXO_LOG_DEBUG
};

struct exo_conf {
    char *path;   /* the file in force, absolute; it need not exist */
    bool present; /* it does exist */
    bool user;    /* an ordinary user's own file */
    char *account_dir;
    char *store;
    char *token_dir;
    char *chroot;      /* list, "" if none */
    char *token_group; /* "" if none */
    char *run_as;      /* "" in a user's own file */
    char *socket;      /* list; "" for none; a user's own file defaults to none,
                        * because its accounts are unknown to the system's */
    char *helper;      /* absolute path; "" for none */
    char *mechanisms;  /* list, in lower case, best first; never "" */
    char *proxy;       /* "" if none */
    char *proxy_auth_file;
    char *ca_file;
    char *key_file;         /* "" if none: nothing is sealed */
    char *key_place;        /* what key_file is by default */
    char *key_command;      /* a command for sh(1), "" if none */
    char *log;              /* "", "syslog", "stderr" or a path */
    char *on_event;         /* a command for sh(1), "" if none */
    char *status_file;      /* absolute path, "" if none */
    int64_t timeout;        /* seconds, 1..600 */
    int64_t refresh_margin; /* seconds, 0..86400 */
    bool initial_response;  /* the response goes with the first command */
    bool noplaintext;       /* claim what hosts without TLS would forbid */
    enum exo_log_level log_level;
    struct exo_buf text;    /* what block borrows from */
    struct exo_block block; /* every line, for account defaults */
};

/* The directory of a `file:` store; NULL: it is of another kind. */
static inline const char *exo_conf_store_dir(const struct exo_conf *conf)
{
    return strncmp(conf->store, "file:", 5) == 0 ? conf->store + 5 : NULL;
}

/* True in a set-user-id, set-group-id or capability-gaining process. */
bool exo_conf_secure_mode(void);

/*
 * The file in force: explicit if not NULL; else an ordinary user's own
 * `exoauth.conf` where it exists; else the first exoauth.conf in the
 * colon-separated sasl_path; else the name it would have in its first
 * element. *path is the caller's to free(); *user as in struct exo_conf.
 */
int exo_conf_find(const char *explicit_file, const char *sasl_path, char **path,
                  bool *user) EXO_MUST_CHECK;

/* Where a user's own files are: what XDG_*_HOME says, else below HOME. */
enum exo_user_dir {
    EXO_USER_CONFIG,
    EXO_USER_DATA,
    EXO_USER_STATE,
    EXO_USER_N
};

/* What the variable says if that is another place than the one below HOME, else
 * NULL; *name is the variable's in any case. */
const char *exo_conf_user_moved(enum exo_user_dir dir, const char **name);

/* SASL_CONF_PATH as libsasl2 treats it, else the compiled-in path. */
const char *exo_conf_sasl_path(void);

/* $XDG_CONFIG_HOME/exoauth/exoauth.conf (or under ~/.config), malloc'ed;
 * NULL for root, in secure mode, or without an absolute HOME. EXO_E_NOMEM. */
int exo_conf_user_file(char **file) EXO_MUST_CHECK;

/*
 * Loads it. A file that is not there is an empty one. *conf is NULL on
 * failure; err names file, line, cause and remedy (EXO_STATUS_MISCONFIGURED).
 * helper is the compiled-in path of the exoauth program.
 */
int exo_conf_load(struct exo_conf **conf, const char *path, bool user,
                  const char *helper, struct exo_err *err) EXO_MUST_CHECK;
void exo_conf_free(struct exo_conf *conf);

/* The keys of exoauth.conf proper, counted from 0; NULL behind the last. */
const char *exo_conf_key(size_t i);
bool exo_conf_is_system_key(const char *key);
/* Is its value one for sh(1), in which a secret may stand? */
bool exo_conf_is_command(const char *key);
/* Adds what the i-th says, as it may stand in the file, or nothing. */
void exo_conf_print(const struct exo_conf *conf, size_t i, struct exo_buf *out);

/* Is there at least one account file (`*.conf`, no leading dot)? */
bool exo_conf_has_accounts(const struct exo_conf *conf);

#endif
