/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which hosts may receive a token (exoauth/account.h, `servers:`).
 *
 * Called by the plugin and the broker before a token leaves for a server; a
 * bearer token given to the wrong one can be used by whoever runs it. So
 * every doubt is a no: no list, no host, a malformed pattern. The program
 * refuses such a pattern with the reason; here it allows nothing. Nothing is
 * allocated and nothing can fail.
 */
#include "config.h"

#include "exoauth/account.h"

#include <string.h>

#include "exoauth/block.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b, size_t len)
{
    if (memcmp(a, b, len) == 0) {
        return true; /* hosts and presets write lower case */
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

static size_t without_dot(const char *name, size_t len)
{
    return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

/* ---- is it a pattern? ---------------------------------------------------- */

static bool is_digits(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
    }
    return true;
}

/* The last label of an address as inet_aton(3) reads it, which has 0x1, too. No
 * top-level domain begins with a digit. */
static bool is_number(const char *p, size_t len)
{
    return is_digits(p, len) ||
           (len > 1 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'));
}

static bool is_host_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
           (unsigned char)c >= 0x80;
}

/* An IPv6 address, in brackets or not: what a colon may else stand in. */
static bool is_ipv6(const char *word, size_t len)
{
    size_t colons = 0;

    if (len > 2 && word[0] == '[' && word[len - 1] == ']') {
        word++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (word[i] == ':') {
            colons++;
        } else if (strchr("0123456789abcdefABCDEF.", word[i]) == NULL) {
            return false;
        }
    }
    return colons >= 2;
}

static const char *bad_bytes(const char *word, size_t len)
{
    if (len == 0) {
        return "must be host names";
    }
    if (memchr(word, '/', len) != NULL) {
        return "must be host names, not URLs";
    }
    for (size_t i = 0; i < len; i++) {
        if (word[i] == ':') {
            return "must be host names without a port";
        }
        if (word[i] == '*') {
            return "must have * only in front, as in *.example.com";
        }
        if (!is_host_byte(word[i])) {
            return "must be host names separated by blanks";
        }
        if (word[i] == '.' && (i == 0 || word[i - 1] == '.')) {
            return "must not have empty labels, as in a..b";
        }
    }
    return word[len - 1] == '.' ? "must be host names without a dot at the end"
                                : NULL;
}

/* example.com in *.example.com */
static const char *bad_domain(const char *domain, size_t len)
{
    static const char *const public[] = { "ac",  "co", "com", "edu",
                                          "gov", "go", "mil", "ne",
                                          "net", "or", "org" };
    const char *last = memrchr(domain, '.', len);
    size_t first = last != NULL ? (size_t)(last - domain) : 0;
    size_t rest = len - first - (last != NULL ? 1 : 0);

    if (is_number(last != NULL ? last + 1 : domain, rest)) {
        return "must not have * in an address";
    }
    if (last == NULL) {
        return "must have two labels behind *., or a whole top-level domain "
               "gets the token";
    }
    for (size_t i = 0; rest == 2 && i < sizeof public / sizeof public[0]; i++) {
        if (strlen(public[i]) == first && same_name(domain, public[i], first)) {
            return "must not have * for a public suffix such as co.uk";
        }
    }
    return NULL;
}

static const char *fault(const char *word, size_t len)
{
    const char *why;

    if (len == 1 && word[0] == '*') {
        return "must not be *, which gives every server the token";
    }
    if (is_ipv6(word, len)) {
        return NULL;
    }
    if (len < 2 || word[0] != '*' || word[1] != '.') {
        return bad_bytes(word, len);
    }
    why = bad_bytes(word + 2, len - 2);
    return why != NULL ? why : bad_domain(word + 2, len - 2);
}

const char *exo_servers_fault(const char *servers)
{
    const char *why = NULL;
    const char *word;
    size_t len;
    size_t n = 0;

    for (; why == NULL && (word = exo_word_next(&servers, &len)) != NULL; n++) {
        why = fault(word, len);
    }
    return n == 0 ? "is empty" : why;
}

/* ---- does it allow the host? --------------------------------------------- */

static bool pattern_allows(const char *pattern, size_t len, const char *host,
                           size_t host_len)
{
    const char *tail = pattern;
    size_t n = len;

    if (len >= 3 && pattern[0] == '*' && pattern[1] == '.') {
        tail++; /* ".example.com" must be the end, not the whole */
        n--;
        if (host_len <= n || host[0] == '.') {
            return false;
        }
    } else if (n != host_len || pattern[0] == '*') {
        return false;
    }
    if (!same_name(host + host_len - n, tail, n)) {
        return false;
    }
    /* A whole name allows one host whatever it is, so a look for a port is
     * enough; this is on the way of every login. */
    return (tail == pattern && memchr(pattern, ':', len) == NULL) ||
           fault(pattern, len) == NULL;
}

bool exo_servers_allow(const char *servers, const char *host)
{
    const char *word;
    size_t len, host_len;

    if (servers == NULL || host == NULL) {
        return false;
    }
    host_len = without_dot(host, strlen(host));
    if (host_len == 0) {
        return false;
    }
    while ((word = exo_word_next(&servers, &len)) != NULL) {
        len = without_dot(word, len);
        if (len > 0 && pattern_allows(word, len, host, host_len)) {
            return true;
        }
    }
    return false;
}
