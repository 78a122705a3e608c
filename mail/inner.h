/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the mail room share: one conversation, and what a
 * protocol has to bring along for it.
 */
#ifndef EXOAUTH_MAIL_INNER_H
#define EXOAUTH_MAIL_INNER_H

#include "exoauth/buf.h"
#include "exoauth/mail.h"
#include "hide.h"
#include "parse.h"
#include "stream.h"

#define EXO_MAIL_TAG 16

/* A protocol. Functions return 0 or EXO_E_STATUS with err set. */
struct exo_mail_ops {
    const char *service; /* libsasl2's name for it */
    unsigned port;       /* by default */
    /* The greeting, and what the server can do; STARTTLS before that where
     * it is not implicit. */
    int (*hello)(struct exo_mail *mail, struct exo_err *err);
    /* Does it take the first response in the command? NULL: never. */
    bool (*at_once)(const struct exo_mail *mail);
    /* The command, with the response (base64) or NULL. */
    int (*login)(struct exo_mail *mail, const char *mech, const char *response,
                 struct exo_err *err);
    /* What the server says to it, and to each response. */
    int (*heard)(struct exo_mail *mail, enum exo_said *said, const char **text,
                 struct exo_err *err);
    int (*visit)(struct exo_mail *mail, const char *from, const char *to,
                 struct exo_err *err);
};

extern const struct exo_mail_ops exo_mail_imap;
extern const struct exo_mail_ops exo_mail_pop3;
extern const struct exo_mail_ops exo_mail_smtp;

struct exo_mail {
    const struct exo_mail_ops *ops;
    struct exo_mail_way way;
    bool implicit;
    struct exo_stream stream;
    struct exo_hide hide;
    struct exo_buf can;     /* capabilities: words between blanks */
    struct exo_buf mechs;   /* SASL mechanisms that it offers */
    struct exo_buf line;    /* IMAP: a line with its literals */
    char tag[EXO_MAIL_TAG]; /* IMAP: of the last command */
    unsigned n_tags;
    int64_t deadline; /* of the whole, up to the end of the login or visit */
    unsigned lines;   /* of the reply that is being read */
    size_t bytes;
    bool early; /* something was there before the last command was sent */
    char answer[EXO_ERR_TEXT];
};

/* A new step begins: what the messages call it, and a new reply. */
void exo_mail_step(struct exo_mail *mail, const char *step);
/* For the transcript: cleaned, cut, without the token. */
void exo_mail_say(struct exo_mail *mail, char side, const char *text);
/* A line to the server, the CRLF added. shown (NULL: line) is for the
 * transcript. */
int exo_mail_send(struct exo_mail *mail, const char *line, const char *shown,
                  struct exo_err *err) EXO_MUST_CHECK;
int exo_mail_line(struct exo_mail *mail, char **line,
                  struct exo_err *err) EXO_MUST_CHECK;
/* len more bytes of a reply, of which there may be too many. */
int exo_mail_count(struct exo_mail *mail, size_t len,
                   struct exo_err *err) EXO_MUST_CHECK;
/* Does a good answer answer what was sent, and not what was to come? Servers
 * may say that they close (421, BYE) whenever they like. */
int exo_mail_in_turn(struct exo_mail *mail, enum exo_said said,
                     struct exo_err *err) EXO_MUST_CHECK;
/* AUTH of POP3 (RFC 5034) and SMTP (RFC 4954), which never has the response:
 * no token fits into their commands. */
int exo_mail_auth(struct exo_mail *mail, const char *mech, const char *response,
                  struct exo_err *err) EXO_MUST_CHECK;
/* The server refused what: keeps the answer, sets err. */
int exo_mail_refused(struct exo_mail *mail, enum exo_said said,
                     const char *what, const char *answer,
                     struct exo_err *err) EXO_MUST_CHECK;
/* It said something that is not of this protocol. */
int exo_mail_confused(struct exo_mail *mail, const char *line,
                      struct exo_err *err) EXO_MUST_CHECK;
/* From here on under TLS; what was said before does not count. */
int exo_mail_secure(struct exo_mail *mail, struct exo_err *err) EXO_MUST_CHECK;
/* What was to be said is not there as a whole: rc is the buffer's. */
int exo_mail_unsent(int rc, struct exo_err *err) EXO_MUST_CHECK;
/* What it said is not there as a whole: rc is EXO_E_NOMEM or EXO_E_TOOBIG. */
int exo_mail_unread(struct exo_mail *mail, int rc,
                    struct exo_err *err) EXO_MUST_CHECK;
/* It does not offer STARTTLS, or what it offers is not known. */
int exo_mail_no_tls(struct exo_mail *mail, struct exo_err *err) EXO_MUST_CHECK;

/* Is the word in what it can? Not, where that could not be kept. */
bool exo_mail_can(const struct exo_mail *mail, const char *word);

/* Adds a word to a list between blanks. */
void exo_mail_add(struct exo_buf *list, const char *word, size_t len);

#endif
