/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An access token as it travels between the broker and a login: in the
 * published file and in the reply. All strings are borrowed from the block
 * they were parsed from. Times are UTC, seconds since 1970, 64 bit.
 */
#ifndef EXOAUTH_TOKEN_H
#define EXOAUTH_TOKEN_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "exoauth/account.h"
#include "exoauth/block.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_token {
    const char *account;
    const char *user;       /* for user=; NULL: the SASL name is used */
    const char *servers;    /* blank-separated */
    const char *credential; /* published files only: where the rest stands */
    int64_t serial;
    int64_t issued;
    int64_t refresh_after;
    int64_t usable_until;
    int64_t expires;
    const char *token; /* b64token of RFC 6750; NULL with credential */
    size_t token_len;
};

enum exo_token_age {
    EXO_TOKEN_FRESH,  /* before refresh_after: use it */
    EXO_TOKEN_AGING,  /* until usable_until: use it, ask for a new one */
    EXO_TOKEN_STALE,  /* until expires: ask and wait, else use it */
    EXO_TOKEN_EXPIRED /* no use */
};

#define EXO_CLOCK_SKEW 300 /* seconds a clock may be before issued */

enum exo_token_age exo_token_age(const struct exo_token *token, int64_t now);

/* Fields of a parsed block; EXO_E_SYNTAX if one is missing or malformed. */
int exo_token_parse(struct exo_token *token,
                    const struct exo_block *block) EXO_MUST_CHECK;

/* Appends the lines from `account:` on, without begin and end. */
void exo_token_put(struct exo_buf *out, const struct exo_token *token);

/* 1*( ALPHA / DIGIT / "-._~+/" ) *"=", RFC 6750 section 2.1. */
bool exo_token_is_b64token(const char *data, size_t len);

/*
 * A published token as found: token borrows from the buffers. A file for
 * the account, else for its @domain (then user is NULL), and the file that
 * `credential:` names for the rest.
 */
struct exo_published {
    struct exo_token token;
    struct exo_account account; /* the account whose file it was */
    struct exo_buf own, other;
    uid_t dir_owner; /* of token_dir, EXO_NO_UID if that is unknown */
};

/* Nobody's uid: chown(2) reserves it. */
#define EXO_NO_UID ((uid_t)-1)

/*
 * Who owns the directory, whom a reader then believes. EXO_E_UNSAFE if it is
 * writable by others; *owner is EXO_NO_UID then, as on each failure.
 */
int exo_token_dir_owner(const char *token_dir, uid_t *owner) EXO_MUST_CHECK;

/*
 * EXO_E_NOENT if there is none (also: unreadable directory, other version).
 * EXO_E_UNSAFE, EXO_E_SYNTAX, EXO_E_SHORT, ... for a file that must count as
 * absent, with one line of warning in warning->text; the text may also be
 * set with EXO_OK, when the @domain file took a refused one's place, and is
 * "" if there is nothing to warn of. Free published in every case.
 */
int exo_published_read(struct exo_published *published, const char *token_dir,
                       const struct exo_account *account,
                       struct exo_err *warning) EXO_MUST_CHECK;
void exo_published_free(struct exo_published *published);

#endif
