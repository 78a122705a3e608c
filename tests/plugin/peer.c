/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peer of the plugin tests (harness.h): a thread at the other end of a
 * socket that keeps what it was asked, and answers, hangs or hangs up as the
 * test says. It stands in for the broker.
 */
#include "config.h"

#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exoauth/buf.h"
#include "../lib/whole.h"

struct peer {
    int listener;
    int stop[2];
    enum peer_mode mode;
    char *reply;
    struct exo_buf heard;
    int connections;
    pthread_t thread;
};

static void hear(struct peer *peer, int fd)
{
    size_t begin = peer->heard.len;

    for (;;) {
        char *to = exo_buf_reserve(&peer->heard, 512);
        ssize_t n = to != NULL ? read(fd, to, 512) : -1;

        if (n <= 0)
            return;
        peer->heard.len += (size_t)n;
        to[n] = '\0';
        if (strstr(peer->heard.data + begin, "\n\n") != NULL)
            return;
    }
}

static void peer_serve(struct peer *peer, int fd)
{
    peer->connections++;
    if (peer->mode != PEER_CLOSE)
        hear(peer, fd);
    if (peer->mode == PEER_REPLY)
        (void)send(fd, peer->reply, strlen(peer->reply), MSG_NOSIGNAL);
    if (peer->mode == PEER_HANG) {
        struct pollfd stop = { peer->stop[0], POLLIN, 0 };

        (void)poll(&stop, 1, -1);
    }
    close(fd);
}

/* What came before the stop is served, even if nobody waits for it. */
static void *peer_run(void *arg)
{
    struct peer *peer = arg;
    struct pollfd fds[2] = { { peer->listener, POLLIN, 0 },
                             { peer->stop[0], POLLIN, 0 } };

    do {
        int fd;

        (void)poll(fds, 2, -1);
        while ((fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
            peer_serve(peer, fd);
    } while (fds[1].revents == 0);
    return NULL;
}

struct peer *peer_start(const char *path, enum peer_mode mode,
                        const char *reply)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    assert_true(strlen(path) < sizeof addr.sun_path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    exo_buf_init(&peer->heard, 1 << 20);
    peer->mode = mode;
    peer->reply = strdup(reply != NULL ? reply : "");
    peer->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(
        bind(peer->listener, (const struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(listen(peer->listener, 128), 0);
    assert_int_equal(pipe2(peer->stop, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
    return peer;
}

char *peer_stop(struct peer *peer, int *connections)
{
    char *heard;

    assert_int_equal(write(peer->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    if (connections != NULL)
        *connections = peer->connections;
    close(peer->listener);
    close(peer->stop[0]);
    close(peer->stop[1]);
    heard = strdup(whole_text(&peer->heard));
    assert_non_null(heard);
    exo_buf_free(&peer->heard);
    free(peer->reply);
    free(peer);
    return heard;
}

char *refusal_text(const char *status, const char *message)
{
    char *text = NULL;

    assert_true(asprintf(&text, "exoauth: 1\nstatus: %s\nmessage: %s\n\n",
                         status, message) > 0);
    return text;
}

struct peer *broker(enum peer_mode mode, const char *reply)
{
    char lines[256];
    /* Who answers is given time, as the machine may be busy. */
    int timeout = mode == PEER_HANG ? 1 : 30;

    snprintf(lines, sizeof lines, "socket: %s\ntimeout: %d\n",
             world_path("socket"), timeout);
    world_conf(lines);
    return peer_start(world_path("socket"), mode, reply);
}

char *ok_text(const struct token_spec *spec)
{
    return token_text(spec, "exoauth: 1\nstatus: ok\n");
}
