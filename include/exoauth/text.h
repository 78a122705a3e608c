/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside on its way to a terminal, a log or a shell. Names, server
 * answers and file names may hold any byte; what shows them cleans them, and
 * what puts them into a command to type makes them one word of the shell.
 */
#ifndef EXOAUTH_TEXT_H
#define EXOAUTH_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * In place, for text from outside that is shown as it is: what must not reach a
 * terminal becomes '?'. That are control bytes, DEL, C1 controls
 * (U+0080..U+009F), whatever reorders or hides text (bidirectional marks, line
 * and paragraph separators, U+FEFF) and each byte that is not UTF-8. Other
 * UTF-8 stays. "run:" and "run as root:", and what looks like them, become
 * "run." as whoever reads a message types what stands behind it. The text may
 * get shorter.
 */
void exo_text_clean(char *text);

/* Would exo_text_clean() leave it as it is, but for "run:"? */
bool exo_text_is_clean(const char *text);

/* The bytes of the blank that text begins with, of ASCII or of Unicode, as
 * pages have them between words; 0: it begins with none. */
size_t exo_text_blank(const char *text);

/* The first "run:" or "run as root:" in it, or what a reader takes for one: in
 * any case, with blanks, wide letters, other colons. NULL: none. In a finished
 * message of ours it is a command of ours. */
const char *exo_text_offer(const char *text);

bool exo_text_offers(const char *text);

/*
 * The first word of text[0..len), *n bytes, that may be a token, of whatever
 * age: 40 bytes and more in a row that are those of a b64token (RFC 6750
 * section 2.1), of its percent-encoding or of JSON's escapes. NULL: none.
 */
const char *exo_text_token(const char *text, size_t len, size_t *n);

/*
 * vsnprintf(3), cleaned and without blanks at the end, which the `message:` of
 * a reply could not carry. "run:" stays where the format says it (or "run as
 * root:"), and in the argument of %-s, which is a text of ours that this
 * function has made; any other becomes "run.". A text that does not fit is cut,
 * and loses the command it would have ended with ("; run: ..."): half a command
 * does something else.
 */
void exo_text_set(char *text, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
void exo_text_fmt(char *text, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define EXO_SHELL_MAX 320 /* bytes with the NUL, quotes included */

/*
 * The text as one argument of a command that somebody pastes into sh(1): as
 * it is where it needs no quotes, else in single ones. `word`, e.g. "ACCOUNT",
 * stands for what cannot be typed: an option in disguise (a leading '-'),
 * unclean text, one that would offer a command of its own, one that is too
 * long or empty. Returns out or word.
 */
const char *exo_shell_word(char out[EXO_SHELL_MAX], const char *text,
                           const char *word);

/* The same, in the argument list of a message; it lives as long as the
 * enclosing block. tests/cli/remedies.sh finds a command without it. */
#define EXO_SH(text, word) \
    exo_shell_word((char[EXO_SHELL_MAX]){ 0 }, (text), (word))

#endif
