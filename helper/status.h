/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `exoauth status` knows about one account, and its two ways to show
 * it. Nothing in a row is secret and none of it needs a key. Times are
 * seconds since 1970; 0 means unknown.
 */
#ifndef EXOAUTH_STATUS_H
#define EXOAUTH_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "exoauth/account.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"

struct exo_status_row {
    struct exo_account account;
    struct exo_account credential; /* whose state it is */
    char grant[32];                /* "" if it cannot be told */
    enum exo_status
        state;      /* OK, TRANSIENT, NEEDS_LOGIN, MISCONFIGURED, STORE */
    int64_t serial; /* 0: no record */
    int64_t refreshed;
    int64_t token_expires;
    int64_t credential_expires; /* a day, 00:00 UTC */
    int64_t failures;
    int64_t next_try;
    int64_t error_time;
    char error_code[64];
    char message[EXO_ERR_TEXT]; /* cause and remedy, "" if none */
};

/* Appends aligned columns for people, with times in the local zone. */
void exo_status_table(struct exo_buf *out, const struct exo_status_row *row,
                      size_t n, int64_t now);

/* Appends {"exoauth":1,"accounts":[...]} and a newline. */
int exo_status_json(struct exo_buf *out, const struct exo_status_row *row,
                    size_t n) EXO_MUST_CHECK;

#endif
