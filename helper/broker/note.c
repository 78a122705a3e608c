/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A note beside the published tokens (note.h). Called by due.c for an account
 * of an app whose store takes no lock, as it is read-only: there the lock
 * file's time cannot say when the provider was asked, and a refused secret
 * would be sent at each login.
 *
 * It is an empty file in token_dir, which is below /run, named by a hash of the
 * account; its time of last access says when, and the nanoseconds with which
 * settings. Nobody but its owner can set them, and one of another owner counts
 * for nothing. Where it cannot be made, nothing is kept.
 */
#include "config.h"

#include "note.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "helper/app/spot.h"

/* Open, or -1; flags O_CREAT to make it, -1 to remove it. */
static int open_note(const struct exo_app *app,
                     const struct exo_account *account, int flags)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    struct exo_path path = { .dir = -1 };
    char name[32];
    int fd = -1;
    int dir =
        exo_publish_open(app, "", 0, &path) == 0 ? exo_path_reopen(&path) : -1;

    for (const char *p = account->file; *p; p++) {
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    }
    (void)snprintf(name, sizeof(name), ".asked.%016" PRIx64, hash);
    if (dir >= 0 && flags == -1) {
        (void)unlinkat(dir, name, 0);
    } else if (dir >= 0) {
        fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    exo_path_close(&path);
    return fd;
}

void exo_note_put(const struct exo_app *app, const struct exo_account *account,
                  int64_t until, unsigned word)
{
    const struct timespec times[2] = { { (time_t)until, (long)word },
                                       { 0, UTIME_OMIT } };
    int fd = open_note(app, account, until == 0 ? -1 : O_CREAT);

    if (fd >= 0) {
        (void)futimens(fd, times);
        (void)close(fd);
    }
}

int64_t exo_note_get(const struct exo_app *app,
                     const struct exo_account *account, unsigned *word)
{
    int fd = open_note(app, account, 0);
    int64_t until = 0;
    struct stat st;

    if (fd >= 0) {
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
            st.st_uid == geteuid()) {
            until = st.st_atim.tv_sec;
            *word = (unsigned)st.st_atim.tv_nsec;
        }
        (void)close(fd);
    }
    return until;
}
