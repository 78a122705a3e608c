/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of one account in a `file:` store: an OFD lock on ACCOUNT.lock.
 * The kernel frees it when the holder dies, however it dies. The file itself
 * means nothing and is never unlinked: a waiter who has it open would lock
 * a file that nobody else can see any more. Should someone remove it by
 * hand all the same, the holder finds out before writing (the fence is the
 * inode, which cannot be used again while the holder has it open).
 *
 * OFD locks have no wait with a deadline, hence the polling; the pauses are
 * random so that a herd does not come back in step. Called by file.c; the
 * descriptor belongs to the lock until exo_filelock_drop().
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/clock.h"
#include "filedir.h"

#define PAUSE_MIN_MS 5
#define PAUSE_SPREAD 21 /* so at most 25 ms */

static void pause_ms(int64_t most)
{
    unsigned char dice = 0;
    int64_t ms;
    struct timespec nap = { 0, 0 };

    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0) {
        dice = (unsigned char)getpid();
    }
    ms = PAUSE_MIN_MS + dice % PAUSE_SPREAD;
    if (ms > most) {
        ms = most;
    }
    nap.tv_nsec = (long)ms * 1000000;
    (void)nanosleep(&nap, NULL);
}

/* Does dir/name still lead to the file that is open as fd? EXO_E_CONFLICT if
 * not, EXO_E_IO if nobody can tell. */
static int check_name(int dirfd, const char *name, int fd)
{
    struct stat held;
    struct stat named;

    if (fstat(fd, &held) != 0) {
        return EXO_E_IO;
    }
    if (fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? EXO_E_CONFLICT : EXO_E_IO;
    }
    if (held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
        return EXO_E_CONFLICT;
    }
    return 0;
}

/* What is no regular file cannot be anybody's lock. A lock that is not as it
 * should be may be held: it is never removed, or two would spend one token. */
static int refuse_lock(const struct exo_filedir *dir, const char *name,
                       const char *why, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_STORE,
                       "lock file %s/%s refused: %s; run: find %s/%s -maxdepth "
                       "0 ! -type f -delete",
                       dir->path, name, why, EXO_SH(dir->path, "FILE"),
                       EXO_SH(name, "FILE"));
}

static int refuse_owner(const struct exo_filedir *dir, const char *name,
                        const struct stat *st, struct exo_err *err)
{
    if (st->st_nlink > 1) { /* a gift of it would be one of the other name */
        return exo_err_set(err, EXO_STATUS_STORE,
                           "lock file %s/%s refused: it is another name of a "
                           "file of uid %lu; run: find %s/%s -maxdepth 0 "
                           "-links +1 -delete",
                           dir->path, name, (unsigned long)st->st_uid,
                           EXO_SH(dir->path, "FILE"), EXO_SH(name, "FILE"));
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "lock file %s/%s refused: it belongs to uid %lu; "
                       "leave it in place, and make uid %lu its owner",
                       dir->path, name, (unsigned long)st->st_uid,
                       (unsigned long)geteuid());
}

static int open_file(const struct exo_filedir *dir, const char *name)
{
    return openat(dir->fd, name,
                  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
                      O_NOCTTY,
                  0600);
}

/* One of ours that we cannot open needs its mode first, for which there is no
 * descriptor; the directory is ours alone. */
static int open_closed(const struct exo_filedir *dir, const char *name, int *fd,
                       struct exo_err *err)
{
    struct stat st;

    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode)) {
        errno = EACCES;
        return exo_filedir_fail(dir, EXO_E_IO, "lock", name, err);
    }
    if (st.st_uid != geteuid()) {
        return refuse_owner(dir, name, &st, err);
    }
    if (fchmodat(dir->fd, name, 0600, AT_SYMLINK_NOFOLLOW) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "set mode 0600 of", name, err);
    }
    *fd = open_file(dir, name);
    return *fd >= 0 ? 0 : exo_filedir_fail(dir, EXO_E_IO, "lock", name, err);
}

static int open_lock(const struct exo_filedir *dir, const char *name, int *fd,
                     struct stat *st, struct exo_err *err)
{
    int rc = 0;

    *fd = open_file(dir, name);
    if (*fd < 0 && errno == EACCES) {
        rc = open_closed(dir, name, fd, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (*fd < 0 && errno == ELOOP) {
        return refuse_lock(dir, name, "it is a symbolic link", err);
    }
    if (*fd < 0 && (errno == EISDIR || errno == ENXIO)) {
        return refuse_lock(dir, name, "it is not a regular file", err);
    }
    if (*fd < 0 || fstat(*fd, st) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "lock", name, err);
    }
    if (!S_ISREG(st->st_mode)) {
        return refuse_lock(dir, name, "it is not a regular file", err);
    }
    if (st->st_uid != geteuid()) {
        return refuse_owner(dir, name, st, err);
    }
    if ((st->st_mode & 07777) != 0600 && fchmod(*fd, 0600) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "set mode 0600 of", name, err);
    }
    return 0;
}

static int wait_lock(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int64_t left;

        if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
            return 0;
        }
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return EXO_E_IO;
        }
        left = deadline_ms - exo_clock_ms();
        if (left <= 0) {
            return EXO_E_TIMEOUT;
        }
        pause_ms(left);
    }
}

int exo_filelock_take(const struct exo_filedir *dir,
                      struct exo_store_lock *lock, int64_t deadline_ms,
                      struct exo_err *err)
{
    struct exo_filename name = exo_filename_make(&lock->account, ".lock");
    struct stat st;
    int fd = -1;
    int rc;

    if (dir->fd < 0) {
        return exo_filedir_missing(dir, &lock->account, err);
    }
    for (;;) {
        rc = open_lock(dir, name.text, &fd, &st, err);
        if (rc != 0) {
            goto out;
        }
        rc = wait_lock(fd, deadline_ms);
        if (rc == 0) {
            rc = check_name(dir->fd, name.text, fd);
        }
        if (rc == 0) {
            lock->handle = fd;
            lock->fence = (uint64_t)st.st_ino;
            return 0;
        }
        if (rc != EXO_E_CONFLICT) {
            break;
        }
        /* Removed between open and lock: the next one is the real one. */
        close(fd);
        fd = -1;
        if (exo_clock_ms() >= deadline_ms) {
            rc = EXO_E_TIMEOUT;
            break;
        }
    }
    if (rc == EXO_E_TIMEOUT) {
        exo_err_set(err, EXO_STATUS_TRANSIENT,
                    "another exoauth process holds the lock of %s; it will "
                    "be tried again, to see the process run: fuser %s/%s",
                    lock->account.name, EXO_SH(dir->path, "FILE"),
                    EXO_SH(name.text, "FILE"));
    } else {
        rc = exo_filedir_fail(dir, EXO_E_IO, "lock", name.text, err);
    }
out:
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

void exo_filelock_drop(struct exo_store_lock *lock)
{
    struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    /* Closing alone would not free it while a child, forked meanwhile and
     * not yet gone, still has a copy of the descriptor. */
    (void)fcntl((int)lock->handle, F_OFD_SETLK, &whole);
    close((int)lock->handle);
}

void exo_filelock_note(const struct exo_store_lock *lock, int64_t until,
                       unsigned word)
{
    struct timespec times[2] = { { (time_t)until, (long)word },
                                 { 0, UTIME_OMIT } };
    unsigned before;

    if (until == 0) {
        if (exo_filelock_noted(lock, &before) == 0) {
            return;
        }
        times[0].tv_nsec = UTIME_NOW;
    }
    (void)futimens((int)lock->handle, times);
}

int64_t exo_filelock_noted(const struct exo_store_lock *lock, unsigned *word)
{
    struct stat st;

    if (fstat((int)lock->handle, &st) != 0 ||
        st.st_atim.tv_sec <= exo_clock_now()) {
        return 0;
    }
    *word = (unsigned)st.st_atim.tv_nsec;
    return st.st_atim.tv_sec;
}

int exo_filelock_check(const struct exo_filedir *dir,
                       const struct exo_store_lock *lock, struct exo_err *err)
{
    struct exo_filename name = exo_filename_make(&lock->account, ".lock");
    int rc = check_name(dir->fd, name.text, (int)lock->handle);

    if (rc == 0) {
        return 0;
    }
    if (rc != EXO_E_CONFLICT) {
        return exo_filedir_fail(dir, rc, "lock", name.text, err);
    }
    exo_err_set(err, EXO_STATUS_STORE,
                "%s/%s was removed while in use, so nothing was written; "
                "leave .lock files alone, and try again",
                dir->path, name.text);
    return EXO_E_CONFLICT;
}
