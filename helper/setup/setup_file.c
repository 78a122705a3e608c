/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file that setup changes (setup.h): how it is read and replaced. Called
 * by the plan, by apply, by undo and by the journal, as root.
 *
 * A struct exo_setup_file is the caller's to free. A write is one rename, so
 * that a reader, and who comes after a crash, sees the old file or the new
 * one. Errors name the file and what to do; a shortage says nothing of it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "setup.h"

void exo_setup_file_free(struct exo_setup_file *file)
{
    free(file->path);
    file->path = NULL;
    exo_buf_free(&file->before);
    exo_buf_free(&file->after);
}

/* What is wrong with a file; or a shortage, or a disk that fails, which says
 * nothing of it. */
static int refuse(int rc, const char *why, const char *remedy,
                  struct exo_err *err)
{
    const char *other = rc == EXO_E_NOMEM ? exo_errno_remedy(ENOMEM, NULL)
                        : rc == EXO_E_IO  ? exo_errno_remedy(errno, NULL)
                                          : NULL;

    if (rc == EXO_E_UNSAFE && exo_file_advice(why, "; ")[0] == '\0') {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED, "%-s", why);
    }
    return exo_err_set(err,
                       exo_error_is_shortage(rc) ? EXO_STATUS_TRANSIENT
                       : other                   ? EXO_STATUS_STORE
                                                 : EXO_STATUS_MISCONFIGURED,
                       "%-s; %s%s", why, other ? other : remedy,
                       other ? ", and run it again" : "");
}

int exo_setup_file_read(struct exo_setup_file *file, const char *path,
                        size_t most, struct exo_err *err)
{
    struct exo_path found;
    struct stat st;
    int rc;

    memset(file, 0, sizeof(*file));
    exo_buf_init(&file->before, most);
    exo_buf_init(&file->after, EXO_SETUP_TEXT);
    file->mode = 0644;
    file->path = strdup(path);
    if (!file->path) {
        return EXO_E_NOMEM;
    }
    rc = exo_path_read(&found, path, EXO_FILE_CONFIG, &file->before);
    if (rc == EXO_E_NOENT && lstat(path, &st) != 0) {
        return 0;
    }
    file->existed = true;
    file->mode = found.st.st_mode & 07777;
    if (rc == 0 && file->before.len > 0 &&
        memchr(file->before.data, '\0', file->before.len)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s is no text; put a configuration file in its "
                           "place",
                           path);
    }
    return rc == 0 ? 0
                   : refuse(rc, found.why,
                            "it must be a text file of root that nobody else "
                            "can write",
                            err);
}

static int remove_file(struct exo_path *path, const char *file)
{
    struct exo_path_rule rule;
    int saved = 0;
    int fd;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_path_entry(path, &rule, file, 0, 0);
    if (rc != 0) {
        return rc == EXO_E_NOENT ? 0 : rc;
    }
    if (unlinkat(path->dir, path->name, 0) != 0 && errno != ENOENT) {
        saved = errno;
        rc = exo_error_from_errno(saved);
        (void)snprintf(path->why, sizeof(path->why), "%s",
                       exo_errno_text(saved));
    }
    fd = exo_path_reopen(path);
    if (fd >= 0) {
        (void)fsync(fd); /* if not, the next undo removes it */
        (void)close(fd);
    }
    exo_path_close(path);
    errno = saved;
    return rc;
}

int exo_setup_file_write(const struct exo_setup_file *file, struct exo_err *err)
{
    char why[EXO_ERR_TEXT];
    const char *text;
    struct exo_path path;
    int rc = exo_buf_done(&file->after, &text);

    if (rc != 0) {
        exo_text_fmt(why, sizeof(why), "cannot make %s: %s", file->path,
                     exo_strerror(rc));
        return refuse(rc, why, "shorten it, and run it again", err);
    }
    /* /etc/sasl2 need not be there. */
    rc = file->wanted ? exo_path_put(&path, file->path, file->mode, 0755, text,
                                     file->after.len)
                      : remove_file(&path, file->path);
    if (rc != 0) {
        exo_text_fmt(why, sizeof(why), "cannot write %s: %-s", file->path,
                     path.why);
        rc = refuse(rc, why,
                    "see that its file system is read-write and has free "
                    "space, and run it again",
                    err);
    }
    return rc;
}
