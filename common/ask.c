/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a broker behind a UNIX socket (exoauth/source.h).
 *
 * Called by the sources inside the host program, so it takes care of what a
 * host may be: many at once, without descriptors 0 to 2, with SIGPIPE at its
 * default. Nothing is left open. The reply borrows from the caller's answer.
 * The peer is checked before a byte is sent: a request names a mailbox, and
 * a token from a stranger would make the host log in as somebody else.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exoauth/clock.h"
#include "common/ask.h"

#define PAUSE_FIRST 1 /* milliseconds between two attempts to connect */
#define PAUSE_LAST 20

void exo_answer_init(struct exo_answer *answer)
{
    answer->known = false;
    answer->reply =
        (struct exo_reply){ .status = EXO_STATUS_TRANSIENT, .message = "" };
    answer->published.token = (struct exo_token){ .account = NULL };
    answer->published.account.name[0] = '\0';
    answer->published.account.file[0] = '\0';
    exo_buf_init(&answer->published.own, EXO_BLOCK_SIZE);
    exo_buf_init(&answer->published.other, EXO_BLOCK_SIZE);
    answer->published.dir_owner = EXO_NO_UID;
    exo_buf_init(&answer->in, EXO_BLOCK_SIZE);
    answer->block.n = 0;
    answer->message.status = EXO_STATUS_OK;
    answer->message.retry_after = 0;
    answer->message.text[0] = '\0';
}

void exo_answer_free(struct exo_answer *answer)
{
    exo_published_free(&answer->published);
    exo_buf_free(&answer->in);
    answer->reply =
        (struct exo_reply){ .status = EXO_STATUS_TRANSIENT, .message = "" };
    answer->block.n = 0;
}

int exo_fd_raise(int *fd)
{
    int low = *fd;

    if (low > STDERR_FILENO) {
        return EXO_OK;
    }
    *fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (*fd < 0) {
        int saved = errno;

        (void)close(low);
        errno = saved;
        return EXO_E_IO;
    }
    (void)close(low);
    return EXO_OK;
}

int exo_ask_left(int64_t deadline_ms, int want)
{
    int64_t left = deadline_ms - exo_clock_ms();

    if (left < 0) {
        return 0;
    }
    return left < want ? (int)left : want;
}

int exo_ask_talk(int fd, const struct exo_request *request, int64_t deadline_ms,
                 struct exo_answer *answer)
{
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    int rc;

    exo_buf_reset(&answer->in);
    exo_request_put(&out, request);
    rc = exo_message_write(fd, deadline_ms, &out);
    exo_buf_free(&out);
    if (rc != EXO_OK) {
        return rc;
    }
    if (shutdown(fd, SHUT_WR) != 0) {
        return EXO_E_IO;
    }
    if (request->nowait) {
        return EXO_OK;
    }
    rc = exo_message_read(fd, deadline_ms, &answer->in, &answer->block);
    if (rc == EXO_OK) {
        rc = exo_reply_parse(&answer->reply, &answer->block);
    }
    return rc;
}

static int check_peer(int fd, const uid_t *ok_uids, size_t n_uids)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return EXO_E_IO;
    }
    for (size_t i = 0; i < n_uids; i++) {
        if (peer.uid == ok_uids[i] && peer.uid != EXO_NO_UID) {
            return EXO_OK;
        }
    }
    return EXO_E_UNSAFE;
}

/*
 * EAGAIN is a full backlog: so many logins came at once that the broker has
 * not accepted them yet, which a short wait mends. Who only wants to tell
 * the broker that a token ages does not wait: it is busy enough to know.
 */
static int connect_before(int fd, const struct sockaddr_un *address,
                          bool nowait, int64_t deadline_ms)
{
    int pause = PAUSE_FIRST;

    while (connect(fd, (const struct sockaddr *)address, sizeof *address) !=
           0) {
        int left = exo_ask_left(deadline_ms, pause);

        if (errno == EINTR) {
            continue;
        }
        if (errno == ECONNREFUSED || errno == ENOENT || errno == ENOTDIR ||
            errno == EACCES) {
            return EXO_E_NOENT;
        }
        if (errno != EAGAIN) {
            return EXO_E_IO;
        }
        if (nowait || left == 0) {
            return EXO_E_TIMEOUT;
        }
        (void)poll(NULL, 0, left);
        if (pause < PAUSE_LAST) {
            pause *= 2;
        }
    }
    return EXO_OK;
}

int exo_ask_socket(const char *path, const uid_t *ok_uids, size_t n_uids,
                   const struct exo_request *request, int64_t deadline_ms,
                   struct exo_answer *answer)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    int fd, saved, rc;

    if (len >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return EXO_E_ARG;
    }
    memcpy(address.sun_path, path, len + 1);

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return exo_error_from_errno(errno);
    }
    rc = exo_fd_raise(&fd);
    if (rc != EXO_OK) {
        return rc;
    }
    rc = connect_before(fd, &address, request->nowait, deadline_ms);
    if (rc == EXO_OK) {
        rc = check_peer(fd, ok_uids, n_uids);
    }
    if (rc == EXO_OK) {
        rc = exo_ask_talk(fd, request, deadline_ms, answer);
    }
    saved = errno;
    (void)close(fd);
    errno = saved;
    return rc;
}
