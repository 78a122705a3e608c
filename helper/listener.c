/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loopback listener of a login in the browser (listener.h), called by
 * browser.c while no lock is held. Written by hand because all it has to
 * understand is the first line of one GET; an HTTP library would understand
 * much more, for anybody on this host who connects.
 *
 * Bounded: one connection at a time, 24 KiB, five seconds from accept to the
 * end of the headers. Pages hold no secret, load nothing, and are not kept by
 * the browser. What was read holds the code and is wiped with the request.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/pkce.h"
#include "exoauth/proto.h"
#include "listener.h"

#define HEAD_MAX (EXO_REDIRECT_MAX + (size_t)8 * 1024)
#define HEAD_MS 5000
#define PORT_TRIES 16 /* a port free for one address may be taken for other */

static int listen_on(int family, unsigned port)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons((uint16_t)port),
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    const void *address = family == AF_INET ? (const void *)&in4 : &in6;
    socklen_t len = family == AF_INET ? sizeof(in4) : sizeof(in6);
    const int on = 1;
    int saved;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if ((family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
        bind(fd, address, len) != 0 || listen(fd, 8) != 0) {
        saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);

    memset(&at, 0, sizeof(at));
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        return 0;
    }
    /* The port stands at the same place in both kinds. */
    return ntohs(((const struct sockaddr_in *)(const void *)&at)->sin_port);
}

int exo_listener_open(struct exo_listener *l, struct exo_err *err)
{
    l->fd[0] = l->fd[1] = -1;
    l->port = 0;
    for (int i = 0; i < PORT_TRIES; i++) {
        l->fd[0] = listen_on(AF_INET, 0);
        l->port = l->fd[0] >= 0 ? port_of(l->fd[0]) : 0;
        l->fd[1] = listen_on(AF_INET6, l->port);
        if (l->fd[1] >= 0 && l->port == 0) {
            l->port = port_of(l->fd[1]);
        }
        /* A host without IPv6 (or IPv4) is fine; a stranger on the same
         * port is not, the browser might go to him. */
        if (l->port != 0 && (l->fd[1] >= 0 || errno != EADDRINUSE)) {
            return 0;
        }
        exo_listener_close(l);
    }
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "cannot listen on 127.0.0.1 or [::1]: %m; use "
                       "--paste or --device");
}

void exo_listener_close(struct exo_listener *l)
{
    for (size_t i = 0; i < 2; i++) {
        if (l->fd[i] >= 0) {
            (void)close(l->fd[i]);
        }
        l->fd[i] = -1;
    }
}

static void drop(struct exo_visit *r)
{
    if (r->fd >= 0) {
        (void)close(r->fd);
    }
    r->fd = -1;
    exo_secret_free(&r->head);
    r->target = NULL;
}

void exo_visit_answer(struct exo_visit *r, const char *status,
                      const char *title, const char *text)
{
    struct exo_buf page = EXO_BUF_INIT(4096);
    struct exo_buf out = EXO_BUF_INIT(8192);
    const char *answer;

    exo_buf_fmt(&page,
                "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                "<meta charset=\"utf-8\"><title>exoauth: %s</title>"
                "<style>body{font:18px/1.5 sans-serif;max-width:34em;"
                "margin:15vh auto;padding:0 1em}</style></head>\n"
                "<body><h1>%s</h1><p>%s</p></body></html>\n",
                title, title, text);
    exo_buf_fmt(&out,
                "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
                "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                "Content-Security-Policy: default-src 'none'; style-src "
                "'unsafe-inline'\r\nReferrer-Policy: no-referrer\r\n"
                "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
                status, page.len);
    exo_buf_join(&out, &page);
    /* All of it fits into an empty socket; who went away needs no page. */
    if (exo_buf_done(&out, &answer) == 0) {
        (void)!send(r->fd, answer, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    exo_buf_free(&page);
    exo_buf_free(&out);
    drop(r);
}

/* The head is whole: is it what a provider makes a browser ask for? */
static bool understand(struct exo_visit *r)
{
    const char *head = exo_secret_reveal(&r->head);
    const char *end = strpbrk(head, "\r\n");
    const char *blank;

    if (strncmp(head, "GET ", 4) != 0 || !end) {
        return false;
    }
    r->target = head + 4;
    blank = memchr(r->target, ' ', (size_t)(end - r->target));
    if (!blank || strncmp(blank, " HTTP/1.", 8) != 0 || end - blank != 9) {
        r->target = NULL;
        return false;
    }
    r->target_len = (size_t)(blank - r->target);
    return strncmp(r->target, "/?", 2) == 0;
}

/* True: r is a request for the caller. */
static bool take(struct exo_visit *r)
{
    char *room = exo_buf_reserve(&r->head.hidden, 2048);
    ssize_t n = room ? recv(r->fd, room, 2048, 0) : -1;

    if (room && n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n <= 0) {
        drop(r);
        return false;
    }
    r->head.hidden.len += (size_t)n;
    r->head.hidden.data[r->head.hidden.len] = '\0';
    if (memchr(room, '\0', (size_t)n)) {
        exo_visit_answer(r, "400 Bad Request", "Bad request",
                         "That is not HTTP.");
        return false;
    }
    if (!strstr(r->head.hidden.data, "\r\n\r\n") &&
        !strstr(r->head.hidden.data, "\n\n")) {
        return false;
    }
    if (understand(r)) {
        return true;
    }
    exo_visit_answer(r, r->target ? "404 Not Found" : "400 Bad Request",
                     "Nothing here",
                     "Only the answer of a login is expected here.");
    return false;
}

static void accept_from(int fd, struct exo_visit *r)
{
    int new = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (new >= 0) {
        drop(r);
        r->fd = new;
        r->until_ms = exo_clock_ms() + HEAD_MS;
        exo_buf_init(&r->head.hidden, HEAD_MAX);
    }
}

int exo_listener_next(struct exo_listener *l, int64_t deadline_ms,
                      struct exo_visit *r)
{
    memset(r, 0, sizeof(*r));
    r->fd = -1;
    exo_buf_init(&r->head.hidden, HEAD_MAX);
    for (;;) {
        bool busy = r->fd >= 0 && !exo_secret_empty(&r->head);
        struct pollfd p[3] = { { busy ? -1 : l->fd[0], POLLIN, 0 },
                               { busy ? -1 : l->fd[1], POLLIN, 0 },
                               { r->fd, POLLIN, 0 } };
        int64_t now = exo_clock_ms();
        int64_t until =
            r->fd >= 0 && r->until_ms < deadline_ms ? r->until_ms : deadline_ms;

        if (now >= deadline_ms) {
            drop(r);
            return EXO_E_TIMEOUT;
        }
        if (now >= until) {
            drop(r);
            continue;
        }
        if (poll(p, 3, (int)(until - now < 60000 ? until - now : 60000)) < 0) {
            if (errno == EINTR) {
                continue;
            }
            drop(r);
            return EXO_E_IO;
        }
        if (p[2].revents != 0) {
            if (take(r)) {
                return 0;
            }
        } else if (p[0].revents != 0 || p[1].revents != 0) {
            accept_from(p[0].revents != 0 ? l->fd[0] : l->fd[1], r);
        }
    }
}
