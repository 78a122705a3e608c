/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: is Postfix set up so that its logins get a token, and the token goes
 * to nobody else? Called by cmd_doctor.c. What is in force comes from
 * postfix.h; the parameters of main.cf and of the services of master.cf are
 * doctor_rules.c's. Nothing is changed; what to do is said as the command
 * that does it.
 */
#include "config.h"

#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor_postfix.h"
#include "helper/postfix/run.h"

/* A file that libsasl2 never opens, as it asks for one before Postfix has
 * said where. */
static void check_config_path(struct exo_doctor *d)
{
    const char *path = exo_postfix_get(d->postfix, "cyrus_sasl_config_path");
    struct exo_buf file = EXO_BUF_INIT(4096);
    const char *name;
    struct stat st;

    while (*path != '\0') {
        size_t len = strcspn(path, ":");

        exo_buf_reset(&file);
        exo_buf_add(&file, path, len);
        exo_buf_str(&file, "/exoauth.conf");
        if (exo_buf_done(&file, &name) == 0 && stat(name, &st) == 0 &&
            (!d->app->conf || strcmp(name, d->app->conf->path) != 0)) {
            exo_doctor_warn(d, NULL,
                            "%s is read by nobody, although it is in "
                            "cyrus_sasl_config_path; move it to /etc/sasl2",
                            name);
        }
        path += len;
        path += *path == ':';
    }
    exo_buf_free(&file);
}

static void check_plugin_dirs(struct exo_doctor *d)
{
    struct exo_buf dirs = EXO_BUF_INIT(4096);
    struct exo_buf file = EXO_BUF_INIT(4096);
    const char *path, *name;
    bool found = false;
    struct stat st;

    exo_postfix_plugin_dirs(d->postfix, &dirs);
    if (exo_buf_done(&dirs, &path) != 0) {
        path = "";
    }
    while (*path != '\0' && !found) {
        size_t len = strcspn(path, ":");

        exo_buf_reset(&file);
        exo_buf_add(&file, path, len);
        exo_buf_str(&file, "/libexoauth.so");
        found = exo_buf_done(&file, &name) == 0 && stat(name, &st) == 0;
        path += len;
        path += *path == ':';
    }
    if (!found && dirs.error == 0 && dirs.len > 0) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "Postfix looks for plugins in %s, where libexoauth.so "
                        "is not; install it there, see --with-plugindir of "
                        "configure",
                        exo_buf_shown(&dirs));
    }
    exo_buf_free(&dirs);
    exo_buf_free(&file);
}

static bool chroot_names(const struct exo_conf *conf, const char *root)
{
    const char *list = conf->chroot;
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (strlen(root) == len && strncmp(word, root, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Whom setup is for; "" where there are several. */
static const char *only_account(const struct exo_doctor *d)
{
    return d->accounts.n == 1 ? d->accounts.account[0].name : "";
}

/* How do logins get at tokens? By file in the jail, and by a service. */
static void check_ways(struct exo_doctor *d)
{
    const struct exo_conf *conf = d->app->conf;
    const char *queue = exo_postfix_get(d->postfix, "queue_directory");
    bool jailed = exo_postfix_jail(d->postfix) != NULL;
    bool served = exo_postfix_serves(d->postfix);

    if (jailed && conf && !chroot_names(conf, queue)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "Postfix logs in from its jail %s, where no token is "
                        "published; add to %s: chroot: %s",
                        queue, conf->path, queue);
    }
    if (!served) {
        exo_doctor_warn(d, NULL,
                        "master.cf has no service for exoauth, so that a login "
                        "cannot ask for a token; run: exoauth setup postfix %s",
                        EXO_SH(only_account(d), "ACCOUNT"));
    }
}

void exo_check_postfix(struct exo_doctor *d)
{
    struct exo_err err = EXO_ERR_INIT;
    char *postconf = exo_run_find("postconf");
    int rc;

    if (!postconf) {
        exo_doctor_ok(d, NULL, "no Postfix on this host");
        return;
    }
    free(postconf);
    if (d->app->conf && d->app->conf->user) {
        exo_doctor_skip(d, NULL,
                        "not checked: Postfix is served by the system's "
                        "configuration, not by %s",
                        d->app->conf->path);
        return;
    }
    rc = exo_postfix_open(&d->postfix, NULL, &err);
    if (rc != 0) {
        /* Installed for its sendmail(1), say, and never set up. */
        if (strstr(exo_err_text(&err, rc), "main.cf: No such file")) {
            exo_doctor_ok(d, NULL, "Postfix is not set up (no main.cf)");
        } else {
            exo_doctor_error(d, NULL, &err, rc);
        }
        return;
    }
    d->logs_in = exo_postfix_check_logins(d);
    if (!d->logs_in) {
        if (!exo_doctor_is_bad(d, NULL)) {
            exo_doctor_ok(d, NULL,
                          "Postfix logs in nowhere (smtp_sasl_auth_enable = "
                          "no); to change that, run: exoauth setup postfix %s",
                          EXO_SH(only_account(d), "ACCOUNT"));
        }
        return; /* whose sockets are its own is asked all the same */
    }
    check_config_path(d);
    check_plugin_dirs(d);
    check_ways(d);
    if (!exo_doctor_is_bad(d, NULL)) {
        exo_doctor_ok(d, NULL,
                      "Postfix %s logs in with tokens, to verified "
                      "servers only",
                      exo_postfix_get(d->postfix, "mail_version"));
    }
}
