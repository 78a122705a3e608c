/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests share: cmocka in its right order, and a directory of
 * their own per test, so that all of them can run at the same time.
 */
#ifndef EXOAUTH_TEST_UTIL_H
#define EXOAUTH_TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define NOBODY ((uid_t)65534)

/* For tests that compare texts with 127.0.0.1: true, and a plan for it, on a
 * host that has ::1 alone. */
static inline bool skip_without_ipv4(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
    (void)close(fd);
    if (rc != 0) {
        (void)puts("1..0 # SKIP this host has no 127.0.0.1");
    }
    return rc != 0;
}

struct place {
    char path[256];
    int fd;
};

static inline void place_make(struct place *place)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(place->path, sizeof place->path, "%.200s/exoauth-XXXXXX",
                   base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(place->path));
    assert_int_equal(chmod(place->path, 0755), 0);
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(place->fd >= 0);
}

static inline int place_remove_one(const char *path, const struct stat *st,
                                   int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void place_remove(struct place *place)
{
    (void)close(place->fd);
    assert_int_equal(
        nftw(place->path, place_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int place_setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    place_make(place);
    *state = place;
    return 0;
}

static inline int place_teardown(void **state)
{
    place_remove(*state);
    free(*state);
    return 0;
}

/* place/name, in a buffer that the next call but three overwrites. */
static inline const char *place_name(const struct place *place,
                                     const char *name)
{
    static char names[4][512];
    static unsigned turn;
    char *to = names[turn++ % 4];

    (void)snprintf(to, sizeof names[0], "%s/%s", place->path, name);
    return to;
}

static inline void put_bytes(const struct place *place, const char *name,
                             mode_t mode, const void *data, size_t len)
{
    int fd =
        openat(place->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static inline void put_file(const struct place *place, const char *name,
                            mode_t mode, const char *text)
{
    put_bytes(place, name, mode, text, strlen(text));
}

/* The content of a small file, in a static buffer; NULL if there is none. */
static inline const char *get_file(const struct place *place, const char *name)
{
    static char text[8192];
    int fd = openat(place->fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return NULL;
    n = read(fd, text, sizeof text - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(close(fd), 0);
    return text;
}

/* Not skip(): cmocka 1.1 writes "not ok" for it, which counts as failed. */
static inline void say_skipped(const char *why)
{
    print_message("# skipped: %s\n", why);
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", text, part);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" has \"%s\"", text, part);
}

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
