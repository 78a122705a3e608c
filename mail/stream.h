/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to a mail server: bytes, before and after TLS, and lines. Every
 * call that waits has a deadline of exo_clock_ms(). The descriptor does not
 * block.
 */
#ifndef EXOAUTH_MAIL_STREAM_H
#define EXOAUTH_MAIL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/clock.h"
#include "exoauth/error.h"

/* Servers answer with 12 KB lines; with five times as much something is
 * wrong. */
#define EXO_STREAM_LINE ((size_t)64 * 1024)

struct ssl_st;
struct ssl_ctx_st;

struct exo_stream {
    const char *host; /* borrowed: for the certificate and for messages */
    unsigned port;
    const char *step; /* "its greeting": what is awaited, for messages */
    int fd;           /* -1: not connected */
    struct ssl_ctx_st *ctx;
    struct ssl_st *ssl; /* NULL: no TLS yet */
    size_t at, end;     /* in[at..end) came and was not read */
    char in[EXO_STREAM_LINE + 1];
};

/* dial.c: every address of the host, until one answers. */
int exo_stream_dial(struct exo_stream *s, int64_t deadline,
                    struct exo_err *err) EXO_MUST_CHECK;

/* tls.c: the certificate is verified against host. ca_pem may be NULL. */
int exo_stream_tls(struct exo_stream *s, const char *ca_pem, size_t ca_len,
                   int64_t deadline, struct exo_err *err) EXO_MUST_CHECK;
/* "TLSv1.3"; static. */
const char *exo_stream_version(const struct exo_stream *s);
/* Says goodbye first, if TLS was there. */
void exo_stream_close(struct exo_stream *s);

/*
 * What can be had or sent now: bytes, 0 at the end of what the server sends,
 * EXO_STREAM_AGAIN (poll for *events first), EXO_STREAM_FAILED with errno.
 */
enum { EXO_STREAM_AGAIN = -1, EXO_STREAM_FAILED = -2 };
ssize_t exo_stream_get(struct exo_stream *s, void *data, size_t len,
                       short *events);
ssize_t exo_stream_put(struct exo_stream *s, const void *data, size_t len,
                       short *events);

/*
 * stream.c: the next line, without CRLF, NUL-terminated; a NUL in it is '?'.
 * It is the stream's, valid until the next call.
 */
int exo_stream_line(struct exo_stream *s, char **line, size_t *len,
                    int64_t deadline, struct exo_err *err) EXO_MUST_CHECK;
/* Up to max of what came, at least one byte; for IMAP's literals. */
int exo_stream_some(struct exo_stream *s, char **data, size_t *len, size_t max,
                    int64_t deadline, struct exo_err *err) EXO_MUST_CHECK;
/* Is there something to read already, a line with this first word (""
 * whatever line)? Does not wait; an error shows at the next call. */
bool exo_stream_ahead(struct exo_stream *s, const char *word);
int exo_stream_send(struct exo_stream *s, const char *data, size_t len,
                    int64_t deadline, struct exo_err *err) EXO_MUST_CHECK;
/* EXO_E_TIMEOUT or 0. */
int exo_stream_wait(int fd, short events, int64_t deadline) EXO_MUST_CHECK;

#endif
