/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors. Two vocabularies, never mixed:
 *
 *   EXO_E*           what a function returns: 0 or one small negative number.
 *   enum exo_status  what a user, a reply on the socket and an exit code say.
 *
 * struct exo_err carries the second kind with one line of text for a mail
 * log: the cause and, after "; ", the remedy. It never holds a secret, and
 * text that came from elsewhere is cleaned when it is set (exoauth/text.h).
 */
#ifndef EXOAUTH_ERROR_H
#define EXOAUTH_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "exoauth/text.h"

#define EXO_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define EXO_MUST_CHECK __attribute__((warn_unused_result))

enum {
    EXO_OK = 0,
    EXO_E_NOMEM = -1,     /* out of memory */
    EXO_E_NOENT = -2,     /* it is not there */
    EXO_E_ACCESS = -3,    /* the kernel refused: EACCES, EPERM, EROFS */
    EXO_E_UNSAFE = -4,    /* we refused: owner, mode, type, link, peer */
    EXO_E_IO = -5,        /* any other system call failed; errno is kept */
    EXO_E_SYNTAX = -6,    /* malformed input */
    EXO_E_SHORT = -7,     /* input ended before the block did */
    EXO_E_TOOBIG = -8,    /* over a documented limit */
    EXO_E_VERSION = -9,   /* a format version that is not ours */
    EXO_E_TIMEOUT = -10,  /* the deadline passed */
    EXO_E_CONFLICT = -11, /* somebody else changed it first */
    EXO_E_ARG = -12,      /* the caller's mistake */
    EXO_E_STATUS = -13    /* see the struct exo_err beside it */
};

/* A short English text for an EXO_E* value; static, never NULL. */
const char *exo_strerror(int code);

/* EXO_E_ACCESS, EXO_E_NOENT, EXO_E_NOMEM or EXO_E_IO for an errno value. */
int exo_error_from_errno(int saved_errno);

/* Did code (EXO_E_IO: errno) come of too little memory, or too few
 * descriptors? Then nothing is known of what was to be read. */
bool exo_error_is_shortage(int code);

/* The system's text for an errno value, untranslated; static, never NULL. */
const char *exo_errno_text(int saved_errno);

/* What to do about a file that could not be written for that; otherwise where
 * nobody knows. Both static. */
const char *exo_errno_remedy(int saved_errno, const char *otherwise);

/* States of an account, of a reply (libexoauth(8), LOCAL PROTOCOL: the first
 * six) and of a command (exoauth(1), EXIT STATUS). */
enum exo_status {
    EXO_STATUS_OK,
    EXO_STATUS_NO_ACCOUNT,
    EXO_STATUS_DENIED,
    EXO_STATUS_NEEDS_LOGIN,
    EXO_STATUS_TRANSIENT,
    EXO_STATUS_MISCONFIGURED,
    EXO_STATUS_STORE, /* travels as "transient" */
    EXO_STATUS_USAGE, /* command line only */
    EXO_STATUS_BUG    /* command line only */
};

/* The word in a reply and in `status`, e.g. "needs-login"; static. */
const char *exo_status_word(enum exo_status status);

/* The other way round; false, and *status untouched, if it is none. */
bool exo_status_parse(const char *word, enum exo_status *status);

/* The exit code of sysexits.h that exoauth(1) gives the status. */
int exo_status_exit(enum exo_status status);

/* Of several accounts, whose status is the exit code's? 0, 75, 74, 77, 78. */
bool exo_status_is_worse(enum exo_status status, enum exo_status than);

#define EXO_ERR_TEXT 512 /* bytes with the NUL; longer text is cut */

struct exo_err {
    enum exo_status status;
    bool said;           /* somebody has printed it already */
    int64_t retry_after; /* seconds until it makes sense again; 0: unknown */
    bool unread; /* a store, record or key could not be read: nothing is known
                    of what is in it */
    char text[EXO_ERR_TEXT];
};

#define EXO_ERR_INIT                       \
    {                                      \
        EXO_STATUS_OK, false, 0, false, "" \
    }

/*
 * Sets status and text (exo_text_set(), so that one error stays one line);
 * retry_after becomes 0, unread false. err may be NULL. Always returns
 * EXO_E_STATUS so that a caller can `return exo_err_set(...)`. There is no
 * other way to a status (walls.sh), and no text is ever empty: one that would
 * be becomes words that say so.
 */
int exo_err_set(struct exo_err *err, enum exo_status status, const char *fmt,
                ...) EXO_PRINTF(3, 4);

/* err is about something that could not be read; returns rc. */
int exo_err_unread(struct exo_err *err, int rc);

/*
 * Where rc (EXO_E_IO: errno) came of a shortage or a disk that fails, and not
 * of what was read or written: says so, TRANSIENT or STORE, with what was to
 * be done ("cannot read FILE"), and is true. Whoever calls a file bad asks
 * this first.
 */
bool exo_err_system(struct exo_err *err, int rc, const char *fmt, ...)
    EXO_PRINTF(3, 4);

/* Another status for the same text. */
void exo_err_restate(struct exo_err *err, enum exo_status status);

/* The status of a command that has printed its errors: no text any more. */
int exo_err_said(struct exo_err *err, enum exo_status status);

/*
 * After a failure (rc) that left no words in err: the words, and in any case
 * the text. Who drops an error, or hands it to somebody who reads only err,
 * calls it. where: the function, or command, that left none.
 */
const char *exo_err_words_of(struct exo_err *err, int rc, const char *where);
#define exo_err_text(err, rc) exo_err_words_of(err, rc, __func__)
#define exo_err_words(err, rc) (void)exo_err_words_of(err, rc, __func__)

#endif
