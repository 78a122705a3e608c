/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `exoauth doctor`: a list of checks, each of which adds findings, and the
 * ways to show them. A finding is one line: what was found and, unless it is
 * good, after "; " what to do. Nothing in it is secret.
 */
#ifndef EXOAUTH_DOCTOR_H
#define EXOAUTH_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/app/app.h"
#include "exoauth/buf.h"
#include "exoauth/error.h"
#include "exoauth/plugins.h"
#include "helper/app/names.h"
#include "helper/postfix/postfix.h"
#include "helper/settings/settings.h"

enum exo_level {
    EXO_LEVEL_OK,
    EXO_LEVEL_SKIPPED, /* not checked, and why */
    EXO_LEVEL_WARNING,
    EXO_LEVEL_FAILURE
};

struct exo_finding {
    const char *check; /* name of the check that found it */
    enum exo_level level;
    enum exo_status status;       /* of a failure, for the exit status */
    const struct exo_account *of; /* NULL: of the host */
    char text[EXO_ERR_TEXT];
};

struct exo_doctor {
    struct exo_app *app;
    const char *config;  /* --config, NULL: not given */
    char *conf_dir;      /* its directory, for programs; NULL: as always */
    struct exo_err open; /* why app is not complete; status OK: it is */
    /* the accounts to look at, and what they are configured for; NULL where
     * the file is of no use */
    struct exo_names accounts;
    struct exo_settings **settings;
    struct exo_postfix *postfix; /* NULL: none, or of no use */
    bool logs_in;                /* it does, somewhere */
    struct exo_plugins plugins;
    bool looked; /* plugins is filled */
    int64_t deadline_ms;
    const char *check; /* the one that runs */
    struct exo_finding *finding;
    size_t n, cap;
    bool nomem;
};

/* What the check that runs found. The account is NULL for what is the host's,
 * and borrowed from d->accounts otherwise. */
void exo_doctor_ok(struct exo_doctor *d, const struct exo_account *account,
                   const char *fmt, ...) EXO_PRINTF(3, 4);
void exo_doctor_skip(struct exo_doctor *d, const struct exo_account *account,
                     const char *fmt, ...) EXO_PRINTF(3, 4);
void exo_doctor_warn(struct exo_doctor *d, const struct exo_account *account,
                     const char *fmt, ...) EXO_PRINTF(3, 4);
void exo_doctor_fail(struct exo_doctor *d, const struct exo_account *account,
                     enum exo_status status, const char *fmt, ...)
    EXO_PRINTF(4, 5);
/* A failure (rc) in the words of another room, or in ours. */
void exo_doctor_error(struct exo_doctor *d, const struct exo_account *account,
                      struct exo_err *err, int rc);
/* exo_err_system() as a failure: true if path could not be read for a
 * shortage, or a disk that fails. */
bool exo_doctor_system(struct exo_doctor *d, const struct exo_account *account,
                       int rc, const char *path);

/* True where a remedy must not name path; then it is said why, after what. */
bool exo_doctor_infirm(struct exo_doctor *d, const char *path,
                       const char *what);

/* Has the check that runs found anything but good of the account? */
bool exo_doctor_is_bad(const struct exo_doctor *d,
                       const struct exo_account *account);

/* How many there are of that level, and the status that they come to. */
size_t exo_doctor_count(const struct exo_doctor *d, enum exo_level level);
enum exo_status exo_doctor_worst(const struct exo_doctor *d);
const char *exo_level_word(enum exo_level level);

/*
 * The checks. Those of the host come first and run as who started doctor;
 * the last three run as run_as and find nothing without a configuration.
 */
void exo_check_plugin(struct exo_doctor *d);
void exo_check_others(struct exo_doctor *d);
void exo_check_config(struct exo_doctor *d);
void exo_check_accounts(struct exo_doctor *d);
void exo_check_files(struct exo_doctor *d);
void exo_check_store(struct exo_doctor *d);
void exo_check_tokens(struct exo_doctor *d);
void exo_check_ways(struct exo_doctor *d);
void exo_check_postfix(struct exo_doctor *d);
void exo_check_jail(struct exo_doctor *d);
void exo_check_selinux(struct exo_doctor *d);
void exo_check_provider(struct exo_doctor *d);
void exo_check_token(struct exo_doctor *d);

/* For tests: where the kernel and the audit daemon keep what selinux looks
 * at. now: seconds since 1970. */
void exo_selinux_look(struct exo_doctor *d, const char *sysfs,
                      const char *audit_log, int64_t now);

/* Appends a line for each finding, with its level and check. */
void exo_doctor_text(struct exo_buf *out, const struct exo_doctor *d);
/* Appends {"exoauth":1,"checks":[...]} and a newline. */
void exo_doctor_json(struct exo_buf *out, const struct exo_doctor *d);
/* Appends the report for others: versions, configuration, findings. */
void exo_doctor_bundle(struct exo_buf *out, const struct exo_doctor *d);

#endif
