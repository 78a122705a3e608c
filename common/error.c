/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts for the two error vocabularies of exoauth/error.h.
 *
 * Called from every room. Everything returned is static or lives in the
 * caller's struct exo_err, so there is nothing to free and nothing can
 * fail; a text that does not fit is cut. Nothing here depends on the locale
 * of the host program: one mail log should not mix languages, and the
 * host's own translations are not ours to load.
 */
#include "config.h"

#include "exoauth/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

const char *exo_strerror(int code)
{
    switch (code) {
    case EXO_OK:
        return "no error";
    case EXO_E_NOMEM:
        return "out of memory";
    case EXO_E_NOENT:
        return "not found";
    case EXO_E_ACCESS:
        return "permission denied";
    case EXO_E_UNSAFE:
        return "refused as unsafe";
    case EXO_E_IO:
        return "input or output failed";
    case EXO_E_SYNTAX:
        return "malformed";
    case EXO_E_SHORT:
        return "incomplete";
    case EXO_E_TOOBIG:
        return "too large";
    case EXO_E_VERSION:
        return "a format version that is not known here";
    case EXO_E_TIMEOUT:
        return "timed out";
    case EXO_E_CONFLICT:
        return "changed by somebody else";
    case EXO_E_ARG:
        return "invalid argument";
    case EXO_E_STATUS:
        return "failed";
    default:
        return "unknown error";
    }
}

int exo_error_from_errno(int saved_errno)
{
    switch (saved_errno) {
    case EACCES:
    case EPERM:
    case EROFS:
        return EXO_E_ACCESS;
    case ENOENT:
    case ENOTDIR:
        return EXO_E_NOENT;
    case ENOMEM:
        return EXO_E_NOMEM;
    default:
        return EXO_E_IO;
    }
}

bool exo_error_is_shortage(int code)
{
    return code == EXO_E_NOMEM ||
           (code == EXO_E_IO &&
            (errno == ENOMEM || errno == EMFILE || errno == ENFILE ||
             errno == ENOBUFS || errno == ENOLCK || errno == EAGAIN));
}

const char *exo_errno_text(int saved_errno)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    /* Untranslated and safe in threads, which strerror() is not. */
    const char *text = strerrordesc_np(saved_errno);
#else
    const char *text = strerror(saved_errno);
#endif

    return text != NULL ? text : "unknown error";
}

const char *exo_errno_remedy(int saved_errno, const char *otherwise)
{
    static const struct {
        int error;
        const char *remedy;
    } remedies[] = {
        { ENOSPC, "free space and inodes on its file system" },
        { EDQUOT, "raise the disk quota of its owner, or free space" },
        { EFBIG, "raise the limit of file sizes (ulimit -f, LimitFSIZE)" },
        { EROFS, "mount its file system read-write" },
        { EIO, "the disk failed, see the kernel log" },
        { EOPNOTSUPP, "use a file system that keeps owners and modes" },
        { ENOSYS, "allow this system call where a sandbox forbids it" },
        { EMFILE, "raise the limit of open files" },
        { ENFILE, "raise the limit of open files" },
        { EAGAIN, "raise the limit of processes" },
        { ENOMEM, "free some memory" },
        { ENOBUFS, "free some memory" },
        { ENOLCK, "try again, and see that its file system has locks" },
    };

    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].error == saved_errno) {
            return remedies[i].remedy;
        }
    }
    return otherwise;
}

/* In the order of enum exo_status. */
static const struct {
    const char *word;
    int exit_code;
    int badness; /* which of several is the worst */
} statuses[] = {
    { "ok", EX_OK, 0 },
    { "no-account", EX_NOUSER, 1 },
    { "denied", EX_NOPERM, 4 },
    { "needs-login", EX_NOPERM, 4 },
    { "transient", EX_TEMPFAIL, 2 },
    { "misconfigured", EX_CONFIG, 5 },
    { "store", EX_IOERR, 3 },
    { "usage", EX_USAGE, 6 },
    { "internal-error", EX_SOFTWARE, 7 },
};

#define N_STATUSES (sizeof statuses / sizeof statuses[0])

const char *exo_status_word(enum exo_status status)
{
    return (size_t)status < N_STATUSES ? statuses[status].word
                                       : statuses[EXO_STATUS_BUG].word;
}

bool exo_status_is_worse(enum exo_status status, enum exo_status than)
{
    return statuses[status].badness > statuses[than].badness;
}

bool exo_status_parse(const char *word, enum exo_status *status)
{
    for (size_t i = 0; i < N_STATUSES; i++) {
        if (strcmp(word, statuses[i].word) == 0) {
            *status = (enum exo_status)i;
            return true;
        }
    }
    return false;
}

int exo_status_exit(enum exo_status status)
{
    return (size_t)status < N_STATUSES ? statuses[status].exit_code
                                       : EX_SOFTWARE;
}

int exo_err_set(struct exo_err *err, enum exo_status status, const char *fmt,
                ...)
{
    va_list ap;

    if (err == NULL) {
        return EXO_E_STATUS;
    }
    err->status = status;
    err->said = false;
    err->retry_after = 0;
    err->unread = false;
    va_start(ap, fmt);
    exo_text_set(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (err->text[0] == '\0') {
        (void)snprintf(err->text, sizeof err->text,
                       "internal error: %s without a reason; please report it",
                       exo_status_word(status));
    }
    return EXO_E_STATUS;
}

void exo_err_restate(struct exo_err *err, enum exo_status status)
{
    if (err->text[0] == '\0') {
        (void)exo_err_set(err, status, "%s", "");
    }
    err->status = status;
}

int exo_err_said(struct exo_err *err, enum exo_status status)
{
    err->status = status;
    err->said = true;
    err->text[0] = '\0';
    return EXO_E_STATUS;
}

int exo_err_unread(struct exo_err *err, int rc)
{
    if (rc != EXO_OK && err != NULL) {
        err->unread = true;
    }
    return rc;
}

bool exo_err_system(struct exo_err *err, int rc, const char *fmt, ...)
{
    int error = rc == EXO_E_NOMEM ? ENOMEM : errno;
    bool shortage = exo_error_is_shortage(rc);
    char what[EXO_ERR_TEXT / 2];
    const char *remedy;
    va_list ap;

    if (rc != EXO_E_NOMEM && rc != EXO_E_IO) {
        return false;
    }
    remedy = exo_errno_remedy(error, NULL);
    if (remedy == NULL) {
        return false;
    }
    va_start(ap, fmt);
    exo_text_set(what, sizeof what, fmt, ap);
    va_end(ap);
    (void)exo_err_set(err, shortage ? EXO_STATUS_TRANSIENT : EXO_STATUS_STORE,
                      "%s: %s; %s", what,
                      error == ENOMEM ? exo_strerror(EXO_E_NOMEM)
                                      : exo_errno_text(error),
                      remedy);
    return true;
}

const char *exo_err_words_of(struct exo_err *err, int rc, const char *where)
{
    if (rc != EXO_OK && err->status == EXO_STATUS_OK &&
        !exo_err_system(err, rc, "cannot go on")) {
        (void)exo_err_set(err, EXO_STATUS_BUG,
                          "internal error in %s: %s; please report it", where,
                          exo_strerror(rc));
    }
    return err->text;
}
