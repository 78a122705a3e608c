/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth status --json`: one object for monitoring (report.h).
 *
 * Called by cmd_status.c and status_file.c. EXO_E_NOMEM is the only failure.
 */
#include "config.h"

#include <json-c/json.h>

#include "report.h"
#include "status.h"

static const char *severity_word(enum exo_severity severity)
{
    return severity == EXO_SEVERITY_OK        ? "ok"
           : severity == EXO_SEVERITY_WARNING ? "warning"
                                              : "critical";
}

static int put_row(struct json_object *list, const struct exo_status_row *row)
{
    struct json_object *object = json_object_new_object();

    if (!object) {
        return EXO_E_NOMEM;
    }
    if (exo_report_text(object, "account", row->account.name) != 0 ||
        exo_report_text(object, "credential", row->credential.name) != 0 ||
        exo_report_text(object, "grant", row->grant) != 0 ||
        exo_report_text(object, "state", exo_status_word(row->state)) != 0 ||
        exo_report_time(object, "serial", row->serial) != 0 ||
        exo_report_time(object, "granted", row->granted) != 0 ||
        exo_report_time(object, "refreshed", row->refreshed) != 0 ||
        exo_report_time(object, "refresh_token_used",
                        row->delegated ? row->refreshed : 0) != 0 ||
        exo_report_time(object, "token_expires", row->token_expires) != 0 ||
        exo_report_time(object, "credential_expires",
                        row->credential_expires) != 0 ||
        exo_report_text(object, "credential_kind",
                        row->credential_expires == 0 ? ""
                        : row->certificate           ? "certificate"
                                                     : "secret") != 0 ||
        exo_report_text(object, "message", row->message) != 0 ||
        exo_report_text(object, "error_code", row->error_code) != 0 ||
        exo_report_time(object, "error_time", row->error_time) != 0 ||
        exo_report_number(object, "failures", row->failures) != 0 ||
        exo_report_time(object, "next_try", row->next_try) != 0 ||
        exo_report_text(object, "severity", severity_word(row->severity)) !=
            0 ||
        exo_report_text(object, "warning", row->warning) != 0 ||
        json_object_array_add(list, object) != 0) {
        json_object_put(object);
        return EXO_E_NOMEM;
    }
    return 0;
}

int exo_status_json(struct exo_buf *out, const struct exo_status_row *row,
                    size_t n)
{
    struct json_object *list = json_object_new_array();
    int rc = list ? 0 : EXO_E_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = put_row(list, &row[i]);
    }
    if (rc == 0) {
        rc = exo_report_print(out, "accounts", list);
    }
    json_object_put(list);
    return rc;
}
