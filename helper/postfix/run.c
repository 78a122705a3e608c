/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a program of the host (run.h). Called by what reads and changes a
 * Postfix. No shell, a PATH and an environment of our own; everything else is
 * exoauth/process.h. The buffers are the caller's, and so is what
 * exo_run_find() returns; when exo_run() does, no child is left.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/process.h"
#include "run.h"

#define SYSTEM_PATH                                                 \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" \
    "/opt/postfix/sbin"

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           access(path, X_OK) == 0;
}

/* NULL: errno is ENOENT where there is none, else what kept it from being
 * looked for. */
static char *find_in(const char *list, const char *name)
{
    int saved = ENOENT;

    while (*list != '\0') {
        size_t len = strcspn(list, ":");
        struct exo_buf path = EXO_BUF_INIT(4096);

        /* A relative element would find what lies in the working directory. */
        if (len > 0 && list[0] == '/') {
            exo_buf_fmt(&path, "%.*s/%s", (int)len, list, name);
        }
        if (path.len > 0 && path.error == 0 && is_program(path.data)) {
            return path.data;
        }
        if (path.error == EXO_E_NOMEM || (path.len > 0 && errno == ENOMEM)) {
            saved = ENOMEM;
        }
        exo_buf_free(&path);
        list += len + (list[len] == ':' ? 1 : 0);
    }
    errno = saved;
    return NULL;
}

char *exo_run_find(const char *name)
{
    const char *path = getenv("PATH");
    char *found;

    errno = ENOENT;
    found = path ? find_in(path, name) : NULL;
    return found || errno != ENOENT ? found : find_in(SYSTEM_PATH, name);
}

/* What ld.so(8) says where memory or descriptors end; it exits with 127, as a
 * shell does for a program that is not there. */
static int judge(const struct exo_ended *ended, const struct exo_buf *said)
{
    static const struct {
        const char *text;
        int error;
    } ends[] = {
        { "failed to map segment", ENOMEM },
        { "annot allocate memory", ENOMEM },
        { "annot create shared object descriptor", ENOMEM },
        { ": Error 24", EMFILE },
        { "Too many open files", EMFILE },
    };

    if (ended->status != 127 || said == NULL || said->len == 0 ||
        !strstr(said->data, "error while loading shared libraries")) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strstr(said->data, ends[i].text)) {
            errno = ends[i].error;
            return EXO_E_IO;
        }
    }
    return 0;
}

int exo_run(const char *const *argv, int64_t timeout_ms, struct exo_buf *out,
            struct exo_buf *said, int *status)
{
    static char path[] = "PATH=" SYSTEM_PATH;
    static char locale[] = "LC_ALL=C";
    char *env[] = { path, locale, NULL };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_ended ended;
    int rc;

    process.argv = argv;
    process.env = env;
    process.out = out;
    process.said = said;
    process.timeout_ms = timeout_ms;
    rc = exo_process_run(&process, &ended);
    *status = ended.status;
    return rc == 0 ? judge(&ended, said) : rc;
}
