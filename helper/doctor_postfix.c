/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: is Postfix set up so that its logins get a token, and the token goes
 * to nobody else? Called by cmd_doctor.c. What is in force comes from
 * postfix.h; a service of master.cf that logs in by options of its own is
 * looked at by itself. Nothing is changed; what to do is said as the postconf
 * command that does it.
 */
#include "config.h"

#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor_postfix.h"
#include "run.h"

/* A set of values: main.cf's, or those of one service. */
struct view {
    struct exo_doctor *d;
    const struct exo_postfix_service *service; /* NULL: main.cf */
};

static const char *get(const struct view *v, const char *name)
{
    const char *own =
        v->service ? exo_postfix_override(v->d->postfix, v->service, name)
                   : NULL;

    return own ? own : exo_postfix_get(v->d->postfix, name);
}

/* "main.cf" or "master.cf: relay", for the beginning of a line. */
static const char *where(const struct view *v, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s", v->service ? "master.cf, " : "main.cf",
                   v->service ? v->service->name : "");
    return text;
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static void check_options(const struct view *v)
{
    const char *verified = get(v, "smtp_sasl_tls_verified_security_options");
    char name[80];

    if (exo_postfix_has_word(verified, "noplaintext")) {
        exo_doctor_fail(v->d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: no login with a token, \"no mechanism "
                        "available\"; run: postconf -e "
                        "'smtp_sasl_tls_verified_security_options = "
                        "noanonymous'",
                        where(v, name, sizeof(name)));
    }
    if (!exo_postfix_has_word(get(v, "smtp_sasl_security_options"),
                              "noplaintext")) {
        exo_doctor_warn(v->d, NULL,
                        "%s: tokens may be sent without TLS; run: postconf -X "
                        "smtp_sasl_security_options",
                        where(v, name, sizeof(name)));
    }
    if (!exo_postfix_has_word(get(v, "smtp_sasl_tls_security_options"),
                              "noplaintext")) {
        exo_doctor_warn(v->d, NULL,
                        "%s: tokens may be sent to a server whose certificate "
                        "was not verified; run: postconf -X "
                        "smtp_sasl_tls_security_options",
                        where(v, name, sizeof(name)));
    }
}

static void check_tls(const struct view *v)
{
    static const char *const verifying[] = { "verify",    "secure",      "dane",
                                             "dane-only", "fingerprint", NULL };
    static const char *const by_ca[] = { "verify", "secure", NULL };
    const char *level = get(v, "smtp_tls_security_level");
    bool maps = get(v, "smtp_tls_policy_maps")[0] != '\0';
    char name[80];

    if (!is_one_of(level, verifying) && !maps) {
        exo_doctor_fail(v->d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: smtp_tls_security_level = %s verifies no "
                        "certificate, and without that no token is sent; run: "
                        "postconf -e 'smtp_tls_security_level = secure'",
                        where(v, name, sizeof(name)), level);
    } else if (is_one_of(level, by_ca) &&
               get(v, "smtp_tls_CAfile")[0] == '\0' &&
               get(v, "smtp_tls_CApath")[0] == '\0' &&
               strcmp(get(v, "tls_append_default_CA"), "yes") != 0) {
        exo_doctor_fail(v->d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: no CA to verify certificates with; run: postconf "
                        "-e 'smtp_tls_CAfile = "
                        "/etc/ssl/certs/ca-certificates.crt'",
                        where(v, name, sizeof(name)));
    }
}

/* "xoauth2, !gssapi, static:rest": what is not named is not used. */
static bool filters_us(const char *filter)
{
    return filter[0] != '\0' && !exo_postfix_has_word(filter, "xoauth2") &&
           !strstr(filter, "static:") && !strchr(filter, '/');
}

static void check_rest(const struct view *v)
{
    struct exo_doctor *d = v->d;
    char name[80];

    where(v, name, sizeof(name));
    if (strcmp(get(v, "smtp_sasl_type"), "cyrus") != 0) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: smtp_sasl_type is %s; run: postconf -e "
                        "'smtp_sasl_type = cyrus'",
                        name, get(v, "smtp_sasl_type"));
    }
    if (filters_us(get(v, "smtp_sasl_mechanism_filter"))) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: smtp_sasl_mechanism_filter leaves XOAUTH2 out; "
                        "run: postconf -e 'smtp_sasl_mechanism_filter = "
                        "xoauth2'",
                        name);
    }
    if (get(v, "smtp_sasl_auth_cache_name")[0] != '\0') {
        exo_doctor_warn(d, NULL,
                        "%s: smtp_sasl_auth_cache_name is set, so that one "
                        "refused token blocks the account for 90 days; run: "
                        "postconf -X smtp_sasl_auth_cache_name",
                        name);
    }
    if (get(v, "smtp_sasl_password_maps")[0] == '\0') {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%s: smtp_sasl_password_maps is empty, so that Postfix "
                        "does not know as whom to log in; name a map with "
                        "lines SERVER ACCOUNT",
                        name);
    } else {
        exo_postfix_check_map(d, get(v, "smtp_sasl_password_maps"));
    }
    if (get(v, "debug_peer_list")[0] != '\0') {
        exo_doctor_warn(d, NULL,
                        "%s: debug_peer_list is set, which writes tokens to "
                        "the log; run: postconf -X debug_peer_list",
                        name);
    }
}

/* Options of its own that change how it logs in? */
static bool is_special(const struct exo_postfix *p,
                       const struct exo_postfix_service *service)
{
    static const char *const names[] = {
        "smtp_sasl_auth_enable",
        "smtp_sasl_password_maps",
        "smtp_sasl_mechanism_filter",
        "smtp_sasl_tls_security_options",
        "smtp_sasl_tls_verified_security_options",
        "smtp_tls_security_level",
        NULL
    };

    for (size_t i = 0; names[i]; i++) {
        if (exo_postfix_override(p, service, names[i])) {
            return true;
        }
    }
    return false;
}

static bool check_view(const struct view *v)
{
    if (strcmp(get(v, "smtp_sasl_auth_enable"), "yes") != 0) {
        return false;
    }
    check_options(v);
    check_tls(v);
    check_rest(v);
    return true;
}

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
                        d->accounts.n == 1
                            ? EXO_SH(d->accounts.account[0].name, "ACCOUNT")
                            : "ACCOUNT");
    }
}

void exo_check_postfix(struct exo_doctor *d)
{
    struct view v = { d, NULL };
    struct exo_err err = EXO_ERR_INIT;
    char *postconf = exo_run_find("postconf");
    bool any;
    int rc;

    if (!postconf) {
        exo_doctor_ok(d, NULL, "no Postfix on this host");
        return;
    }
    free(postconf);
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
    any = check_view(&v);
    for (size_t i = 0; i < d->postfix->n_services; i++) {
        v.service = &d->postfix->service[i];
        if (exo_postfix_is_client(v.service) &&
            is_special(d->postfix, v.service)) {
            any = check_view(&v) || any;
        }
    }
    if (!any) {
        exo_doctor_ok(d, NULL,
                      "Postfix logs in nowhere (smtp_sasl_auth_enable = no); "
                      "to change that, run: exoauth setup postfix %s",
                      d->accounts.n == 1
                          ? EXO_SH(d->accounts.account[0].name, "ACCOUNT")
                          : "ACCOUNT");
        exo_postfix_close(d->postfix);
        d->postfix = NULL;
        return;
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
