/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_server.h.
 */
#include "config.h"

#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD_BYTES ((size_t)64 * 1024 * 1024)

/* False when the peer is gone; that is no error here. */
static bool send_all(struct http_server *server, int fd, const char *data,
                     size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        server->sent += (size_t)n;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_text(struct http_server *server, int fd, const char *text)
{
    return send_all(server, fd, text, strlen(text));
}

/* Is the request in buffer whole: headers, and Content-Length bytes? */
static bool whole(const char *buffer, size_t len)
{
    const char *end = strstr(buffer, "\r\n\r\n");
    const char *length = strcasestr(buffer, "\r\nContent-Length:");
    size_t body = 0;

    if (end == NULL)
        return false;
    if (length != NULL && length < end)
        body = strtoul(length + 17, NULL, 10);
    return len >= (size_t)(end + 4 - buffer) + body;
}

static bool read_request(int fd, char *buffer, size_t size)
{
    size_t len = 0;

    buffer[0] = '\0';
    while (!whole(buffer, len)) {
        ssize_t n = recv(fd, buffer + len, size - 1 - len, 0);

        if (n <= 0)
            return false;
        len += (size_t)n;
        buffer[len] = '\0';
    }
    return true;
}

static void flood(struct http_server *server, int fd)
{
    static char page[65536];
    size_t done;

    memset(page, ' ', sizeof(page));
    if (server->mode == HTTP_FLOOD_HEADERS)
        memcpy(page, "X: ", 3);
    for (done = 0; done < FLOOD_BYTES; done += sizeof(page)) {
        size_t line;

        if (server->mode == HTTP_FLOOD_CHUNKED &&
            !send_text(server, fd, "10000\r\n"))
            return;
        for (line = 0;
             server->mode == HTTP_FLOOD_HEADERS && line < sizeof(page) / 1024;
             line++)
            if (!send_all(server, fd, page, 1000) ||
                !send_text(server, fd, "\r\n"))
                return;
        if (server->mode != HTTP_FLOOD_HEADERS &&
            !send_all(server, fd, page, sizeof(page)))
            return;
        if (server->mode == HTTP_FLOOD_CHUNKED &&
            !send_text(server, fd, "\r\n"))
            return;
    }
}

/* Until the client or the test has enough. */
static void linger(struct http_server *server, int fd)
{
    for (;;) {
        struct pollfd ends[2] = { { fd, POLLIN, 0 },
                                  { server->stop[0], POLLIN, 0 } };
        char byte;

        if (poll(ends, 2, server->mode == HTTP_DRIP ? 20 : -1) != 0) {
            if (ends[1].revents != 0 || recv(fd, &byte, 1, 0) <= 0)
                return;
        } else if (!send_text(server, fd, " ")) {
            return;
        }
    }
}

/* What came, on to the other end; false at its end. */
static bool pass_on(struct http_server *server, int from, int to)
{
    char data[8192];
    ssize_t n = recv(from, data, sizeof(data), 0);

    return n > 0 && send_all(server, to, data, (size_t)n);
}

static void be_tunnel(struct http_server *server, int fd)
{
    struct sockaddr_in end = { .sin_family = AF_INET,
                               .sin_port = htons((uint16_t)server->to) };
    ssize_t n = recv(fd, server->second, sizeof(server->second) - 1, 0);
    int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    end.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (n > 0 && server->to != 0 && far >= 0 &&
        connect(far, (struct sockaddr *)&end, sizeof(end)) == 0 &&
        send_all(server, far, server->second, (size_t)n)) {
        struct pollfd ends[2] = { { fd, POLLIN, 0 }, { far, POLLIN, 0 } };

        while (poll(ends, 2, -1) > 0 &&
               (ends[0].revents == 0 || pass_on(server, fd, far)) &&
               (ends[1].revents == 0 || pass_on(server, far, fd))) {
        }
    }
    if (far >= 0)
        close(far);
}

static void serve(struct http_server *server, int fd)
{
    if (!read_request(fd, server->first, sizeof(server->first)))
        return;
    if (server->mode == HTTP_PROXY) {
        if (send_text(server, fd, server->tunnel) &&
            strstr(server->tunnel, " 200 ") != NULL)
            be_tunnel(server, fd);
        return;
    }
    if (server->asked != NULL)
        server->asked();
    if (!send_text(server, fd, server->reply))
        return;
    if (server->answered != NULL)
        server->answered();
    if (server->mode == HTTP_HANG || server->mode == HTTP_DRIP)
        linger(server, fd);
    else if (server->mode != HTTP_ANSWER)
        flood(server, fd);
}

static void *run(void *context)
{
    struct http_server *server = context;

    for (;;) {
        struct pollfd ends[2] = { { server->fd, POLLIN, 0 },
                                  { server->stop[0], POLLIN, 0 } };
        int fd;

        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (ends[1].revents != 0)
            return NULL;
        if (ends[0].revents == 0)
            continue;
        fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            continue;
        server->connections++;
        serve(server, fd);
        /* Not close() alone: unread bytes would make it a reset, and the
         * client might lose the answer. */
        (void)shutdown(fd, SHUT_WR);
        close(fd);
    }
}

bool http_server_start(struct http_server *server, enum http_mode mode,
                       const char *reply)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    memset(server, 0, sizeof(*server));
    server->mode = mode;
    server->reply = reply;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || pipe(server->stop) != 0 ||
        bind(server->fd, (struct sockaddr *)&address, len) != 0 ||
        listen(server->fd, 8) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&server->thread, NULL, run, server) != 0) {
        perror("# http server");
        return false;
    }
    server->port = ntohs(address.sin_port);
    return true;
}

void http_server_stop(struct http_server *server)
{
    (void)!write(server->stop[1], "x", 1);
    pthread_join(server->thread, NULL);
    close(server->fd);
    close(server->stop[0]);
    close(server->stop[1]);
}
