/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a mail server, and whole commands to it (stream.h). Called by the
 * protocols; the stream belongs to its struct exo_mail.
 *
 * A failure is EXO_STATUS_TRANSIENT, because a line that breaks says nothing
 * about the account, except for a line that never ends: then it is no mail
 * server that answers.
 */
#include "config.h"

#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "exoauth/clock.h"

static int late(const struct exo_stream *s, struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s port %u: the time for %s is over; check host and "
                       "port, or wait longer with --timeout",
                       s->host, s->port, s->step);
}

static int dropped(const struct exo_stream *s, const char *why,
                   struct exo_err *err)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s port %u: the connection ended before %s%s%s; try "
                       "again later, and see the log of the server",
                       s->host, s->port, s->step, why ? ": " : "",
                       why ? why : "");
}

/* More of what the server says, behind what is there. */
static int fill(struct exo_stream *s, int64_t deadline, struct exo_err *err)
{
    ssize_t n;

    if (s->at > 0) {
        memmove(s->in, s->in + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;
    }
    if (s->end == EXO_STREAM_LINE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s port %u: a line of more than %zu KiB; this is "
                           "no mail server, so check host and port",
                           s->host, s->port, EXO_STREAM_LINE / 1024);
    }
    for (;;) {
        short events = 0;

        /* Who always has something more must not outlast it, either. */
        if (exo_clock_ms() >= deadline) {
            return late(s, err);
        }
        n = exo_stream_get(s, s->in + s->end, EXO_STREAM_LINE - s->end,
                           &events);
        if (n > 0) {
            s->end += (size_t)n;
            return 0;
        }
        if (n != EXO_STREAM_AGAIN) {
            return dropped(s, n == 0 ? NULL : exo_errno_text(errno), err);
        }
        if (exo_stream_wait(s->fd, events, deadline) != 0) {
            return late(s, err);
        }
    }
}

int exo_stream_line(struct exo_stream *s, char **line, size_t *len,
                    int64_t deadline, struct exo_err *err)
{
    size_t seen = 0;
    char *end;
    size_t n;

    *line = NULL;
    *len = 0;
    while (!(end = memchr(s->in + s->at + seen, '\n', s->end - s->at - seen))) {
        int rc;

        seen = s->end - s->at;
        rc = fill(s, deadline, err);
        if (rc != 0) {
            return rc;
        }
    }
    n = (size_t)(end - (s->in + s->at));
    *line = s->in + s->at;
    s->at += n + 1;
    if (n > 0 && (*line)[n - 1] == '\r') {
        n--;
    }
    (*line)[n] = '\0';
    for (char *p = *line; (p = memchr(p, '\0', n - (size_t)(p - *line)));) {
        *p = '?';
    }
    *len = n;
    return 0;
}

int exo_stream_some(struct exo_stream *s, char **data, size_t *len, size_t max,
                    int64_t deadline, struct exo_err *err)
{
    *data = NULL;
    *len = 0;
    if (s->at == s->end) {
        int rc = fill(s, deadline, err);

        if (rc != 0) {
            return rc;
        }
    }
    *data = s->in + s->at;
    *len = s->end - s->at < max ? s->end - s->at : max;
    s->at += *len;
    return 0;
}

bool exo_stream_ahead(struct exo_stream *s, const char *word)
{
    size_t len = strlen(word);
    short events = 0;
    ssize_t n = 0;

    if (s->at == s->end) {
        s->at = s->end = 0;
    }
    if (s->end < EXO_STREAM_LINE) {
        n = exo_stream_get(s, s->in + s->end, EXO_STREAM_LINE - s->end,
                           &events);
    }
    if (n > 0) {
        s->end += (size_t)n;
    }
    if (len == 0) {
        return s->at != s->end;
    }
    for (size_t at = s->at; at + len < s->end; at++) {
        if (s->in[at + len] == ' ' && memcmp(s->in + at, word, len) == 0 &&
            (at == s->at || s->in[at - 1] == '\n')) {
            return true;
        }
    }
    return false;
}

int exo_stream_send(struct exo_stream *s, const char *data, size_t len,
                    int64_t deadline, struct exo_err *err)
{
    while (len > 0) {
        short events = 0;
        ssize_t n = exo_stream_put(s, data, len, &events);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n != EXO_STREAM_AGAIN) {
            return dropped(s, exo_errno_text(errno), err);
        } else if (exo_stream_wait(s->fd, events, deadline) != 0) {
            return late(s, err);
        }
    }
    return 0;
}
