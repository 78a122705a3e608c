/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside, cleaned and quoted (exoauth/text.h).
 *
 * Called wherever a message is made, also in the plugin: libc only, nothing
 * allocated, nothing fails, and nothing depends on the locale of the host
 * program. UTF-8 is decoded by hand (offer.c) for that reason.
 */
#include "config.h"

#include "exoauth/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "offer.h"
#include "typed.h"

/* Controls, what moves or hides the text around it, and what means nothing to
 * anybody else: private use, noncharacters. */
static bool is_hostile(uint32_t code)
{
    static const struct exo_text_range ranges[] = {
        { 0x00, 0x1f },        { 0x7f, 0x9f },     { 0x2028, 0x2029 },
        { 0xe000, 0xf8ff },    { 0xfdd0, 0xfdef }, { 0xfff9, 0xfffc },
        { 0xf0000, 0x10ffff },
    };

    return (code & 0xfffe) == 0xfffe || exo_text_unseen(code) ||
           exo_text_in(code, ranges, sizeof ranges / sizeof ranges[0]);
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
    len = exo_text_decode(p, &code);
    if (len > 0 && is_hostile(code)) {
        *bad = len;
        return 0;
    }
    return len;
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
    size_t len, colon;

    for (char *p = text; *p != '\0'; p++) {
        len = exo_offer_at(p, &colon);
        if (len > 0) {
            p[colon] = '.';
            memmove(p + colon + 1, p + len, strlen(p + len) + 1);
        }
    }
    wipe(text);
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

/* The format with `mark` on both sides of what it says itself, "run:", "run as
 * root:" and %-s. Empty if it does not fit. */
static void mark_format(char marked[FORMAT_MAX], const char *fmt, char mark)
{
    size_t n = 0;

    while (*fmt != '\0') {
        size_t len = exo_offer_own(fmt);
        bool own = len > 0;

        if (*fmt == '%') {
            own = fmt[1] == '-';
            len = 2 + strspn(fmt + 1, "-.*0123456789");
        } else if (len == 0) {
            len = 1;
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
static void tame(char text[MARKED_MAX], char other[MARKED_MAX])
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
    text[n] = other[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t colon;
        size_t len = exo_offer_at(text + i, &colon);

        if (len == 0 || strspn(other + i, "o") >= len) {
            continue;
        }
        text[i + colon] = '.';
        memmove(text + i + colon + 1, text + i + len, n + 1 - i - len);
        memmove(other + i + colon + 1, other + i + len, n + 1 - i - len);
        n -= len - colon - 1;
    }
}

/* Up to where the sentence goes on. */
static size_t command_len(const char *p)
{
    bool quoted = false;
    size_t n = 0;

    for (; p[n] != '\0'; n++) {
        if (p[n] == '\'') {
            quoted = !quoted;
        } else if (!quoted && p[n] == '\\' && p[n + 1] != '\0') {
            n++;
        } else if (!quoted &&
                   (p[n] == ';' || p[n] == ')' || p[n] == '|' ||
                    (p[n] == ',' && (p[n + 1] == ' ' || p[n + 1] == '\0')))) {
            break;
        }
    }
    while (n > 0 && p[n - 1] == ' ') {
        n--;
    }
    return n;
}

/* false: no room. */
static bool put_in(char text[MARKED_MAX], const char *words, size_t at)
{
    size_t n = strlen(words);

    if (strlen(text) + n >= MARKED_MAX) {
        return false;
    }
    memmove(text + at + n, text + at, strlen(text + at) + 1);
    memcpy(text + at, words, n);
    return true;
}

/* Every command that is left in text is one of ours, and own. */
static void name_config(char text[MARKED_MAX])
{
    static const char program[] = "exoauth ", option[] = " --config ";
    const char *before = exo_typed ? exo_typed(EXO_TYPED_BEFORE) : "";
    const char *after = exo_typed ? exo_typed(EXO_TYPED_AFTER) : "";
    const char *offer = text;

    while (before[0] + after[0] != '\0' &&
           (offer = exo_text_offer(offer)) != NULL) {
        const char *from = strchr(offer, ':') + 1;
        size_t at, len;

        from += strspn(from, " ");
        if (strncmp(from, program, sizeof program - 1) != 0) {
            offer = from;
            continue;
        }
        len = command_len(from);
        at = (size_t)(from - text) + len;
        if (!put_in(text,
                    memmem(from, len, option, sizeof option - 1) != NULL
                        ? ""
                        : after,
                    at) ||
            !put_in(text, before, (size_t)(from - text))) {
            text[offer - text] = '\0';
            return;
        }
        offer = text + at;
    }
}

void exo_text_set(char *text, size_t size, const char *fmt, va_list ap)
{
    char whole[MARKED_MAX], other[MARKED_MAX];
    int saved = errno;
    int n = expand(whole, fmt, '\1', ap);
    bool cut = n < 0 || n >= MARKED_MAX;
    const char *command;
    size_t len;

    errno = saved; /* of %m */
    if (n < 0 || expand(other, fmt, '\2', ap) != n) {
        whole[0] = other[0] = '\0';
    }
    tame(whole, other);
    name_config(whole);
    len = strlen(whole);
    if (len >= size) {
        cut = true;
        len = size - 1;
    }
    memcpy(text, whole, len);
    text[len] = '\0';
    command = cut ? exo_text_offer(text) : NULL;
    if (command != NULL) {
        text[command - text] = '\0';
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
