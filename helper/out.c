/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a command, on stdout, and a line for people, on stderr. Called
 * by the commands; nothing is kept and nothing is to be freed. stdout is
 * checked to the last byte, as a script that reads it would take a part for
 * the whole: a full disk or a closed pipe is an error of the command. No
 * failure of stderr is one.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "cmd.h"

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
        return exo_err_set(err, EXO_STATUS_STORE,
                           "cannot write to standard output: %m; see what "
                           "reads it");
    }
    return 0;
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
