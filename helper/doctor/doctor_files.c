/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: owners and modes of files. Called by cmd_doctor.c before root
 * becomes run_as. What matters is whether those who work with a file can, and
 * others cannot: configuration is read by every program, the key by run_as
 * alone; doctor_store.c looks at what exoauth makes itself. What run_as reads
 * is opened as run_as. What a plain user cannot see is not guessed at.
 */
#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/broker/broker.h"
#include "exoauth/log.h"
#include "exoauth/file.h"
#include "exoauth/key.h"
#include "exoauth/buf.h"
#include "helper/app/key_file.h"
#include "helper/app/ours.h"
#include "helper/status/status.h"

static const char *user_name(const struct exo_doctor *d)
{
    return d->app->root ? d->app->run_as : "$USER";
}

/* Could somebody else put another file in its place? */
static void check_way(struct exo_doctor *d, const struct exo_account *account,
                      const char *key, const char *file)
{
    struct exo_path_rule rule;
    struct exo_path way;

    if (file[0] != '/') {
        return;
    }
    exo_app_rule(d->app, &rule);
    if (exo_path_entry(&way, &rule, file, 0, 0) == EXO_E_UNSAFE) {
        exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED, "%s %s: %-s", key,
                        file, way.why);
    }
    exo_path_close(&way);
}

static void refuse_key(struct exo_doctor *d, const char *path, int rc,
                       const char *why)
{
    struct exo_err err = EXO_ERR_INIT;

    if (!exo_err_system(&err, rc, "cannot read key file %s", path)) {
        (void)exo_key_file_refused(d->app, path, rc, why, &err);
    }
    exo_doctor_error(d, NULL, &err, EXO_E_STATUS);
}

/* Somebody who is not root may own the store, and be kept from the key. */
static void check_hidden_key(struct exo_doctor *d, const char *path)
{
    struct exo_err err = EXO_ERR_INIT;

    if (exo_app_store(d->app, &err) != 0 && err.status == EXO_STATUS_DENIED) {
        exo_doctor_skip(d, NULL, "key %s: not checked: needs root", path);
    } else {
        refuse_key(d, path, EXO_E_ACCESS, NULL);
    }
}

/* Of root or run_as, closed to others, and readable for run_as. */
static void check_key(struct exo_doctor *d)
{
    const char *path = d->app->conf->key_file;
    const char *why = NULL;
    struct stat st;
    int fd = -1;
    int rc;

    if (path[0] == '\0' || d->app->conf->key_command[0] != '\0' ||
        path[0] != '/') {
        return;
    }
    if (stat(path, &st) != 0) {
        if (!d->app->root && errno == EACCES) {
            check_hidden_key(d, path);
        } else {
            check_way(d, NULL, "key_file", path);
        }
        return; /* none: the store says so where it needs one */
    }
    if (!d->app->root && st.st_uid != geteuid()) {
        exo_doctor_skip(d, NULL, "key %s: not checked: needs root", path);
        return;
    }
    exo_app_as_owner(d->app, true);
    rc = exo_file_open(AT_FDCWD, path, EXO_FILE_KEY, 0, &fd, &st, &why);
    exo_app_as_owner(d->app, false);
    if (rc == 0) {
        (void)close(fd);
        return;
    }
    refuse_key(d, path, rc, why);
}

/* A certificate may have its key in the same file. */
static bool holds_key(const struct exo_doctor *d, const char *path)
{
    struct exo_secret text = EXO_SECRET_INIT;
    const char *bytes;
    size_t len;
    bool holds;

    exo_app_as_owner(d->app, true);
    holds = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &text.hidden,
                          NULL) == 0 &&
            exo_secret_reveal(&text, &bytes, &len) == 0 &&
            memmem(bytes, len, "PRIVATE KEY-----", 16) != NULL;
    exo_app_as_owner(d->app, false);
    exo_secret_free(&text);
    return holds;
}

/* What is told must leave it to run_as. */
static void tell_open(struct exo_doctor *d, const struct exo_account *account,
                      const char *key, const char *path, const struct stat *st)
{
    const char *why = exo_path_infirm(path, d->app->uid);

    if (why) {
        exo_doctor_warn(d, account, "%s %s can be read by everybody: %-s", key,
                        path, why);
    } else if (st->st_uid == d->app->uid ||
               (st->st_gid == d->app->gid && (st->st_mode & 040) != 0)) {
        exo_doctor_warn(d, account,
                        "%s %s can be read by everybody; run: chmod o= %s", key,
                        path, EXO_SH(path, "FILE"));
    } else {
        exo_doctor_warn(
            d, account,
            d->app->root ? "%s %s can be read by everybody; run: chown %s "
                           "%s && chmod 400 %s"
                         : "%s %s can be read by everybody; run as root: "
                           "chown %s %s && chmod 400 %s",
            key, path, d->app->root ? EXO_SH(d->app->run_as, "USER") : "$USER",
            EXO_SH(path, "FILE"), EXO_SH(path, "FILE"));
    }
}

/* A file that run_as reads when it asks the provider. */
static void check_read(struct exo_doctor *d, const struct exo_account *account,
                       const char *key, const char *path, bool secret)
{
    const char *why = NULL;
    struct stat st;
    int fd = -1;
    int rc;

    if (path[0] != '/') {
        return; /* not given, or a URI of hardware */
    }
    if (!d->app->root && !d->app->conf->user && access(path, R_OK) != 0 &&
        errno == EACCES) {
        exo_doctor_skip(d, account, "%s %s: not checked: needs root", key,
                        path);
        return;
    }
    exo_app_as_owner(d->app, true);
    rc = exo_file_open(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &fd, &st, &why);
    exo_app_as_owner(d->app, false);
    if (exo_doctor_system(d, account, rc, path)) {
        return;
    }
    if (rc != 0) {
        if (exo_file_advice(why, "; ")[0] == '\0') {
            exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED, "%s %s: %-s",
                            key, path, why);
            return;
        }
        exo_doctor_fail(d, account, EXO_STATUS_MISCONFIGURED,
                        "%s %s: %-s; it must be a regular file that %s can "
                        "read, of root or its own, that nobody else can write",
                        key, path, why ? why : exo_strerror(rc), user_name(d));
        return;
    }
    (void)close(fd);
    if ((st.st_mode & 004) != 0 && (secret || holds_key(d, path))) {
        tell_open(d, account, key, path, &st);
    }
}

static void check_account(struct exo_doctor *d,
                          const struct exo_account *account,
                          const struct exo_settings *settings)
{
    static const struct {
        enum exo_key key;
        bool secret;
    } files[] = {
        { EXO_KEY_SECRET_FILE, true },
        { EXO_KEY_CERTIFICATE, false },
        { EXO_KEY_PRIVATE_KEY, true },
        { EXO_KEY_ASSERTION_FILE, true },
    };
    const struct exo_settings *owner = exo_settings_owner(settings);

    check_read(d, account, "account file", settings->path, false);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = exo_settings_get(owner, files[i].key);

        if (files[i].key == EXO_KEY_PRIVATE_KEY ||
            files[i].key == EXO_KEY_CERTIFICATE) {
            path = exo_key_file(path);
        }
        if (path) {
            check_read(d, account, exo_key_name(files[i].key), path,
                       files[i].secret);
        }
    }
}

/* A new account file may come there. */
static int walk_accounts(const struct exo_doctor *d, struct exo_path *way)
{
    struct exo_path_rule rule;
    int rc;

    exo_app_rule(d->app, &rule);
    rc = exo_path_dir(way, &rule, d->app->conf->account_dir, "", 0, 0);
    exo_path_close(way);
    return rc;
}

/* Written by run_as, who puts a new file beside it. */
static void check_status_file(struct exo_doctor *d)
{
    const char *path = d->app->conf->status_file;
    const char *slash = strrchr(path, '/');
    char *dir =
        slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
    struct exo_path_rule rule;
    struct exo_path way;
    int rc = 0;
    int saved;

    check_way(d, NULL, "status_file", path);
    exo_app_rule(d->app, &rule);
    if (path[0] == '/' && exo_path_entry(&way, &rule, path, 0, 0) == 0) {
        const char *why = exo_status_file_alien(&way);

        if (why) {
            exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                            "status_file %s: %-s", path, why);
        }
        exo_path_close(&way);
    }
    if (dir && (d->app->root || d->app->conf->user)) {
        exo_app_as_owner(d->app, true);
        rc = faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS);
        saved = errno;
        exo_app_as_owner(d->app, false);
        errno = saved;
        if (rc != 0 && saved != ENOENT &&
            !exo_doctor_system(d, NULL, exo_error_from_errno(saved), dir)) {
            exo_doctor_warn(d, NULL,
                            "status_file %s: %s cannot write to %s: %s; name a "
                            "file in a directory of that user, then run: "
                            "exoauth refresh --all",
                            path, d->app->root ? d->app->run_as : "you", dir,
                            exo_errno_text(saved));
        }
    }
    free(dir);
}

/* One whose directory is missing is made below /run alone. */
static void check_log(struct exo_doctor *d)
{
    const char *file = d->app->conf->log;
    struct exo_path_rule rule;
    struct exo_path way;
    int rc;

    if (file[0] != '/') {
        return;
    }
    exo_app_rule(d->app, &rule);
    rc = exo_log_judge(file, &rule, &way);
    if (rc == EXO_E_UNSAFE) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED, "log %s: %-s", file,
                        way.why);
    } else if (rc != 0 && (d->app->root || d->app->conf->user)) {
        exo_doctor_warn(d, NULL, "log %s: %-s", file, way.why);
    }
}

/* Every program that loads the plugin reads it, as whoever it runs. */
static void check_conf(struct exo_doctor *d)
{
    const struct exo_conf *conf = d->app->conf;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_path way;
    struct stat st;
    int rc;

    if (!conf->user && conf->present && stat(conf->path, &st) == 0 &&
        (st.st_mode & 004) == 0 &&
        !exo_doctor_infirm(d, conf->path, "cannot be read by programs")) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s has mode %04o, so that programs cannot read it; it "
                        "holds no secret, run: chmod 0644 %s",
                        conf->path, (unsigned)(st.st_mode & 07777),
                        EXO_SH(conf->path, "FILE"));
    }
    if (conf->present) {
        check_way(d, NULL, "configuration", conf->path);
    }
    if (walk_accounts(d, &way) == EXO_E_UNSAFE) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "account_dir %s: %-s", conf->account_dir, way.why);
    }
    if (d->app->root || conf->user) {
        exo_app_as_owner(d->app, true);
        rc = exo_ours_listed(conf, &err);
        exo_app_as_owner(d->app, false);
        if (rc != 0) {
            exo_doctor_error(d, NULL, &err, rc);
        }
    }
    check_log(d);
    check_status_file(d);
    exo_check_ways(d);
    check_read(d, NULL, "ca_file", conf->ca_file, false);
    check_read(d, NULL, "proxy_auth_file", conf->proxy_auth_file, true);
}

void exo_check_files(struct exo_doctor *d)
{
    if (d->open.status != EXO_STATUS_OK) {
        exo_doctor_skip(
            d, NULL,
            "not checked: the configuration is of no use here, see above");
        return;
    }
    check_conf(d);
    exo_check_store(d);
    check_key(d);
    exo_check_tokens(d);
    for (size_t i = 0; i < d->accounts.n; i++) {
        if (d->settings[i]) {
            check_account(d, &d->accounts.account[i], d->settings[i]);
        }
    }
    if (!exo_doctor_is_bad(d, NULL)) {
        exo_doctor_ok(d, NULL,
                      "owners and modes of configuration, store and "
                      "tokens");
    }
}
