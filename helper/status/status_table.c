/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status` for people: one line per account, aligned, and below it,
 * indented, what went wrong and what to do about it. Each cell is made twice,
 * once to measure it and once to print it, so that nothing has to be kept.
 *
 * Called by cmd_status.c; out's sticky error is the only way to fail.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "status.h"

enum column {
    COL_ACCOUNT,
    COL_GRANT,
    COL_STATE,
    COL_TOKEN,
    COL_REFRESH,
    COL_CREDENTIAL,
    COL_NEXT,
    COLUMNS
};

static const char *const titles[COLUMNS] = {
    [COL_ACCOUNT] = "ACCOUNT",
    [COL_GRANT] = "GRANT",
    [COL_STATE] = "STATE",
    [COL_TOKEN] = "TOKEN EXPIRES",
    [COL_REFRESH] = "REFRESH TOKEN USED",
    [COL_CREDENTIAL] = "CREDENTIAL EXPIRES",
    [COL_NEXT] = "NEXT TRY",
};

/* A date that stands in a file is shown as it stands there, not moved into
 * the local zone. */
static void put_time(struct exo_buf *out, int64_t when, int64_t now, bool day)
{
    time_t t = (time_t)when;
    struct tm tm;
    char text[32];

    if (when <= 0 || !(day ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) ||
        strftime(text, sizeof(text), day ? "%Y-%m-%d" : "%Y-%m-%d %H:%M",
                 &tm) == 0) {
        exo_buf_str(out, "-");
        return;
    }
    exo_buf_fmt(out, "%s ", text);
    exo_status_span(out, when, now);
}

static void put_cell(struct exo_buf *out, const struct exo_status_row *row,
                     enum column column, int64_t now)
{
    switch (column) {
    case COL_ACCOUNT:
        exo_buf_str(out, row->account.name);
        break;
    case COL_GRANT:
        exo_buf_str(out, row->grant[0] != '\0' ? row->grant : "-");
        break;
    case COL_STATE:
        exo_buf_str(out, exo_status_word(row->state));
        break;
    case COL_TOKEN:
        put_time(out, row->token_expires, now, false);
        break;
    case COL_REFRESH:
        if (row->delegated && row->refreshed > 0) {
            exo_status_span(out, row->refreshed, now);
        } else {
            exo_buf_str(out, "-");
        }
        break;
    case COL_CREDENTIAL:
        if (row->credential_expires > 0) {
            put_time(out, row->credential_expires, now, true);
        } else {
            exo_buf_str(out, "unknown");
        }
        break;
    default:
        put_time(out, row->next_try, now, false);
        break;
    }
}

/* Columns that a UTF-8 text takes on a terminal, near enough. */
static size_t width_of(const struct exo_buf *cell)
{
    const char *text;
    size_t width = 0;

    if (exo_buf_done(cell, &text) != 0) {
        return 0;
    }
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0U) != 0x80U;
    }
    return width;
}

static void pad(struct exo_buf *out, size_t n)
{
    for (; n > 0; n--) {
        exo_buf_str(out, " ");
    }
}

static void put_notes(struct exo_buf *out, const struct exo_status_row *row,
                      int64_t now)
{
    const bool own = strcmp(row->account.name, row->credential.name) == 0;

    if (!own) {
        exo_buf_fmt(out, "    uses the credential of %s\n",
                    row->credential.name);
    }
    if (row->message[0] != '\0') {
        exo_buf_str(out, "    ");
        if (row->error_time > 0) {
            exo_buf_fmt(out, "%s%s", row->error_code,
                        row->error_code[0] != '\0' ? ", " : "");
            exo_status_span(out, row->error_time, now);
            exo_buf_str(out, ": ");
        }
        exo_buf_fmt(out, "%s\n", row->message);
    }
    if (own && row->warning[0] != '\0') {
        exo_buf_fmt(out, "    %s\n", row->warning);
    }
}

void exo_status_table(struct exo_buf *out, const struct exo_status_row *row,
                      size_t n, int64_t now)
{
    struct exo_buf cell = EXO_BUF_INIT(1024);
    size_t width[COLUMNS];

    for (unsigned c = 0; c < COLUMNS; c++) {
        width[c] = strlen(titles[c]);
        for (size_t i = 0; i < n; i++) {
            size_t w;

            exo_buf_reset(&cell);
            put_cell(&cell, &row[i], (enum column)c, now);
            w = width_of(&cell);
            width[c] = w > width[c] ? w : width[c];
        }
    }
    for (size_t i = 0; i <= n; i++) { /* line 0 is the heading */
        for (unsigned c = 0; c < COLUMNS; c++) {
            exo_buf_reset(&cell);
            if (i == 0) {
                exo_buf_str(&cell, titles[c]);
            } else {
                put_cell(&cell, &row[i - 1], (enum column)c, now);
            }
            exo_buf_join(out, &cell);
            if (c + 1 < COLUMNS) {
                pad(out, width[c] + 2 - width_of(&cell));
            }
        }
        exo_buf_str(out, "\n");
        if (i > 0) {
            put_notes(out, &row[i - 1], now);
        }
    }
    exo_buf_free(&cell);
}
