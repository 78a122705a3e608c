/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a line of a mail server is. Pure functions over one line without its
 * end; nothing is kept and nothing fails but by saying that it is none.
 */
#ifndef EXOAUTH_MAIL_PARSE_H
#define EXOAUTH_MAIL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum exo_said {
    EXO_SAID_NOTHING,  /* no line of this protocol */
    EXO_SAID_OK,       /* the command is done */
    EXO_SAID_NO,       /* it is refused, for good */
    EXO_SAID_LATER,    /* it is refused, for now */
    EXO_SAID_CONTINUE, /* more is wanted from us */
    EXO_SAID_MORE,     /* an untagged line, or not the last of several */
    EXO_SAID_PREAUTH,  /* IMAP: no login is wanted */
    EXO_SAID_BYE       /* IMAP: it is leaving */
};

/* *text is what follows the code, the tag or the "+", in the line. */
enum exo_said exo_parse_smtp(const char *line, const char **text);
enum exo_said exo_parse_pop3(const char *line, const char **text);
/* tag: of our command; NULL for the greeting. */
enum exo_said exo_parse_imap(const char *line, const char *tag,
                             const char **text);

/* The list in "* CAPABILITY ..." or "[CAPABILITY ...]" of text, and its
 * length; NULL if there is none. */
const char *exo_parse_capability(const char *line, size_t *len);

/* Does the line end in the beginning of a literal, {123} or {123+}? */
bool exo_parse_literal(const char *line, size_t len, size_t *bytes);

/* Is the word in the list, whatever its case? Words end at a blank. */
bool exo_parse_has(const char *list, const char *word);

#endif
