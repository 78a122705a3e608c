/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which URLs may be used, and how values are written into forms. URLs are
 * taken apart by libcurl's own parser, because that is what will act on
 * them: a second opinion on where the host name ends is how credentials go
 * to the wrong one. Called by http.c and, for checking configuration, by
 * everybody. Nothing is kept. EXO_E_ARG: it is not allowed; EXO_E_NOMEM: it
 * could not be looked at, and is no mistake.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "net.h"

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    char inner[INET6_ADDRSTRLEN];
    size_t len = strlen(host);

    if (strcasecmp(host, "localhost") == 0) {
        return true;
    }
    if (inet_pton(AF_INET, host, &four) == 1) {
        return (ntohl(four.s_addr) >> 24) == 127;
    }
    if (len < 3 || len - 2 >= sizeof(inner) || host[0] != '[') {
        return false;
    }
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    return inet_pton(AF_INET6, inner, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* As an address only, or a name server could say where it is. */
static bool is_link_local(const char *host)
{
    struct in_addr four;

    return inet_pton(AF_INET, host, &four) == 1 &&
           (ntohl(four.s_addr) >> 16) == 0xa9fe; /* RFC 3927 */
}

static bool lacks(CURLU *handle, CURLUPart part, CURLUcode absent)
{
    char *value = NULL;
    CURLUcode rc = curl_url_get(handle, part, &value, 0);

    curl_free(value);
    return rc == absent;
}

/* Into a buffer of size bytes; false if it is absent or does not fit. */
static bool fetch(CURLU *handle, CURLUPart part, char *to, size_t size)
{
    char *value = NULL;
    bool fits;

    to[0] = '\0';
    if (curl_url_get(handle, part, &value, 0) != CURLUE_OK) {
        return false;
    }
    fits = strlen(value) < size;
    if (fits) {
        memcpy(to, value, strlen(value) + 1);
    }
    curl_free(value);
    return fits;
}

int exo_url_parse(const char *url, struct exo_url *parts)
{
    CURLU *handle = NULL;
    char scheme[8];
    char path[2];
    bool ok = false;

    memset(parts, 0, sizeof(*parts));
    /* libcurl forgets an empty fragment. */
    if (url == NULL || strchr(url, '#') != NULL || !exo_text_is_clean(url)) {
        return EXO_E_ARG;
    }
    /* Its codes do not tell a bad URL from no memory, errno does. */
    errno = 0;
    handle = curl_url();
    if (handle == NULL || curl_url_set(handle, CURLUPART_URL, url, 0) != 0) {
        goto out;
    }
    if (!fetch(handle, CURLUPART_SCHEME, scheme, sizeof(scheme)) ||
        !fetch(handle, CURLUPART_HOST, parts->host, sizeof(parts->host)) ||
        !lacks(handle, CURLUPART_USER, CURLUE_NO_USER) ||
        !lacks(handle, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD)) {
        goto out;
    }
    parts->tls = strcmp(scheme, "https") == 0;
    if (!parts->tls && strcmp(scheme, "http") != 0) {
        goto out;
    }
    parts->loopback = is_loopback(parts->host);
    parts->link = is_link_local(parts->host);
    parts->port = !lacks(handle, CURLUPART_PORT, CURLUE_NO_PORT);
    parts->bare = fetch(handle, CURLUPART_PATH, path, sizeof(path)) &&
                  strcmp(path, "/") == 0 &&
                  lacks(handle, CURLUPART_QUERY, CURLUE_NO_QUERY);
    ok = true;
out:
    if (errno == ENOMEM) {
        ok = false;
    }
    curl_url_cleanup(handle);
    return ok ? EXO_OK : errno == ENOMEM ? EXO_E_NOMEM : EXO_E_ARG;
}

int exo_url_endpoint(const char *url, struct exo_url *parts)
{
    int rc = exo_url_parse(url, parts);

    return rc != EXO_OK || parts->tls || parts->loopback ? rc : EXO_E_ARG;
}

int exo_url_identity(const char *url, struct exo_url *parts)
{
    int rc = exo_url_parse(url, parts);

    return rc != EXO_OK || parts->tls || parts->loopback || parts->link
               ? rc
               : EXO_E_ARG;
}

int exo_http_identity_check(const char *url)
{
    struct exo_url parts;

    return exo_url_identity(url, &parts);
}

int exo_http_url_check(const char *url)
{
    struct exo_url parts;

    return exo_url_endpoint(url, &parts);
}

void exo_url_escape(struct exo_buf *out, const char *data, size_t len,
                    const char *blank)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t i;

    for (i = 0; i < len; i++) {
        if (data[i] == ' ') {
            exo_buf_str(out, blank);
        } else if (memchr(plain, data[i], sizeof(plain) - 1) != NULL) {
            exo_buf_add(out, &data[i], 1);
        } else {
            exo_buf_fmt(out, "%%%02X", (unsigned int)(unsigned char)data[i]);
        }
    }
}

int exo_http_form_add(struct exo_secret *form, const char *name,
                      const char *value, size_t len)
{
    struct exo_buf *out = &form->hidden;

    if (out->len > 0) {
        exo_buf_str(out, "&");
    }
    exo_url_escape(out, name, strlen(name), "+");
    exo_buf_str(out, "=");
    exo_url_escape(out, value, len, "+");
    return out->error;
}
