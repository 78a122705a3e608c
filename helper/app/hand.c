/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root gives a directory to run_as (hand.h). Called by place.c for the store,
 * for token_dir and for what is beside status_file and log, with a directory
 * that the walk has opened.
 *
 * A name in the configuration is easily mistyped, and whose directory it is
 * cannot be seen: so root gives away what it has just made, or what is empty,
 * and nothing that the system gives a meaning. Everything is done on one
 * descriptor, which is closed here. A failure is told in dir->why.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hand.h"

/* Empty ones among them are common, and root reads some as its own word:
 * /etc/cron.d. What is directly below / or /var is not one program's. */
static bool is_of_system(int fd)
{
    static const char *const trees[] = { "/etc/", "/usr/",  "/boot/",
                                         "/dev/", "/proc/", "/sys/" };
    char link[64], real[PATH_MAX];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof(real) - 1);
    if (n <= 0) {
        return true;
    }
    real[n] = '\0';
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        if (strncmp(real, trees[i], strlen(trees[i])) == 0) {
            return true;
        }
    }
    return strchr(real + 1, '/') == NULL ||
           (strncmp(real, "/var/", 5) == 0 && strchr(real + 5, '/') == NULL);
}

static bool is_empty(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    bool empty = dir != NULL;

    while (empty && (entry = readdir(dir)) != NULL) {
        empty =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    if (dir) {
        (void)closedir(dir);
    } else if (copy >= 0) {
        (void)close(copy);
    }
    return empty;
}

/* NULL: it may be given. */
static const char *refuse(const struct exo_path *dir, int fd)
{
    const struct stat *st = &dir->dir_st;

    if (is_of_system(fd)) {
        return "it is a directory of the system; name one that is for exoauth "
               "alone";
    }
    if (!is_empty(fd)) {
        return "it belongs to root and is not empty, so it is not taken over; "
               "name a new or an empty directory, or chown -R it to run_as if "
               "all of it is of exoauth";
    }
    return (st->st_mode & 07022) == 0
               ? NULL
               : "it belongs to root and is shared; name a new directory";
}

/*
 * Below a directory of run_as this is done as run_as. But only root can give
 * a directory of run_as to another group, and its set-group-id bit: run_as
 * could open it to anybody, so root may, on the descriptor, whatever its name
 * leads to by now.
 */
static int correct(const struct exo_app *app, const struct stat *st, int fd,
                   gid_t gid, mode_t mode)
{
    bool chown = app->root && (st->st_uid != app->uid || st->st_gid != gid);

    if (st->st_uid == app->uid && gid != app->gid) {
        exo_app_as_owner(app, false);
    }
    /* chown clears set-group-id, so the mode comes second. */
    return (chown && fchown(fd, app->uid, gid) != 0) || fchmod(fd, mode) != 0
               ? exo_error_from_errno(errno)
               : 0;
}

int exo_hand_over(const struct exo_app *app, struct exo_path *dir, gid_t gid,
                  mode_t mode, bool taken)
{
    const struct stat *st = &dir->dir_st;
    const char *why = NULL;
    int saved;
    int rc = 0;
    int fd;

    if (st->st_uid != app->uid && st->st_uid != 0) {
        return EXO_E_CONFLICT;
    }
    if ((!app->root || (st->st_uid == app->uid && st->st_gid == gid)) &&
        (st->st_mode & 07777) == mode) {
        return 0;
    }
    /* What is behind its name may be somebody's; below a directory of run_as
     * it is for run_as to correct. */
    exo_app_as_owner(app, dir->above);
    fd = exo_path_reopen(dir);
    if (fd >= 0 && app->root && st->st_uid == 0 && !dir->made && !taken) {
        why = refuse(dir, fd);
    }
    if (why) {
        rc = EXO_E_UNSAFE;
    } else {
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : correct(app, st, fd, gid, mode);
        why = rc != 0 ? exo_errno_text(errno) : NULL;
    }
    saved = errno;
    exo_app_as_owner(app, false);
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)snprintf(dir->why, sizeof(dir->why), "%s", why ? why : "");
    errno = saved;
    return rc;
}
