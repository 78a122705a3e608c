/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading exoauth.conf (exoauth/conf.h).
 *
 * Called once by the plugin's initialisation in every program that uses
 * libsasl2, so it reads one file without stdio and asks neither NSS nor the
 * network; and by the exoauth program. exo_conf_free() frees all of it. On
 * failure there is no configuration at all, never half of one, and the text
 * of the error names file, line and remedy. Unknown keys are no error here:
 * a newer file must not stop an older plugin.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "exoauth/file.h"
#include "exoauth/log.h"
#include "exoauth/text.h"
#include "exoauth/token.h"

/* Takes over value; false if it is NULL for want of memory. */
static bool set_field(char **field, char *value)
{
    if (value == NULL) {
        return false;
    }
    free(*field);
    *field = value;
    return true;
}

/* ---- defaults ---------------------------------------------------------- */

/* The key is not with the configuration, which people publish, nor with the
 * store, which is worth nothing without it. */
static int set_user_presets(struct exo_conf *conf, struct exo_err *err)
{
    char *data = exo_conf_user_dir(EXO_USER_DATA);
    char *state = exo_conf_user_dir(EXO_USER_STATE);
    char *store = NULL;
    bool ok;

    if (state == NULL || data == NULL) {
        free(data);
        free(state);
        if (exo_conf_home() != NULL) {
            return EXO_E_NOMEM;
        }
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.200s is a user's own file, but HOME is not an "
                           "absolute directory; set HOME",
                           conf->path);
    }
    store = exo_conf_join("file:", state);
    ok = store != NULL &&
         set_field(&conf->store, exo_conf_join(store, "/store")) &&
         set_field(&conf->token_dir, exo_conf_join(state, "/tokens")) &&
         set_field(&conf->key_place, exo_conf_join(data, "/exoauth.key")) &&
         set_field(&conf->key_file, strdup(conf->key_place)) &&
         set_field(&conf->socket, strdup("")) &&
         set_field(&conf->run_as, strdup(""));
    free(store);
    free(state);
    free(data);
    return ok ? EXO_OK : EXO_E_NOMEM;
}

static int set_presets(struct exo_conf *conf, const char *helper,
                       struct exo_err *err)
{
    const char *slash = strrchr(conf->path, '/');
    char *dir = strndup(conf->path, (size_t)(slash - conf->path));
    bool ok;

    ok = dir != NULL &&
         set_field(&conf->account_dir, exo_conf_join(dir, "/exoauth.d")) &&
         set_field(&conf->key_place, exo_conf_join(dir, "/exoauth.key")) &&
         set_field(&conf->key_file, strdup(conf->key_place)) &&
         set_field(&conf->store, strdup("file:" EXO_STOREDIR)) &&
         set_field(&conf->token_dir, strdup(EXO_TOKENDIR)) &&
         set_field(&conf->socket,
                   strdup("/run/exoauth/socket /private/exoauth "
                          "/var/spool/postfix/private/exoauth")) &&
         set_field(&conf->run_as, strdup("exoauth")) &&
         set_field(&conf->helper, strdup(helper != NULL ? helper : ""));
    free(dir);
    for (size_t i = 0; ok && i < exo_conf_n_rows; i++) {
        ok = exo_conf_preset(conf, &exo_conf_rows[i]) == EXO_OK;
    }
    if (!ok) {
        return EXO_E_NOMEM;
    }
    return conf->user ? set_user_presets(conf, err) : EXO_OK;
}

/* ---- lines ------------------------------------------------------------- */

static int bad(const struct exo_conf *conf, const struct exo_pair *pair,
               struct exo_err *err, const char *what)
{
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%.200s:%u: %.60s: %s; correct that line", conf->path,
                       pair->line, pair->key, what);
}

static int take_lines(struct exo_conf *conf, struct exo_err *err)
{
    for (size_t i = 0; i < exo_conf_n_rows; i++) {
        const struct exo_conf_row *row = &exo_conf_rows[i];
        const struct exo_pair *pair = exo_block_find(&conf->block, row->key);
        const char *problem = NULL;
        int rc = EXO_OK;

        if (pair != NULL) {
            rc = exo_conf_take(conf, row, pair->value, &problem);
        }
        if (rc != EXO_OK) {
            return rc == EXO_E_NOMEM ? rc : bad(conf, pair, err, problem);
        }
    }
    return EXO_OK;
}

/* ---- the file ---------------------------------------------------------- */

static int read_text(struct exo_conf *conf, struct exo_err *err)
{
    const char *why = NULL;
    struct stat st;
    int rc;

    rc = exo_file_read(AT_FDCWD, conf->path, EXO_FILE_CONFIG, EXO_NO_UID,
                       &conf->text, &why);
    if (rc == EXO_E_NOENT && lstat(conf->path, &st) != 0 &&
        (errno == ENOENT || errno == ENOTDIR)) {
        return EXO_OK;
    }
    if (rc == EXO_E_NOENT) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.300s is a link to a file that does not exist; "
                           "remove or correct the link",
                           conf->path);
    }
    if (rc == EXO_E_UNSAFE && conf->user && lstat(conf->path, &st) == 0 &&
        S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        (st.st_mode & 022) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.200s is not used: %-s; run: chmod go-w %s",
                           conf->path, why, EXO_SH(conf->path, "FILE"));
    }
    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED, "%.200s is not used: %-s%s",
            conf->path, why,
            exo_file_advice(why, "; it must be a regular file of root or of "
                                 "its reader, which others cannot write to"));
    }
    if (exo_err_system(err, rc, "cannot read %.200s", conf->path)) {
        return EXO_E_STATUS;
    }
    if (rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.300s cannot be read: %s; make it readable for "
                           "everyone, it holds no secret",
                           conf->path,
                           rc == EXO_E_IO ? exo_errno_text(errno)
                                          : exo_strerror(rc));
    }
    conf->present = true;
    return EXO_OK;
}

static int load(struct exo_conf *conf, const char *helper, struct exo_err *err)
{
    int rc = read_text(conf, err);

    if (rc == EXO_OK) {
        rc = set_presets(conf, helper, err);
    }
    if (rc != EXO_OK || !conf->present) {
        return rc;
    }
    rc = exo_block_parse(&conf->block, conf->text.data, conf->text.len,
                         EXO_BLOCK_FILE);
    if (rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.300s:%u: %s; correct that line", conf->path,
                           conf->block.bad_line, conf->block.why);
    }
    return take_lines(conf, err);
}

int exo_conf_load(struct exo_conf **conf, const char *path, bool user,
                  const char *helper, struct exo_err *err)
{
    struct exo_conf *made;
    int rc;

    *conf = NULL;
    if (path[0] != '/') {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%.300s is not an absolute path; give the whole "
                           "path of exoauth.conf",
                           path);
    }
    made = calloc(1, sizeof *made);
    if (made != NULL) {
        exo_buf_init(&made->text, EXO_BLOCK_SIZE);
        made->user = user;
        made->path = strdup(path);
    }
    rc = made != NULL && made->path != NULL ? load(made, helper, err)
                                            : EXO_E_NOMEM;
    if (rc == EXO_E_NOMEM) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "out of memory while reading %.300s; try again", path);
    }
    if (rc != EXO_OK) {
        exo_conf_free(made);
        return rc;
    }
    *conf = made;
    return EXO_OK;
}

void exo_conf_free(struct exo_conf *conf)
{
    if (conf == NULL) {
        return;
    }
    exo_conf_release(conf);
    exo_buf_free(&conf->text);
    free(conf->path);
    free(conf->key_place);
    free(conf);
}

bool exo_conf_has_accounts(const struct exo_conf *conf)
{
    static const char suffix[] = ".conf";
    DIR *dir = opendir(conf->account_dir);
    struct dirent *entry;
    bool found = false;

    if (dir == NULL) {
        return false;
    }
    while (!found && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        found = entry->d_name[0] != '.' && len >= sizeof suffix &&
                strcmp(entry->d_name + len - (sizeof suffix - 1), suffix) == 0;
    }
    (void)closedir(dir);
    return found;
}
