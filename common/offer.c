/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reader takes for the words that stand before a command to type
 * (offer.h). Called by text.c for every message, and for names; libc only,
 * nothing allocated, nothing fails, no locale. Each character is turned into
 * the one of ASCII that it looks like, and compared then. Letters of other
 * scripts are not: they make words of their own, and no end of them.
 */
#include "config.h"

#include "offer.h"

#include <stdbool.h>
#include <string.h>

#include "exoauth/text.h"

static const char own_user[] = "run:";
static const char own_root[] = "run as root:";

size_t exo_text_decode(const char *text, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)text;
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

bool exo_text_in(uint32_t code, const struct exo_text_range range[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= range[i].first && code <= range[i].last) {
            return true;
        }
    }
    return false;
}

size_t exo_text_blank(const char *text)
{
    /* White_Space, and the fillers and the dotless pattern of Braille, which
     * look like one. */
    static const struct exo_text_range blanks[] = {
        { 0x85, 0x85 },       { 0xa0, 0xa0 },       { 0x115f, 0x1160 },
        { 0x1680, 0x1680 },   { 0x2000, 0x200a },   { 0x2028, 0x2029 },
        { 0x202f, 0x202f },   { 0x205f, 0x205f },   { 0x2800, 0x2800 },
        { 0x3000, 0x3000 },   { 0x3164, 0x3164 },   { 0xffa0, 0xffa0 },
        { 0x16fe4, 0x16fe4 }, { 0x1d159, 0x1d159 },
    };
    uint32_t code;
    size_t len;

    if ((*text & 0x80) == 0) { /* nearly all, in the names of each login */
        return *text == ' ' || (*text >= '\t' && *text <= '\r');
    }
    len = exo_text_decode(text, &code);
    return exo_text_in(code, blanks, sizeof blanks / sizeof blanks[0]) ? len
                                                                       : 0;
}

/* Default_Ignorable_Code_Point of Unicode 15, but for what is a blank. */
bool exo_text_unseen(uint32_t code)
{
    static const struct exo_text_range ranges[] = {
        { 0xad, 0xad },       { 0x34f, 0x34f },     { 0x61c, 0x61c },
        { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x200b, 0x200f },
        { 0x202a, 0x202e },   { 0x2060, 0x206f },   { 0xfe00, 0xfe0f },
        { 0xfeff, 0xfeff },   { 0xfff0, 0xfff8 },   { 0x1bca0, 0x1bca3 },
        { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
    };

    return exo_text_in(code, ranges, sizeof ranges / sizeof ranges[0]);
}

static bool is_colon(uint32_t code)
{
    static const uint32_t colons[] = { ':',    0x2d0,  0x2f8,  0x589,  0x5c3,
                                       0x703,  0x704,  0x16ec, 0x1803, 0x1809,
                                       0x205a, 0x2236, 0xa789, 0xfe13, 0xfe30,
                                       0xfe55, 0xff1a };

    for (size_t i = 0; i < sizeof colons / sizeof colons[0]; i++) {
        if (colons[i] == code) {
            return true;
        }
    }
    return false;
}

/* What the character at p looks like, and its length: a small letter, ' ',
 * ':', 0 for nothing at all, '?' for anything else. */
static char look(const char *p, size_t *len)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    uint32_t code;

    *len = exo_text_decode(p, &code);
    if (*len == 0) {
        *len = 1;
        return '?';
    }
    if (exo_text_blank(p) > 0) {
        return ' ';
    }
    if (is_colon(code)) {
        return ':';
    }
    if (*p != '\0' && exo_text_unseen(code)) {
        return '\0';
    }
    if (code >= 0xff01 && code <= 0xff5e) { /* as wide as a Chinese one */
        code -= 0xff01 - '!';
    } else if (code >= 0x1d400 && code <= 0x1d6a3) { /* of mathematics */
        code = (unsigned char)letters[(code - 0x1d400) % 52];
    }
    if (code >= 'A' && code <= 'Z') {
        code += 'a' - 'A';
    }
    return code >= 'a' && code <= 'z' ? (char)code : '?';
}

/* Over what cannot be seen and, if told so, over blanks. Was there one? */
static bool skip(const char **p, bool blanks)
{
    bool any = false;
    size_t len;
    char c;

    while (**p != '\0' &&
           ((c = look(*p, &len)) == '\0' || (c == ' ' && blanks))) {
        any |= c == ' ';
        *p += len;
    }
    return any;
}

/* word at *p, which is moved behind it; a blank in it stands for some. */
static bool take(const char **p, const char *word)
{
    const char *at = *p;

    for (; *word != '\0'; word++) {
        bool blank = skip(&at, *word == ' ');
        size_t len;

        if (*word == ' ') {
            if (!blank) {
                return false;
            }
        } else if (*at == '\0' || look(at, &len) != *word) {
            return false;
        } else {
            at += len;
        }
    }
    *p = at;
    return true;
}

size_t exo_offer_at(const char *p, size_t *colon)
{
    const char *at = p;
    size_t len;

    if ((*p & 0x80) == 0 && *p != 'r' && *p != 'R') {
        return 0;
    }
    if (look(p, &len) != 'r' || !take(&at, "run")) {
        return 0;
    }
    (void)take(&at, " as root");
    (void)skip(&at, true);
    if (*at == '\0' || look(at, &len) != ':') {
        return 0;
    }
    *colon = (size_t)(at - p);
    return *colon + len;
}

size_t exo_offer_own(const char *format)
{
    if (strncmp(format, own_user, sizeof own_user - 1) == 0) {
        return sizeof own_user - 1;
    }
    return strncmp(format, own_root, sizeof own_root - 1) == 0
               ? sizeof own_root - 1
               : 0;
}

/* No colon, no offer: that of most names, in the budget of a login. */
static bool may_offer(const char *text)
{
    while (*text != '\0' && *text != ':' && (*text & 0x80) == 0) {
        text++;
    }
    return *text != '\0';
}

const char *exo_text_offer(const char *text)
{
    size_t colon;

    if (!may_offer(text)) {
        return NULL;
    }
    for (; *text != '\0'; text++) {
        if (exo_offer_at(text, &colon) > 0) {
            return text;
        }
    }
    return NULL;
}

bool exo_text_offers(const char *text)
{
    return exo_text_offer(text) != NULL;
}
