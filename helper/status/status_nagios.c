/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status --nagios`: one line for Nagios, Icinga and their kin, as
 * the guidelines of the Monitoring Plugins want it: the word, the worst of
 * the accounts, and after the bar the performance data, whose thresholds are
 * those of status.h. Called by cmd_status.c; out's sticky error tells.
 */
#include "config.h"

#include <string.h>

#include "status.h"

enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static const char *const words[] = {
    [NAGIOS_OK] = "OK",
    [NAGIOS_WARNING] = "WARNING",
    [NAGIOS_CRITICAL] = "CRITICAL",
    [NAGIOS_UNKNOWN] = "UNKNOWN",
};

/* A bar would begin the performance data, a line feed the long output. */
static void put_plain(struct exo_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char c = *text;

        exo_buf_add(out, c == '|' || (unsigned char)c < ' ' ? "?" : &c, 1);
    }
}

static const struct exo_status_row *worst_of(const struct exo_status_row *row,
                                             size_t n)
{
    const struct exo_status_row *worst = &row[0];

    for (size_t i = 1; i < n; i++) {
        if (row[i].severity > worst->severity ||
            (row[i].severity == worst->severity &&
             exo_status_is_worse(row[i].state, worst->state))) {
            worst = &row[i];
        }
    }
    return worst;
}

static void put_worst(struct exo_buf *out, const struct exo_status_row *row)
{
    put_plain(out, row->account.name);
    exo_buf_fmt(out, ": %s", exo_status_word(row->state));
    if (row->state != EXO_STATUS_OK && row->message[0] != '\0') {
        exo_buf_str(out, ", ");
        put_plain(out, row->message);
    } else if (row->warning[0] != '\0') {
        exo_buf_str(out, ", ");
        put_plain(out, row->warning);
    }
}

static void keep_least(int64_t *least, int64_t when)
{
    if (when > 0 && (*least == 0 || when < *least)) {
        *least = when;
    }
}

/* Of all accounts the one that is worst off, so that the names of the data,
 * and with them a graph, stay the same whatever the accounts are called. */
static void put_data(struct exo_buf *out, const struct exo_status_row *row,
                     size_t n, int64_t now)
{
    int64_t token = 0, credential = 0, used = 0, failures = 0;
    size_t count[3] = { 0, 0, 0 };

    for (size_t i = 0; i < n; i++) {
        count[row[i].severity]++;
        keep_least(&token, row[i].token_expires);
        keep_least(&credential, row[i].credential_expires);
        keep_least(&used, row[i].delegated ? row[i].refreshed : 0);
        failures = row[i].failures > failures ? row[i].failures : failures;
    }
    exo_buf_fmt(out, " | accounts=%zu warnings=%zu criticals=%zu failures=%lld",
                n, count[EXO_SEVERITY_WARNING], count[EXO_SEVERITY_CRITICAL],
                (long long)failures);
    if (token > 0) {
        exo_buf_fmt(out, " token_left=%llds", (long long)(token - now));
    }
    if (credential > 0) {
        exo_buf_fmt(
            out,
            " credential_left=%llds;%lld:;%lld:", (long long)(credential - now),
            (long long)EXO_EXPIRY_WARNING, (long long)EXO_EXPIRY_CRITICAL);
    }
    if (used > 0) {
        exo_buf_fmt(out, " refresh_token_age=%llds;%lld",
                    (long long)(now - used), (long long)EXO_IDLE_WARNING);
    }
    exo_buf_str(out, "\n");
}

int exo_status_nagios(struct exo_buf *out, const struct exo_status_row *row,
                      size_t n, int64_t now)
{
    const struct exo_status_row *worst;
    size_t bad = 0;
    int level;

    if (n == 0) {
        return exo_status_nagios_unknown(out, "no account is configured; run: "
                                              "exoauth login ACCOUNT");
    }
    for (size_t i = 0; i < n; i++) {
        bad += row[i].severity != EXO_SEVERITY_OK;
    }
    worst = worst_of(row, n);
    level = worst->severity == EXO_SEVERITY_CRITICAL  ? NAGIOS_CRITICAL
            : worst->severity == EXO_SEVERITY_WARNING ? NAGIOS_WARNING
                                                      : NAGIOS_OK;
    exo_buf_fmt(out, "EXOAUTH %s - ", words[level]);
    if (bad == 0) {
        exo_buf_fmt(out, "%zu of %zu accounts ok", n, n);
    } else {
        exo_buf_fmt(out, "%zu of %zu accounts not ok; ", bad, n);
        put_worst(out, worst);
    }
    put_data(out, row, n, now);
    return level;
}

int exo_status_nagios_unknown(struct exo_buf *out, const char *why)
{
    exo_buf_fmt(out, "EXOAUTH %s - ", words[NAGIOS_UNKNOWN]);
    put_plain(out, why);
    exo_buf_str(out, "\n");
    return NAGIOS_UNKNOWN;
}
