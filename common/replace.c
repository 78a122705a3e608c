/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replacing a file all or nothing, and durably (exoauth/file.h).
 *
 * Called by the store and by the publisher, never by the plugin. A reader
 * sees the old file or the new one; after a crash at any point the name
 * still holds one of the two. The previous copy is written from the bytes
 * of the old file and not made as a hard link, because a record with two
 * links is refused by exo_file_open(), and a reader without the lock, or a
 * crash between two renames, would meet just that. The caller owns dirfd;
 * on failure errno is that of the call which failed.
 */
#include "config.h"

#include "exoauth/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TEMP_PREFIX ".tmp."
#define TEMP_DIGITS 16
#define TEMP_LEN (sizeof TEMP_PREFIX - 1 + TEMP_DIGITS)
#define TEMP_OLD 3600 /* seconds; no writer takes an hour */

static const char hex[] = "0123456789abcdef";

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

static int temp_open(int dirfd, char name[TEMP_LEN + 1], int *fd)
{
    unsigned char random[TEMP_DIGITS / 2];
    size_t at = sizeof TEMP_PREFIX - 1;

    *fd = -1;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return EXO_E_IO;
    }
    memcpy(name, TEMP_PREFIX, at);
    for (size_t i = 0; i < sizeof random; i++) {
        name[at++] = hex[random[i] >> 4];
        name[at++] = hex[random[i] & 15];
    }
    name[at] = '\0';
    *fd = openat(dirfd, name,
                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd >= 0 ? EXO_OK : exo_error_from_errno(errno);
}

/* Makes what was written durable, closes it and gives it its name. */
static int temp_commit(int dirfd, const char *temp, const char *name,
                       mode_t mode, int *fd)
{
    int rc;

    if (fchmod(*fd, mode) != 0 || fsync(*fd) != 0) {
        return exo_error_from_errno(errno);
    }
    rc = close(*fd);
    *fd = -1;
    if (rc != 0 || renameat(dirfd, temp, dirfd, name) != 0) {
        return exo_error_from_errno(errno);
    }
    return EXO_OK;
}

static void temp_drop(int dirfd, const char *temp, int fd)
{
    int saved = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    (void)unlinkat(dirfd, temp, 0);
    errno = saved;
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

/* Writes what name holds now to previous; nothing to do if it is new. */
static int keep_previous(int dirfd, const char *name, const char *previous)
{
    char temp[TEMP_LEN + 1];
    struct stat st;
    int from, to = -1, saved, rc;

    from = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0) {
        return errno == ENOENT ? EXO_OK : exo_error_from_errno(errno);
    }
    if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = EXO_E_UNSAFE;
        goto out;
    }
    rc = temp_open(dirfd, temp, &to);
    if (rc != EXO_OK) {
        goto out;
    }
    rc = copy_bytes(from, to);
    if (rc == EXO_OK) {
        rc = temp_commit(dirfd, temp, previous, st.st_mode & 0777, &to);
    }
    if (rc != EXO_OK) {
        temp_drop(dirfd, temp, to);
    }

out:
    saved = errno;
    (void)close(from);
    errno = saved;
    return rc;
}

int exo_file_replace(int dirfd, const char *name, const char *previous,
                     mode_t mode, const void *data, size_t len)
{
    char temp[TEMP_LEN + 1];
    int fd, rc;

    rc = temp_open(dirfd, temp, &fd);
    if (rc != EXO_OK) {
        return rc;
    }
    rc = exo_file_write_all(fd, data, len);
    if (rc == EXO_OK && previous != NULL) {
        rc = keep_previous(dirfd, name, previous);
    }
    if (rc == EXO_OK) {
        rc = temp_commit(dirfd, temp, name, mode, &fd);
    }
    if (rc != EXO_OK) {
        temp_drop(dirfd, temp, fd);
        return rc;
    }
    /* Some file systems cannot, and say so with EINVAL. */
    if (fsync(dirfd) != 0 && errno != EINVAL) {
        return exo_error_from_errno(errno);
    }
    return EXO_OK;
}

static bool is_temp_name(const char *name)
{
    return strncmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0 &&
           strlen(name) == TEMP_LEN &&
           strspn(name + sizeof TEMP_PREFIX - 1, hex) == TEMP_DIGITS;
}

void exo_file_sweep(int dirfd)
{
    const time_t now = time(NULL);
    struct dirent *entry;
    struct stat st;
    DIR *dir;
    /* Opened anew: reading would move the offset of the caller's dirfd. */
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (is_temp_name(entry->d_name) &&
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_mtime < now - TEMP_OLD) {
            (void)unlinkat(fd, entry->d_name, 0);
        }
    }
    (void)closedir(dir);
}
