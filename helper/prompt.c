/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a person hands over a secret: the terminal, stdin, or a file named
 * on the command line (opened before root becomes run_as). Called by login.
 * The secret is the caller's and wipes itself; no text here quotes it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/file.h"
#include "prompt.h"

static int read_line(int fd, struct exo_secret *secret)
{
    struct exo_buf *buf = &secret->hidden;

    for (;;) {
        char *room = exo_buf_reserve(buf, 2);
        ssize_t n;

        if (!room) {
            return buf->error;
        }
        n = read(fd, room, 1); /* what follows the line is not ours */
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return exo_error_from_errno(errno);
        }
        buf->len += (size_t)n;
        buf->data[buf->len] = '\0';
        if (n == 0 || *room == '\n') {
            exo_secret_chomp(secret);
            return 0;
        }
    }
}

int exo_prompt_secret(const char *question, struct exo_secret *secret,
                      struct exo_err *err)
{
    struct termios old, quiet;
    sigset_t mask, before;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int rc;

    if (fd < 0) {
        return EXO_E_NOENT;
    }
    if (tcgetattr(fd, &old) != 0) {
        (void)close(fd);
        return EXO_E_NOENT;
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    /* Ctrl-C must not leave the terminal without echo. */
    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGINT);
    (void)sigaddset(&mask, SIGTSTP);
    (void)sigprocmask(SIG_BLOCK, &mask, &before);
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    (void)!write(fd, question, strlen(question));
    rc = read_line(fd, secret);
    (void)tcsetattr(fd, TCSAFLUSH, &old);
    (void)!write(fd, "\n", 1);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(fd);
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE, "the terminal: %s",
                           exo_strerror(rc));
    }
    return 0;
}

/* The line buffer of a terminal ends at 4096 bytes, an address may not. */
static int read_long(int fd, const char *question, struct exo_secret *line)
{
    struct termios old, raw;
    int rc;

    if (tcgetattr(fd, &old) != 0) {
        return EXO_E_NOENT;
    }
    raw = old;
    raw.c_lflag &= ~(tcflag_t)ICANON;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(fd, TCSADRAIN, &raw);
    (void)!write(fd, question, strlen(question));
    rc = read_line(fd, line);
    (void)tcsetattr(fd, TCSADRAIN, &old);
    return rc;
}

int exo_prompt_line(const char *question, struct exo_secret *line,
                    struct exo_err *err)
{
    int rc;

    exo_buf_reset(&line->hidden);
    rc = isatty(0) == 1 ? read_long(0, question, line) : read_line(0, line);
    if (rc == 0 && exo_secret_empty(line)) {
        rc = EXO_E_SHORT;
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "no address was given: %s; paste it on the terminal "
                           "or on stdin",
                           exo_strerror(rc));
    }
    return 0;
}

static bool is_same(const struct exo_secret *one, const struct exo_secret *two)
{
    return exo_secret_len(one) == exo_secret_len(two) &&
           memcmp(exo_secret_reveal(one), exo_secret_reveal(two),
                  exo_secret_len(one)) == 0;
}

int exo_prompt_new(const char *question, struct exo_secret *secret,
                   struct exo_err *err)
{
    struct exo_secret again = EXO_SECRET_INIT;
    int rc;

    for (;;) {
        rc = exo_prompt_secret(question, secret, err);
        if (rc == 0) {
            rc = exo_prompt_secret("Once more: ", &again, err);
        }
        if (rc != 0 || (!exo_secret_empty(secret) && is_same(secret, &again))) {
            break;
        }
        /* A terminal that is gone answers with nothing, for ever. */
        if (exo_secret_empty(secret)) {
            rc = exo_err_set(err, EXO_STATUS_USAGE,
                             "no passphrase was given; try again");
            break;
        }
        exo_secret_free(secret);
        exo_secret_free(&again);
    }
    exo_secret_free(&again);
    if (rc == EXO_E_NOENT) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "there is no terminal to ask for a passphrase; add "
                         "--password-file FILE");
    }
    return rc;
}

static int open_named(const char *option, const char *path, int *fd,
                      struct exo_err *err)
{
    struct stat st;
    const char *why = NULL;
    int rc;

    if (strcmp(path, "-") == 0) {
        *fd = 0;
        return 0;
    }
    *fd = -1;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        rc = *fd < 0 ? exo_error_from_errno(errno) : 0;
    } else {
        rc = exo_file_open(AT_FDCWD, path, EXO_FILE_CONFIG, 0, fd, &st, &why);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s: %s; name a file of root or yours that "
                           "nobody else can write, or - for stdin",
                           option, path, why ? why : exo_strerror(rc));
    }
    return 0;
}

int exo_prompt_file(const char *option, const char *path,
                    struct exo_secret *secret, struct exo_err *err)
{
    int fd;
    int rc = open_named(option, path, &fd, err);

    if (rc != 0) {
        return rc;
    }
    rc = read_line(fd, secret);
    if (fd > 2) {
        (void)close(fd);
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s: %s; its first line must be the value "
                           "alone",
                           option, path, exo_strerror(rc));
    }
    if (exo_secret_empty(secret) ||
        exo_has_control(exo_secret_reveal(secret), exo_secret_len(secret))) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s: its first line is empty or holds a "
                           "control character; it must be the value alone",
                           option, path);
    }
    return 0;
}
