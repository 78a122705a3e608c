/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of net/ share; exoauth/http.h is what others see.
 */
#ifndef EXOAUTH_NET_NET_H
#define EXOAUTH_NET_NET_H

#include <curl/curl.h>

#include "exoauth/http.h"

struct exo_url {
    char host[256]; /* as in the URL, for texts */
    bool tls;       /* https, else http */
    bool loopback;  /* 127.0.0.0/8, [::1] or localhost */
    bool port;      /* it is said */
    bool bare;      /* no path and no query */
};

/* False: it is no http or https URL, or has a user, password, fragment. */
bool exo_url_parse(const char *url, struct exo_url *parts);

/* Where form data may go; the rule of exo_http_url_ok(). */
bool exo_url_endpoint(const char *url, struct exo_url *parts);

/* Appends with every byte but letters, digits and "-._" as %XX; a blank
 * becomes what `blank` says. */
void exo_url_escape(struct exo_buf *out, const char *data, size_t len,
                    const char *blank);

/* One request as it stands; everything borrowed. */
struct exo_http_call {
    CURL *curl;
    const struct exo_http_way *way;
    struct exo_url url;
    struct exo_buf *body;
    size_t header_bytes;
    bool too_big;
    char detail[CURL_ERROR_SIZE];
};

/* Says in err why the request failed, and what to do; EXO_E_STATUS. */
int exo_http_explain(const struct exo_http_call *call, CURLcode code,
                     struct exo_err *err);

#endif
