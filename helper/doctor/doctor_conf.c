/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: is the configuration what programs read, and is every line of it
 * understood? Called by cmd_doctor.c for the host and for each account; fills
 * d->settings for the checks that follow. A file that is of no use is a
 * finding, in the words of who reads it.
 */
#include "config.h"

#include "helper/broker/broker.h"
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

struct unknown {
    struct exo_doctor *d;
    const struct exo_account *account;
    const char *skip; /* a file that was told of already */
};

static void tell_unknown(void *context, const char *text)
{
    const struct unknown *u = context;

    if (!u->skip || strncmp(text, u->skip, strlen(u->skip)) != 0 ||
        text[strlen(u->skip)] != ' ') {
        exo_doctor_warn(u->d, u->account, "%-s", text);
    }
}

/* With --config, what is looked at may not be what programs read. */
static void check_place(struct exo_doctor *d)
{
    char *path = NULL;
    bool user = false;

    if (d->config &&
        exo_conf_find(NULL, exo_conf_sasl_path(), &path, &user) == 0 &&
        strcmp(path, d->app->conf->path) != 0) {
        exo_doctor_warn(d, NULL,
                        "programs read %s and not %s; it is for those only "
                        "that are started with SASL_CONF_PATH, or move it",
                        path, d->app->conf->path);
    }
    free(path);
}

void exo_check_config(struct exo_doctor *d)
{
    struct unknown unknown = { d, NULL, NULL };
    const struct exo_conf *conf = d->app->conf;

    if (d->open.status != EXO_STATUS_OK) {
        exo_doctor_error(d, NULL, &d->open, EXO_E_STATUS);
    }
    if (!conf) {
        return;
    }
    exo_doctor_ok(d, NULL, "%s%s, %zu account%s", conf->path,
                  conf->present ? "" : " (absent: defaults)", d->accounts.n,
                  d->accounts.n == 1 ? "" : "s");
    exo_settings_unknown(conf, NULL, tell_unknown, &unknown);
    exo_settings_strays(conf, tell_unknown, &unknown);
    check_place(d);
    if (d->accounts.n == 0) {
        exo_doctor_warn(d, NULL,
                        "no account in %s, so that nothing uses exoauth; run: "
                        "exoauth login ACCOUNT --set tenant=TENANT --set "
                        "client_id=ID",
                        conf->account_dir);
    }
}

/* What cannot be read takes nothing back, as nobody knows what it says. */
static void check_left(struct exo_doctor *d, const struct exo_account *account)
{
    if (exo_publish_found(d->app, account)) {
        exo_doctor_warn(d, account,
                        "what is published stays, and can be used until it "
                        "expires, as long as the configuration has that error; "
                        "correct it, then run: exoauth refresh %s",
                        EXO_SH(account->name, "ACCOUNT"));
    }
}

void exo_check_accounts(struct exo_doctor *d)
{
    const struct exo_conf *conf = d->app->conf;

    for (size_t i = 0; conf && i < d->accounts.n; i++) {
        const struct exo_account *account = &d->accounts.account[i];
        struct unknown unknown = { d, account, conf->path };
        struct exo_err err = EXO_ERR_INIT;
        struct exo_settings *s = NULL;
        int rc;

        rc = exo_settings_load(&s, conf, account, &err);
        if (rc != 0) {
            exo_doctor_error(d, account, &err, rc);
            check_left(d, account);
            continue;
        }
        d->settings[i] = s;
        exo_settings_unknown(conf, s, tell_unknown, &unknown);
        rc = exo_settings_complete(s, &err);
        if (rc != 0) {
            exo_doctor_error(d, account, &err, rc);
        } else if (!exo_doctor_is_bad(d, account)) {
            exo_doctor_ok(d, account, "%s", s->path);
        }
    }
    if (d->accounts.n == 0) {
        exo_doctor_skip(d, NULL, "not checked: there is no account");
    }
}
