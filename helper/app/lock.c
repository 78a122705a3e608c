/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks of rekey and setup (lock.h). Called as root before the drop, or by
 * a person for his own. The file is never removed, as a waiter would lock one
 * that nobody sees; it is empty, 0600, and found by the walk. An OFD lock on
 * it ends with the process, however that ends. The caller owns *fd, which is
 * -1 on failure.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

static void become(const struct exo_path_rule *rule,
                   const struct exo_path *path, bool on)
{
    if (path->theirs && rule->become) {
        rule->become(rule->context, on);
    }
}

static int close_to_others(const struct exo_path_rule *rule,
                           const struct exo_path *path, int fd,
                           const struct stat *st)
{
    int rc;

    if ((st->st_mode & 077) == 0) {
        return 0;
    }
    become(rule, path, true);
    rc = fchmod(fd, 0600);
    become(rule, path, false);
    return rc;
}

/* EXO_E_CONFLICT: another has it. */
static int take(const struct exo_path_rule *rule, struct exo_path *path,
                int *fd)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    const char *why = NULL;
    struct stat st;
    int saved;
    int rc = 0;

    become(rule, path, true);
    *fd = openat(path->dir, EXO_LOCK_NAME,
                 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    saved = errno;
    become(rule, path, false);
    errno = saved;
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        (void)snprintf(path->why, sizeof(path->why), "%s",
                       exo_errno_text(errno));
        return exo_error_from_errno(errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1 ||
        (st.st_uid != 0 && st.st_uid != rule->uid)) {
        /* Never to be removed: another may hold it. */
        why = "it is not a file of root or its user with one name; move it "
              "away when no exoauth runs";
        rc = EXO_E_UNSAFE;
    } else if (close_to_others(rule, path, *fd, &st) != 0) {
        why = "its mode lets others in, and cannot be corrected";
        rc = EXO_E_UNSAFE;
    } else if (fcntl(*fd, F_OFD_SETLK, &lock) != 0) {
        why = exo_errno_text(errno);
        rc = errno == EAGAIN || errno == EACCES ? EXO_E_CONFLICT : EXO_E_IO;
    }
    (void)snprintf(path->why, sizeof(path->why), "%s", why ? why : "");
    return rc;
}

int exo_lock_take(const struct exo_path_rule *rule, const char *beside,
                  const char *busy, int *fd, struct exo_err *err)
{
    struct exo_path path;
    int rc;

    *fd = -1;
    rc = exo_path_entry(&path, rule, beside, EXO_PATH_MAKE, 0755);
    if (rc == 0) {
        rc = take(rule, &path, fd);
    }
    /* Where nothing can be written, nobody else does. */
    if (rc != 0 && *fd < 0 && errno == EROFS) {
        rc = 0;
    }
    exo_path_close(&path);
    if (rc != 0 && *fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
    if (rc == EXO_E_CONFLICT) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT, "%s", busy);
    }
    if (exo_err_system(err, rc, "nothing was changed: cannot lock %s beside %s",
                       EXO_LOCK_NAME, beside)) {
        return EXO_E_STATUS;
    }
    return rc == 0 ? 0
                   : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                                 "nothing was changed: cannot lock %s beside "
                                 "%s: %-s%s",
                                 EXO_LOCK_NAME, beside, path.why,
                                 rc == EXO_E_ACCESS && geteuid() != 0
                                     ? "; run it as root"
                                     : "");
}
