/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `exoauth status` knows about each account, what there is to worry
 * about, and the ways to show it. Nothing in a row is secret. Times are seconds
 * since 1970; 0 means unknown.
 */
#ifndef EXOAUTH_STATUS_H
#define EXOAUTH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/app/app.h"
#include "exoauth/account.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "helper/settings/settings.h"

#define EXO_DAY ((int64_t)86400)
/* Before the end of a secret or certificate: time enough to find the person
 * who may make a new one; then the last moment to do so. */
#define EXO_EXPIRY_WARNING (30 * EXO_DAY)
#define EXO_EXPIRY_CRITICAL (7 * EXO_DAY)
/* Entra drops a refresh token that was not used for 90 days. */
#define EXO_IDLE_WARNING (60 * EXO_DAY)

enum exo_severity {
    EXO_SEVERITY_OK,
    EXO_SEVERITY_WARNING,
    EXO_SEVERITY_CRITICAL
};

struct exo_status_row {
    struct exo_account account;
    struct exo_account credential; /* whose state it is */
    char grant[32];                /* "" if it cannot be told */
    enum exo_status
        state;         /* OK, TRANSIENT, NEEDS_LOGIN, MISCONFIGURED, STORE */
    int64_t serial;    /* 0: no record */
    int64_t granted;   /* when a person authorised */
    int64_t refreshed; /* last success at the provider */
    bool delegated;    /* there is a refresh token, last used at refreshed */
    int64_t token_expires;
    int64_t credential_expires; /* of the secret or certificate */
    bool certificate;           /* it is a certificate that ends then */
    int64_t failures;
    int64_t next_try;
    int64_t error_time;
    char error_code[64];
    char message[EXO_ERR_TEXT]; /* cause and remedy, "" if none */
    enum exo_severity severity;
    char warning[EXO_ERR_TEXT]; /* what is going to break, "" if nothing */
};

/*
 * A row for each account file and stored record, or for `only`; sorted by
 * name and judged. *rows is to be free()d. warn (may be NULL) hears of keys
 * that nobody knows. EXO_STATUS_NO_ACCOUNT if only is neither.
 */
int exo_status_collect(struct exo_app *app, const struct exo_account *only,
                       void (*warn)(void *context, const char *text),
                       void *context, struct exo_status_row **rows, size_t *n,
                       struct exo_err *err) EXO_MUST_CHECK;

/* The same from status_file, for who may not open the store. */
int exo_status_read(struct exo_app *app, const struct exo_account *only,
                    struct exo_status_row **rows, size_t *n,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Sets severity, and warning where something is to end; one that stands there
 * counts otherwise. */
void exo_status_judge(struct exo_status_row *row, int64_t now);

/*
 * When a credential that ends then was, or has to be, warned of last: the
 * beginning of its last 7 or 30 days, 0 if neither has begun.
 */
int64_t exo_status_threshold(int64_t expires, int64_t now);

/* "the client secret ends 2027-05-01 in 12 days; what to do" */
void exo_status_expiry_text(int64_t expires, bool certificate, int64_t now,
                            char *text, size_t size);

/* "in 12 days", "3 min ago" */
void exo_status_span(struct exo_buf *out, int64_t when, int64_t now);

/* Appends aligned columns for people, with times in the local zone. */
void exo_status_table(struct exo_buf *out, const struct exo_status_row *row,
                      size_t n, int64_t now);

/* Appends {"exoauth":1,"accounts":[...]} and a newline. */
void exo_status_json(struct exo_buf *out, const struct exo_status_row *row,
                     size_t n);

/* Appends the text format of Prometheus, for a textfile collector. */
void exo_status_prometheus(struct exo_buf *out,
                           const struct exo_status_row *row, size_t n);

/* Appends one line with performance data, as the Monitoring Plugins do;
 * returns the exit status of such a plugin. */
int exo_status_nagios(struct exo_buf *out, const struct exo_status_row *row,
                      size_t n, int64_t now) EXO_MUST_CHECK;

/* The line for a status that could not be found out; returns 3. */
int exo_status_nagios_unknown(struct exo_buf *out,
                              const char *why) EXO_MUST_CHECK;

/* The public copy, `status_file`, of what --json prints. Failing is a
 * warning. */
void exo_status_file_write(struct exo_app *app);

/* Once the answer is out: status_file, where a record has changed, and what
 * was noted (event.h). Whoever is waited for has left both to a flight
 * (flight.h). */
void exo_after(struct exo_app *app);

/* NULL: what exo_path_entry() found may be replaced by it. Else why not, and
 * what to do. */
const char *exo_status_file_alien(const struct exo_path *file);

#endif
