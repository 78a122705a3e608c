/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account files on disk: their names, and the list of them. Called by the
 * commands that walk over all accounts, and by whoever needs the name of one.
 * draft.c writes them.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "place.h"
#include "settings.h"

#define SUFFIX ".conf"

int exo_settings_path(const struct exo_conf *conf,
                      const struct exo_account *account, struct exo_buf *path)
{
    exo_buf_str(path, conf->account_dir);
    exo_buf_str(path, "/");
    exo_buf_str(path, account->file);
    exo_buf_str(path, SUFFIX);
    return path->error;
}

int exo_settings_list(const struct exo_conf *conf,
                      void (*found)(void *context,
                                    const struct exo_account *account),
                      void *context, struct exo_err *err)
{
    DIR *dir = opendir(conf->account_dir);
    const struct dirent *entry;

    if (!dir) {
        if (errno == ENOENT) {
            return 0;
        }
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot read %s: %m; correct its mode",
                           conf->account_dir);
    }
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        struct exo_account account;

        if (len <= strlen(SUFFIX) ||
            strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0 ||
            exo_account_from_file(&account, entry->d_name,
                                  len - strlen(SUFFIX)) != 0) {
            continue;
        }
        found(context, &account);
    }
    (void)closedir(dir);
    return 0;
}
