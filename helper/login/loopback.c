/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose connection over loopback it is (loopback.h), by the kernel's tables
 * /proc/net/tcp and tcp6. Called by listener.c for each connection before a
 * byte is read. Only a socket that is established and has an inode counts: one
 * that its owner has closed is listed with uid 0. Nothing is allocated; what
 * cannot be found out is a refusal.
 */
#include "config.h"

#include "loopback.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ESTABLISHED 1U

/* An address as the tables write it. */
struct place {
    char text[40];
    unsigned port;
};

static void write_place(struct place *place, const struct sockaddr_storage *at)
{
    unsigned word[4] = { 0, 0, 0, 0 };
    size_t n = 1;

    if (at->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)at;

        memcpy(word, &in6->sin6_addr, sizeof(word));
        place->port = ntohs(in6->sin6_port);
        n = 4;
    } else {
        const struct sockaddr_in *in = (const void *)at;

        memcpy(word, &in->sin_addr, sizeof(in->sin_addr));
        place->port = ntohs(in->sin_port);
    }
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(place->text + 8 * i, sizeof(place->text) - 8 * i, "%08X",
                       word[i]);
    }
}

static bool is_place(const char *text, unsigned port, const struct place *place)
{
    return port == place->port && strcmp(text, place->text) == 0;
}

int exo_loopback_uid(int fd, uid_t *uid)
{
    struct sockaddr_storage ours, theirs;
    socklen_t len = sizeof(ours);
    socklen_t their_len = sizeof(theirs);
    struct place here, there;
    char line[512];
    int rc = EXO_E_NOENT;
    FILE *table;

    if (getsockname(fd, (struct sockaddr *)&ours, &len) != 0 ||
        getpeername(fd, (struct sockaddr *)&theirs, &their_len) != 0) {
        return EXO_E_NOENT;
    }
    write_place(&here, &ours);
    write_place(&there, &theirs);
    table = fopen(
        ours.ss_family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
    while (table && rc != 0 && fgets(line, sizeof(line), table)) {
        char from[40], to[40];
        unsigned from_port, to_port, state, owner;
        unsigned long inode;

        if (sscanf(line,
                   " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %x %*s %*s %*s %u %*u "
                   "%lu",
                   from, &from_port, to, &to_port, &state, &owner,
                   &inode) == 7 &&
            state == ESTABLISHED && inode != 0 &&
            is_place(from, from_port, &there) && is_place(to, to_port, &here)) {
            *uid = (uid_t)owner;
            rc = 0;
        }
    }
    if (table) {
        (void)fclose(table);
    }
    return rc;
}
