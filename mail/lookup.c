/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getaddrinfo(3) with a deadline, which it does not have itself: with name
 * servers that do not answer it takes as long as resolv.conf(5) makes it.
 *
 * Called by dial.c. The lookup runs in a thread; whoever of the two is last
 * frees what they share. A lookup that is given up ends with the process, or
 * frees its result when it comes at last.
 */
#include "config.h"

#include "lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished, given_up;
    char *host;
    char port[16];
    struct addrinfo *list;
    int rc, why;
};

static void destroy(struct lookup *l)
{
    if (l->list) {
        freeaddrinfo(l->list);
    }
    (void)pthread_cond_destroy(&l->done);
    (void)pthread_mutex_destroy(&l->lock);
    free(l->host);
    free(l);
}

static void *run(void *arg)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct lookup *l = arg;
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(l->host, l->port, &hints, &list);
    int why = errno;
    bool last;

    (void)pthread_mutex_lock(&l->lock);
    l->list = rc == 0 ? list : NULL;
    l->rc = rc;
    l->why = why;
    l->finished = true;
    last = l->given_up;
    (void)pthread_cond_signal(&l->done);
    (void)pthread_mutex_unlock(&l->lock);
    if (last) {
        destroy(l);
    }
    return NULL;
}

static struct lookup *make(const char *host, unsigned port)
{
    struct lookup *l = calloc(1, sizeof(*l));
    pthread_condattr_t attr;

    if (!l) {
        return NULL;
    }
    l->host = strdup(host);
    if (!l->host) {
        free(l);
        return NULL;
    }
    (void)snprintf(l->port, sizeof(l->port), "%u", port);
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&l->done, &attr);
    (void)pthread_condattr_destroy(&attr);
    return l;
}

static bool start(struct lookup *l)
{
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, run, l);
    (void)pthread_attr_destroy(&attr);
    return rc == 0;
}

int exo_lookup(const char *host, unsigned port, int64_t deadline,
               struct addrinfo **list)
{
    const struct timespec until = { .tv_sec = (time_t)(deadline / 1000),
                                    .tv_nsec =
                                        (long)(deadline % 1000) * 1000000 };
    struct lookup *l = make(host, port);
    bool finished;
    int rc = EAI_MEMORY;

    *list = NULL;
    if (!l) {
        return rc;
    }
    if (!start(l)) {
        (void)run(l); /* no thread to be had: then as long as it takes */
    }
    (void)pthread_mutex_lock(&l->lock);
    while (!l->finished &&
           pthread_cond_timedwait(&l->done, &l->lock, &until) != ETIMEDOUT) {
        continue;
    }
    finished = l->finished;
    l->given_up = !finished;
    rc = finished ? l->rc : EAI_SYSTEM;
    errno = finished ? l->why : ETIMEDOUT;
    if (finished) {
        *list = l->list;
        l->list = NULL;
    }
    (void)pthread_mutex_unlock(&l->lock);
    if (finished) {
        int saved = errno;

        destroy(l);
        errno = saved;
    }
    return rc;
}
