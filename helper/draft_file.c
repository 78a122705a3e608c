/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A draft into its place (draft.h). prepare() is root's and finds what would
 * be in the way before anybody is asked for a token; write() is run_as's word
 * to the child. A file that somebody else changed meanwhile is left alone, as
 * what was proved is not what would come of both. Errors name the file and
 * what to do; the draft is the caller's to free.
 */
#include "config.h"

#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/path.h"

static char *dir_of(const struct exo_draft *d)
{
    const char *path = exo_buf_text(&d->path);

    return strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
}

static const char *name_of(const struct exo_draft *d)
{
    return strrchr(exo_buf_text(&d->path), '/') + 1;
}

enum state { AS_READ, AS_WANTED, OTHER };

static enum state look(const struct exo_draft *d)
{
    struct exo_buf now = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int rc = exo_file_read(AT_FDCWD, exo_buf_text(&d->path), EXO_FILE_CONFIG, 0,
                           &now, NULL);
    enum state state = OTHER;

    if (rc == EXO_E_ACCESS) {
        state = AS_READ; /* not for run_as; root looks again */
    } else if (rc == 0 && now.len == d->text.len &&
               memcmp(exo_buf_text(&now), exo_buf_text(&d->text), now.len) ==
                   0) {
        state = AS_WANTED;
    } else if (d->is_new ? rc == EXO_E_NOENT
                         : rc == 0 && now.len == d->old.len &&
                               memcmp(exo_buf_text(&now), exo_buf_text(&d->old),
                                      now.len) == 0) {
        state = AS_READ;
    }
    exo_buf_free(&now);
    return state;
}

/* In the child. 0 or an errno value; ESTALE: it is another file now. */
static int write_file(void *context)
{
    const struct exo_draft *d = context;
    enum state state = look(d);
    char *dir;
    int fd = -1;
    int rc;

    if (state != AS_READ) {
        return state == AS_WANTED ? 0 : ESTALE;
    }
    errno = 0;
    dir = dir_of(d);
    if (dir) {
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    rc = fd < 0 ? errno
                : exo_file_replace(fd, name_of(d), NULL, (mode_t)d->mode,
                                   exo_buf_text(&d->text), d->text.len);
    if (fd >= 0 && rc != 0) {
        rc = errno != 0 ? errno : EIO;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(dir);
    return rc;
}

/* A link may lead where others make the names. */
static int check_dir(const char *dir, bool linked)
{
    struct stat st;

    if (access(dir, W_OK) != 0 || stat(dir, &st) != 0) {
        return errno;
    }
    return !linked || ((st.st_uid == 0 || st.st_uid == geteuid()) &&
                       (st.st_mode & 022) == 0)
               ? 0
               : EPERM;
}

int exo_draft_prepare(struct exo_draft *d, struct exo_err *err)
{
    char *dir;
    int rc;

    if (!d->changed) {
        return 0;
    }
    dir = dir_of(d);
    if (dir && d->is_new) {
        struct exo_path_rule rule;
        struct exo_path made;

        exo_path_rule_self(&rule);
        (void)!exo_path_dir(&made, &rule, dir, "", EXO_PATH_MAKE,
                            (mode_t)d->dir_mode);
        exo_path_close(&made);
    }
    rc = dir ? check_dir(dir, d->linked) : ENOMEM;
    if (rc == 0) {
        rc = exo_later_start(&d->writer, write_file, d);
    }
    if (rc != 0) {
        errno = rc;
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "cannot write %s: %m; nothing was changed; run it "
                          "as root, or correct owner and mode of %s",
                          exo_buf_text(&d->path), dir ? dir : "its directory");
        rc = EXO_E_STATUS;
    }
    free(dir);
    return rc;
}

static int say_changed(const struct exo_draft *d, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s was changed by somebody else meanwhile; it is left "
                       "as it is; run it again",
                       exo_buf_text(&d->path));
}

int exo_draft_check(struct exo_draft *d, struct exo_err *err)
{
    if (!exo_draft_waits(d)) {
        return 0;
    }
    switch (look(d)) {
    case AS_READ:
        return 0;
    case AS_WANTED:
        (void)exo_later_finish(&d->writer, false);
        d->written = true;
        return 0;
    default:
        return say_changed(d, err);
    }
}

int exo_draft_write(struct exo_draft *d, struct exo_err *err)
{
    int rc;

    if (!exo_draft_waits(d)) {
        return 0;
    }
    rc = exo_later_finish(&d->writer, true);
    if (rc == ECHILD && look(d) == AS_WANTED) {
        rc = 0; /* it died when all was done */
    }
    d->written = rc == 0;
    if (rc == 0) {
        return 0;
    }
    if (rc == ESTALE) {
        return say_changed(d, err);
    }
    errno = rc;
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "cannot write %s: %m; it is left as it is; mend that, "
                       "and run it again",
                       exo_buf_text(&d->path));
}

void exo_draft_free(struct exo_draft *d)
{
    if (!d) {
        return;
    }
    (void)exo_later_finish(&d->writer, false);
    exo_buf_free(&d->path);
    exo_buf_free(&d->old);
    exo_buf_free(&d->text);
    free(d);
}
