/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server on 127.0.0.1 and a port of the kernel's choice, in a thread of
 * its own, that reads one request per connection, keeps it, and does what
 * the test wants: answer, flood, hang, break off, or be a proxy.
 */
#ifndef EXOAUTH_TESTS_HTTP_SERVER_H
#define EXOAUTH_TESTS_HTTP_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum http_mode {
    HTTP_ANSWER,        /* send reply and close */
    HTTP_HANG,          /* send reply, then nothing until the client goes */
    HTTP_DRIP,          /* send reply, then a byte now and then */
    HTTP_FLOOD,         /* send reply, then 64 MB of spaces */
    HTTP_FLOOD_CHUNKED, /* the same in chunks */
    HTTP_FLOOD_HEADERS, /* send reply, then 64 MB of header lines */
    HTTP_PROXY          /* send tunnel; if that is a 200, be one */
};

struct http_server {
    enum http_mode mode;
    const char *reply;      /* bytes of the answer, up to its NUL */
    const char *tunnel;     /* HTTP_PROXY: the answer to CONNECT */
    void (*asked)(void);    /* the request is there; NULL: nothing */
    void (*answered)(void); /* the reply was sent */
    int to; /* HTTP_PROXY: the port where a tunnel ends; 0: it is cut */
    int port;
    /* To be read after http_server_stop() only. */
    int connections;
    size_t sent;
    char first[8192];  /* the request, headers and body */
    char second[8192]; /* HTTP_PROXY: what came first in the tunnel */
    /* Its own. */
    int fd;
    int stop[2];
    pthread_t thread;
};

/* False, with a message, if it cannot be started. */
bool http_server_start(struct http_server *server, enum http_mode mode,
                       const char *reply);
void http_server_stop(struct http_server *server);

#endif
