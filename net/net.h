/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of net/ share; exoauth/http.h is what others see.
 */
#ifndef EXOAUTH_NET_NET_H
#define EXOAUTH_NET_NET_H

#include <curl/curl.h>

#include "exoauth/clock.h"
#include "exoauth/http.h"

struct exo_url {
    char host[256]; /* as in the URL, for texts */
    bool tls;       /* https, else http */
    bool loopback;  /* 127.0.0.0/8, [::1] or localhost */
    bool link;      /* 169.254.0.0/16, which no router passes on */
    bool port;      /* it is said */
    bool bare;      /* no path and no query */
};

/* EXO_E_ARG: it is no http or https URL, or has a user, password, fragment;
 * EXO_E_NOMEM. So the two below. */
int exo_url_parse(const char *url, struct exo_url *parts);

/* Where form data may go; the rule of exo_http_url_check(). */
int exo_url_endpoint(const char *url, struct exo_url *parts);

/* Where a managed identity may be asked; exo_http_identity_check(). */
int exo_url_identity(const char *url, struct exo_url *parts);

/* Appends with every byte but letters, digits and "-._" as %XX; a blank
 * becomes what `blank` says. */
void exo_url_escape(struct exo_buf *out, const char *data, size_t len,
                    const char *blank);

/* One request as it stands; everything borrowed. */
struct exo_http_call {
    CURL *curl;
    struct exo_http_way way; /* the one that is taken */
    struct exo_url url;
    bool identity;            /* the service of a managed identity */
    struct curl_slist *lines; /* headers, one may be a secret */
    struct exo_buf *body;
    size_t header_bytes;
    int64_t until; /* exo_clock_ms() */
    bool too_big;
    bool bad_header; /* one would start another line */
    CURLcode code;   /* of the transfer, once it was made */
    int error;       /* errno after it, which may be of something harmless */
    char detail[CURL_ERROR_SIZE];
};

/* How far it came, into reply. */
void exo_http_trace(const struct exo_http_call *call,
                    struct exo_http_reply *reply);

/* The transfer of call->curl, until call->until. */
CURLcode exo_http_drive(const struct exo_http_call *call);

/* Its answer, but for the body. */
void exo_http_read(const struct exo_http_call *call,
                   struct exo_http_reply *reply);

/* After a failure: it began as a success and broke off with something in hand,
 * which may be all that counts. Then reply is read, too. */
bool exo_http_is_cut(const struct exo_http_call *call,
                     struct exo_http_reply *reply);

/* A handle for one request, to be cleaned up; NULL without memory. */
CURL *exo_curl_handle(void);

/* curl_easy_setopt() takes anything, so each kind of value has a function
 * that takes only that. The first failure stays in *rc. */
void exo_curl_long(CURLcode *rc, CURL *curl, CURLoption option, long value);
void exo_curl_text(CURLcode *rc, CURL *curl, CURLoption option,
                   const char *value);
void exo_curl_pointer(CURLcode *rc, CURL *curl, CURLoption option, void *value);

/* TLS and proxy of call->way; EXO_E_STATUS with its line in err. */
int exo_http_set_tls(struct exo_http_call *call, struct exo_err *err);
int exo_http_set_proxy(struct exo_http_call *call, struct exo_err *err);

/* Has libcurl been refused memory, ever? */
bool exo_http_starved(void);

/* Says in err why the request failed, and what to do; EXO_E_STATUS. */
int exo_http_explain(const struct exo_http_call *call, CURLcode code,
                     struct exo_err *err);

#endif
