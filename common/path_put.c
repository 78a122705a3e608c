/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replacing the file at the end of a walk (exoauth/path.h), so that it stays
 * whose it is and open to the same users: owner, group, mode and access list.
 *
 * Called by the program for account files, configuration and what setup
 * writes. All is done in the directory that the walk has opened. The list is
 * read from the old file and set on the new one before it has the old one's
 * mode, so at no moment is anybody let in whom the old one kept out. What
 * cannot be kept is refused, and the old file stays as it is. The caller ends
 * struct exo_temp; path is closed here, its `why` says what failed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "exoauth/temp.h"
#include "exoauth/text.h"
#include "path_rule.h"

#define LIST_MAX 65536 /* XATTR_SIZE_MAX */

static int say(struct exo_path *path, int rc, const char *why)
{
    int saved = errno;

    if (rc != EXO_OK && (why != NULL || path->why[0] == '\0')) {
        if (why == NULL) {
            why = rc == EXO_E_IO || rc == EXO_E_ACCESS ? exo_errno_text(saved)
                                                       : exo_strerror(rc);
        }
        exo_text_fmt(path->why, sizeof path->why, "%-s", why);
    }
    exo_path_close(path);
    errno = saved;
    return rc;
}

/* A person's file that is somebody else's becomes his, as it cannot stay. */
static bool is_given(const struct stat *st, struct exo_owner *owner)
{
    owner->uid = geteuid() == 0 ? st->st_uid : geteuid();
    owner->gid = st->st_gid;
    return owner->uid != geteuid() || owner->gid != getegid();
}

static int lose_list(struct exo_path *path, const char *file)
{
    if (exo_error_is_shortage(EXO_E_IO)) {
        return EXO_E_IO;
    }
    return exo_path_swappable(path)
               ? exo_path_refuse(path,
                                 "its access list cannot be kept: %s; remove "
                                 "the list",
                                 exo_errno_text(errno))
               : exo_path_refuse(path,
                                 "its access list cannot be kept: %s; let its "
                                 "readers in by group and mode, and run: "
                                 "setfacl -b %s",
                                 exo_errno_text(errno), EXO_SH(file, "FILE"));
}

/* Empty if it has none, or its file system knows none. */
static int read_list(struct exo_path *path, const char *file,
                     struct exo_buf *list)
{
    struct stat st;
    char *to = exo_buf_reserve(list, LIST_MAX);
    int fd = openat(path->dir, path->name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = -1;
    int rc = to != NULL ? EXO_OK : list->error;

    if (rc == EXO_OK && (fd < 0 || fstat(fd, &st) != 0)) {
        rc = exo_error_from_errno(errno);
    } else if (rc == EXO_OK &&
               (st.st_dev != path->st.st_dev || st.st_ino != path->st.st_ino)) {
        rc = exo_path_refuse(path, "it was exchanged; run this again");
    } else if (rc == EXO_OK) {
        n = fgetxattr(fd, EXO_TEMP_LIST, to, LIST_MAX);
        if (n >= 0) {
            list->len += (size_t)n;
        } else if (errno != ENODATA && errno != ENOTSUP) {
            rc = lose_list(path, file);
        }
    }
    if (fd >= 0) {
        int saved = errno;

        (void)close(fd);
        errno = saved;
    }
    return rc;
}

static int fill(struct exo_temp *temp, int dirfd,
                const struct exo_file_how *how, const void *data, size_t len)
{
    int rc = exo_temp_open(temp, dirfd, false);

    if (rc == EXO_OK) {
        rc = exo_file_write_all(temp->fd, data, len);
    }
    return rc == EXO_OK ? exo_temp_finish(temp, how) : rc;
}

/* temp is open, as its directory is. */
static int begin(struct exo_path *path, struct exo_temp *temp, const char *file,
                 mode_t mode, const void *data, size_t len)
{
    struct exo_file_how how = { .mode = mode };
    struct exo_buf list = EXO_BUF_INIT(LIST_MAX);
    struct exo_owner owner;
    int rc = EXO_OK;
    int fd;

    if (path->found) {
        how.mode = path->st.st_mode & 07777;
        how.owner = is_given(&path->st, &owner) ? &owner : NULL;
        rc = read_list(path, file, &list);
        how.list = list.len > 0 ? &list : NULL;
    }
    if (rc == EXO_OK) {
        fd = exo_path_reopen(path);
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : fill(temp, fd, &how, data, len);
        if (rc == EXO_E_UNSAFE) {
            rc = lose_list(path, file);
        }
    }
    exo_buf_free(&list);
    if (rc != EXO_OK) {
        exo_path_put_drop(temp);
    }
    return rc;
}

int exo_path_put_begin(struct exo_path *path, struct exo_temp *temp,
                       const char *file, mode_t mode, mode_t dir_mode,
                       const void *data, size_t len)
{
    struct exo_path_rule rule;
    int rc;

    *temp = (struct exo_temp)EXO_TEMP_INIT;
    exo_path_rule_self(&rule);
    rc = exo_path_entry(path, &rule, file, dir_mode != 0 ? EXO_PATH_MAKE : 0,
                        dir_mode);
    if (rc != EXO_OK) {
        return rc;
    }
    if (path->found && !S_ISREG(path->st.st_mode)) {
        return say(path, EXO_E_UNSAFE, "it is not a regular file");
    }
    return say(path, begin(path, temp, file, mode, data, len), NULL);
}

int exo_path_put_end(const struct exo_path *path, struct exo_temp *temp)
{
    int rc = exo_temp_name(temp, path->name, !path->found);

    /* Some file systems cannot, and say so with EINVAL. */
    if (rc == EXO_OK && fsync(temp->dirfd) != 0 && errno != EINVAL) {
        rc = exo_error_from_errno(errno);
    }
    exo_path_put_drop(temp);
    return rc;
}

void exo_path_put_drop(struct exo_temp *temp)
{
    int saved = errno;

    exo_temp_drop(temp);
    if (temp->dirfd >= 0) {
        (void)close(temp->dirfd);
    }
    temp->dirfd = -1;
    errno = saved;
}

int exo_path_put(struct exo_path *path, const char *file, mode_t mode,
                 mode_t dir_mode, const void *data, size_t len)
{
    struct exo_temp temp;
    int rc = exo_path_put_begin(path, &temp, file, mode, dir_mode, data, len);

    return rc != EXO_OK ? rc : say(path, exo_path_put_end(path, &temp), NULL);
}
