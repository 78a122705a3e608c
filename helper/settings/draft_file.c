/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A draft into its place (draft.h). prepare() is root's and writes
 * the whole of it, as a temporary file, before anybody is asked for a token
 * and anything is spent; write() is run_as's word to the child, which gives it
 * its name. A file that somebody else changed meanwhile is left alone, as
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

/* UNSEEN: errno says why. */
enum state { AS_READ, AS_WANTED, OTHER, UNSEEN };

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
    } else if (rc == EXO_E_NOMEM || rc == EXO_E_IO) {
        state = UNSEEN;
        errno = rc == EXO_E_NOMEM ? ENOMEM : errno;
    }
    exo_buf_free(&now);
    return state;
}

/* In the child. 0 or an errno value; ESTALE: it is another file now. */
static int name_file(void *context)
{
    struct exo_draft *d = context;
    enum state state = look(d);
    int saved, rc;

    if (state == UNSEEN) { /* what was spent is worth a second look */
        state = look(d);
    }
    if (state != AS_READ) {
        saved = errno;
        exo_path_put_drop(&d->temp);
        return state == AS_WANTED ? 0 : state == UNSEEN ? saved : ESTALE;
    }
    errno = 0;
    rc = exo_path_put_end(&d->place, &d->temp);
    return rc == 0                ? 0
           : rc == EXO_E_CONFLICT ? ESTALE
           : errno != 0           ? errno
                                  : EIO;
}

static int drop_file(void *context)
{
    struct exo_draft *d = context;

    exo_path_put_drop(&d->temp);
    return 0;
}

static int write_file(struct exo_draft *d)
{
    const char *name, *text;
    int rc = exo_buf_done(&d->path, &name);

    if (rc == 0) {
        rc = exo_buf_done(&d->text, &text);
    }
    if (rc != 0) {
        (void)snprintf(d->place.why, sizeof(d->place.why), "%s",
                       exo_strerror(rc));
        return rc;
    }
    return exo_path_put_begin(&d->place, &d->temp, name, (mode_t)d->mode,
                              d->is_new ? (mode_t)d->dir_mode : 0, text,
                              d->text.len);
}

/* A directory without room, or read-only, is the administrator's; a disk that
 * fails is none of his configuration. */
static enum exo_status status_of(int rc)
{
    return exo_error_is_shortage(rc) ? EXO_STATUS_TRANSIENT
           : rc == EXO_E_IO && (errno == EIO || errno == ENOSYS)
               ? EXO_STATUS_STORE
               : EXO_STATUS_MISCONFIGURED;
}

static int say_unwritable(const struct exo_draft *d, int rc,
                          struct exo_err *err)
{
    bool ours = rc == EXO_E_ACCESS && errno != EROFS;

    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot write %s, nothing was changed: %-s",
                           exo_buf_shown(&d->path), d->place.why);
    }
    return exo_err_set(
        err, status_of(rc), "cannot write %s: %-s; nothing was changed; %s",
        exo_buf_shown(&d->path), d->place.why,
        ours ? "run it as root, or correct owner and mode of its directory"
             : exo_errno_remedy(rc == EXO_E_NOMEM ? ENOMEM : errno,
                                "correct that, and run it again"));
}

/* The child has them now, and the lock on the file with them. */
static void leave(struct exo_temp *temp)
{
    (void)close(temp->fd);
    (void)close(temp->dirfd);
    *temp = (struct exo_temp)EXO_TEMP_INIT;
}

int exo_draft_prepare(struct exo_draft *d, struct exo_err *err)
{
    int rc;

    if (!d->changed) {
        return 0;
    }
    rc = write_file(d);
    if (rc != 0) {
        return say_unwritable(d, rc, err);
    }
    rc = exo_later_start_temp(&d->writer, &d->temp, name_file, drop_file, d);
    if (rc != 0) {
        exo_path_put_drop(&d->temp);
        errno = rc;
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "cannot prepare to write %s: %m; nothing was changed; "
            "try again",
            exo_buf_shown(&d->path));
    }
    leave(&d->temp);
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
    case UNSEEN:
        exo_err_words(err, EXO_E_IO);
        return EXO_E_STATUS;
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
    if (rc != 0 && look(d) == AS_WANTED) {
        rc = 0; /* it died, or failed, when all was done */
    }
    d->written = rc == 0;
    if (rc == 0) {
        return 0;
    }
    if (rc == ESTALE) {
        return say_changed(d, err);
    }
    errno = rc;
    return exo_err_set(err, status_of(exo_error_from_errno(rc)),
                       "cannot write %s: %s; it is left as it is; %s%srun "
                       "it again",
                       exo_buf_shown(&d->path), exo_later_why(rc),
                       rc == ECHILD ? "" : exo_errno_remedy(rc, "correct that"),
                       rc == ECHILD ? "" : ", and ");
}
