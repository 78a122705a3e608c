/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directories of the store and of the published tokens. Called once per
 * command by exo_app_prepare(), as root before it becomes run_as, or as the
 * ordinary user whose own configuration is in force.
 *
 * A leaf that is already there is corrected only if root or run_as owns it;
 * anything else there is somebody's, and left alone with a warning. Owner
 * and mode are set on the open descriptor, so a path that changes under way
 * cannot redirect them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "exoauth/block.h"
#include "exoauth/file.h"
#include "place.h"

/* Parents of path, each made with the given mode where it is missing. */
static int make_parents(const char *path, mode_t mode)
{
    char *copy = strdup(path);
    int rc = 0;

    if (!copy) {
        return EXO_E_NOMEM;
    }
    for (char *p = copy + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST) {
            struct stat st;
            int saved = errno;

            if (stat(copy, &st) != 0) {
                errno = saved;
                rc = exo_error_from_errno(saved);
                break;
            }
        }
        *p = '/';
    }
    free(copy);
    return rc;
}

int exo_place_mkdirs(const char *path, mode_t mode)
{
    int rc = make_parents(path, mode);

    if (rc == 0 && mkdir(path, mode) != 0 && errno != EEXIST) {
        rc = exo_error_from_errno(errno);
    }
    return rc;
}

static int own_leaf(const char *path, uid_t uid, gid_t gid, mode_t mode,
                    bool root)
{
    struct stat st;
    int rc = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return exo_error_from_errno(errno);
    }
    if (fstat(fd, &st) != 0) {
        rc = exo_error_from_errno(errno);
    } else if (st.st_uid != uid && st.st_uid != 0) {
        rc = EXO_E_UNSAFE;
    } else if (st.st_uid != uid || st.st_gid != gid ||
               (st.st_mode & 07777) != mode) {
        /* chown clears set-group-id, so the mode comes second. */
        if ((root && fchown(fd, uid, gid) != 0) || fchmod(fd, mode) != 0) {
            rc = exo_error_from_errno(errno);
        }
    }
    (void)close(fd);
    return rc;
}

/* A third user with the system's configuration gets what he can make by
 * himself, and no warning about what belongs to others: he asks sockets. */
static bool is_ours(const struct exo_app *app)
{
    return app->root || app->conf->user;
}

/* A directory as it should be. One that is there is corrected only where the
 * configuration is ours to carry out. */
static int make_leaf(const struct exo_app *app, const char *path, gid_t gid,
                     mode_t mode)
{
    int rc = make_parents(path, app->conf->user ? 0700 : 0755);

    if (rc == 0 && mkdir(path, 0700) != 0 && errno != EEXIST) {
        rc = exo_error_from_errno(errno);
    }
    if (rc == 0 && is_ours(app)) {
        rc = own_leaf(path, app->uid, gid, mode, app->root);
    }
    return rc;
}

/* Failing to make the store is said where the store is opened. */
void exo_place_store(struct exo_app *app)
{
    const char *path = app->conf->store;

    if (strncmp(path, "file:", 5) != 0) {
        return;
    }
    path += 5;
    if (make_leaf(app, path, app->gid, 0700) == EXO_E_UNSAFE) {
        exo_app_warn(app,
                     "%s belongs to another user than %s; run: chown -R %s %s",
                     path, app->root ? app->run_as : "you",
                     app->root ? EXO_SH(app->run_as, "USER") : "$USER",
                     EXO_SH(path, "FILE"));
    }
}

static bool is_directory(const char *path, size_t len)
{
    char *copy = strndup(path, len);
    struct stat st;
    bool yes = copy && stat(copy, &st) == 0 && S_ISDIR(st.st_mode);

    free(copy);
    return yes;
}

static void place_token_dir(struct exo_app *app, const char *root, size_t len)
{
    char *dir = exo_publish_dir(app, root, len);
    bool group = app->has_token_group && app->root;
    mode_t mode = group ? 02750 : 0700;
    int rc;

    if (!dir) {
        return;
    }
    if (len > 0 && !is_directory(root, len)) {
        /* Never make the root itself: a name mistyped in `chroot` would
         * become a directory that nobody looks into. */
        exo_app_warn(app,
                     "chroot %.*s is not a directory; correct chroot in %s",
                     (int)len, root, app->conf->path);
        free(dir);
        return;
    }
    rc = make_leaf(app, dir, group ? app->token_gid : app->gid, mode);
    if (rc == 0 || !is_ours(app)) {
        free(dir);
        return;
    }
    if (rc == EXO_E_UNSAFE) {
        exo_app_warn(app,
                     "%s belongs to another user than %s, tokens cannot be "
                     "published there; run: chown %s %s",
                     dir, app->root ? app->run_as : "you",
                     app->root ? EXO_SH(app->run_as, "USER") : "$USER",
                     EXO_SH(dir, "FILE"));
    } else {
        exo_app_warn(app,
                     "cannot make %s: %m; tokens are not published there, "
                     "logins use the socket; check token_dir and chroot in %s",
                     dir, app->conf->path);
    }
    free(dir);
}

void exo_place_tokens(struct exo_app *app)
{
    const char *list = app->conf->chroot;
    const char *word;
    size_t len;

    place_token_dir(app, "", 0);
    while ((word = exo_word_next(&list, &len)) != NULL) {
        place_token_dir(app, word, len);
    }
}

/* There a directory of ours may be gone or root's after a boot. Elsewhere one
 * that is there is an administrator's, who knows why it is as it is. */
static bool is_run_dir(const char *dir)
{
    static const char run_dir[] = "/run/exoauth";
    const size_t len = sizeof(run_dir) - 1;

    return strncmp(dir, run_dir, len) == 0 &&
           (dir[len] == '/' || dir[len] == '\0');
}

/* Failing is said where the file is written. */
void exo_place_status(struct exo_app *app)
{
    const char *path = app->conf->status_file;
    const char *slash = strrchr(path, '/');
    char *dir =
        slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
    struct stat st;

    if (dir && (stat(dir, &st) != 0 || is_run_dir(dir)) &&
        strcmp(dir, app->conf->token_dir) != 0) {
        (void)!make_leaf(app, dir, app->gid, 0755);
    }
    free(dir);
}

int exo_place_own(const struct exo_app *app, struct exo_err *err)
{
    static const char text[] = "# exoauth.conf(5); absent keys have their "
                               "defaults\n";
    char *slash = strrchr(app->conf->path, '/');
    char *dir;
    int fd = -1;
    int rc;

    if (!app->conf->user || app->conf->present || !slash) {
        return 0;
    }
    dir = strndup(app->conf->path, (size_t)(slash - app->conf->path));
    rc = dir ? exo_place_mkdirs(dir, 0700) : EXO_E_NOMEM;
    free(dir);
    if (rc == 0) {
        fd = open(app->conf->path,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : exo_file_write_all(fd, text, sizeof(text) - 1);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot make %s: %m; correct owner and mode of its "
                           "directory",
                           app->conf->path);
    }
    return 0;
}
