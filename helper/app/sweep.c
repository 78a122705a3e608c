/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What killed commands left where the configuration and the key are. A write
 * sweeps the directory that it is in, but these are written to once in a
 * year, and what a killed rekey leaves there is a key. So every command that
 * may write there looks, before the drop: exo_place_all(), as root, or as
 * whoever owns the directory. Nothing here is an error.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/path.h"
#include "place.h"

static void sweep(const char *dir)
{
    struct exo_path_rule rule;
    struct exo_path path;
    int fd = -1;

    exo_path_rule_self(&rule);
    /* In a directory of somebody else there is nothing that we may remove. */
    if (exo_path_dir(&path, &rule, dir, "", EXO_PATH_FIND, 0) == 0 &&
        path.dir_st.st_uid == geteuid()) {
        fd = exo_path_reopen(&path);
    }
    if (fd >= 0) {
        exo_file_sweep(fd);
        (void)close(fd);
    }
    exo_path_close(&path);
}

static void sweep_beside(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *dir =
        slash && slash > file ? strndup(file, (size_t)(slash - file)) : NULL;

    if (dir) {
        sweep(dir);
    }
    free(dir);
}

void exo_place_sweep(const struct exo_app *app)
{
    sweep_beside(app->conf->path);
    sweep_beside(app->conf->key_file);
    sweep(app->conf->account_dir);
}
