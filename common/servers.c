/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which hosts may receive a token (exoauth/account.h, `servers:`).
 *
 * Called by the plugin and the broker before a token leaves for a server; a
 * bearer token given to the wrong one can be used by whoever runs it. So
 * every doubt is a no: no list, no host, an empty label, a lone "*".
 * Nothing is allocated and nothing can fail.
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

static bool pattern_allows(const char *pattern, size_t len, const char *host,
                           size_t host_len)
{
    if (len >= 3 && pattern[0] == '*' && pattern[1] == '.') {
        pattern++; /* ".example.com" must be the end, not the whole */
        len--;
        return host_len > len && host[0] != '.' &&
               same_name(host + host_len - len, pattern, len);
    }
    return len == host_len && pattern[0] != '*' &&
           same_name(host, pattern, len);
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
