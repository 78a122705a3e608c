/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket of serve --listen PATH (listen.h): bound before root becomes
 * run_as. A refusal names PATH and what is in the way; nothing is left open
 * for the caller to close but *fd.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/broker/broker.h"
#include "exoauth/file.h"
#include "exoauth/process.h"
#include "listen.h"

static int fill_address(struct sockaddr_un *address, const char *path,
                        struct exo_err *err)
{
    size_t len = strlen(path);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (path[0] != '/' || len >= sizeof(address->sun_path)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--listen %s: give an absolute path of less than "
                           "%zu bytes",
                           path, sizeof(address->sun_path));
    }
    memcpy(address->sun_path, path, len + 1);
    return 0;
}

/* A socket that nobody listens on is what a killed server leaves behind. */
static void remove_dead(const struct sockaddr_un *address)
{
    struct stat st;
    int fd;

    if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED) {
        (void)unlink(address->sun_path);
    }
    (void)close(fd);
}

static int refuse(int rc, const char *path, const char *why,
                  struct exo_err *err)
{
    static const char advice[] =
        "; is another exoauth there, or its directory missing?";

    return exo_err_system(err, rc, "cannot listen on %.200s", path)
               ? EXO_E_STATUS
               : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "cannot listen on %s: %-s%s", path, why,
                             exo_file_advice(why, advice));
}

/* bind(2) takes a path, so it must be one that nobody else can change. */
static int check_dir(const struct exo_app *app, const char *path, bool *theirs,
                     struct exo_err *err)
{
    struct exo_path_rule rule;
    struct exo_path file;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_entry(&file, &rule, path, EXO_PATH_BARE, 0);
    *theirs = file.theirs;
    exo_path_close(&file);
    return rc == 0 ? 0 : refuse(rc, path, file.why, err);
}

void exo_listen_mask(sigset_t *mask)
{
    (void)sigemptyset(mask);
    (void)sigaddset(mask, SIGTERM);
    (void)sigaddset(mask, SIGCHLD);
    if (!exo_signals_ignored(SIGINT)) {
        (void)sigaddset(mask, SIGINT);
    }
}

int exo_listen_open(struct exo_app *app, const char *path, int *fd,
                    struct exo_err *err)
{
    struct sockaddr_un address;
    sigset_t mask;
    bool theirs = false;
    mode_t old;
    int rc = fill_address(&address, path, err);

    /* Before anybody can see the socket: process 1 of a container never gets
     * a signal that it has left at its default. */
    exo_listen_mask(&mask);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    *fd = -1;
    if (rc == 0) {
        rc = check_dir(app, path, &theirs, err);
    }
    if (rc != 0) {
        return rc;
    }
    exo_app_as_owner(app, theirs);
    remove_dead(&address);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    old = umask(0111);
    if (*fd < 0 ||
        bind(*fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(*fd, EXO_LISTEN_BACKLOG) != 0) {
        rc = refuse(EXO_E_IO, path, exo_errno_text(errno), err);
    }
    (void)umask(old);
    exo_app_as_owner(app, false);
    return rc;
}
