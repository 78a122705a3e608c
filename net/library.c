/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcurl as this process has it: begun once, with allocations that give up
 * the reserve for an answer to what was spent, and its options set one by one
 * without losing the first failure. Called by http.c and way.c for each
 * request; a handle is the caller's to clean up.
 *
 * A failure to begin stays for the life of the process, and no handle is
 * given. explain.c asks whether memory was ever short.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/reserve.h"
#include "net.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global = CURLE_FAILED_INIT;

/* libcurl says CURLE_OUT_OF_MEMORY of a header line that is too long, too.
 * Once memory was short it may be so again, and the text says that. */
static volatile bool starved;

/* An answer to what was spent is worth the reserve. errno is that of before
 * where it was enough, as url.c asks it whether memory was short. */
static void *get_more(void *block, size_t size)
{
    size_t n = size > 0 ? size : 1;
    int saved = errno;
    void *more = realloc(block, n);

    if (more == NULL && exo_reserve_use()) {
        more = realloc(block, n);
        errno = more != NULL ? saved : errno;
    }
    starved = starved || more == NULL;
    return more;
}

static void *get_memory(size_t size)
{
    return get_more(NULL, size);
}

static void *get_zeroed(size_t n, size_t size)
{
    size_t all;
    void *block;

    if (__builtin_mul_overflow(n, size, &all)) {
        return NULL;
    }
    block = get_memory(all);
    return block != NULL ? memset(block, 0, all) : NULL;
}

static char *get_copy(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = get_memory(len);

    return copy != NULL ? memcpy(copy, text, len) : NULL;
}

bool exo_http_starved(void)
{
    return starved;
}

static void init_library(void)
{
    /* libcurl would write the keys of every session into that file. */
    (void)unsetenv("SSLKEYLOGFILE");
    global = curl_global_init_mem(CURL_GLOBAL_DEFAULT, get_memory, free,
                                  get_more, get_copy, get_zeroed);
}

CURL *exo_curl_handle(void)
{
    (void)pthread_once(&once, init_library);
    return global == CURLE_OK ? curl_easy_init() : NULL;
}

void exo_curl_long(CURLcode *rc, CURL *curl, CURLoption option, long value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

void exo_curl_text(CURLcode *rc, CURL *curl, CURLoption option,
                   const char *value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

void exo_curl_pointer(CURLcode *rc, CURL *curl, CURLoption option, void *value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

const char *exo_http_version(void)
{
    return curl_version();
}
