/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on their way to their names, and what is left of those whose writer
 * died (exoauth/temp.h). Called by exo_file_put(), by the export of a bundle
 * and by --set, never by the plugin; the caller owns dirfd and ends each
 * temporary file. On failure errno is that of the call which failed.
 *
 * What is to be a new file has no name until it is whole (O_TMPFILE), so a
 * killed writer leaves nothing. What replaces a file needs one, as only a
 * rename replaces; so does everything where there is no O_TMPFILE (NFS).
 *
 * The lock is an OFD write lock, which only a process that may write the file
 * can take: no other user can make a dead writer look alive or keep a living
 * one waiting. A sweeper asks for a read lock, so that the read lock of a
 * stranger on a file that all may read is not in its way. Names are random
 * and never used twice: what a sweeper removes by name is what it has looked
 * at, however long it took in between.
 */
#include "config.h"

#include "exoauth/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define TEMP_PREFIX ".tmp."
#define TEMP_DIGITS 16
#define TEMP_OLD 3600 /* seconds; no writer takes an hour */
#define TRIES 100
#define SWEPT 8
#define SELF_FD "/proc/self/fd"

static const char hex[] = "0123456789abcdef";

static int make_name(char name[EXO_TEMP_NAME])
{
    unsigned char random[TEMP_DIGITS / 2];
    size_t at = sizeof TEMP_PREFIX - 1;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return EXO_E_IO;
    }
    memcpy(name, TEMP_PREFIX, at);
    for (size_t i = 0; i < sizeof random; i++) {
        name[at++] = hex[random[i] >> 4];
        name[at++] = hex[random[i] & 15];
    }
    name[at] = '\0';
    return EXO_OK;
}

/* False: somebody else holds it. A file system without locks has no other
 * holder to tell of; there an hour decides. */
static bool lock_it(int fd, short type, bool *known)
{
    struct flock whole = { .l_type = type, .l_whence = SEEK_SET };

    *known = true;
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
        return true;
    }
    *known = errno == EAGAIN || errno == EACCES;
    return !*known;
}

/* A sweeper may come between the making and the lock, and take it away. */
static bool is_mine(int fd)
{
    struct stat st;
    bool known;

    return lock_it(fd, F_WRLCK, &known) && fstat(fd, &st) == 0 &&
           st.st_nlink == 1;
}

static bool is_temp_name(const char *name)
{
    return strncmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0 &&
           strlen(name) == EXO_TEMP_NAME - 1 &&
           strspn(name + sizeof TEMP_PREFIX - 1, hex) == TEMP_DIGITS;
}

static bool is_left(int dirfd, const char *name)
{
    bool free = false, known = false;
    struct stat st;
    int fd;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode)) {
        return false;
    }
    fd = openat(dirfd, name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        free = lock_it(fd, F_RDLCK, &known);
        (void)close(fd);
    }
    return known ? free : st.st_mtime < time(NULL) - TEMP_OLD;
}

void exo_file_sweep(int dirfd)
{
    const struct dirent *entry;
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
        if (is_temp_name(entry->d_name) && is_left(fd, entry->d_name)) {
            (void)unlinkat(fd, entry->d_name, 0);
        }
    }
    (void)closedir(dir);
}

/* A store of thousands is not read for each of a thousand writes. */
static void sweep_once(int dirfd)
{
    static struct {
        pid_t process;
        dev_t dev;
        ino_t ino;
    } swept[SWEPT];
    static unsigned next;
    struct stat st;

    if (fstat(dirfd, &st) != 0) {
        return;
    }
    for (unsigned i = 0; i < SWEPT; i++) {
        if (swept[i].process == getpid() && swept[i].dev == st.st_dev &&
            swept[i].ino == st.st_ino) {
            return;
        }
    }
    swept[next].process = getpid();
    swept[next].dev = st.st_dev;
    swept[next].ino = st.st_ino;
    next = (next + 1) % SWEPT;
    exo_file_sweep(dirfd);
}

/* linkat() gives it a name by its descriptor, for which there must be /proc:
 * AT_EMPTY_PATH wants a privilege, or Linux 6.10. */
static bool open_nameless(struct exo_temp *temp)
{
    if (faccessat(AT_FDCWD, SELF_FD, X_OK, 0) == 0) {
        temp->fd =
            openat(temp->dirfd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    }
    return temp->fd >= 0;
}

int exo_temp_open(struct exo_temp *temp, int dirfd, bool is_new)
{
    temp->dirfd = dirfd;
    temp->fd = -1;
    temp->name[0] = '\0';
    sweep_once(dirfd);
    if (is_new && open_nameless(temp)) {
        return EXO_OK;
    }
    for (int i = 0; i < TRIES; i++) {
        int rc = make_name(temp->name);

        if (rc == EXO_OK) {
            temp->fd = openat(
                dirfd, temp->name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
            rc = temp->fd >= 0 ? EXO_OK : exo_error_from_errno(errno);
        }
        if (rc != EXO_OK || is_mine(temp->fd)) {
            return rc;
        }
        exo_temp_drop(temp);
    }
    errno = EBUSY;
    return EXO_E_IO;
}

int exo_temp_reserve(const struct exo_temp *temp, size_t size)
{
    int rc;

    do {
        rc = fallocate(temp->fd, 0, 0, (off_t)size);
    } while (rc != 0 && errno == EINTR);
    /* Not every file system can promise. */
    if (rc != 0 && errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS) {
        return exo_error_from_errno(errno);
    }
    return EXO_OK;
}

/* A directory may give what is made in it a list of who else reads it, by
 * setfacl -d, and keeps that when it is given away. The bits of the group are
 * the mask of such a list: where there are none it lets nobody in. */
static int drop_list(int fd, mode_t mode)
{
    if ((mode & 070) == 0 || fremovexattr(fd, EXO_TEMP_LIST) == 0 ||
        errno == ENODATA || errno == ENOTSUP) {
        return EXO_OK;
    }
    return exo_error_from_errno(errno);
}

/* It sets the bits of the mode, too, which are its mask. */
static int put_list(int fd, const struct exo_file_how *how)
{
    if (how->list == NULL) {
        return drop_list(fd, how->mode);
    }
    return fsetxattr(fd, EXO_TEMP_LIST, how->list->data, how->list->len, 0) == 0
               ? EXO_OK
               : EXO_E_UNSAFE;
}

int exo_temp_finish(const struct exo_temp *temp, const struct exo_file_how *how)
{
    struct stat st;
    int rc;

    if (how->owner != NULL &&
        (fstat(temp->fd, &st) != 0 ||
         ((st.st_uid != how->owner->uid || st.st_gid != how->owner->gid) &&
          fchown(temp->fd, how->owner->uid, how->owner->gid) != 0))) {
        return exo_error_from_errno(errno);
    }
    rc = put_list(temp->fd, how);
    if (rc != EXO_OK) {
        return rc;
    }
    /* chown clears set-id bits, so the mode comes second. */
    if (fchmod(temp->fd, how->mode) != 0 || fstat(temp->fd, &st) != 0) {
        return exo_error_from_errno(errno);
    }
    /* vfat and some network file systems take any mode and keep none. */
    if ((st.st_mode & 0777 & ~how->mode) != 0) {
        errno = EOPNOTSUPP;
        return EXO_E_IO;
    }
    return how->fleeting || fsync(temp->fd) == 0 ? EXO_OK
                                                 : exo_error_from_errno(errno);
}

/* Not every file system knows a rename that spares what is there. */
static int name_new(const struct exo_temp *temp, const char *name)
{
    char self[sizeof SELF_FD + 12];
    int rc;

    if (temp->name[0] == '\0') {
        (void)snprintf(self, sizeof self, "%s/%d", SELF_FD, temp->fd);
        return linkat(AT_FDCWD, self, temp->dirfd, name, AT_SYMLINK_FOLLOW);
    }
    rc =
        renameat2(temp->dirfd, temp->name, temp->dirfd, name, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
        rc = linkat(temp->dirfd, temp->name, temp->dirfd, name, 0);
        if (rc == 0) {
            (void)unlinkat(temp->dirfd, temp->name, 0);
        }
    }
    return rc;
}

int exo_temp_name(struct exo_temp *temp, const char *name, bool is_new)
{
    if ((is_new ? name_new(temp, name)
                : renameat(temp->dirfd, temp->name, temp->dirfd, name)) != 0) {
        return errno == EEXIST && is_new ? EXO_E_CONFLICT
                                         : exo_error_from_errno(errno);
    }
    /* The lock lasts until here. What close could say, fsync has said. */
    (void)close(temp->fd);
    temp->fd = -1;
    return EXO_OK;
}

int exo_temp_commit(struct exo_temp *temp, const char *name,
                    const struct exo_file_how *how)
{
    int rc = exo_temp_finish(temp, how);

    return rc == EXO_OK ? exo_temp_name(temp, name, how->is_new) : rc;
}

void exo_temp_drop(struct exo_temp *temp)
{
    int saved = errno;

    if (temp->fd >= 0) {
        if (temp->name[0] != '\0') {
            (void)unlinkat(temp->dirfd, temp->name, 0);
        }
        (void)close(temp->fd);
        temp->fd = -1;
    }
    errno = saved;
}
