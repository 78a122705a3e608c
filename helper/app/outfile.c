/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that somebody has named to be written (outfile.h). Called by `export
 * --out` and `doctor --bundle`, which drop it in every case; a file that is
 * finished stays.
 *
 * It is opened as root and written as run_as, who must not name or remove it
 * in root's directory. So it begins as a temporary file, and a child of root's
 * gives it its name when it is whole. Where the file system knows files
 * without a name (temp.h), a killed command leaves nothing; else the child
 * removes it when it hears nothing. If that child is killed, too, what is left
 * is swept by the next command that writes to that directory.
 */
#include "config.h"

#include "outfile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* In the child. 0 or an errno value, as below. */
static int give_name(void *context)
{
    struct exo_outfile *file = context;
    int rc = 0;

    if (exo_temp_name(&file->temp, file->name, true) != 0) {
        rc = errno != 0 ? errno : EIO;
        exo_temp_drop(&file->temp);
    } else if (fsync(file->temp.dirfd) != 0 && errno != EINVAL) {
        rc = errno;
    }
    return rc;
}

static int take_away(void *context)
{
    struct exo_outfile *file = context;

    exo_temp_drop(&file->temp);
    return 0;
}

/* The directory of the file that is to be. 0 or an errno value; EPERM and why
 * where root must not write. */
static int find_place(const char *out, int *fd, char why[EXO_PATH_WHY])
{
    struct exo_path path;
    int rc = exo_path_named(&path, out, EXO_PATH_BARE);

    if (rc == EXO_E_UNSAFE) {
        memcpy(why, path.why, EXO_PATH_WHY);
        return EPERM;
    }
    if (rc != 0) {
        return errno != 0 ? errno : EIO;
    }
    *fd = path.found ? -1 : exo_path_reopen(&path);
    rc = path.found ? EEXIST : *fd < 0 ? errno : 0;
    exo_path_close(&path);
    return rc;
}

int exo_outfile_begin(struct exo_outfile *file, const char *path,
                      char why[EXO_PATH_WHY])
{
    const char *slash = strrchr(path, '/');
    int fd = -1;
    int rc;

    *file = (struct exo_outfile)EXO_OUTFILE_INIT;
    file->name = slash ? slash + 1 : path;
    if (file->name[0] == '\0') {
        return EISDIR;
    }
    rc = find_place(path, &fd, why);
    if (rc != 0) {
        return rc;
    }
    rc = exo_temp_open(&file->temp, fd, true) == 0 ? 0 : errno;
    if (rc == 0) {
        rc = exo_later_start_temp(&file->later, &file->temp, give_name,
                                  take_away, file);
    }
    if (rc != 0) {
        exo_outfile_drop(file);
    }
    return rc;
}

/* Whole and durable but for its name. 0 or an errno value. */
static int finish(struct exo_outfile *file, const struct exo_buf *text)
{
    const char *whole;

    if (exo_buf_done(text, &whole) != 0) {
        return ENOMEM;
    }
    if (exo_file_write_all(file->temp.fd, whole, text->len) != 0 ||
        (fsync(file->temp.fd) != 0 && errno != EINVAL)) {
        return errno != 0 ? errno : EIO;
    }
    return exo_later_finish(&file->later, true);
}

int exo_outfile_finish(struct exo_outfile *file, const char *path,
                       const struct exo_buf *text, struct exo_err *err)
{
    int error = finish(file, text);

    if (error == 0) {
        return 0;
    }
    if (error == ECHILD) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot tell whether %s was written: %s; if it is "
                           "there it is whole, else run it again",
                           path, exo_later_why(error));
    }
    if (error == EEXIST) {
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot write %s: somebody else made it meanwhile, "
                           "and it is left as it is; name another file",
                           path);
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "cannot write %s: %s; nothing was written; %s", path,
                       exo_later_why(error), exo_later_remedy(error));
}

void exo_outfile_drop(struct exo_outfile *file)
{
    int dirfd = file->temp.dirfd;

    (void)exo_later_finish(&file->later, false);
    /* If the child was killed and there is a name: as far as this user may. */
    exo_temp_drop(&file->temp);
    if (dirfd >= 0) {
        (void)close(dirfd);
    }
    file->temp.dirfd = -1;
}
