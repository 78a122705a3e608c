/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status --json` and status_file: one object for monitoring,
 * {"exoauth": 1, "accounts": [...]}. Every member of an entry is always there,
 * null where nothing is known; members may be added in later versions, and
 * "exoauth" changes when one changes its meaning.
 *
 * Called by cmd_status.c and status_file.c. What fails is the error of out.
 */
#include "config.h"

#include "exoauth/json.h"
#include "status.h"

static const char *severity_word(enum exo_severity severity)
{
    return severity == EXO_SEVERITY_OK        ? "ok"
           : severity == EXO_SEVERITY_WARNING ? "warning"
                                              : "critical";
}

static void put_text(struct exo_json *json, const char *name, const char *text)
{
    exo_json_put_text(json, name, text && text[0] != '\0' ? text : NULL);
}

/* Seconds since 1970; 0 or less: null. */
static void put_time(struct exo_json *json, const char *name, int64_t when)
{
    if (when > 0) {
        exo_json_put_number(json, name, when);
    } else {
        exo_json_put_text(json, name, NULL);
    }
}

static void put_row(struct exo_json *json, const struct exo_status_row *row)
{
    exo_json_object(json, NULL);
    put_text(json, "account", row->account.name);
    put_text(json, "credential", row->credential.name);
    put_text(json, "grant", row->grant);
    put_text(json, "state", exo_status_word(row->state));
    put_time(json, "serial", row->serial);
    put_time(json, "granted", row->granted);
    put_time(json, "refreshed", row->refreshed);
    put_time(json, "refresh_token_used", row->delegated ? row->refreshed : 0);
    put_time(json, "token_expires", row->token_expires);
    put_time(json, "credential_expires", row->credential_expires);
    put_text(json, "credential_kind",
             row->credential_expires == 0 ? NULL
             : row->certificate           ? "certificate"
                                          : "secret");
    put_text(json, "message", row->message);
    put_text(json, "error_code", row->error_code);
    put_time(json, "error_time", row->error_time);
    exo_json_put_number(json, "failures", row->failures);
    put_time(json, "next_try", row->next_try);
    put_text(json, "severity", severity_word(row->severity));
    put_text(json, "warning", row->warning);
    exo_json_end(json);
}

void exo_status_json(struct exo_buf *out, const struct exo_status_row *row,
                     size_t n)
{
    struct exo_json json;

    exo_json_begin(&json, out, true);
    exo_json_put_number(&json, "exoauth", 1);
    exo_json_array(&json, "accounts");
    for (size_t i = 0; i < n; i++) {
        put_row(&json, &row[i]);
    }
    exo_json_end(&json);
    exo_json_end(&json);
}
