/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A broker for the tests of ask, spawn and source: a thread behind a UNIX
 * socket, or a shell script, that keeps what it was asked and says what the
 * test told it to say.
 */
#ifndef EXOAUTH_TEST_BROKER_H
#define EXOAUTH_TEST_BROKER_H

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "exoauth/clock.h"
#include "exoauth/source.h"
#include "util.h"

#define V "exoauth: 1\n"
#define OK_FOR(serial, servers)                                           \
    V "status: ok\naccount: a@b.c\nservers: " servers "\nserial: " serial \
      "\nissued: 1\nrefresh_after: 2\nusable_until: 3\nexpires: 4\n"      \
      "token: t" serial "\n\n"
#define OK_REPLY(serial) OK_FOR(serial, "smtp.x")

enum how {
    HOW_REPLY, /* read the request, send reply, close */
    HOW_RUDE,  /* close without reading */
    HOW_HANG   /* read the request, then wait for the other end to go */
};

struct broker {
    int fd;
    enum how how;
    const char *reply;
    int max; /* connections to take */
    int taken;
    char asked[4096]; /* the last request */
    pthread_t thread;
    bool running;
};

static inline int broker_listen(const char *path, int backlog)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static inline void broker_serve(struct broker *broker, int fd)
{
    size_t len = 0;
    ssize_t n;

    if (broker->how != HOW_RUDE) {
        /* Both the empty line and the end of file must come. */
        while (len < sizeof broker->asked - 1 &&
               (n = read(fd, broker->asked + len,
                         sizeof broker->asked - 1 - len)) > 0)
            len += (size_t)n;
        broker->asked[len] = '\0';
    }
    if (broker->how == HOW_HANG) {
        struct pollfd pfd = { .fd = fd, .events = 0 };

        (void)poll(&pfd, 1, 60000);
    }
    if (broker->how == HOW_REPLY)
        (void)send(fd, broker->reply, strlen(broker->reply), MSG_NOSIGNAL);
    (void)close(fd);
}

static inline void *broker_main(void *arg)
{
    struct broker *broker = arg;

    while (broker->taken < broker->max) {
        struct pollfd pfd = { .fd = broker->fd, .events = POLLIN };
        int fd;

        /* Code that is broken may never connect: a failure, not a hang. */
        if (poll(&pfd, 1, 20000) == 0)
            break;
        fd = accept(broker->fd, NULL, NULL);
        if (fd < 0)
            break;
        broker->taken++;
        broker_serve(broker, fd);
    }
    return NULL;
}

static inline void broker_run(struct broker *broker)
{
    broker->max = broker->max > 0 ? broker->max : 1;
    assert_int_equal(pthread_create(&broker->thread, NULL, broker_main, broker),
                     0);
    broker->running = true;
}

static inline void broker_start(struct broker *broker, const char *path)
{
    broker->fd = broker_listen(path, 16);
    broker_run(broker);
}

/* Wakes a thread that nobody has connected to. A connection made before is
 * still served, since it is in the queue and accept() gives it out. */
static inline void broker_stop(struct broker *broker, bool expect_asked)
{
    if (!expect_asked)
        (void)shutdown(broker->fd, SHUT_RDWR);
    if (broker->running)
        assert_int_equal(pthread_join(broker->thread, NULL), 0);
    (void)close(broker->fd);
}

/* A helper that keeps its request in helper.asked, its arguments in
 * helper.args, and then does what the shell line says. */
static inline void script_make(const struct place *place, const char *line)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "#!/bin/sh\ncd '%s' || exit 1\necho \"$*\" >helper.args\n"
                   ": >helper.new\n"
                   "while read -r l && [ -n \"$l\" ]; do\n"
                   "echo \"$l\" >>helper.new; done\n"
                   "mv helper.new helper.asked\n%s\n",
                   place->path, line);
    put_file(place, "helper", 0755, text);
}

static inline unsigned open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    assert_int_equal(closedir(dir), 0);
    return n;
}

static inline int64_t soon(void)
{
    return exo_clock_ms() + 60000; /* never reached unless it hangs */
}

#endif
