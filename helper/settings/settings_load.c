/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Effective settings of an account. exo_settings_load() is the only place
 * that knows the order in which a value is looked for. The result belongs
 * to the caller (exo_settings_free()); every string in it borrows from the
 * account's file, from exoauth.conf, from static text, or from expanded[].
 *
 * Errors name file, line and remedy. Nothing here touches a secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "draft.h"
#include "exoauth/file.h"
#include "helper/app/ours.h"
#include "settings_inner.h"

/* Where the files of accounts are, and what stands for one of them. */
struct files {
    const struct exo_conf *conf;
    const struct exo_draft *draft;
};

/* What the file says, or is to say once it has proved itself. */
static int read_text(struct exo_settings *s, const struct exo_draft *draft,
                     const struct exo_account *account, const char *path,
                     const char **why)
{
    exo_buf_reset(&s->text);
    if (!draft || !draft->changed ||
        strcmp(draft->account.name, account->name) != 0) {
        return exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, &s->text, why);
    }
    s->proposed = draft->is_new && !draft->written;
    exo_buf_join(&s->text, &draft->text);
    return s->text.error;
}

/* What only exoauth.conf can say would be ignored here, and with it what it was
 * to protect. A key that nobody knows may be of a later version. */
static int check_place(const struct exo_settings *s, const char *path,
                       const struct exo_conf *conf, struct exo_err *err)
{
    for (size_t i = 0; i < s->block.n; i++) {
        const struct exo_pair *pair = &s->block.pair[i];

        if (exo_conf_is_system_key(pair->key)) {
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "%s line %u: %s is not a key of accounts; move "
                               "that line to %s",
                               path, pair->line, pair->key, conf->path);
        }
    }
    return 0;
}

int exo_settings_readable(const struct exo_conf *conf,
                          const struct exo_account *account,
                          struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(PATH_MAX);
    const char *name;
    int rc = exo_settings_path(conf, account, &path);

    if (rc == 0) {
        rc = exo_buf_done(&path, &name);
    }
    if (rc == 0 && faccessat(AT_FDCWD, name, R_OK, AT_EACCESS) != 0 &&
        errno == EACCES) {
        rc = exo_ours_unreadable(conf, name, err);
    }
    exo_buf_free(&path);
    return rc;
}

/* The account's file into s->block; EXO_E_NOENT if there is none. */
static int read_file(struct exo_settings *s, const struct files *files,
                     const struct exo_account *account, struct exo_err *err)
{
    const struct exo_conf *conf = files->conf;
    struct exo_buf path = EXO_BUF_INIT(4096);
    const char *why = NULL;
    struct stat st;
    int rc = exo_settings_path(conf, account, &path);

    if (rc != 0) {
        goto out;
    }
    rc = read_text(s, files->draft, account, path.data, &why);
    if (rc == EXO_E_NOENT && lstat(path.data, &st) != 0) {
        goto out;
    }
    if (exo_err_system(err, rc, "cannot read %.200s", path.data)) {
        rc = EXO_E_STATUS;
        goto out;
    }
    if (rc == EXO_E_ACCESS) {
        rc = exo_ours_unreadable(conf, path.data, err);
        goto out;
    }
    if (rc == EXO_E_NOENT) {
        why = "it is a link to a file that does not exist";
    }
    if (rc != 0) {
        rc = exo_err_set(
            err, EXO_STATUS_MISCONFIGURED, "%s: %-s%s", path.data,
            why ? why : exo_strerror(rc),
            exo_file_advice(why, "; correct owner and mode, it must be a "
                                 "regular file of root or yours that nobody "
                                 "else can write"));
        goto out;
    }
    if (!exo_buf_reserve(&s->text, 1)) {
        rc = EXO_E_NOMEM;
        goto out;
    }
    rc = exo_block_parse(&s->block, s->text.data, s->text.len, EXO_BLOCK_FILE);
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s line %u: %s; correct that line", path.data,
                         s->block.bad_line,
                         s->block.why ? s->block.why : exo_strerror(rc));
        goto out;
    }
    rc = check_place(s, path.data, conf, err);
    if (rc != 0) {
        goto out;
    }
    s->file = *account;
    s->path = strdup(path.data);
    rc = s->path ? 0 : EXO_E_NOMEM;
out:
    exo_buf_free(&path);
    return rc;
}

static int find_file(struct exo_settings *s, const struct files *files,
                     struct exo_err *err)
{
    struct exo_account domain;
    int rc = read_file(s, files, &s->account, err);

    if (rc == EXO_E_NOENT && exo_account_domain(&domain, &s->account) == 0) {
        rc = read_file(s, files, &domain, err);
    }
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_NO_ACCOUNT,
                         "no account %s in %s; run: exoauth login %s --set "
                         "tenant=TENANT --set client_id=ID",
                         s->account.name, files->conf->account_dir,
                         EXO_SH(s->account.name, "ACCOUNT"));
    }
    return rc;
}

/* Values that a file gives: the account's own first. */
static int take_files(struct exo_settings *s, const struct exo_conf *conf,
                      struct exo_err *err)
{
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        const char *name = exo_key_name((enum exo_key)i);
        const char *where = s->path;
        const struct exo_pair *pair = exo_block_find(&s->block, name);
        struct exo_err why = EXO_ERR_INIT;
        int rc;

        /* A default for every account cannot name one of them. */
        if (!pair && i != EXO_KEY_CREDENTIAL) {
            pair = exo_block_find(&conf->block, name);
            where = conf->path;
        }
        if (!pair) {
            const char *preset = exo_key_row((enum exo_key)i)->preset;

            exo_settings_set(s, (enum exo_key)i, preset ? preset : "",
                             "default", 0);
            continue;
        }
        exo_settings_set(s, (enum exo_key)i, pair->value, where, pair->line);
        rc = exo_setting_check((enum exo_key)i, pair->value, &why);
        if (rc != 0) {
            exo_err_words(&why, rc);
            return exo_err_set(err, why.status, "%s line %u: %-s", where,
                               pair->line, exo_err_text(&why, rc));
        }
    }
    return 0;
}

static int load(struct exo_settings **settings, const struct files *files,
                const struct exo_account *account, bool lender,
                struct exo_err *err);

/* The settings of the credential that this account borrows. Who lends may
 * not borrow, so the search ends even where two name each other. */
static int take_credential(struct exo_settings *s, const struct files *files,
                           bool lender, struct exo_err *err)
{
    const char *name = exo_settings_get(s, EXO_KEY_CREDENTIAL);
    int rc;

    s->credential = s->file;
    if (name[0] == '\0') {
        return 0;
    }
    rc = exo_account_set(&s->credential, name, strlen(name));
    if (rc != 0 || strcmp(s->credential.name, s->file.name) == 0) {
        return rc;
    }
    if (lender) {
        return 0;
    }
    rc = load(&s->owner, files, &s->credential, true, err);
    if (rc != 0 && err->status != EXO_STATUS_NO_ACCOUNT) {
        return rc; /* it names file and line */
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: credential %s has no account file; "
                           "correct credential, or run: exoauth login %s",
                           s->path, name, EXO_SH(name, "ACCOUNT"));
    }
    if (strcmp(s->owner->credential.name, s->credential.name) != 0 ||
        strcmp(s->owner->file.name, s->credential.name) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: credential %s uses the credential %s itself; "
                           "name that one here",
                           s->path, name, s->owner->credential.name);
    }
    if (exo_settings_get(s, EXO_KEY_SERVERS)[0] == '\0') {
        s->key[EXO_KEY_SERVERS] = s->owner->key[EXO_KEY_SERVERS];
    }
    return 0;
}

static int load(struct exo_settings **settings, const struct files *files,
                const struct exo_account *account, bool lender,
                struct exo_err *err)
{
    struct exo_settings *s = calloc(1, sizeof(*s));
    int rc;

    *settings = NULL;
    if (!s) {
        exo_err_words(err, EXO_E_NOMEM);
        return EXO_E_STATUS;
    }
    s->account = *account;
    exo_buf_init(&s->text, EXO_BLOCK_SIZE);
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        exo_buf_init(&s->expanded[i], 4096);
    }
    rc = find_file(s, files, err);
    if (rc == 0) {
        rc = take_files(s, files->conf, err);
    }
    if (rc == 0) {
        rc = take_credential(s, files, lender, err);
    }
    if (rc == 0 && strcmp(s->credential.name, s->file.name) == 0) {
        rc = exo_settings_take_provider(s, err);
    }
    if (rc != 0) {
        if (err->status == EXO_STATUS_OK &&
            !exo_err_system(err, rc, "cannot read the settings of %s",
                            account->name)) {
            (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED, "%s: %s",
                              account->name, exo_strerror(rc));
        }
        exo_settings_free(s);
        return EXO_E_STATUS;
    }
    exo_settings_derive(s);
    *settings = s;
    return 0;
}

int exo_settings_load(struct exo_settings **settings,
                      const struct exo_conf *conf,
                      const struct exo_account *account, struct exo_err *err)
{
    return exo_settings_load_draft(settings, conf, NULL, account, err);
}

int exo_settings_load_draft(struct exo_settings **settings,
                            const struct exo_conf *conf,
                            const struct exo_draft *draft,
                            const struct exo_account *account,
                            struct exo_err *err)
{
    const struct files files = { .conf = conf, .draft = draft };

    return load(settings, &files, account, false, err);
}

void exo_settings_free(struct exo_settings *settings)
{
    if (!settings) {
        return;
    }
    exo_settings_free(settings->owner);
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        exo_buf_free(&settings->expanded[i]);
    }
    exo_buf_free(&settings->text);
    free(settings->path);
    free(settings);
}
