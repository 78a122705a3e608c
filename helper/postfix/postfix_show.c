/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a configuration of Postfix may be shown (postfix.h): all but the
 * passwords that stand in it. Called by setup for its changes and what undo
 * says of them, and by the report of doctor; their output goes into logs.
 *
 * Appended to the caller's buffer. Postfix hands no list of such places to
 * anybody, so the types of maps that hold their content themselves are named
 * here, and of a map of logins all that follows the user is hidden.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "postfix.h"

#define HIDDEN "(not shown)"

/* The length of "static:" and its like, at the begin of a word. */
static size_t inline_type(const char *p, size_t len)
{
    static const char *const types[] = { "static:", "inline:", "randmap:" };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t n = strlen(types[i]);

        if (len >= n && strncmp(p, types[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

/* The length of what such a map holds: {...}, or a word. in_braces: a word ends
 * with the brace around it, too. */
static size_t content(const char *p, size_t len, bool in_braces)
{
    size_t depth = 0;
    size_t i = 0;

    if (len > 0 && p[0] == '{') {
        do {
            depth += p[i] == '{';
            depth -= p[i] == '}';
        } while (++i < len && depth > 0);
        return i;
    }
    while (i < len && !strchr(in_braces ? " \t\r\n,}" : " \t\r\n,", p[i])) {
        i++;
    }
    return i;
}

void exo_postfix_show(struct exo_buf *out, const char *value, size_t len)
{
    size_t depth = 0;

    for (size_t i = 0; i < len; i++) {
        size_t n = i > 0 && isalnum((unsigned char)value[i - 1])
                       ? 0
                       : inline_type(value + i, len - i);

        if (n > 0) {
            exo_buf_add(out, value + i, n);
            exo_buf_str(out, HIDDEN);
            i += n;
            i += content(value + i, len - i, depth > 0);
            i--;
            continue;
        }
        depth += value[i] == '{';
        depth -= value[i] == '}' && depth > 0;
        exo_buf_add(out, value + i, 1);
    }
}

void exo_postfix_show_login(struct exo_buf *out, const char *line, size_t len)
{
    size_t i = 0;

    while (i < len && strchr(" \t", line[i])) {
        i++;
    }
    /* The server may have a port, and a comment may be an old line. */
    while (i < len && line[0] != '#' && !strchr(" \t", line[i])) {
        i++;
    }
    while (i < len && line[i] != ':') {
        i++;
    }
    exo_postfix_show(out, line, i);
    if (i < len) {
        exo_buf_str(out, ":" HIDDEN);
    }
}
