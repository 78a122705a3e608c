/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside, cleaned and quoted (exoauth/text.h).
 *
 * Called wherever a message is made, also in the plugin: libc only, nothing
 * allocated, nothing fails, and nothing depends on the locale of the host
 * program. UTF-8 is decoded by hand for that reason.
 */
#include "config.h"

#include "exoauth/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The code point at p and its length; 0 if it is not UTF-8 (RFC 3629). A NUL
 * is no continuation byte, so nothing behind the end is read. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf5 ? 4
                               : 0;

    *code = len > 1 ? p[0] & (0xffU >> (len + 1)) : p[0];
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (p[i] & 0x3f);
    }
    if (len > 1 && (*code < least[len] || *code > 0x10ffff ||
                    (*code >= 0xd800 && *code <= 0xdfff))) {
        return 0;
    }
    return len;
}

/* Controls, and what moves or hides the text around it. */
static bool is_hostile(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x61c, 0x61c },
        { 0x180e, 0x180e }, { 0x200b, 0x200b }, { 0x200e, 0x200f },
        { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
        { 0xfff9, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe007f },
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* How many bytes at p may be shown; 0: *bad bytes must not. */
static size_t good_at(const char *p, size_t *bad)
{
    uint32_t code;
    size_t len;

    *bad = 1;
    if (*p >= 0x20 && *p < 0x7f) {
        return 1;
    }
    len = decode((const unsigned char *)p, &code);
    if (len > 0 && is_hostile(code)) {
        *bad = len;
        return 0;
    }
    return len;
}

size_t exo_text_blank(const char *text)
{
    uint32_t code;
    size_t len = decode((const unsigned char *)text, &code);

    return len > 0 && (code == ' ' || (code >= '\t' && code <= '\r') ||
                       code == 0x85 || code == 0xa0 || code == 0x1680 ||
                       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
                       code == 0x2029 || code == 0x202f || code == 0x205f ||
                       code == 0x3000)
               ? len
               : 0;
}

/* What stands before a command to type. */
static const char offer[] = "run:";

#define OFFER_LEN (sizeof offer - 1)

bool exo_text_offers(const char *text)
{
    /* A login looks at its account's name: most have no colon. */
    return strchr(text, ':') != NULL && strcasestr(text, offer) != NULL;
}

/* What moves the cursor, and what is not UTF-8. */
static void wipe(char *text)
{
    char *to = text;

    while (*text != '\0') {
        size_t bad;
        size_t len = good_at(text, &bad);

        if (len == 0) {
            *to++ = '?';
            text += bad;
            continue;
        }
        memmove(to, text, len);
        to += len;
        text += len;
    }
    *to = '\0';
}

void exo_text_clean(char *text)
{
    wipe(text);
    while ((text = strcasestr(text, offer)) != NULL) {
        text[OFFER_LEN - 1] = '.';
    }
}

bool exo_text_is_clean(const char *text)
{
    size_t len, bad;

    for (; *text != '\0'; text += len) {
        len = good_at(text, &bad);
        if (len == 0) {
            return false;
        }
    }
    return true;
}

#define TOKEN_LEN 40

static bool is_of_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~+/=%\\", c) != NULL);
}

const char *exo_text_token(const char *text, size_t len, size_t *n)
{
    for (size_t i = 0; i < len; i += *n + 1) {
        for (*n = 0; i + *n < len && is_of_token(text[i + *n]); ++*n) {
        }
        if (*n >= TOKEN_LEN) {
            return text + i;
        }
    }
    return NULL;
}

#define FORMAT_MAX 1024
#define MARKED_MAX 2048

/* The format with `mark` on both sides of what it says itself, "run:" and
 * %-s. Empty if it does not fit. */
static void mark_format(char marked[FORMAT_MAX], const char *fmt, char mark)
{
    size_t n = 0;

    while (*fmt != '\0') {
        size_t len = 1;
        bool own = false;

        if (strncmp(fmt, offer, OFFER_LEN) == 0) {
            len = OFFER_LEN;
            own = true;
        } else if (*fmt == '%') {
            own = fmt[1] == '-';
            len = 2 + strspn(fmt + 1, "-.*0123456789");
        }
        if (n + len + 3 > FORMAT_MAX) {
            n = 0;
            break;
        }
        if (own) {
            marked[n++] = mark;
        }
        memcpy(marked + n, fmt, len);
        n += len;
        if (own) {
            marked[n++] = mark;
        }
        fmt += len;
    }
    marked[n] = '\0';
}

static int expand(char out[MARKED_MAX], const char *fmt, char mark, va_list ap)
    __attribute__((format(printf, 2, 0)));

static int expand(char out[MARKED_MAX], const char *fmt, char mark, va_list ap)
{
    char marked[FORMAT_MAX];
    va_list again;
    int n;

    mark_format(marked, fmt, mark);
    va_copy(again, ap);
/* The caller's format, checked there, and two marks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = vsnprintf(out, MARKED_MAX, marked[0] != '\0' ? marked : fmt, again);
#pragma GCC diagnostic pop
    va_end(again);
    return n;
}

/* Takes the marks out of text: where it differs from `other`, as no argument
 * can bring that about. Each "run:" outside of them, or that only begins or
 * ends there, is somebody else's. */
static size_t tame(char text[MARKED_MAX], char other[MARKED_MAX])
{
    bool own = false;
    size_t n = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != other[i]) {
            own = !own;
            continue;
        }
        text[n] = text[i];
        other[n++] = own ? 'o' : ' ';
    }
    text[n] = '\0';
    for (char *at = text; (at = strcasestr(at, offer)) != NULL;
         at += OFFER_LEN) {
        if (strncmp(other + (at - text), "oooo", OFFER_LEN) != 0) {
            at[OFFER_LEN - 1] = '.';
        }
    }
    return n;
}

void exo_text_set(char *text, size_t size, const char *fmt, va_list ap)
{
    char whole[MARKED_MAX], other[MARKED_MAX];
    int saved = errno;
    int n = expand(whole, fmt, '\1', ap);
    bool cut = n < 0 || n >= MARKED_MAX;
    char *command;
    size_t len;

    errno = saved; /* of %m */
    if (n < 0 || expand(other, fmt, '\2', ap) != n) {
        whole[0] = other[0] = '\0';
    }
    len = tame(whole, other);
    if (len >= size) {
        cut = true;
        len = size - 1;
    }
    memcpy(text, whole, len);
    text[len] = '\0';
    command = cut ? strstr(text, "run: ") : NULL;
    if (command != NULL) {
        *command = '\0';
    }
    wipe(text);
    len = strlen(text);
    while (len > 0 && strchr(cut ? " ;" : " ", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
    errno = saved;
}

void exo_text_fmt(char *text, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    exo_text_set(text, size, fmt, ap);
    va_end(ap);
}

static bool is_plain(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789@%_+=:,./-";

    return text[strspn(text, safe)] == '\0';
}

const char *exo_shell_word(char out[EXO_SHELL_MAX], const char *text,
                           const char *word)
{
    size_t n = 0;

    if (text == NULL || text[0] == '\0' || text[0] == '-' ||
        exo_text_offers(text) || !exo_text_is_clean(text)) {
        return word;
    }
    if (is_plain(text)) {
        return strlen(text) < EXO_SHELL_MAX ? text : word;
    }
    out[n++] = '\'';
    for (; *text != '\0'; text++) {
        if (n + 6 > EXO_SHELL_MAX) {
            return word;
        }
        if (*text == '\'') {
            memcpy(out + n, "'\\''", 4);
            n += 4;
        } else {
            out[n++] = *text;
        }
    }
    out[n++] = '\'';
    out[n] = '\0';
    return out;
}
