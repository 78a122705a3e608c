/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory of a `file:` store and what goes wrong with it. It must be
 * ours alone (owner, no mode bit for group or others) or it is refused: file
 * modes are what protects a record that is not sealed. It is opened once,
 * by exo_path_dir(), and every check is made on the open descriptor.
 * Called by file.c, which owns the struct and closes the descriptor, also
 * after a failed open; filelock.c uses the texts. Failure: EXO_E_STATUS with
 * cause and remedy in err, or EXO_E_ACCESS for a uid that has no business
 * here.
 */
#include "config.h"

#include "filedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/path.h"

/* Not an exo_buf: without memory it would be empty, and no file of that name
 * would be read as "no record". */
struct exo_filename exo_filename_make(const struct exo_account *account,
                                      const char *suffix)
{
    struct exo_filename name;

    (void)snprintf(name.text, sizeof(name.text), "%s%s", account->file, suffix);
    return name;
}

int exo_filedir_fail(const struct exo_filedir *dir, int code, const char *doing,
                     const char *name, struct exo_err *err)
{
    int error = code == EXO_E_NOMEM ? ENOMEM : errno;
    bool ours = error == EACCES || error == EPERM;

    if (error == EISDIR && *name != '\0') {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot %s %s/%s: it is a directory; move it away: "
                           "mv -T %s/%s %s/%s.away",
                           doing, dir->path, name, EXO_SH(dir->path, "FILE"),
                           EXO_SH(name, "FILE"), EXO_SH(dir->path, "FILE"),
                           EXO_SH(name, "FILE"));
    }
    (void)exo_err_set(
        err,
        exo_error_is_shortage(code) ? EXO_STATUS_TRANSIENT : EXO_STATUS_STORE,
        "cannot %s %s%s%s: %s; %s", doing, dir->path, *name == '\0' ? "" : "/",
        name, exo_errno_text(error),
        exo_errno_remedy(error, ours ? "give the whole directory to the user "
                                       "of exoauth"
                                     : "see what is wrong with this file or "
                                       "directory"));
    return exo_err_unread(err, EXO_E_STATUS);
}

int exo_filedir_missing(const struct exo_filedir *dir,
                        const struct exo_account *account, struct exo_err *err)
{
    return exo_err_unread(
        err, exo_err_set(err, EXO_STATUS_STORE,
                         "no credential store at %s; run: exoauth login %s",
                         dir->path, EXO_SH(account->name, "ACCOUNT")));
}

/* The new directory itself must survive a power cut, too. Best effort: the
 * parent need not be readable for us. */
static void sync_parent(int fd)
{
    int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent < 0) {
        return;
    }
    (void)fsync(parent);
    close(parent);
}

static int check_dir(const struct exo_filedir *dir, const struct stat *st,
                     struct exo_err *err)
{
    uid_t self = geteuid();
    const char *path = dir->path;

    if (st->st_uid != self) {
        /* Root may do everything, so this is a mistake to put right; for
         * anybody else it is simply not theirs. */
        exo_err_set(err, self == 0 ? EXO_STATUS_STORE : EXO_STATUS_DENIED,
                    "store %s belongs to uid %lu, not to uid %lu; run exoauth "
                    "as its owner, or name another directory in store:",
                    path, (unsigned long)st->st_uid, (unsigned long)self);
        return self == 0 ? EXO_E_STATUS : EXO_E_ACCESS;
    }
    if ((st->st_mode & 077) != 0) {
        const char *infirm = exo_path_infirm(path, self);

        if (infirm) {
            return exo_err_set(err, EXO_STATUS_STORE,
                               "store %s has mode %04o, which lets others in: "
                               "%-s",
                               path, (unsigned int)(st->st_mode & 07777),
                               infirm);
        }
        return exo_err_set(err, EXO_STATUS_STORE,
                           "store %s has mode %04o, which lets others in; "
                           "run: chmod 700 %s",
                           path, (unsigned int)(st->st_mode & 07777),
                           EXO_SH(path, "FILE"));
    }
    return 0;
}

static int open_failed(const struct exo_filedir *dir, int rc,
                       const struct exo_path *found, struct exo_err *err)
{
    const char *path = dir->path;
    bool refused = rc == EXO_E_UNSAFE;

    if (exo_error_is_shortage(rc)) {
        return exo_filedir_fail(dir, rc, "open", "", err);
    }

    /* To whom it is closed anyhow, it is nothing to put right. */
    if (refused) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        refused = fd >= 0 || errno != EACCES;
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    if (refused) {
        return exo_err_set(err, EXO_STATUS_STORE, "store %s: %-s", path,
                           found->why);
    }
    if (errno == EACCES || errno == EPERM) {
        exo_err_set(err, EXO_STATUS_DENIED,
                    "uid %lu may not open the store %s; run exoauth as root "
                    "or as the owner of the store",
                    (unsigned long)geteuid(), path);
        return EXO_E_ACCESS;
    }
    if (errno == ENOTDIR) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "store %s is no directory; name a real directory in "
                           "store:",
                           path);
    }
    return exo_filedir_fail(dir, EXO_E_IO, "open", "", err);
}

/* A link that root or we made may lead there; what others may change on the
 * way may not. The directory itself is judged by check_dir(). */
static int open_dir(struct exo_filedir *dir, struct exo_path *path)
{
    struct exo_path_rule rule;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_path_dir(path, &rule, dir->path, "", EXO_PATH_LEAF, 0);
    if (rc == 0) {
        dir->fd = exo_path_reopen(path);
        rc = dir->fd >= 0 ? 0 : exo_error_from_errno(errno);
    }
    exo_path_close(path);
    return rc;
}

/* In a directory that is there and obeys. */
static int make_dir(const struct exo_filedir *dir, struct exo_err *err)
{
    struct exo_path_rule rule;
    struct exo_path path;
    const char *name = dir->path;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_path_entry(&path, &rule, name, 0, 0);
    if (rc == 0 && !path.found && mkdirat(path.dir, path.name, 0700) != 0 &&
        errno != EEXIST) {
        rc = exo_filedir_fail(dir, EXO_E_IO, "make", "", err);
    } else if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_STORE,
                         "cannot make the store %s: the directory above it "
                         "does not exist; make that one first",
                         name);
    } else if (rc != 0) {
        rc = open_failed(dir, rc, &path, err);
    }
    exo_path_close(&path);
    return rc;
}

int exo_filedir_open(struct exo_filedir *dir, bool create, uid_t *owner,
                     struct exo_err *err)
{
    struct exo_path path;
    bool made = false;
    struct stat st;
    int rc = open_dir(dir, &path);

    if (rc == EXO_E_NOENT && errno == ENOENT && create) {
        rc = make_dir(dir, err);
        if (rc != 0) {
            return rc;
        }
        made = true;
        rc = open_dir(dir, &path);
    }
    if (rc == EXO_E_NOENT && errno == ENOENT && !create) {
        *owner = geteuid();
        return 0;
    }
    if (rc != 0) {
        return open_failed(dir, rc, &path, err);
    }
    if (fstat(dir->fd, &st) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "open", "", err);
    }
    if (made) {
        sync_parent(dir->fd);
    }
    *owner = st.st_uid;
    return check_dir(dir, &st, err);
}

/* What no rename replaces would be found when it is too late. */
int exo_filedir_check(const struct exo_filedir *dir,
                      const struct exo_account *account, const char *suffix,
                      struct exo_err *err)
{
    struct exo_filename name = exo_filename_make(account, suffix);
    struct stat st;

    if (fstatat(dir->fd, name.text, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(st.st_mode)) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "cannot store the credential of %s: %s/%s is a "
                       "directory; move it away: mv -T %s/%s %s/%s.away",
                       account->name, dir->path, name.text,
                       EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"),
                       EXO_SH(dir->path, "FILE"), EXO_SH(name.text, "FILE"));
}

int exo_filedir_reserve(struct exo_filedir *dir, const char *name,
                        struct exo_err *err)
{
    size_t size = EXO_STORE_GROWTH;
    struct stat st;
    int rc;

    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_size > 0 && (size_t)st.st_size < EXO_RECORD_MAX) {
        size += (size_t)st.st_size;
    }
    exo_temp_drop(&dir->room);
    rc = exo_temp_open(&dir->room, dir->fd, false);
    if (rc == 0) {
        rc = exo_temp_reserve(&dir->room,
                              size < EXO_RECORD_MAX ? size : EXO_RECORD_MAX);
    }
    if (rc != 0) {
        exo_temp_drop(&dir->room);
        rc = exo_filedir_fail(dir, rc, "reserve space for", name, err);
    }
    return rc;
}

int exo_filedir_forget(const struct exo_filedir *dir, const char *name,
                       struct exo_err *err)
{
    if (unlinkat(dir->fd, name, 0) != 0) {
        return errno == ENOENT
                   ? 0
                   : exo_filedir_fail(dir, EXO_E_IO, "remove", name, err);
    }
    if (fsync(dir->fd) != 0) {
        return exo_filedir_fail(dir, EXO_E_IO, "write", "", err);
    }
    return 0;
}

int exo_filedir_list(const struct exo_filedir *dir, const char *suffix,
                     void (*found)(void *context,
                                   const struct exo_account *account),
                     void *context, struct exo_err *err)
{
    const size_t tail = strlen(suffix);
    struct dirent *entry;
    bool left = false;
    DIR *stream;
    int rc = 0;
    int fd;

    if (dir->fd < 0) {
        return 0;
    }
    fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        rc = exo_filedir_fail(dir, EXO_E_IO, "list", "", err);
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    while (errno = 0, (entry = readdir(stream)) != NULL) {
        struct exo_account account;
        size_t len = strlen(entry->d_name);

        if (len > tail && strcmp(entry->d_name + len - tail, suffix) == 0 &&
            exo_account_from_file(&account, entry->d_name, len - tail) == 0) {
            found(context, &account);
        }
        left |= entry->d_name[0] == '.';
    }
    if (errno != 0) {
        rc = exo_filedir_fail(dir, EXO_E_IO, "list", "", err);
    }
    closedir(stream);
    if (left) {
        exo_file_sweep(dir->fd);
    }
    return rc;
}

struct left {
    const char *without;
    const struct exo_filedir *dir;
    void (*found)(void *context, const struct exo_account *account);
    void *context;
};

static void pass_left(void *context, const struct exo_account *account)
{
    const struct left *left = context;
    struct stat st;

    if (fstatat(left->dir->fd, exo_filename_make(account, left->without).text,
                &st, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == ENOENT) {
        left->found(left->context, account);
    }
}

int exo_filedir_list_left(const struct exo_filedir *dir, const char *suffix,
                          const char *without,
                          void (*found)(void *context,
                                        const struct exo_account *account),
                          void *context, struct exo_err *err)
{
    struct left left = { without, dir, found, context };

    return exo_filedir_list(dir, suffix, pass_left, &left, err);
}
