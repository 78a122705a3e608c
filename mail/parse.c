/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a line of a mail server is (parse.h). Called by imap.c, pop3.c and
 * smtp.c for every line; the text stays the caller's. What a server may get
 * wrong without harm is taken, as "+" without a blank (Exchange) or "250"
 * without a text.
 */
#include "config.h"

#include "parse.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Does line begin with word, whatever its case, and end there or go on after
 * a blank? *rest is what follows. */
static bool starts(const char *line, const char *word, const char **rest)
{
    size_t n = strlen(word);

    if (strncasecmp(line, word, n) != 0 ||
        (line[n] != '\0' && line[n] != ' ')) {
        return false;
    }
    *rest = line + n + (line[n] == ' ');
    return true;
}

enum exo_said exo_parse_smtp(const char *line, const char **text)
{
    *text = line;
    if (line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
        !is_digit(line[2]) ||
        (line[3] != '\0' && line[3] != ' ' && line[3] != '-')) {
        return EXO_SAID_NOTHING;
    }
    *text = line + 3 + (line[3] != '\0');
    if (line[3] == '-') {
        return EXO_SAID_MORE;
    }
    switch (line[0]) {
    case '2':
        return EXO_SAID_OK;
    case '3':
        return EXO_SAID_CONTINUE;
    case '4':
        return EXO_SAID_LATER;
    default:
        return EXO_SAID_NO;
    }
}

enum exo_said exo_parse_pop3(const char *line, const char **text)
{
    static const char *const passing[] = { "[SYS/TEMP", "[IN-USE",
                                           "[LOGIN-DELAY" };

    *text = line;
    if (starts(line, "+OK", text)) {
        return EXO_SAID_OK;
    }
    if (starts(line, "-ERR", text)) {
        for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
            if (strncasecmp(*text, passing[i], strlen(passing[i])) == 0) {
                return EXO_SAID_LATER;
            }
        }
        return EXO_SAID_NO;
    }
    return starts(line, "+", text) ? EXO_SAID_CONTINUE : EXO_SAID_NOTHING;
}

/* RFC 5530: what passes. */
static enum exo_said refusal(const char *text)
{
    static const char *const passing[] = { "[UNAVAILABLE", "[INUSE", "[LIMIT",
                                           "[SERVERBUG" };

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (strncasecmp(text, passing[i], strlen(passing[i])) == 0) {
            return EXO_SAID_LATER;
        }
    }
    return EXO_SAID_NO;
}

enum exo_said exo_parse_imap(const char *line, const char *tag,
                             const char **text)
{
    const char *rest;

    *text = line;
    if (starts(line, "+", text)) {
        return EXO_SAID_CONTINUE;
    }
    if (starts(line, "*", &rest)) {
        if (starts(rest, "BYE", text)) {
            return EXO_SAID_BYE;
        }
        if (!tag && starts(rest, "OK", text)) {
            return EXO_SAID_OK;
        }
        if (!tag && starts(rest, "PREAUTH", text)) {
            return EXO_SAID_PREAUTH;
        }
        *text = rest;
        return EXO_SAID_MORE;
    }
    if (!tag || !starts(line, tag, &rest)) {
        return EXO_SAID_NOTHING;
    }
    if (starts(rest, "OK", text)) {
        return EXO_SAID_OK;
    }
    if (starts(rest, "NO", text) || starts(rest, "BAD", text)) {
        return refusal(*text);
    }
    return EXO_SAID_NOTHING;
}

const char *exo_parse_capability(const char *line, size_t *len)
{
    static const char untagged[] = "* CAPABILITY ";
    static const char code[] = "[CAPABILITY ";
    const char *list;

    *len = 0;
    if (strncasecmp(line, untagged, sizeof(untagged) - 1) == 0) {
        list = line + sizeof(untagged) - 1;
        *len = strlen(list);
        return list;
    }
    list = strcasestr(line, code);
    if (!list) {
        return NULL;
    }
    list += sizeof(code) - 1;
    *len = strcspn(list, "]");
    return list[*len] == ']' ? list : NULL;
}

bool exo_parse_literal(const char *line, size_t len, size_t *bytes)
{
    size_t at = len;
    uint64_t n = 0;

    *bytes = 0;
    if (at < 3 || line[--at] != '}') {
        return false;
    }
    if (line[at - 1] == '+') {
        at--;
    }
    while (at > 0 && is_digit(line[at - 1])) {
        at--;
    }
    if (at == 0 || line[at - 1] != '{' || !is_digit(line[at])) {
        return false;
    }
    for (; is_digit(line[at]); at++) {
        n = n * 10 + (uint64_t)(line[at] - '0');
        if (n > UINT32_MAX) {
            n = UINT32_MAX; /* more than anybody will read */
        }
    }
    *bytes = (size_t)n;
    return true;
}

bool exo_parse_has(const char *list, const char *word)
{
    size_t want = strlen(word);
    size_t n;

    for (; *list != '\0'; list += n + (list[n] == ' ')) {
        n = strcspn(list, " ");
        if (n == want && strncasecmp(list, word, n) == 0) {
            return true;
        }
    }
    return false;
}
