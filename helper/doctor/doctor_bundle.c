/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: the report for others. Called by cmd_doctor.c once the checks are
 * done. It holds versions, findings, the state of each account as status has
 * it, and the configuration in force with the paths of secrets; no token, no
 * secret, no log, no environment, and no line of a file as it stands. What
 * findings say of mailboxes and applications is in it: who sends it to
 * somebody shall read it first, and it says so.
 */
#include "config.h"

#include <gnu/libc-version.h>
#include <fcntl.h>
#include <json-c/json_c_version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "doctor.h"
#include "exoauth/file.h"
#include "exoauth/http.h"
#include "exoauth/clock.h"
#include "helper/settings/show.h"
#include "helper/status/status.h"

static void title(struct exo_buf *out, const char *text)
{
    exo_buf_fmt(out, "\n== %s\n\n", text);
}

/* PRETTY_NAME of os-release(5). */
static void put_system(struct exo_buf *out)
{
    static const char name[] = "PRETTY_NAME=";
    struct exo_buf text = EXO_BUF_INIT((size_t)16 * 1024);
    const char *at = NULL;
    struct utsname u;

    if (exo_file_read(AT_FDCWD, "/etc/os-release", EXO_FILE_CONFIG, 0, &text,
                      NULL) == 0 &&
        exo_buf_done(&text, &at) == 0) {
        at = strstr(at, name);
    }
    if (at) {
        at += sizeof(name) - 1;
        at += *at == '"';
        exo_buf_fmt(out, "system     %.*s\n", (int)strcspn(at, "\"\n"), at);
    }
    if (uname(&u) == 0) {
        exo_buf_fmt(out, "kernel     %s %s %s\n", u.sysname, u.release,
                    u.machine);
    }
    exo_buf_free(&text);
}

static void put_versions(struct exo_buf *out, const struct exo_doctor *d)
{
    title(out, "versions");
    exo_buf_str(out, "exoauth    " PACKAGE_VERSION "\n");
    put_system(out);
    exo_buf_fmt(out, "libc       %s\n", gnu_get_libc_version());
    if (d->looked) {
        exo_buf_fmt(out, "libsasl2   %s\nplugins    %s\n", d->plugins.version,
                    d->plugins.path);
    }
    exo_buf_fmt(out, "network    %s\njson-c     %s\n", exo_http_version(),
                json_c_version());
    if (d->postfix) {
        exo_buf_fmt(out, "postfix    %s\n",
                    exo_postfix_get(d->postfix, "mail_version"));
    }
}

/* Where the state may be seen; it needs no key. */
static void put_states(struct exo_buf *out, const struct exo_doctor *d)
{
    struct exo_status_row *rows = NULL;
    struct exo_err err = EXO_ERR_INIT;
    size_t n = 0;

    if (d->app->store &&
        exo_status_collect(d->app,
                           d->accounts.n == 1 ? d->accounts.account : NULL,
                           NULL, NULL, &rows, &n, &err) == 0 &&
        n > 0) {
        exo_status_table(out, rows, n, exo_clock_now());
    }
    free(rows);
}

static const char *const postfix_names[] = {
    "relayhost",
    "smtp_sasl_auth_enable",
    "smtp_sasl_password_maps",
    "smtp_sasl_type",
    "smtp_sasl_mechanism_filter",
    "smtp_sasl_security_options",
    "smtp_sasl_tls_security_options",
    "smtp_sasl_tls_verified_security_options",
    "smtp_sasl_auth_cache_name",
    "smtp_sender_dependent_authentication",
    "smtp_tls_security_level",
    "smtp_tls_CAfile",
    "smtp_tls_CApath",
    "smtp_tls_policy_maps",
    "queue_directory",
    "mail_owner",
    "smtp_destination_concurrency_limit",
    NULL
};

static void put_postfix(struct exo_buf *out, const struct exo_doctor *d)
{
    title(out, "Postfix");
    for (size_t i = 0; postfix_names[i]; i++) {
        const char *value = exo_postfix_get(d->postfix, postfix_names[i]);

        exo_buf_fmt(out, "%s = ", postfix_names[i]);
        exo_postfix_show(out, value, strlen(value));
        exo_buf_str(out, "\n");
    }
}

void exo_doctor_bundle(struct exo_buf *out, const struct exo_doctor *d)
{
    exo_buf_str(out,
                "Report of exoauth doctor. It holds no token and no secret, "
                "but names of hosts,\nmailboxes and applications: read it "
                "before you send it to anybody.\n");
    put_versions(out, d);
    title(out, "checks");
    exo_doctor_text(out, d);
    title(out, "accounts");
    put_states(out, d);
    if (d->postfix) {
        put_postfix(out, d);
    }
    title(out, "configuration");
    if (d->app->conf) {
        exo_show_conf(out, d->app->conf, true);
    }
    for (size_t i = 0; i < d->accounts.n; i++) {
        if (d->settings[i]) {
            exo_buf_str(out, "\n");
            exo_show_settings(out, d->settings[i], true);
        }
    }
}
