/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decrypting a file by gpg(1), for the import of mutt_oauth2.py's. Called as
 * whoever started the command, since the key ring is his; asking for the
 * passphrase is gpg's business, and nobody is hurried. gpg reads a copy in
 * memory, so the file is not opened again; what it prints is the caller's
 * secret, what it complains about is shown in one line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "exoauth/process.h"
#include "import.h"

/* Room for what it says; the last line counts. */
#define SAID_MAX ((size_t)64 * 1024)

/* The encrypted text as a file. -1, or a descriptor. */
static int as_file(const struct exo_secret *text)
{
    const char *bytes;
    size_t len;
    int fd = memfd_create("encrypted", MFD_CLOEXEC);

    if (fd >= 0 && (exo_secret_reveal(text, &bytes, &len) != 0 ||
                    exo_file_write_all(fd, bytes, len) != 0 ||
                    lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
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

/* The last of gpg's lines, which is the one that counts, without "gpg: ". */
static const char *last_word(struct exo_buf *text)
{
    static const char prefix[] = "gpg: ";
    char *line, *nl;

    if (text->error != 0 || text->len == 0) {
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

/* A person may have to give a passphrase, so there is no time-out. */
static int start(struct exo_child *child, int in, struct exo_secret *plain,
                 struct exo_buf *said)
{
    static const char *const argv[] = { "gpg", "--quiet", "--decrypt", NULL };
    struct exo_process process = EXO_PROCESS_INIT;

    name_terminal();
    process.argv = argv;
    process.env = environ;
    process.fd[0] = in;
    process.out = &plain->hidden;
    process.said = said;
    process.asks = true;
    return exo_process_start(child, &process);
}

int exo_import_gpg(const struct exo_import *in, struct exo_secret *plain,
                   struct exo_err *err)
{
    struct exo_buf said = EXO_BUF_INIT(SAID_MAX);
    struct exo_child child;
    struct exo_ended ended;
    int fd = as_file(&in->text);
    int rc;

    if (fd < 0) {
        rc = exo_err_set(err, EXO_STATUS_TRANSIENT,
                         "cannot prepare to decrypt %s: %m; try again",
                         in->shown);
        goto out;
    }
    rc = start(&child, fd, plain, &said);
    if (exo_err_system(err, rc, "cannot run gpg")) {
        rc = EXO_E_STATUS;
        goto out;
    }
    if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot run gpg to decrypt %s: %m; install it "
                         "(Debian: gpg)",
                         in->shown);
        goto out;
    }
    rc = exo_process_wait(&child, &ended);
    if (rc == 0 && ended.status != 0) {
        rc = exo_err_set(err, EXO_STATUS_DENIED,
                         "gpg cannot decrypt %s: %s; as the user whose key it "
                         "is, run: gpg --decrypt FILE | exoauth import --from "
                         "mutt -",
                         in->shown, last_word(&said));
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "%s: what gpg decrypts is %s; name a token file of "
                         "mutt_oauth2.py",
                         in->shown, exo_strerror(rc));
    }
out:
    exo_buf_free(&said);
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}
