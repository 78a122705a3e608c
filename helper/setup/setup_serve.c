/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does `exoauth serve` hand out a token? (setup_check.h) Called by
 * setup_check.c for each account, as root.
 *
 * What runs is the line of master.cf as spawn(8) would run it: with that user,
 * his own group and no other, no environment, in the queue directory, and a
 * socket of the mail user for 0, 1 and 2. An answer without a token is the
 * error of this check, with its status; the child is gone when it returns.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exoauth/process.h"
#include "exoauth/clock.h"
#include "exoauth/proto.h"
#include "setup_check.h"

#define SERVICE_MS 90000 /* serve ends before; a request is not to be cut */
#define WORDS_MAX 64

struct service {
    struct exo_buf line;
    const char *argv[WORDS_MAX];
    struct passwd *pw; /* until the next user is looked up */
    gid_t gid;
};

/* user=NAME[:GROUP] argv=PROGRAM ARG... of the line in master.cf, whether it
 * is there already or shall be. */
static int read_service(const struct exo_setup *s, struct service *service,
                        struct exo_err *err)
{
    static const char name[] = EXO_SETUP_SERVICE "/unix";
    const struct exo_change *c =
        exo_changes_find(&s->changes, EXO_SETUP_MASTER, name);
    const struct exo_postfix_service *there =
        exo_postfix_find(s->postfix, EXO_SETUP_SERVICE, "unix");
    char *word, *rest;
    size_t n = 0;

    exo_buf_str(&service->line, c ? c->after : there ? there->line : "");
    if (service->line.error != 0) {
        return service->line.error;
    }
    word = service->line.data ? strstr(service->line.data, "user=") : NULL;
    rest = word ? strstr(word, " argv=") : NULL;
    if (rest) {
        *rest = '\0';
        errno = 0;
        service->pw = getpwnam(word + strlen("user="));
        word = rest + strlen(" argv=");
        while (n < WORDS_MAX - 1 && word && *word != '\0') {
            service->argv[n++] = word;
            word = strchr(word, ' ');
            if (word) {
                *word++ = '\0';
            }
        }
    }
    if (rest && !service->pw &&
        exo_err_system(err, EXO_E_IO, "cannot look for the user of exoauth")) {
        return EXO_E_STATUS;
    }
    if (n == 0 || !service->pw) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "the service exoauth in master.cf cannot be run: "
                           "its user is not there; see: getent passwd %s",
                           EXO_SH(s->conf->run_as, "USER"));
    }
    return 0;
}

/* As spawn(8) does it; fd is its 0, 1 and 2. */
static int start_service(struct exo_child *child, const struct service *service,
                         const char *dir, int fd)
{
    char *none[] = { NULL };
    gid_t gid = service->pw->pw_gid;
    const struct exo_process_user user = { service->pw->pw_uid, gid, &gid, 1 };
    struct exo_process process = EXO_PROCESS_INIT;

    process.argv = service->argv;
    process.env = none;
    process.dir = dir;
    process.user = &user;
    process.timeout_ms = SERVICE_MS;
    for (int i = 0; i < 3; i++) {
        process.fd[i] = fd;
    }
    return exo_process_start(child, &process);
}

static int converse(const struct exo_setup *s, const char *account, int fd,
                    struct exo_err *err)
{
    struct exo_request request = EXO_REQUEST_INIT;
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int64_t deadline = exo_clock_ms() + EXO_SETUP_CHECK_MS;
    struct exo_block block;
    struct exo_reply reply;
    int rc;

    request.get = account;
    rc = exo_buf_done(&s->host, &request.server);
    if (rc != 0) {
        return rc;
    }
    exo_request_put(&text, &request);
    rc = exo_message_write(fd, deadline, &text);
    exo_buf_reset(&text);
    if (rc == 0) {
        rc = exo_message_read(fd, deadline, &text, &block);
    }
    if (rc == 0) {
        rc = exo_reply_parse(&reply, &block);
    }
    if (exo_err_system(err, rc, "cannot talk to what spawn(8) would start")) {
        rc = EXO_E_STATUS;
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "what spawn(8) would start, %s serve, gave no answer "
                         "(%s); see that user %s can run it, and the log",
                         exo_buf_shown(&s->program), exo_strerror(rc),
                         s->conf->run_as);
    } else if (reply.status != EXO_STATUS_OK) {
        rc = exo_err_set(err, reply.status, "%-s",
                         reply.message ? reply.message : "no token");
    }
    exo_buf_free(&text);
    return rc;
}

/* The kernel notes who makes a socket, and `allow` is about the mail user and
 * not about root. */
static int pair_of(const struct exo_peer *mail, int pair[2])
{
    gid_t groups[EXO_PEER_GROUPS];
    int n = getgroups(EXO_PEER_GROUPS, groups);
    gid_t gid = getegid();
    int rc = n < 0 || setgroups(mail->n_groups, mail->groups) != 0 ||
             setegid(mail->gid) != 0 || seteuid(mail->uid) != 0 ||
             socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0;
    int saved = errno;

    if (n < 0 || seteuid(0) != 0 || setegid(gid) != 0 ||
        setgroups((size_t)n, groups) != 0) {
        saved = errno;
        rc = 1;
    }
    errno = saved;
    return rc == 0 ? 0 : EXO_E_IO;
}

int exo_setup_check_serve(const struct exo_setup *s,
                          const struct exo_peer *mail, const char *account,
                          struct exo_err *err)
{
    struct service service = { .line = EXO_BUF_INIT(EXO_BLOCK_VALUE) };
    struct exo_child child = { .pid = -1 };
    struct exo_ended ended;
    int pair[2] = { -1, -1 };
    int rc = read_service(s, &service, err);

    if (rc == 0 &&
        (pair_of(mail, pair) != 0 ||
         start_service(&child, &service, s->queue_dir, pair[1]) != 0)) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot start %s: %m; run it again", service.argv[0]);
    }
    if (pair[1] >= 0) {
        (void)close(pair[1]);
    }
    if (rc == 0) {
        rc = converse(s, account, pair[0], err);
    }
    if (pair[0] >= 0) {
        (void)close(pair[0]);
    }
    if (child.pid > 0) {
        (void)!exo_process_wait(&child, &ended); /* its answer is what counts */
    }
    exo_buf_free(&service.line);
    return rc;
}
