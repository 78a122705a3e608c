/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is to worry about: the one place that knows when a secret, a
 * certificate or a refresh token is a warning, and what a state is worth to
 * a monitor. Called by status.c for every row and by refresh for the event
 * `expiring`. Pure functions of their arguments; nothing fails.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "status.h"

/* A provider that is away for longer than this, without a token left, is no
 * hiccup any more. */
#define OUTAGE_CRITICAL 3600

void exo_status_span(struct exo_buf *out, int64_t when, int64_t now)
{
    int64_t span = when > now ? when - now : now - when;
    const char *unit = "days";
    int64_t n = span / EXO_DAY;

    if (span < 120) {
        unit = "s";
        n = span;
    } else if (span < 120 * 60) {
        unit = "min";
        n = span / 60;
    } else if (span < 2 * EXO_DAY) {
        unit = "h";
        n = span / 3600;
    }
    if (when > now) {
        exo_buf_fmt(out, "in %lld %s", (long long)n, unit);
    } else {
        exo_buf_fmt(out, "%lld %s ago", (long long)n, unit);
    }
}

int64_t exo_status_threshold(int64_t expires, int64_t now)
{
    if (expires <= 0 || now < expires - EXO_EXPIRY_WARNING) {
        return 0;
    }
    return now < expires - EXO_EXPIRY_CRITICAL ? expires - EXO_EXPIRY_WARNING
                                               : expires - EXO_EXPIRY_CRITICAL;
}

void exo_status_expiry_text(int64_t expires, bool certificate, int64_t now,
                            char *text, size_t size)
{
    struct exo_buf span = EXO_BUF_INIT(64);
    time_t end = (time_t)expires;
    char day[32] = "?";
    struct tm tm;

    if (gmtime_r(&end, &tm)) {
        (void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    }
    exo_status_span(&span, expires, now);
    exo_text_fmt(text, size, "the %s ends %s, %s; %s",
                 certificate ? "certificate" : "client secret", day,
                 exo_buf_shown(&span),
                 certificate
                     ? "make a new one, upload it at the provider, and "
                       "replace certificate and key"
                     : "make a new one at the provider and store it with "
                       "exoauth login or in the secret file");
    exo_buf_free(&span);
}

static void warn_of_idleness(struct exo_status_row *row, int64_t now)
{
    exo_text_fmt(row->warning, sizeof(row->warning),
                 "the refresh token was last used %lld days ago, and is "
                 "worthless after 90 or so; see that the timer is on, and run: "
                 "exoauth refresh %s --force",
                 (long long)((now - row->refreshed) / EXO_DAY),
                 EXO_SH(row->credential.name, "ACCOUNT"));
}

static enum exo_severity of_state(const struct exo_status_row *row, int64_t now)
{
    if (row->state == EXO_STATUS_OK) {
        return EXO_SEVERITY_OK;
    }
    if (row->state == EXO_STATUS_TRANSIENT &&
        (row->token_expires == 0 ||
         now < row->token_expires + OUTAGE_CRITICAL)) {
        return EXO_SEVERITY_WARNING;
    }
    return EXO_SEVERITY_CRITICAL;
}

void exo_status_judge(struct exo_status_row *row, int64_t now)
{
    int64_t threshold = exo_status_threshold(row->credential_expires, now);
    enum exo_severity worry = EXO_SEVERITY_OK;

    if (threshold > 0) {
        worry = now < row->credential_expires - EXO_EXPIRY_CRITICAL
                    ? EXO_SEVERITY_WARNING
                    : EXO_SEVERITY_CRITICAL;
        exo_status_expiry_text(row->credential_expires, row->certificate, now,
                               row->warning, sizeof(row->warning));
    } else if (row->delegated && row->refreshed > 0 &&
               now - row->refreshed >= EXO_IDLE_WARNING) {
        worry = EXO_SEVERITY_WARNING;
        warn_of_idleness(row, now);
    } else if (row->warning[0] != '\0') {
        worry = EXO_SEVERITY_WARNING;
    }
    row->severity = of_state(row, now);
    if (worry > row->severity) {
        row->severity = worry;
    }
}
