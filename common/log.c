/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of the exoauth program (exoauth/log.h).
 *
 * Called by helper/ and the rooms behind it; the plugin never does, because
 * a host program's syslog connection and stderr belong to the host. There is
 * one sink per process, so the state is static; exo_log_close() lets go of
 * it. A line that cannot be written is dropped: logging must not make the
 * work fail that it reports.
 */
#include "config.h"

#include "exoauth/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/temp.h"

enum sink { SINK_STDERR, SINK_SYSLOG, SINK_FILE };

static struct {
    enum sink sink;
    enum exo_log_level level;
    int fd;      /* SINK_FILE */
    bool theirs; /* where it is, it was chosen by who has it already */
} state = { SINK_STDERR, EXO_LOG_NOTICE, -1, false };

/* In the order of enum exo_log_level. */
static const struct {
    const char *name;
    int priority;
} levels[] = {
    { "error", LOG_ERR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
    { "info", LOG_INFO }, { "debug", LOG_DEBUG },
};

bool exo_log_level_parse(const char *name, enum exo_log_level *level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            *level = (enum exo_log_level)i;
            return true;
        }
    }
    return false;
}

const char *exo_log_level_word(enum exo_log_level level)
{
    return levels[level].name;
}

/* A file with one name, and of nobody else: what root hands over, or writes to,
 * must be a log and nothing more. */
static const char *refuse(const struct stat *st, uid_t uid)
{
    if (!S_ISREG(st->st_mode)) {
        return "it is not a regular file; log to a file, syslog or stderr";
    }
    if (st->st_nlink > 1) {
        return "it has more than one hard link; remove it";
    }
    if (st->st_uid != 0 && st->st_uid != uid) {
        return "it belongs to another user; remove it";
    }
    return NULL;
}

/* Does what is there begin as a line of ours does? Not, where log names a file
 * by mistake: a line at its end would be the end of a secret or a key. */
static bool is_log(const struct exo_path *path)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ exoauth[";
    char text[sizeof(form)];

    exo_file_peek(path->dir, path->name, text, sizeof(text));
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9'
                           : text[i] != form[i]) {
            return false;
        }
    }
    return true;
}

static int refused(struct exo_path *path, const char *why)
{
    exo_text_fmt(path->why, sizeof path->why, "%-s", why);
    errno = EPERM;
    return EXO_E_UNSAFE;
}

/* What is there already. To open a device may be to act on it. */
static int find(struct exo_path *path, const struct exo_path_rule *rule,
                const char *file)
{
    int rc = exo_path_entry(path, rule, file, 0, 0);
    const char *why =
        rc == EXO_OK && path->found ? refuse(&path->st, rule->uid) : NULL;

    if (rc == EXO_OK && path->found && why == NULL && !is_log(path)) {
        why = "it is another file than a log of exoauth; name a new one";
    }
    return why == NULL ? rc : refused(path, why);
}

static int open_in(struct exo_path *path, const struct exo_path_rule *rule,
                   int *fd)
{
    const char *why = NULL;
    struct stat st;
    int saved;

    if (path->theirs && rule->become != NULL) {
        rule->become(rule->context, true);
    }
    *fd = openat(path->dir, path->name,
                 O_WRONLY | O_APPEND | (path->found ? 0 : O_CREAT) |
                     O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
                 0640);
    saved = errno;
    /* Who made the directory may have said who reads what is made in it. */
    if (*fd >= 0 && !path->found) {
        (void)fremovexattr(*fd, EXO_TEMP_LIST);
    }
    if (path->theirs && rule->become != NULL) {
        rule->become(rule->context, false);
    }
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        why = exo_errno_text(saved);
    } else if ((why = refuse(&st, rule->uid)) == NULL) {
        return EXO_OK;
    }
    (void)refused(path, why);
    errno = *fd >= 0 ? EPERM : saved;
    return *fd >= 0 || saved == ELOOP ? EXO_E_UNSAFE
                                      : exo_error_from_errno(saved);
}

int exo_log_judge(const char *file, const struct exo_path_rule *rule,
                  struct exo_path *path)
{
    int rc = find(path, rule, file);

    exo_path_close(path);
    return rc;
}

int exo_log_open_file(const char *file, enum exo_log_level level,
                      const struct exo_path_rule *rule, struct exo_path *path)
{
    int fd = -1;
    int rc, saved;

    exo_log_close();
    state.level = level;
    rc = find(path, rule, file);
    if (rc == EXO_OK) {
        rc = open_in(path, rule, &fd);
    }
    saved = errno;
    if (rc == EXO_OK) {
        state.fd = fd;
        state.sink = SINK_FILE;
        state.theirs = path->theirs;
    } else if (fd >= 0) {
        (void)close(fd);
    }
    exo_path_close(path);
    errno = saved;
    return rc;
}

bool exo_log_is_kept(void)
{
    return state.sink != SINK_STDERR;
}

int exo_log_open(const char *dest, enum exo_log_level level)
{
    struct exo_path_rule rule;
    struct exo_path path;

    exo_log_close();
    state.level = level;
    if (strcmp(dest, "stderr") == 0) {
        return EXO_OK;
    }
    if (strcmp(dest, "syslog") == 0) {
        openlog("exoauth", LOG_PID, LOG_MAIL);
        state.sink = SINK_SYSLOG;
        return EXO_OK;
    }
    exo_path_rule_self(&rule);
    return exo_log_open_file(dest, level, &rule, &path);
}

int exo_log_give(uid_t uid, gid_t gid)
{
    struct stat st;

    if (state.sink != SINK_FILE || state.theirs) {
        return 0;
    }
    if (fstat(state.fd, &st) != 0) {
        return -1;
    }
    if (st.st_uid == 0 && uid != 0 && st.st_size > 0) {
        errno = ENOTEMPTY;
        return -1;
    }
    return fchown(state.fd, uid, gid);
}

void exo_log_close(void)
{
    if (state.sink == SINK_SYSLOG) {
        closelog();
    }
    if (state.fd >= 0) {
        (void)close(state.fd);
    }
    state.sink = SINK_STDERR;
    state.fd = -1;
}

/* One write for a line, so that lines of several processes do not mix. */
static void write_line(enum exo_log_level level, const char *text)
{
    struct exo_buf line = EXO_BUF_INIT(2048);
    struct tm tm;
    char when[32] = "";
    time_t now = time(NULL);
    int fd = state.sink == SINK_FILE ? state.fd : STDERR_FILENO;

    if (state.sink == SINK_FILE) {
        if (gmtime_r(&now, &tm) != NULL) {
            (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ ", &tm);
        }
        exo_buf_fmt(&line, "%sexoauth[%ld]: %s: %s\n", when, (long)getpid(),
                    levels[level].name, text);
    } else {
        exo_buf_fmt(&line, "exoauth: %s\n", text);
    }
    if (line.error == 0 && line.data != NULL &&
        exo_file_write_all(fd, line.data, line.len) != EXO_OK) {
        errno = 0; /* there is nowhere left to say so */
    }
    exo_buf_free(&line);
}

void exo_log(enum exo_log_level level, const char *fmt, ...)
{
    char text[1024];
    int saved = errno;
    va_list ap;

    if (level > state.level) {
        return;
    }
    va_start(ap, fmt);
    exo_text_set(text, sizeof text, fmt, ap);
    va_end(ap);
    if (state.sink == SINK_SYSLOG) {
        syslog(levels[level].priority, "%s", text);
    } else {
        write_line(level, text);
    }
    errno = saved;
}
