/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decrypting a file by gpg(1), for the import of mutt_oauth2.py's. Called as
 * whoever started the command, since the key ring is his; asking for the
 * passphrase is gpg's business, and nobody is hurried. gpg reads a copy in
 * memory, so the file is not opened again; what it prints is the caller's
 * secret, what it complains about is shown in one line.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "import.h"

/* The encrypted file, what gpg says, and what it decrypts. */
struct gpg {
    int in;
    int said;
    int out[2];
    pid_t pid;
};

static int prepare(struct gpg *gpg, const struct exo_secret *text)
{
    gpg->in = gpg->said = gpg->out[0] = gpg->out[1] = -1;
    gpg->in = memfd_create("encrypted", MFD_CLOEXEC);
    gpg->said = memfd_create("said", MFD_CLOEXEC);
    if (gpg->in < 0 || gpg->said < 0 || pipe2(gpg->out, O_CLOEXEC) != 0) {
        return exo_error_from_errno(errno);
    }
    if (exo_file_write_all(gpg->in, exo_secret_reveal(text),
                           exo_secret_len(text)) != 0 ||
        lseek(gpg->in, 0, SEEK_SET) != 0) {
        return exo_error_from_errno(errno);
    }
    return 0;
}

static void close_all(struct gpg *gpg)
{
    int *const fd[] = { &gpg->in, &gpg->said, &gpg->out[0], &gpg->out[1] };

    for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
        if (*fd[i] >= 0) {
            (void)close(*fd[i]);
        }
        *fd[i] = -1;
    }
}

/* Standard input is no terminal for gpg, so it must be told which one its
 * pinentry may use. */
static void name_terminal(void)
{
    const char *name = ttyname(STDERR_FILENO);

    if (name) {
        (void)setenv("GPG_TTY", name, 0);
    }
}

/* 0 or an errno value. */
static int start(struct gpg *gpg)
{
    static char *const argv[] = { (char *)"gpg", (char *)"--quiet",
                                  (char *)"--decrypt", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t ignored;
    int rc;

    (void)sigemptyset(&ignored);
    (void)sigaddset(&ignored, SIGPIPE);
    rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(&actions, gpg->in, 0);
        if (rc == 0) {
            rc = posix_spawn_file_actions_adddup2(&actions, gpg->out[1], 1);
        }
        if (rc == 0) {
            rc = posix_spawn_file_actions_adddup2(&actions, gpg->said, 2);
        }
        (void)posix_spawnattr_setsigdefault(&attributes, &ignored);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        if (rc == 0) {
            rc = posix_spawnp(&gpg->pid, "gpg", &actions, &attributes, argv,
                              environ);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(gpg->out[1]);
    gpg->out[1] = -1;
    return rc;
}

static int drain(int fd, struct exo_buf *buf)
{
    for (;;) {
        char *room = exo_buf_reserve(buf, 1024);
        ssize_t n;

        if (!room) {
            return buf->error;
        }
        n = read(fd, room, 1024);
        if (n > 0) {
            buf->len += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return n == 0 ? 0 : exo_error_from_errno(errno);
        }
        buf->data[buf->len] = '\0';
    }
}

/* The last of gpg's lines, which is the one that counts, without "gpg: ". */
static const char *last_word(int fd, struct exo_buf *text)
{
    static const char prefix[] = "gpg: ";
    char *line, *nl;

    if (lseek(fd, 0, SEEK_SET) != 0 || drain(fd, text) != 0 || text->len == 0) {
        return "it failed";
    }
    while (text->len > 0 && text->data[text->len - 1] == '\n') {
        text->data[--text->len] = '\0';
    }
    nl = strrchr(text->data, '\n');
    line = nl ? nl + 1 : text->data;
    return strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix)
                                                      : line;
}

static bool succeeded(pid_t pid)
{
    int status = 0;
    pid_t got;

    do {
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int exo_import_gpg(const struct exo_import *in, struct exo_secret *plain,
                   struct exo_err *err)
{
    struct exo_buf said = EXO_BUF_INIT(4096);
    struct gpg gpg;
    int rc = prepare(&gpg, &in->text);

    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot prepare to decrypt %s: %m; try again",
                         in->shown);
        goto out;
    }
    name_terminal();
    errno = start(&gpg);
    if (errno != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot run gpg to decrypt %s: %m; install it "
                         "(Debian: gpg)",
                         in->shown);
        goto out;
    }
    rc = drain(gpg.out[0], &plain->hidden);
    (void)close(gpg.out[0]); /* if it is too much, gpg ends by SIGPIPE */
    gpg.out[0] = -1;
    if (!succeeded(gpg.pid) && rc == 0) {
        rc = exo_err_set(err, EXO_STATUS_DENIED,
                         "gpg cannot decrypt %s: %s; as the user whose key it "
                         "is, run: gpg --decrypt FILE | exoauth import --from "
                         "mutt -",
                         in->shown, last_word(gpg.said, &said));
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "%s: what gpg decrypts is %s; name a token file of "
                         "mutt_oauth2.py",
                         in->shown, exo_strerror(rc));
    }
out:
    exo_buf_free(&said);
    close_all(&gpg);
    return rc;
}
