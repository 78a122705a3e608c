/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a person hands over a secret: the terminal, stdin, or a file named
 * on the command line (opened before root becomes run_as). Called by login.
 * The secret is the caller's and wipes itself; no text here quotes it. A
 * signal gets its way at once, but finds the terminal as it was.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/file.h"
#include "exoauth/path.h"
#include "prompt.h"

/* What ends or stops a command from a terminal; and SIGCONT, as nobody can
 * catch SIGSTOP, and a shell that had the terminal meanwhile has set its own
 * mode. */
static const int signals[] = { SIGINT,  SIGTERM, SIGHUP,
                               SIGQUIT, SIGTSTP, SIGCONT };

#define NO_ECHO ((tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL))
#define N_SIGNALS (sizeof(signals) / sizeof(*signals))

static volatile sig_atomic_t caught;

static void note(int sig)
{
    caught = sig;
}

/* As it was before a question. */
struct terminal {
    int fd;
    struct termios modes;
    sigset_t mask;
    struct sigaction action[N_SIGNALS];
};

/*
 * Blocked but for the moments of waiting, so that none slips in between; and
 * caught, as the terminal has to be put right before one may do its work.
 * What was ignored stays ignored, but for SIGCONT: it goes on all the same.
 */
static void hold_signals(struct terminal *t)
{
    struct sigaction action;
    sigset_t mask;

    memset(&action, 0, sizeof(action));
    action.sa_handler = note;
    (void)sigemptyset(&mask);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        (void)sigaddset(&mask, signals[i]);
    }
    caught = 0;
    (void)sigprocmask(SIG_BLOCK, &mask, &t->mask);
    for (size_t i = 0; i < N_SIGNALS; i++) {
        (void)sigaction(signals[i], NULL, &t->action[i]);
        if (t->action[i].sa_handler != SIG_IGN || signals[i] == SIGCONT) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

/* True if it was stopped and goes on now: the question comes anew. */
static bool release_signals(const struct terminal *t)
{
    int sig = caught;

    for (size_t i = 0; i < N_SIGNALS; i++) {
        (void)sigaction(signals[i], &t->action[i], NULL);
    }
    if (sig != 0 && sig != SIGCONT) {
        (void)raise(sig); /* and is delivered with the mask */
    }
    (void)sigprocmask(SIG_SETMASK, &t->mask, NULL);
    return sig != 0;
}

/* t: NULL where it is no terminal. EXO_E_TIMEOUT: a signal came first. */
static int read_line(int fd, const struct terminal *t,
                     struct exo_secret *secret)
{
    struct exo_buf *buf = &secret->hidden;

    for (;;) {
        char *room = exo_buf_reserve(buf, 2);
        struct pollfd p = { fd, POLLIN, 0 };
        ssize_t n;

        if (!room) {
            return buf->error;
        }
        if (t && ppoll(&p, 1, NULL, &t->mask) < 0 && errno == EINTR) {
            if (caught != 0) {
                return EXO_E_TIMEOUT;
            }
            continue;
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

/* One line, with these local modes of the terminal switched off. Whatever
 * stopped the process, what was typed before counts for nothing. */
static int ask(int fd, const char *question, tcflag_t off,
               struct exo_secret *secret)
{
    struct terminal t = { .fd = fd };
    /* What was typed ahead is no secret, but may be an address. */
    int when = (off & ECHO) != 0 ? TCSAFLUSH : TCSADRAIN;
    struct termios modes;
    bool again;
    int rc;

    do {
        if (tcgetattr(fd, &t.modes) != 0) {
            return EXO_E_NOENT;
        }
        modes = t.modes;
        modes.c_lflag &= ~off;
        if ((off & ICANON) != 0) {
            modes.c_cc[VMIN] = 1;
            modes.c_cc[VTIME] = 0;
        }
        exo_buf_reset(&secret->hidden);
        hold_signals(&t);
        (void)tcsetattr(fd, when, &modes);
        (void)!write(fd, question, strlen(question));
        rc = read_line(fd, &t, secret);
        (void)tcsetattr(fd, when, &t.modes);
        if ((off & ECHO) != 0 || rc != 0) {
            (void)!write(fd, "\n", 1);
        }
        again = release_signals(&t);
    } while (again);
    return rc;
}

int exo_prompt_secret(const char *question, struct exo_secret *secret,
                      struct exo_err *err)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int rc;

    if (fd < 0) {
        return EXO_E_NOENT;
    }
    rc = ask(fd, question, NO_ECHO, secret);
    (void)close(fd);
    if (exo_err_system(err, rc, "cannot read the terminal")) {
        return EXO_E_STATUS;
    }
    if (rc != 0 && rc != EXO_E_NOENT) {
        return exo_err_set(err, EXO_STATUS_USAGE, "the terminal: %s",
                           exo_strerror(rc));
    }
    return rc;
}

int exo_prompt_line(const char *question, struct exo_secret *line,
                    struct exo_err *err)
{
    int rc;

    exo_buf_reset(&line->hidden);
    /* The line buffer of a terminal ends at 4096 bytes, an address may not. */
    rc = isatty(0) == 1 ? ask(0, question, ICANON, line)
                        : read_line(0, NULL, line);
    if (rc == 0 && exo_secret_empty(line)) {
        rc = EXO_E_SHORT;
    }
    if (exo_err_system(err, rc, "cannot read the address")) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "no address was given: %s; paste it on the terminal "
                           "or on stdin",
                           exo_strerror(rc));
    }
    return 0;
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
        if (rc != 0 ||
            (!exo_secret_empty(secret) && exo_secret_same(secret, &again))) {
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
        /* A pipe or a terminal. It may still be exchanged after this. */
        rc = exo_path_judge(path, &why);
        if (rc == 0) {
            *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
            rc = *fd < 0 ? exo_error_from_errno(errno) : 0;
        }
    } else {
        rc = exo_file_open(AT_FDCWD, path, EXO_FILE_CONFIG, 0, fd, &st, &why);
    }
    if (exo_err_system(err, rc, "cannot read --%s %.200s", option, path)) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(
            err, EXO_STATUS_USAGE, "--%s %s: %-s%s", option, path,
            why ? why : exo_strerror(rc),
            exo_file_advice(why, "; name a file of root or yours that "
                                 "nobody else can write, or - for stdin"));
    }
    return 0;
}

int exo_prompt_file(const char *option, const char *path,
                    struct exo_secret *secret, struct exo_err *err)
{
    const char *text;
    size_t len;
    int fd;
    int rc = open_named(option, path, &fd, err);

    if (rc != 0) {
        return rc;
    }
    if (isatty(fd) == 1) {
        char question[64];

        (void)snprintf(question, sizeof(question), "--%s: ", option);
        rc = ask(fd, question, NO_ECHO, secret);
    } else {
        rc = read_line(fd, NULL, secret);
    }
    if (fd > 2) {
        (void)close(fd);
    }
    if (rc == 0) {
        rc = exo_secret_reveal(secret, &text, &len);
    }
    if (exo_err_system(err, rc, "cannot read --%s %.200s", option, path)) {
        return EXO_E_STATUS;
    }
    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s: %s; its first line must be the value "
                           "alone",
                           option, path, exo_strerror(rc));
    }
    if (len == 0 || exo_has_control(text, len)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--%s %s: its first line is empty or holds a "
                           "control character; it must be the value alone",
                           option, path);
    }
    return 0;
}
