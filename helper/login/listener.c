/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loopback listener of a login in the browser (listener.h), called by
 * browser.c while no lock is held. Written by hand because all it has to
 * understand is the first line of one GET; an HTTP library would understand
 * much more, for anybody on this host who connects.
 *
 * Bounded: a few connections of the person's, 24 KiB, five seconds from accept
 * to the end of the headers. Pages hold no secret, load nothing, and are not
 * kept by the browser. What was read holds the code and is wiped with the
 * request.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/pkce.h"
#include "exoauth/clock.h"
#include "helper/app/app.h"
#include "listener.h"
#include "loopback.h"

#define HEAD_MAX (EXO_REDIRECT_MAX + (size_t)8 * 1024)
#define HEAD_MS 5000
#define TICK_MS 1000
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

static void drop(struct exo_visit *r)
{
    if (r->fd >= 0) {
        (void)close(r->fd);
    }
    r->fd = -1;
    exo_secret_free(&r->head);
    r->target = NULL;
}

/* Those behind it move up. */
static void leave(struct exo_listener *l, size_t i)
{
    drop(&l->visits[i]);
    l->n--;
    memmove(&l->visits[i], &l->visits[i + 1],
            (l->n - i) * sizeof(l->visits[0]));
}

void exo_listener_close(struct exo_listener *l)
{
    for (size_t i = 0; i < 2; i++) {
        if (l->fd[i] >= 0) {
            (void)close(l->fd[i]);
        }
        l->fd[i] = -1;
    }
    while (l->n > 0) {
        leave(l, l->n - 1);
    }
}

int exo_listener_open(struct exo_listener *l, struct exo_err *err)
{
    memset(l, 0, sizeof(*l));
    l->fd[0] = l->fd[1] = -1;
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
    const char *head, *end, *blank;
    size_t len;

    if (exo_secret_reveal(&r->head, &head, &len) != 0) {
        return false;
    }
    end = strpbrk(head, "\r\n");
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

/* Before a byte counts: any user of this host can connect. */
static bool is_welcome(const struct exo_listener *l, int fd)
{
    uid_t uid;

    if (exo_loopback_uid(fd, &uid) != 0) {
        return false;
    }
    for (size_t i = 0; i < l->n_uids; i++) {
        if (l->uids[i] == uid) {
            return true;
        }
    }
    return false;
}

static void turn_away(struct exo_listener *l, int fd)
{
    struct exo_visit stranger = { .fd = fd };

    exo_buf_init(&stranger.head.hidden, HEAD_MAX);
    exo_visit_answer(&stranger, "403 Forbidden", "Another user",
                     "This login belongs to another user of this host. Use "
                     "exoauth login --paste for a browser elsewhere.");
    if (!l->refused) {
        exo_say("refused a connection of another user or from elsewhere; if it "
                "was your browser, use --paste");
    }
    l->refused = true;
}

static void accept_from(struct exo_listener *l, int fd)
{
    int new = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct exo_visit *r;

    if (new < 0) {
        return;
    }
    if (!is_welcome(l, new)) {
        turn_away(l, new);
        return;
    }
    if (l->n == EXO_LISTENER_MOST) {
        leave(l, 0);
    }
    r = &l->visits[l->n++];
    memset(r, 0, sizeof(*r));
    r->fd = new;
    r->until_ms = exo_clock_ms() + HEAD_MS;
    exo_buf_init(&r->head.hidden, HEAD_MAX);
}

/* Reads from whoever sent something; true: r is a request. */
static bool attend(struct exo_listener *l, const struct pollfd *p,
                   struct exo_visit *r)
{
    int64_t now = exo_clock_ms();

    for (size_t i = l->n; i-- > 0;) {
        struct exo_visit *one = &l->visits[i];

        if (p[i].revents != 0 && take(one)) {
            *r = *one;
            l->n--;
            memmove(one, one + 1, (l->n - i) * sizeof(*one));
            return true;
        }
        if (one->fd < 0 || now >= one->until_ms) {
            leave(l, i);
        }
    }
    return false;
}

int exo_listener_next(struct exo_listener *l, int64_t deadline_ms,
                      struct exo_visit *r)
{
    memset(r, 0, sizeof(*r));
    r->fd = -1;
    exo_buf_init(&r->head.hidden, HEAD_MAX);
    for (;;) {
        struct pollfd p[EXO_LISTENER_MOST + 2] = { { l->fd[0], POLLIN, 0 },
                                                   { l->fd[1], POLLIN, 0 } };
        int64_t left = deadline_ms - exo_clock_ms();

        if (left <= 0) {
            return EXO_E_TIMEOUT;
        }
        if (left > TICK_MS) {
            left = TICK_MS;
        }
        for (size_t i = 0; i < l->n; i++) {
            p[i + 2] = (struct pollfd){ l->visits[i].fd, POLLIN, 0 };
        }
        if (poll(p, l->n + 2, (int)left) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return EXO_E_IO;
        }
        if (attend(l, p + 2, r)) {
            return 0;
        }
        for (size_t i = 0; i < 2; i++) {
            if (p[i].revents != 0) {
                accept_from(l, l->fd[i]);
            }
        }
    }
}
