/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was published below a root, taken back (place.h). Called by `setup
 * postfix --undo`, as root.
 *
 * The directory is gone to by exo_path_dir(), which follows no link that
 * others made, and what is not a token of ours stays. A token that could not
 * be looked at is not one that is gone: a shortage is an error, anything else
 * a warning. Nothing is left open.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/file.h"
#include "exoauth/token.h"
#include "place.h"

/* A file that says it is the token of the account that it is named after. Of
 * anything else nobody knows whose it is. */
static int is_token(bool *yes, int dir, const char *name)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_account account;
    struct exo_token token;
    struct exo_block block;
    int rc = 0;

    *yes = false;
    if (exo_account_from_file(&account, name, strlen(name)) == 0) {
        rc = exo_file_read(dir, name, EXO_FILE_TOKEN, 0, &text, NULL);
        *yes = rc == 0 &&
               exo_block_parse(&block, text.data, text.len,
                               EXO_BLOCK_MESSAGE) == 0 &&
               exo_token_parse(&token, &block) == 0 &&
               strcmp(token.account, account.name) == 0;
    }
    exo_buf_free(&text);
    return rc == EXO_E_NOMEM || rc == EXO_E_IO ? rc : 0;
}

/* To the end of the directory, whatever of it cannot be removed. */
static int drop_all(int fd, DIR *dir)
{
    const struct dirent *entry;
    int rc = 0;
    int saved = 0;

    while ((void)(errno = 0), (entry = readdir(dir)) != NULL) {
        bool yes = false;
        int one = is_token(&yes, fd, entry->d_name);

        if (yes && unlinkat(fd, entry->d_name, 0) != 0) {
            one = exo_error_from_errno(errno);
        }
        if (one != 0) {
            saved = errno;
            rc = one;
        }
    }
    if (errno != 0) {
        return exo_error_from_errno(errno);
    }
    errno = saved;
    return rc;
}

static int drop_tokens(const struct exo_app *app, const struct exo_path *path)
{
    DIR *dir = NULL;
    int fd, rc, saved;

    exo_app_as_owner(app, path->theirs);
    fd = exo_path_reopen(path);
    if (fd >= 0) {
        exo_file_sweep(fd);
        dir = fdopendir(fd);
    }
    rc = dir ? drop_all(fd, dir) : exo_error_from_errno(errno);
    saved = errno;
    exo_app_as_owner(app, false);
    if (dir) {
        (void)closedir(dir);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    errno = saved;
    return rc;
}

/* Then the empty ones above it; what others have there stays. */
static void drop_dirs(const struct exo_app *app, const char *root, char *below)
{
    struct exo_path_rule rule;
    struct exo_path path;
    char *slash;
    int rc = 0;

    exo_app_rule(app, &rule);
    while (rc == 0 && (slash = strrchr(below, '/')) != NULL) {
        *slash = '\0';
        rc = exo_path_dir(&path, &rule, root, below, 0, 0);
        if (rc == 0) {
            exo_app_as_owner(app, path.theirs);
            rc = unlinkat(path.dir, slash + 1, AT_REMOVEDIR);
            exo_app_as_owner(app, false);
            exo_path_close(&path);
        }
    }
}

int exo_place_drop_tokens(const struct exo_app *app, const char *root,
                          struct exo_err *err)
{
    struct exo_path_rule rule;
    struct exo_path path = { .why = "" };
    char *below = strdup(app->conf->token_dir);
    int rc = EXO_E_NOMEM;
    int saved;

    if (below) {
        exo_app_rule(app, &rule);
        rc = exo_path_dir(&path, &rule, root, below, 0, 0);
    }
    if (rc == 0) {
        rc = drop_tokens(app, &path);
        saved = errno;
        exo_path_close(&path);
        drop_dirs(app, root, below);
        errno = saved;
    }
    free(below);
    if (rc == 0 || rc == EXO_E_NOENT) {
        return 0;
    }
    if (exo_err_system(err, rc, "the tokens below %s stay", root)) {
        return EXO_E_STATUS;
    }
    exo_app_warn(app, "the tokens below %s stay: %-s", root,
                 path.why[0] != '\0' ? path.why : exo_strerror(rc));
    return EXO_E_CONFLICT;
}
