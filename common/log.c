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
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "exoauth/file.h"

enum sink { SINK_STDERR, SINK_SYSLOG, SINK_FILE };

static struct {
    enum sink sink;
    enum exo_log_level level;
    int fd; /* SINK_FILE */
} state = { SINK_STDERR, EXO_LOG_NOTICE, -1 };

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

int exo_log_open(const char *dest, enum exo_log_level level)
{
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
    state.fd = open(dest,
                    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
                        O_CLOEXEC | O_NOCTTY,
                    0640);
    if (state.fd < 0) {
        return errno == ELOOP ? EXO_E_UNSAFE : exo_error_from_errno(errno);
    }
    state.sink = SINK_FILE;
    return EXO_OK;
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
