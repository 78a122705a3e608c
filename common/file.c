/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening and reading files that matter (exoauth/file.h).
 *
 * Called for configuration, secrets, records and published tokens, also
 * inside the host program at each login, so a cached read costs open, fstat,
 * one read and close. All checks are made on the open descriptor, after
 * which nobody can swap the file. The caller owns the descriptor or the
 * buffer it passed; on refusal *why names the rule that was broken.
 */
#include "config.h"

#include "exoauth/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOOKS 10 /* at a link that leads nowhere */

static const struct exo_file_ways *ways;

void exo_file_walk(const struct exo_file_ways *program)
{
    ways = program;
}

const char *exo_file_advice(const char *why, const char *advice)
{
    return why != NULL && strstr(why, "; ") != NULL ? "" : advice;
}

static const char *refuse_config(const struct stat *st, int fd)
{
    bool group = (st->st_mode & 020) != 0;

    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return "its owner is neither root nor the user who reads it";
    }
    if (group && fd >= 0 && ways != NULL && ways->own != NULL &&
        ways->own(fd, st)) {
        group = false;
    }
    if (group || (st->st_mode & 002) != 0) {
        return "it is writable by group or others";
    }
    return NULL;
}

static const char *refuse_key(const struct stat *st, int fd)
{
    if ((st->st_mode & 007) != 0) {
        return "it is accessible to others";
    }
    /* The group may be the reader's own, or that of root for root's file: a
     * mounted secret has it so. Any other has readers of its own. */
    if ((st->st_mode & 070) != 0 && st->st_gid != getegid() &&
        (st->st_uid != 0 || st->st_gid != 0)) {
        return "it is accessible to a group that is not that of the owner of "
               "the store";
    }
    /* The bits of the group are the mask of such a list. */
    if ((st->st_mode & 070) != 0 && ways != NULL && ways->shared(fd)) {
        return "it is accessible to others by an access list (setfacl -b)";
    }
    return refuse_config(st, -1);
}

static const char *refuse_record(const struct stat *st)
{
    if (st->st_uid != geteuid()) {
        return "its owner is not the owner of the store";
    }
    if ((st->st_mode & 077) != 0) {
        return "it is accessible to group or others";
    }
    return NULL;
}

static const char *refuse_token(const struct stat *st, uid_t owner)
{
    if (st->st_uid != 0 && st->st_uid != owner && st->st_uid != geteuid()) {
        return "its owner is neither root, the reader nor the owner of the "
               "directory";
    }
    if ((st->st_mode & 022) != 0) {
        return "it is writable by group or others";
    }
    return NULL;
}

static const char *refuse(const struct stat *st, int fd,
                          enum exo_file_rule rule, uid_t owner)
{
    /* With a remedy of its own: to correct the owner or mode of a directory
     * that was named by mistake would take it from those who use it. */
    if (S_ISDIR(st->st_mode) &&
        (rule == EXO_FILE_CONFIG || rule == EXO_FILE_KEY)) {
        return "it is a directory, not a regular file; name a file";
    }
    if (!S_ISREG(st->st_mode)) {
        return "it is not a regular file";
    }
    if (rule == EXO_FILE_CONFIG) {
        return refuse_config(st, fd);
    }
    if (rule == EXO_FILE_KEY) {
        return refuse_key(st, fd);
    }
    /* Not "!= 1": a writer may just have renamed a new file over the one
     * that is open here, and then it has no name left. */
    if (st->st_nlink > 1) {
        return "it has more than one hard link";
    }
    return rule == EXO_FILE_RECORD ? refuse_record(st)
                                   : refuse_token(st, owner);
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static int open_flags(enum exo_file_rule rule)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

    return rule == EXO_FILE_CONFIG || rule == EXO_FILE_KEY ? flags
                                                           : flags | O_NOFOLLOW;
}

/*
 * Kubernetes updates a volume by one rename and then removes what the link led
 * to before. Who is following it at that moment finds nothing, and has to look
 * again.
 */
static int open_link(int dirfd, const char *path, int flags)
{
    struct stat st;
    int fd = -1;

    for (int i = 0; i < LOOKS; i++) {
        fd = openat(dirfd, path, flags);
        if (fd >= 0 || errno != ENOENT || (flags & O_NOFOLLOW) != 0) {
            return fd;
        }
        if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISLNK(st.st_mode)) {
            break;
        }
    }
    errno = ENOENT;
    return fd;
}

/* By the way that the program has to it. */
static int open_walked(const char *path, int flags, int *fd, const char **why)
{
    char name[NAME_MAX + 1];
    int saved, dir = -1;
    int rc = EXO_OK;

    for (int i = 0; i < LOOKS; i++) {
        rc = ways->walk(path, &dir, name, why);
        if (rc != EXO_OK) {
            return rc;
        }
        if (dir < 0) {
            *fd = open_link(AT_FDCWD, path, flags);
            return EXO_OK;
        }
        *fd = openat(dir, name, flags | O_NOFOLLOW);
        saved = errno;
        (void)close(dir);
        errno = saved;
        if (*fd >= 0 || errno != ENOENT) {
            break;
        }
    }
    return EXO_OK;
}

static bool is_walked(int dirfd, enum exo_file_rule rule)
{
    return ways != NULL && dirfd == AT_FDCWD &&
           (rule == EXO_FILE_CONFIG || rule == EXO_FILE_KEY);
}

int exo_file_open(int dirfd, const char *path, enum exo_file_rule rule,
                  uid_t owner, int *fd, struct stat *st, const char **why)
{
    const char *reason = NULL;
    int saved, rc = EXO_OK;

    *fd = -1;
    if (is_walked(dirfd, rule)) {
        rc = open_walked(path, open_flags(rule), fd, &reason);
    } else {
        *fd = open_link(dirfd, path, open_flags(rule));
    }
    if (rc != EXO_OK) {
        goto out;
    }
    if (*fd < 0) {
        if (errno == ELOOP && (open_flags(rule) & O_NOFOLLOW) != 0) {
            reason = "it is a symbolic link";
        } else if (errno ==
                   ENXIO) { /* a UNIX socket, a device without driver */
            reason = "it is not a regular file";
        }
        rc = reason != NULL ? EXO_E_UNSAFE : exo_error_from_errno(errno);
        goto out;
    }
    if (fstat(*fd, st) != 0) {
        rc = EXO_E_IO;
        goto out;
    }
    reason = refuse(st, *fd, rule, owner);
    if (reason != NULL) {
        rc = EXO_E_UNSAFE;
    }

out:
    if (why != NULL) {
        *why = reason;
    }
    if (rc != EXO_OK && *fd >= 0) {
        saved = errno;
        (void)close(*fd);
        *fd = -1;
        errno = saved;
    }
    return rc;
}

/*
 * The NUL's place behind the reserved bytes takes one byte more than
 * expected, so that one read(2) shows both the content and that it ended.
 */
static int read_all(int fd, size_t expected, struct exo_buf *out)
{
    for (;;) {
        char *to;
        ssize_t n;

        if (expected > out->max - out->len) {
            return EXO_E_TOOBIG;
        }
        to = exo_buf_reserve(out, expected);
        if (to == NULL) {
            return out->error;
        }
        do {
            n = read(fd, to, expected + 1);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            return exo_error_from_errno(errno);
        }
        if ((size_t)n > out->max - out->len) {
            return EXO_E_TOOBIG;
        }
        out->len += (size_t)n;
        if ((size_t)n <= expected) {
            out->data[out->len] = '\0';
            if (n == 0 || (size_t)n == expected) {
                return EXO_OK;
            }
            expected -= (size_t)n;
        } else {
            /* It grew meanwhile, or has no size (as in /proc). */
            expected = out->max - out->len;
            if (expected > 4096) {
                expected = 4096;
            }
        }
    }
}

int exo_file_read(int dirfd, const char *path, enum exo_file_rule rule,
                  uid_t owner, struct exo_buf *out, const char **why)
{
    struct stat st;
    int fd, rc, saved;

    rc = exo_file_open(dirfd, path, rule, owner, &fd, &st, why);
    if (rc != EXO_OK) {
        return rc;
    }
    if (out->error != 0) {
        rc = out->error;
    } else if ((uintmax_t)st.st_size > out->max - out->len) {
        rc = EXO_E_TOOBIG;
    } else {
        rc = read_all(fd, (size_t)st.st_size, out);
    }
    saved = errno;
    (void)close(fd);
    errno = saved;
    return rc;
}

void exo_file_peek(int dirfd, const char *name, char *text, size_t size)
{
    int saved = errno;
    int fd = openat(dirfd, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, text, size - 1, 0) : -1;

    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = saved;
}
