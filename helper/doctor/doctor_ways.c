/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: the ways to a token other than its file, which the plugin takes
 * inside its host: `socket` and `helper`. Called by doctor_files.c before root
 * becomes run_as. A socket is connected to and nothing is asked; who listens
 * is judged as the plugin judges it. Everything is closed and freed here; what
 * fails is a finding, never an error.
 */
#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/path.h"
#include "exoauth/source.h"

/* Postfix has its sockets in a directory of its own user, who may, as the
 * plugin looks who answers; everybody may not. */
static void check_way(struct exo_doctor *d, const char *path)
{
    char *dir = strdup(path);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    struct exo_path_rule rule;
    struct exo_path way;
    struct stat st;

    exo_app_rule(d->app, &rule);
    if (slash && slash > dir) {
        *slash = '\0';
        if (stat(dir, &st) == 0) {
            rule.uid = st.st_uid;
            if (exo_path_dir(&way, &rule, dir, "", 0, 0) == EXO_E_UNSAFE) {
                exo_doctor_warn(d, NULL, "socket %s: %-s", path, way.why);
            }
            exo_path_close(&way);
        }
    }
    free(dir);
}

/* master(8) of Postfix listens as mail_owner, and so do its clients ask. */
static bool is_mail_owner(const struct exo_doctor *d, uid_t uid)
{
    const char *name =
        d->postfix ? exo_postfix_get(d->postfix, "mail_owner") : NULL;
    const struct passwd *pw = name ? getpwnam(name) : NULL;

    return pw && pw->pw_uid == uid;
}

static void check_peer(struct exo_doctor *d, const char *path, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
        peer.uid != 0 && peer.uid != d->app->uid &&
        !is_mail_owner(d, peer.uid)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "socket %s is of uid %lu, neither root nor %s, and so "
                        "is not used; correct socket in %s",
                        path, (unsigned long)peer.uid,
                        d->app->root ? d->app->run_as : "you",
                        d->app->conf->path);
    }
}

static void check_socket(struct exo_doctor *d, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat st;
    int fd;

    if (lstat(path, &st) != 0 || strlen(path) >= sizeof(address.sun_path)) {
        return; /* none yet, or of a jail */
    }
    check_way(d, path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        check_peer(d, path, fd);
    } else if (errno == ECONNREFUSED || errno == ENOTSOCK) {
        exo_doctor_warn(d, NULL,
                        "socket %s: no program listens there; start its "
                        "service, or correct socket in %s",
                        path, d->app->conf->path);
    }
    (void)close(fd);
    if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        (st.st_mode & 0006) == 0 && !d->app->conf->user) {
        exo_doctor_warn(d, NULL,
                        "socket %s has mode %04o, so that other users cannot "
                        "ask there; correct the service that makes it",
                        path, (unsigned)(st.st_mode & 07777));
    }
}

static void check_helper(struct exo_doctor *d)
{
    const struct exo_conf *conf = d->app->conf;
    const char *why;

    if (conf->helper[0] == '\0') {
        return;
    }
    if (access(conf->helper, X_OK) != 0) {
        if (exo_doctor_system(d, NULL, EXO_E_IO, conf->helper)) {
            return;
        }
        exo_doctor_warn(d, NULL,
                        "helper %s: %s; correct helper in %s, or set it to "
                        "none",
                        conf->helper, exo_errno_text(errno), conf->path);
    } else if (exo_helper_judge(conf->helper, &why) == EXO_E_UNSAFE) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "helper %s is not started: %-s", conf->helper, why);
    }
}

void exo_check_ways(struct exo_doctor *d)
{
    const char *list = d->app->conf->socket;
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        char *path = strndup(word, len);

        if (path) {
            check_socket(d, path);
        }
        free(path);
    }
    check_helper(d);
}
