/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a file all or nothing, and durably (exoauth/file.h).
 *
 * Called by whatever writes a file of exoauth's, never by the plugin. A
 * reader sees the old file or the new one; after a crash at any point the
 * name still holds one of the two. The previous copy comes last, from the
 * descriptor of the old file: what was paid for with a refresh token is
 * durable first. It is copied and not linked, because a record with two links
 * is refused by exo_file_open(). The caller owns dirfd; on failure errno is
 * that of the call which failed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/temp.h"

int exo_file_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return exo_error_from_errno(errno);
        }
        p += n;
        len -= (size_t)n;
    }
    return EXO_OK;
}

static int copy_bytes(int from, int to)
{
    char chunk[4096];
    ssize_t n;
    int rc = EXO_OK;

    while (rc == EXO_OK && (n = read(from, chunk, sizeof chunk)) != 0) {
        if (n > 0) {
            rc = exo_file_write_all(to, chunk, (size_t)n);
        } else if (errno != EINTR) {
            rc = exo_error_from_errno(errno);
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    return rc;
}

/* What name holds now; *fd is -1 if it is new, or cannot be opened: without
 * what it would be copied from there is no previous copy, which is no reason
 * to lose the new file. */
static int open_old(int dirfd, const char *name, int *fd, struct stat *st)
{
    *fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        return errno == ELOOP || errno == ENXIO ? EXO_E_UNSAFE : EXO_OK;
    }
    if (fstat(*fd, st) != 0) {
        (void)close(*fd);
        *fd = -1;
        return EXO_OK;
    }
    return S_ISREG(st->st_mode) ? EXO_OK : EXO_E_UNSAFE;
}

/* The new file is in its place, and stays there if this fails: then previous
 * is one older than it could be. */
static void keep_previous(int dirfd, int from, const struct stat *st,
                          const char *previous)
{
    const struct exo_file_how how = { .mode = st->st_mode & 0777 };
    struct exo_temp temp = EXO_TEMP_INIT;

    if (exo_temp_open(&temp, dirfd, false) != EXO_OK ||
        copy_bytes(from, temp.fd) != EXO_OK ||
        exo_temp_commit(&temp, previous, &how) != EXO_OK) {
        exo_temp_drop(&temp);
    }
}

/* *placed: it is there, but may not survive a power cut. */
static int write_new(int dirfd, const char *name,
                     const struct exo_file_how *how, const void *data,
                     size_t len, bool *placed)
{
    struct exo_temp temp = EXO_TEMP_INIT;
    bool has_room = how->room != NULL && how->room->fd >= 0;
    int rc = EXO_OK;

    if (has_room) {
        temp = *how->room;
        how->room->fd = -1;
    } else {
        rc = exo_temp_open(&temp, dirfd, how->is_new);
    }
    if (rc == EXO_OK) {
        rc = exo_file_write_all(temp.fd, data, len);
    }
    if (rc == EXO_OK && has_room && ftruncate(temp.fd, (off_t)len) != 0) {
        rc = exo_error_from_errno(errno);
    }
    if (rc == EXO_OK) {
        rc = exo_temp_commit(&temp, name, how);
        if (rc == EXO_OK && how->placed != NULL) {
            *how->placed = true;
        }
    }
    *placed = rc == EXO_OK;
    exo_temp_drop(&temp);
    /* Some file systems cannot, and say so with EINVAL. */
    if (rc == EXO_OK && !how->fleeting && fsync(dirfd) != 0 &&
        errno != EINVAL) {
        rc = exo_error_from_errno(errno);
    }
    return rc;
}

int exo_file_put(int dirfd, const char *name, const struct exo_file_how *how,
                 const void *data, size_t len)
{
    struct stat st;
    bool placed;
    int old = -1;
    int saved;
    int rc = EXO_OK;

    if (how->previous != NULL) {
        rc = open_old(dirfd, name, &old, &st);
    }
    if (rc == EXO_OK) {
        rc = write_new(dirfd, name, how, data, len, &placed);
        /* A failure would say that it is not there; so once more. */
        if (rc != EXO_OK && placed) {
            rc = write_new(dirfd, name, how, data, len, &placed);
        }
    }
    if (rc == EXO_OK && old >= 0) {
        keep_previous(dirfd, old, &st, how->previous);
    }
    saved = errno;
    if (old >= 0) {
        (void)close(old);
    }
    errno = saved;
    return rc;
}
