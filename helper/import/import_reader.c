/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the reader of another program's file (import.h, exoauth-import(5)):
 * which program it is, and how it ended; import_files.c has what it is given.
 * Called by import.c, as root where root runs the command. A reader may ask a
 * person something, so there is no time-out. What it writes is bounded, held
 * as a secret and wiped by the caller.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "exoauth/path.h"
#include "exoauth/process.h"
#include "import_reader.h"

#define PREFIX "import-"
#define NAME_MAX_LEN 64

/* ---- which program ----------------------------------------------------- */

static const char *reader_dir(void)
{
    const char *dir = secure_getenv("EXOAUTH_IMPORT_DIR");

    return dir && *dir == '/' ? dir : EXO_IMPORT_DIR;
}

static bool is_tool(const char *name)
{
    return name[0] != '\0' && strlen(name) <= NAME_MAX_LEN &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static int is_reader(const struct dirent *entry)
{
    return strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
           is_tool(entry->d_name + strlen(PREFIX));
}

/* --from is what lies in the directory of the readers. */
static int unknown(const char *tool, struct exo_err *err)
{
    struct exo_buf list = EXO_BUF_INIT(1024);
    struct dirent **entry = NULL;
    int n = scandir(reader_dir(), &entry, is_reader, alphasort);
    int saved = errno;
    int rc;

    for (int i = 0; i < n; i++) {
        exo_buf_fmt(&list, "%s%s", i > 0 ? ", " : "",
                    entry[i]->d_name + strlen(PREFIX));
        free(entry[i]);
    }
    free(entry);
    errno = saved;
    if (n <= 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "no reader in %s: %s; install exoauth as a whole",
                         reader_dir(),
                         n < 0 ? exo_errno_text(errno) : "it is empty");
    } else {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--from %s is unknown; use one of: %s", tool,
                         exo_buf_shown(&list));
    }
    exo_buf_free(&list);
    return rc;
}

static int find_reader(struct exo_reader *r, struct exo_err *err)
{
    const char *tool = r->in->request.from;
    const char *why, *path;
    struct stat st;
    int rc;

    exo_buf_fmt(&r->path, "%s/" PREFIX "%s", reader_dir(), tool);
    rc = exo_buf_done(&r->path, &path);
    if (rc != 0) {
        return rc;
    }
    if (!is_tool(tool) || (stat(path, &st) != 0 && errno == ENOENT)) {
        return unknown(tool, err);
    }
    rc = exo_path_judge(path, &why);
    if (rc == 0 && st.st_uid != 0 && st.st_uid != geteuid()) {
        why = "it is another user's; remove it";
        rc = EXO_E_UNSAFE;
    } else if (rc == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        why = "others can write it; take that right from them";
        rc = EXO_E_UNSAFE;
    }
    if (rc == EXO_E_UNSAFE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the reader %s cannot be used: %-s", path, why);
    }
    return exo_err_system(err, rc, "cannot look at %s", path) ? EXO_E_STATUS
                                                              : rc;
}

/* ---- its end ----------------------------------------------------------- */

/* The last of its lines says why; the others are for its author. */
static const char *last_line(struct exo_buf *said)
{
    char *nl;

    while (said->len > 0 && strchr(" \t\r\n", said->data[said->len - 1])) {
        said->data[--said->len] = '\0';
    }
    if (said->len == 0) {
        return NULL;
    }
    nl = strrchr(said->data, '\n');
    return nl ? nl + 1 : said->data;
}

static enum exo_status status_of(int code)
{
    switch (code) {
    case EX_USAGE:
    case EX_DATAERR:
        return EXO_STATUS_USAGE;
    case EX_TEMPFAIL:
        return EXO_STATUS_TRANSIENT;
    case EX_NOPERM:
        return EXO_STATUS_DENIED;
    default:
        return EXO_STATUS_MISCONFIGURED;
    }
}

/* What an interpreter says that could not even begin. */
static bool is_short(const char *said)
{
    static const char *const words[] = { "MemoryError", "annot allocate memory",
                                         "failed to map segment",
                                         "temporarily unavailable" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(said, words[i])) {
            return true;
        }
    }
    return false;
}

static int ended_badly(const struct exo_reader *r,
                       const struct exo_ended *ended, const char *said,
                       struct exo_err *err)
{
    const char *tool = r->in->request.from;
    bool agreed = ended->signal == 0 && ended->status >= EX__BASE &&
                  ended->status <= EX__MAX;

    if (agreed && said) {
        return exo_err_set(err, status_of(ended->status), "%s: %s",
                           r->in->shown, said);
    }
    if (!agreed && said && is_short(said)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the reader " PREFIX "%s has no room: %s; free "
                           "some memory, and try again",
                           tool, said);
    }
    return exo_err_set(
        err, agreed ? status_of(ended->status) : EXO_STATUS_MISCONFIGURED,
        "the reader " PREFIX "%s failed (%s %d)%s%s; run it by hand, see "
        "exoauth-import(5)",
        tool, ended->signal ? "signal" : "exit status",
        ended->signal ? ended->signal : ended->status, said ? ": " : "",
        said ? said : "");
}

static int judge(struct exo_reader *r, int rc, const struct exo_ended *ended,
                 struct exo_err *err)
{
    const char *tool = r->in->request.from;
    const char *said;

    if (exo_err_system(err, rc, "cannot run the reader " PREFIX "%s", tool)) {
        return EXO_E_STATUS;
    }
    if (rc == EXO_E_TOOBIG) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s: the reader " PREFIX "%s makes more than 1 MiB "
                           "of it; name the file of the program",
                           r->in->shown, tool);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot know how the reader " PREFIX "%s ended: "
                           "%s; try again",
                           tool, exo_strerror(rc));
    }
    said = last_line(&r->said);
    if (ended->signal == SIGKILL) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "the reader " PREFIX "%s was killed (signal %d); "
                           "see the kernel log for a shortage of memory",
                           tool, SIGKILL);
    }
    if (ended->signal == 0 && ended->status == 0) {
        return 0;
    }
    return ended_badly(r, ended, said, err);
}

/* Warnings of one that succeeded. */
static void tell(const struct exo_reader *r)
{
    char *line = r->said.len > 0 ? r->said.data : NULL;

    while (line) {
        char *nl = strchr(line, '\n');

        if (nl) {
            *nl = '\0';
        }
        if (*line != '\0') {
            exo_app_warn(r->in->app, "%s", line);
        }
        line = nl ? nl + 1 : NULL;
    }
}

static int run(struct exo_reader *r, struct exo_secret *text,
               struct exo_err *err)
{
    const char *const argv[] = { r->path.data, NULL };
    const struct rlimit none = { 0, 0 };
    struct exo_process process = EXO_PROCESS_INIT;
    struct exo_child child;
    struct exo_ended ended;
    int rc;

    process.argv = argv;
    process.env = r->env;
    process.dir = "/";
    process.user = r->becomes ? &r->user : NULL;
    process.out = &text->hidden;
    process.said = &r->said;
    process.asks = true;
    memcpy(process.fd, r->fd, sizeof(r->fd));
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot keep secrets out of core dumps: %m; allow "
                           "setrlimit(2) to this process");
    }
    rc = exo_process_start(&child, &process);
    if (rc == EXO_E_NOENT) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot run %s: what it is written in is not there; "
                           "install it (Debian: python3)",
                           argv[0]);
    }
    if (rc != 0 && rc != EXO_E_NOMEM && errno != EMFILE && errno != ENFILE &&
        errno != EAGAIN) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot run %s: %m; correct its mode or its first "
                           "line",
                           argv[0]);
    }
    if (rc == 0) {
        rc = exo_process_wait(&child, &ended);
    }
    rc = judge(r, rc, &ended, err);
    if (rc == 0) {
        tell(r);
    }
    return rc;
}

int exo_import_ask(const struct exo_import *in, struct exo_secret *text,
                   struct exo_err *err)
{
    struct exo_reader r;
    int rc;

    exo_reader_init(&r, in);
    rc = find_reader(&r, err);
    if (rc == 0) {
        rc = exo_reader_open(&r, err);
    }
    if (rc == 0) {
        rc = run(&r, text, err);
    }
    exo_reader_free(&r);
    return rc;
}
