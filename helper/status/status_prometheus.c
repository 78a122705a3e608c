/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status --prometheus`: the text exposition format, version 0.0.4,
 * for a file that the textfile collector of a node exporter reads. Times are
 * moments and not ages, as a file is read long after it was written; what is
 * not known has no sample. Called by cmd_status.c; out's sticky error tells.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "status.h"

static const enum exo_status states[] = { EXO_STATUS_OK, EXO_STATUS_TRANSIENT,
                                          EXO_STATUS_STORE,
                                          EXO_STATUS_NEEDS_LOGIN,
                                          EXO_STATUS_MISCONFIGURED };

#define N_STATES (sizeof(states) / sizeof(states[0]))

/* Names of accounts and codes of errors are UTF-8 (exoauth/account.h): one
 * label that is not makes the collector refuse the whole file. */
static void put_label(struct exo_buf *out, const char *name, const char *value)
{
    exo_buf_fmt(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"') {
            exo_buf_str(out, "\\");
        }
        exo_buf_add(out, *value == '\n' ? "\\n" : value,
                    *value == '\n' ? 2 : 1);
    }
    exo_buf_str(out, "\"");
}

static void put_head(struct exo_buf *out, const char *name, const char *help)
{
    exo_buf_fmt(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_sample(struct exo_buf *out, const char *name,
                       const char *account, int64_t value)
{
    exo_buf_fmt(out, "%s{", name);
    put_label(out, "account", account);
    exo_buf_fmt(out, "} %lld\n", (long long)value);
}

/* One sample a state, so that a rule can name a state that nobody is in. */
static void put_states(struct exo_buf *out, const struct exo_status_row *row,
                       size_t n)
{
    static const char name[] = "exoauth_account_state";

    put_head(out, name, "1 for the state that the account is in, 0 for others");
    for (size_t i = 0; i < n; i++) {
        for (size_t s = 0; s < N_STATES; s++) {
            exo_buf_fmt(out, "%s{", name);
            put_label(out, "account", row[i].account.name);
            exo_buf_str(out, ",");
            put_label(out, "state", exo_status_word(states[s]));
            exo_buf_fmt(out, "} %d\n", row[i].state == states[s]);
        }
    }
}

static void put_severity(struct exo_buf *out, const struct exo_status_row *row,
                         size_t n)
{
    static const char name[] = "exoauth_account_severity";

    put_head(out, name,
             "0 all is well, 1 warning, 2 critical, as status --nagios");
    for (size_t i = 0; i < n; i++) {
        put_sample(out, name, row[i].account.name, row[i].severity);
    }
}

static void put_errors(struct exo_buf *out, const struct exo_status_row *row,
                       size_t n)
{
    static const char name[] = "exoauth_last_error_timestamp_seconds";

    put_head(out, name, "When the last request failed, and the code");
    for (size_t i = 0; i < n; i++) {
        if (row[i].error_time > 0) {
            exo_buf_fmt(out, "%s{", name);
            put_label(out, "account", row[i].account.name);
            exo_buf_str(out, ",");
            put_label(out, "code", row[i].error_code);
            exo_buf_fmt(out, "} %lld\n", (long long)row[i].error_time);
        }
    }
}

/* Of a moment that is not known, 0, there is no sample. */
static void put_moments(struct exo_buf *out, const char *name, const char *help,
                        const struct exo_status_row *row, size_t n,
                        size_t offset, bool delegated)
{
    put_head(out, name, help);
    for (size_t i = 0; i < n; i++) {
        const int64_t *when = (const void *)((const char *)&row[i] + offset);

        if (*when > 0 && (row[i].delegated || !delegated)) {
            put_sample(out, name, row[i].account.name, *when);
        }
    }
}

void exo_status_prometheus(struct exo_buf *out,
                           const struct exo_status_row *row, size_t n)
{
    static const struct {
        const char *name;
        const char *help;
        size_t offset;
        bool delegated; /* of accounts with a refresh token only */
    } moments[] = {
        { "exoauth_token_expires_timestamp_seconds",
          "When the access token expires",
          offsetof(struct exo_status_row, token_expires), false },
        { "exoauth_credential_expires_timestamp_seconds",
          "When the client secret or certificate ends",
          offsetof(struct exo_status_row, credential_expires), false },
        { "exoauth_last_refresh_timestamp_seconds",
          "When a token was last obtained",
          offsetof(struct exo_status_row, refreshed), false },
        { "exoauth_refresh_token_used_timestamp_seconds",
          "When the refresh token was last used",
          offsetof(struct exo_status_row, refreshed), true },
        { "exoauth_refresh_token_granted_timestamp_seconds",
          "When a person last authorised",
          offsetof(struct exo_status_row, granted), true },
        { "exoauth_next_try_timestamp_seconds",
          "No request is made before, after a failure",
          offsetof(struct exo_status_row, next_try), false },
    };

    put_states(out, row, n);
    put_severity(out, row, n);
    for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++) {
        put_moments(out, moments[m].name, moments[m].help, row, n,
                    moments[m].offset, moments[m].delegated);
    }
    put_errors(out, row, n);
    put_head(out, "exoauth_failures", "Failed requests in a row");
    for (size_t i = 0; i < n; i++) {
        put_sample(out, "exoauth_failures", row[i].account.name,
                   row[i].failures);
    }
}
