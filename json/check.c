/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a text JSON? (exoauth/json.h, RFC 8259.) Called by json.c before json-c
 * sees the text, and by nobody else in the program: what json-c takes differs
 * from version to version, and no set of its flags is the grammar.
 *
 * One walk from left to right without recursion and without memory of its
 * own. The names of all objects that are open stand in one list, the
 * innermost object's last; a name is compared with those of its own object
 * only, decoded, so that "\u0061" is "a". EXO_JSON_NAMES bounds the list, and
 * with it what the longest text costs. Failure: EXO_E_SHORT or EXO_E_SYNTAX
 * with a static reason.
 */
#include "config.h"

#include "exoauth/json.h"

#include <string.h>

#define DEPTH_MOST 64u
struct scan {
    const char *at, *end;
    unsigned depth, most;
    bool bytes;               /* need not be UTF-8 */
    char open[DEPTH_MOST];    /* '{' or '[' */
    size_t first[DEPTH_MOST]; /* of the names of that object */
    const char *name[EXO_JSON_NAMES];
    size_t names;
    const char *why;
};

static const char too_short[] = "unexpected end of data";
static bool refuse(struct scan *s, const char *why)
{
    s->why = s->at == s->end ? too_short : why;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && memchr(" \t\r\n", *s->at, 4) != NULL) {
        s->at++;
    }
}

/* Length of the character, 0 if there is none. RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF. */
static size_t utf8(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n, i;
    unsigned low = 0x80, high = 0xbf; /* of the second byte */

    if (len == 0 || p[0] < 0x80) {
        return len == 0 ? 0 : 1;
    }
    n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n == 0 || n > len || p[0] > 0xf4) {
        return 0;
    }
    if (p[0] == 0xe0) {
        low = 0xa0;
    } else if (p[0] == 0xed) {
        high = 0x9f;
    } else if (p[0] == 0xf0) {
        low = 0x90;
    } else if (p[0] == 0xf4) {
        high = 0x8f;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (i = 2; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return n;
}

/* ---- strings ---- */

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits; -1 if they are none. */
static long hex4(const char *p)
{
    long value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);

        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* At a backslash. */
static bool skip_escape(struct scan *s)
{
    s->at++;
    if (s->at == s->end || *s->at == '\0' ||
        strchr("\"\\/bfnrtu", *s->at) == NULL) {
        return refuse(s, "an escape that JSON does not have");
    }
    if (*s->at++ != 'u') {
        return true;
    }
    for (int i = 0; i < 4; i++, s->at++) {
        if (s->at == s->end || hex_value(*s->at) < 0) {
            return refuse(s, "\\u without four hexadecimal digits");
        }
    }
    return true;
}

static bool skip_string(struct scan *s)
{
    size_t n;

    if (s->at == s->end || *s->at != '"') {
        return refuse(s, "a string does not begin with a double quote");
    }
    for (s->at++; s->at < s->end && *s->at != '"';) {
        if (*s->at == '\\') {
            if (!skip_escape(s)) {
                return false;
            }
            continue;
        }
        if ((unsigned char)*s->at < 0x20) {
            return refuse(s, "a control character within a string");
        }
        n = utf8(s->at, (size_t)(s->end - s->at));
        if (n == 0 && !s->bytes) {
            return refuse(s, "bytes that are not UTF-8");
        }
        s->at += n > 0 ? n : 1;
    }
    if (s->at == s->end) {
        return refuse(s, too_short);
    }
    s->at++;
    return true;
}

static unsigned long decode_utf8(const char **p)
{
    size_t n = utf8(*p, 4);
    unsigned long c = (unsigned char)*(*p)++;

    if (n == 0) {
        return 0x110000 + c; /* where the bytes need not be UTF-8 */
    }
    if (n > 1) {
        c &= 0x7fu >> n;
        for (size_t i = 1; i < n; i++) {
            c = c << 6 | ((unsigned char)*(*p)++ & 0x3fu);
        }
    }
    return c;
}

/* The next character of a name that skip_string() has passed; *p is at the
 * closing quote in the end. Half a surrogate pair is U+FFFD, as in json-c. */
static unsigned long next_char(const char **p)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    unsigned long c;

    if (**p != '\\') {
        return decode_utf8(p);
    }
    (*p)++;
    if (**p != 'u') {
        return (unsigned char)to[strchr(from, *(*p)++) - from];
    }
    c = (unsigned long)hex4(*p + 1);
    *p += 5;
    if (c >= 0xd800 && c <= 0xdbff && (*p)[0] == '\\' && (*p)[1] == 'u') {
        unsigned long low = (unsigned long)hex4(*p + 2);

        if (low >= 0xdc00 && low <= 0xdfff) {
            *p += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
}

static bool same_name(const char *a, const char *b)
{
    while (*a != '"' && *b != '"') {
        if (next_char(&a) != next_char(&b)) {
            return false;
        }
    }
    return *a == *b;
}

/* A name and its colon. */
static bool take_name(struct scan *s)
{
    const char *name = s->at + 1;

    if (!skip_string(s)) {
        return false;
    }
    /* json-c's names end at a NUL, which would make two of them one. */
    for (const char *p = name; *p != '"';) {
        if (next_char(&p) == 0) {
            return refuse(s, "a NUL in the name of a member");
        }
    }
    for (size_t i = s->first[s->depth - 1]; i < s->names; i++) {
        if (same_name(s->name[i], name)) {
            return refuse(s, "a member is there twice");
        }
    }
    if (s->names == EXO_JSON_NAMES) {
        return refuse(s, "too many members");
    }
    s->name[s->names++] = name;
    skip_blanks(s);
    if (s->at == s->end || *s->at != ':') {
        return refuse(s, "a member has no colon behind its name");
    }
    s->at++;
    skip_blanks(s);
    return true;
}

/* ---- values ---- */

static bool skip_digits(struct scan *s)
{
    if (s->at == s->end || !is_digit(*s->at)) {
        return refuse(s, "a number without the digits that it needs");
    }
    while (s->at < s->end && is_digit(*s->at)) {
        s->at++;
    }
    return true;
}

static bool skip_number(struct scan *s)
{
    if (*s->at == '-') {
        s->at++;
    }
    if (s->at < s->end && *s->at == '0') {
        s->at++;
        if (s->at < s->end && is_digit(*s->at)) {
            return refuse(s, "a number with a zero before it");
        }
    } else if (!skip_digits(s)) {
        return false;
    }
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!skip_digits(s)) {
            return false;
        }
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-')) {
            s->at++;
        }
        return skip_digits(s);
    }
    return true;
}

static bool skip_word(struct scan *s)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t left = (size_t)(s->end - s->at);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);
        size_t n = left < len ? left : len;

        if (memcmp(s->at, words[i], n) == 0) {
            s->at += n;
            return n == len || refuse(s, too_short);
        }
    }
    return refuse(s, "a value that JSON does not have");
}

/* At its first character; an object or array is only entered. */
static bool take_value(struct scan *s)
{
    if (s->at == s->end) {
        return refuse(s, too_short);
    }
    if (*s->at == '"') {
        return skip_string(s);
    }
    if (*s->at == '-' || is_digit(*s->at)) {
        return skip_number(s);
    }
    if (*s->at != '{' && *s->at != '[') {
        return skip_word(s);
    }
    if (s->depth == s->most) {
        return refuse(s, "nesting too deep");
    }
    s->open[s->depth] = *s->at++;
    s->first[s->depth++] = s->names;
    return true;
}

/* Behind the opening bracket, or behind a comma. */
static bool take_element(struct scan *s)
{
    if (s->open[s->depth - 1] == '{' && !take_name(s)) {
        return false;
    }
    return take_value(s);
}

/* The values within the first one, until that one is closed. */
static bool walk(struct scan *s)
{
    bool fresh = true; /* just behind an opening bracket */

    while (s->depth > 0) {
        unsigned depth = s->depth;
        char close = s->open[depth - 1] == '{' ? '}' : ']';

        skip_blanks(s);
        if (s->at < s->end && *s->at == close) {
            s->at++;
            s->names = s->first[--s->depth];
            fresh = false;
            continue;
        }
        if (!fresh) {
            if (s->at == s->end || *s->at != ',') {
                return refuse(s, "neither a comma nor the closing bracket");
            }
            s->at++;
            skip_blanks(s);
        }
        if (!take_element(s)) {
            return false;
        }
        fresh = s->depth > depth;
    }
    return true;
}

int exo_json_check(const char *text, size_t len, unsigned depth,
                   const char **why)
{
    struct scan s;

    s.at = text;
    s.end = text + len;
    s.depth = 0;
    s.bytes = (depth & EXO_JSON_BYTES) != 0;
    depth &= ~EXO_JSON_BYTES;
    s.most = depth < DEPTH_MOST ? depth : DEPTH_MOST;
    s.names = 0;
    s.why = NULL;
    skip_blanks(&s);
    if (take_value(&s) && walk(&s)) {
        skip_blanks(&s);
        if (s.at != s.end) {
            s.why = "text behind the end";
        }
    }
    *why = s.why;
    if (s.why == NULL) {
        return EXO_OK;
    }
    return s.why == too_short ? EXO_E_SHORT : EXO_E_SYNTAX;
}
