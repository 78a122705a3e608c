/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files conf*.c share: the places the build
 * chose, the directories of the user, and the rules of values. Nobody else
 * includes this.
 */
#ifndef EXOAUTH_COMMON_CONF_H
#define EXOAUTH_COMMON_CONF_H

#include "exoauth/conf.h"

#ifndef EXO_CONFPATH
#define EXO_CONFPATH "/etc/sasl2"
#endif
#ifndef EXO_CONFDIR
#define EXO_CONFDIR "/etc/sasl2"
#endif
#ifndef EXO_STOREDIR
#define EXO_STOREDIR "/var/lib/exoauth"
#endif
#ifndef EXO_TOKENDIR
#define EXO_TOKENDIR "/run/exoauth/tokens"
#endif

/* first + second, malloc'ed; NULL without memory. */
char *exo_conf_join(const char *first, const char *second);

/* An absolute HOME, NULL if there is none; borrowed. */
const char *exo_conf_home(void);

/* exoauth below the place of that kind (exoauth/conf.h), malloc'ed;
 * NULL without an absolute HOME, or memory. */
char *exo_conf_user_dir(enum exo_user_dir dir);

enum exo_conf_kind {
    EXO_KIND_PATH,         /* one absolute path */
    EXO_KIND_PATH_OR_NONE, /* the same, or `none` */
    EXO_KIND_PATHS,        /* a list of them, or `none` */
    EXO_KIND_WORD,         /* one word */
    EXO_KIND_WORD_OR_NONE,
    EXO_KIND_COMMAND,    /* for sh(1), or `none` */
    EXO_KIND_STORE,      /* file:PATH; other schemes are for store/ */
    EXO_KIND_LOG,        /* syslog, stderr or a path */
    EXO_KIND_PROXY,      /* a URL without user information, or `none` */
    EXO_KIND_MECHANISMS, /* a list: xoauth2, oauthbearer */
    EXO_KIND_TIMEOUT,    /* seconds; from here on no text */
    EXO_KIND_MARGIN,     /* seconds */
    EXO_KIND_LEVEL,      /* enum exo_log_level */
    EXO_KIND_BOOL        /* yes or no */
};

struct exo_conf_row {
    const char *key;
    enum exo_conf_kind kind;
    size_t field;       /* its member of struct exo_conf */
    const char *preset; /* NULL: conf.c computes it */
};

extern const struct exo_conf_row exo_conf_rows[];
extern const size_t exo_conf_n_rows;

/* The value of a line. EXO_E_SYNTAX: *problem is a static text; EXO_E_NOMEM. */
int exo_conf_take(struct exo_conf *conf, const struct exo_conf_row *row,
                  const char *text, const char **problem) EXO_MUST_CHECK;
/* The default, if it is not computed. EXO_E_NOMEM. */
int exo_conf_preset(struct exo_conf *conf,
                    const struct exo_conf_row *row) EXO_MUST_CHECK;
/* Frees what the rows own. */
void exo_conf_release(struct exo_conf *conf);

/* *value is malloc'ed, NULL without memory; returns NULL, or a static text
 * that says what is wrong with text. `none` becomes "". */
const char *exo_conf_value(const struct exo_conf *conf, enum exo_conf_kind kind,
                           const char *text, char **value);

#endif
