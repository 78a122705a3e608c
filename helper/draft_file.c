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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/path.h"

enum state { AS_READ, AS_WANTED, OTHER };

static enum state look(const struct exo_draft *d)
{
    struct exo_buf now = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_path path;
    const char *name;
    int rc = exo_buf_done(&d->path, &name);
    enum state state = OTHER;

    if (rc == 0) {
        rc = exo_path_read(&path, name, EXO_FILE_CONFIG, &now);
    }
    if (rc == EXO_E_ACCESS) {
        state = AS_READ; /* not for run_as; root looks again */
    } else if (rc == 0 && exo_buf_same(&now, &d->text)) {
        state = AS_WANTED;
    } else if (d->is_new ? rc == EXO_E_NOENT
                         : rc == 0 && exo_buf_same(&now, &d->old)) {
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
    const char *name, *text;
    struct exo_path path;
    int rc;

    if (state != AS_READ) {
        return state == AS_WANTED ? 0 : ESTALE;
    }
    if (exo_buf_done(&d->path, &name) != 0 ||
        exo_buf_done(&d->text, &text) != 0) {
        return ENOMEM;
    }
    errno = 0;
    rc = exo_path_put(&path, name, (mode_t)d->mode, 0, text, d->text.len);
    if (rc == 0) {
        return 0;
    }
    return rc == EXO_E_UNSAFE ? EPERM : errno != 0 ? errno : EIO;
}

/* Makes its directory, and sees that it can be written. */
static int check_dir(const struct exo_draft *d, struct exo_path *path)
{
    struct exo_path_rule rule;
    const char *name;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_buf_done(&d->path, &name);
    if (rc != 0) {
        path->dir = -1;
        (void)snprintf(path->why, sizeof(path->why), "%s", exo_strerror(rc));
        return rc;
    }
    rc = exo_path_entry(path, &rule, name, d->is_new ? EXO_PATH_MAKE : 0,
                        (mode_t)d->dir_mode);
    if (rc == 0 && faccessat(path->dir, ".", W_OK, 0) != 0) {
        rc = EXO_E_ACCESS;
        (void)snprintf(path->why, sizeof(path->why), "%s",
                       exo_errno_text(errno));
    }
    exo_path_close(path);
    return rc;
}

int exo_draft_prepare(struct exo_draft *d, struct exo_err *err)
{
    struct exo_path path;
    int rc;

    if (!d->changed) {
        return 0;
    }
    rc = check_dir(d, &path);
    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot write %s, nothing was changed: %s",
                           exo_buf_shown(&d->path), path.why);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot write %s: %s; nothing was changed; run it "
                           "as root, or correct owner and mode of its "
                           "directory",
                           exo_buf_shown(&d->path), path.why);
    }
    rc = exo_later_start(&d->writer, write_file, d);
    if (rc != 0) {
        errno = rc;
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "cannot prepare to write %s: %m; nothing was changed; "
            "try again",
            exo_buf_shown(&d->path));
    }
    return 0;
}

static int say_changed(const struct exo_draft *d, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s was changed by somebody else meanwhile; it is left "
                       "as it is; run it again",
                       exo_buf_shown(&d->path));
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
                       exo_buf_shown(&d->path));
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
