/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a command, on stdout, and a line for people, on stderr. Called
 * by the commands, and by main() as the last act of each; nothing is kept and
 * nothing is to be freed. stdout is checked to the last byte, as a script that
 * reads it would take a part for the whole: a full disk or a closed pipe is an
 * error of the command. Nothing else prints there (walls.sh). No failure of
 * stderr is one.
 */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "app.h"
#include "out.h"

static int unwritten(const char *so_far, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_STORE,
                       "%scannot write to standard output: %m; see what reads "
                       "it",
                       so_far);
}

int exo_out_buf(const struct exo_buf *text, struct exo_err *err)
{
    const char *data;
    int rc = exo_buf_done(text, &data);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot make the output: %s; free some memory, and "
                           "run it again",
                           exo_strerror(rc));
    }
    return exo_out(data, text->len, err);
}

int exo_out(const void *data, size_t len, struct exo_err *err)
{
    if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0) {
        return unwritten("", err);
    }
    return 0;
}

int exo_out_changed(bool changed, struct exo_err *err)
{
    if (fputs(changed ? "changed\n" : "unchanged\n", stdout) < 0 ||
        fflush(stdout) != 0) {
        return unwritten("all is done, but ", err);
    }
    return 0;
}

int exo_out_end(struct exo_err *err)
{
    int rc = 0;

    /* Some file systems say only at the end that there was no room. */
    if (fflush(stdout) != 0 || ferror(stdout) || close(STDOUT_FILENO) != 0) {
        rc = unwritten("all is done, but ", err);
    }
    /* So that no file which is opened from here on becomes stdout. */
    (void)!open("/dev/null", O_RDWR | O_CLOEXEC);
    return rc;
}

void exo_say(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    exo_text_set(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "exoauth: %s\n", text);
}
