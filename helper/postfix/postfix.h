/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Postfix of this host, as it is configured: read through its own postconf,
 * never from its files, so that what Postfix would say is what counts. Used
 * by setup and doctor. It is read once; what changes later is not seen.
 */
#ifndef EXOAUTH_POSTFIX_H
#define EXOAUTH_POSTFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_postfix_pair {
    const char *name, *value;
};

struct exo_postfix_pairs {
    struct exo_buf text; /* what the pairs borrow from */
    struct exo_postfix_pair *pair;
    size_t n;
};

/* One service of master.cf. */
struct exo_postfix_service {
    const char *name;    /* "smtp" */
    const char *type;    /* "unix" */
    const char *max;     /* processes, "-" for the default */
    const char *command; /* "smtp", "spawn" */
    const char *args;    /* as one line, "" if none */
    const char *line;    /* all of it, one blank between two words */
    bool unprivileged;
    bool chroot;
};

struct exo_postfix {
    char *postconf;                  /* its path */
    char *config_dir;                /* absolute */
    struct exo_postfix_pairs values; /* all, expanded: postconf -x */
    struct exo_postfix_pairs said;   /* main.cf's own, as written: -n */
    struct exo_postfix_pairs over;   /* service/type/name of master.cf: -P */
    struct exo_buf master;           /* -M, cut into words, */
    struct exo_buf lines;            /* and as lines */
    struct exo_postfix_service *service;
    size_t n_services;
};

/*
 * config_dir: NULL for the one that postconf takes by itself. On failure
 * *postfix is NULL: MISCONFIGURED for no Postfix, or for one whose
 * configuration it refuses, in its own words and one line.
 */
int exo_postfix_open(struct exo_postfix **postfix, const char *config_dir,
                     struct exo_err *err) EXO_MUST_CHECK;
void exo_postfix_close(struct exo_postfix *postfix);

/* Has it to be named where postconf is typed, as another one is the default of
 * this host? Asks postconf. */
bool exo_postfix_is_other(const struct exo_postfix *postfix);

/* Of what a program of Postfix said: the line that ended it, without its
 * "postconf: fatal: ". Borrows from said. */
const char *exo_postfix_complaint(struct exo_buf *said);

/* The value in force, with $names expanded; "" for what Postfix does not
 * know. Borrowed, as everything below. */
const char *exo_postfix_get(const struct exo_postfix *postfix,
                            const char *name);

/* What main.cf itself says, as it stands there; NULL: nothing. */
const char *exo_postfix_said(const struct exo_postfix *postfix,
                             const char *name);

/* What master.cf says for one service ("-o name=value"); NULL: nothing. */
const char *exo_postfix_override(const struct exo_postfix *postfix,
                                 const struct exo_postfix_service *service,
                                 const char *name);

/* The service, or NULL. Its order in postfix->service is master.cf's. */
const struct exo_postfix_service *exo_postfix_find(
    const struct exo_postfix *postfix, const char *name, const char *type);

/* Does it deliver by SMTP or LMTP, and so log in? */
bool exo_postfix_is_client(const struct exo_postfix_service *service);

/* Appends a value as it may be shown: what a map of it holds itself (static:,
 * inline:) is left out. */
void exo_postfix_show(struct exo_buf *out, const char *value, size_t len);

/* The same for a line of a map of logins: what follows the user is left out. */
void exo_postfix_show_login(struct exo_buf *out, const char *line, size_t len);

/* Is that word in a list of words, commas and blanks, in any case? */
bool exo_postfix_has_word(const char *list, const char *word);

/* The next of a list of maps, with its braces and without "proxy:", which is
 * another way to the same map. False at the end. */
bool exo_postfix_next_map(const char **list, size_t *len, const char **map);

/* Of a map that postmap makes: the path of the text it is made from, else
 * NULL. */
const char *exo_postfix_made_from(const char *map);
/* Is that text newer than what was made of it? */
bool exo_postfix_is_stale(const char *map);

struct exo_postfix_answer {
    char map[1024];           /* the last that was asked, without "proxy:" */
    struct exo_secret value;  /* may be a password */
    char words[EXO_ERR_TEXT]; /* of EXO_E_IO: in the words of Postfix */
};

#define EXO_POSTFIX_ANSWER_INIT \
    {                           \
        "", EXO_SECRET_INIT,    \
        {                       \
            0                   \
        }                       \
    }

/* What a list of maps has for a key, by `postmap -q`. EXO_E_NOENT: nothing;
 * EXO_E_ACCESS: a map is not for us to read; EXO_E_IO: a lookup of Postfix
 * would fail, too. The answer is to be freed. */
int exo_postfix_ask(const struct exo_postfix *postfix, const char *maps,
                    const char *key,
                    struct exo_postfix_answer *answer) EXO_MUST_CHECK;
void exo_postfix_answer_free(struct exo_postfix_answer *answer);

/* Of security options, the first that no login with a token can fulfil, or
 * NULL. */
const char *exo_postfix_never(const char *options);

/* Does the port of [host]:port begin with TLS? -1: nobody can say. */
int exo_postfix_port_wraps(const char *hop);

/* NAME=VALUE among the words of import_environment: what master(8) lets its
 * daemons have. A name without a value is nobody's to know here. */
bool exo_postfix_import(const struct exo_postfix *postfix, const char *name,
                        struct exo_buf *value);

/*
 * The directories in which the libsasl2 of this Postfix looks for plugins,
 * separated by colons: SASL_PATH where import_environment sets one, else
 * what that library was built with. "" if it cannot be told. Appended to
 * dirs.
 */
void exo_postfix_plugin_dirs(const struct exo_postfix *postfix,
                             struct exo_buf *dirs);

#endif
