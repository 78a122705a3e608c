/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file with a key in it (key_file.h), be it key_file or a credential of
 * systemd. Called by keys.c and credential.c each time they need the keys, as
 * run_as, or as root for what run_as may not read.
 *
 * The text is the caller's and wipes itself; no text here quotes it. A file
 * that is refused is EXO_STATUS_STORE with the command that corrects owner and
 * mode, where that is all that is wrong; a shortage says nothing of the file.
 * Where a directory keeps run_as out, that one is named.
 */
#include "config.h"

#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/path.h"
#include "ours.h"

/* The first directory on the way that run_as cannot enter. */
static bool find_closed(const struct exo_app *app, const char *path,
                        char dir[PATH_MAX])
{
    bool found;

    exo_app_as_owner(app, true);
    found = exo_ours_closed(path, false, dir);
    exo_app_as_owner(app, false);
    return found;
}

/* Never o+x: what root closes to everybody, such as a home of root's, is not
 * opened to everybody for a key. */
static int closed(const struct exo_app *app, const char *path, const char *dir,
                  struct exo_err *err)
{
    const char *who = app->root ? app->run_as : "this user";
    const char *infirm = exo_path_infirm(dir, app->uid);
    struct stat st;

    if (infirm || stat(dir, &st) != 0 ||
        (st.st_uid != app->uid && st.st_gid != app->gid)) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "key file %s: %s cannot enter %s; set key_file in "
                           "%s to a file in another directory",
                           path, who, dir, app->conf->path);
    }
    if (st.st_uid == app->uid) {
        return exo_err_set(
            err, EXO_STATUS_STORE,
            "key file %s: %s cannot enter %s; set key_file in %s "
            "to a file elsewhere, or run: chmod u+x %s",
            path, who, dir, app->conf->path, EXO_SH(dir, "DIR"));
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       app->root
                           ? "key file %s: %s cannot enter %s; set key_file "
                             "in %s to a file elsewhere, or run: chmod "
                             "g+x %s"
                           : "key file %s: %s cannot enter %s; set key_file "
                             "in %s to a file elsewhere, or run as root: "
                             "chmod g+x %s",
                       path, who, dir, app->conf->path, EXO_SH(dir, "DIR"));
}

int exo_key_file_refused(const struct exo_app *app, const char *path, int rc,
                         const char *why, struct exo_err *err)
{
    char dir[PATH_MAX];
    const char *infirm;
    struct stat st;

    if (rc == EXO_E_ACCESS && find_closed(app, path, dir)) {
        return closed(app, path, dir, err);
    }
    if (exo_file_advice(why, "; ")[0] == '\0') {
        return exo_err_set(err, EXO_STATUS_STORE, "key file %s: %-s", path,
                           why);
    }
    infirm = exo_path_infirm(path, app->uid);
    if (infirm) {
        return exo_err_set(err, EXO_STATUS_STORE, "key file %s: %-s: %-s", path,
                           why ? why : exo_strerror(rc), infirm);
    }
    if (app->root) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "key file %s: %-s; it must be a regular file that "
                           "only root and the owner of the store can read; "
                           "run: chown %s %s && chmod 400 %s",
                           path, why ? why : exo_strerror(rc),
                           EXO_SH(app->run_as, "USER"), EXO_SH(path, "FILE"),
                           EXO_SH(path, "FILE"));
    }
    /* Only root can take it from whom it belongs to. */
    if (lstat(path, &st) != 0 || st.st_uid != app->uid) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "key file %s: %-s; it must be a regular file that "
                           "only root and the owner of the store can read; run "
                           "as root: chown %lu %s && chmod 400 %s",
                           path, why ? why : exo_strerror(rc),
                           (unsigned long)app->uid, EXO_SH(path, "FILE"),
                           EXO_SH(path, "FILE"));
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "key file %s: %-s; it must be a regular file that only "
                       "root and the owner of the store can read; run: chmod "
                       "400 %s",
                       path, why ? why : exo_strerror(rc),
                       EXO_SH(path, "FILE"));
}

int exo_key_file_read(const struct exo_app *app, const char *path,
                      struct exo_secret *text, struct exo_err *err)
{
    const char *why = NULL;
    int rc =
        exo_file_read(AT_FDCWD, path, EXO_FILE_KEY, 0, &text->hidden, &why);
    bool kept_out = rc == EXO_E_ACCESS || rc == EXO_E_IO;

    if (rc == 0 || rc == EXO_E_NOENT) {
        return rc;
    }
    if (exo_err_system(err, rc, "cannot read key file %s", path)) {
        return exo_err_unread(err, EXO_E_STATUS);
    }
    rc = exo_key_file_refused(app, path, rc, why, err);
    /* What was opened and refused is another matter. */
    return kept_out ? exo_err_unread(err, rc) : rc;
}
