/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTPS POST or GET, safely. https always verified (http only to
 * 127.0.0.0/8,
 * [::1] and localhost), no redirects, no proxy or credentials from the
 * environment or ~/.netrc, 64 KiB of body, 5 s to connect, 15 s in all, a
 * fresh handle per request. The only user of libcurl.
 */
#ifndef EXOAUTH_HTTP_H
#define EXOAUTH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "exoauth/buf.h"
#include "exoauth/error.h"

#define EXO_HTTP_BODY_MAX ((size_t)64 * 1024)
#define EXO_HTTP_CONNECT_MS 5000
#define EXO_HTTP_TOTAL_MS 15000
#define EXO_HTTP_RETRY_MAX 86400 /* a day, whatever Retry-After says */

/* How this host reaches the network; strings borrowed, "" or NULL: none. */
struct exo_http_way {
    const char *proxy;           /* http://host:port, a tunnel for https;
                                  * no http goes through it */
    const char *proxy_auth_file; /* user:password, one line */
    const char *ca_file;         /* PEM, instead of the system's */
    /* Called when the connection stands and before a byte of the request is
     * sent, with the milliseconds that the request may still take. NULL: not.
     * Where it is not called, nothing was sent. */
    void (*before)(int64_t left_ms);
};

/* The phases of a request follow each other. */
enum exo_http_phase {
    EXO_HTTP_SETUP, /* URL, CA file, proxy: nothing was sent */
    EXO_HTTP_NAME,  /* of the host, or of the proxy if there is one */
    EXO_HTTP_CONNECTION,
    EXO_HTTP_TLS,
    EXO_HTTP_ANSWER,
    EXO_HTTP_DONE
};

struct exo_http_reply {
    long status;
    struct exo_secret body;
    bool cut; /* after a failure: a 200, and body is what came of it */
    char content_type[64];
    int64_t retry_after;       /* seconds, 0: none; dates are converted */
    int64_t date;              /* the server's clock, 0: not said */
    int64_t sent;              /* our clock when the request began */
    enum exo_http_phase phase; /* that failed, or DONE */
    char address[64];          /* connected to, "" if it was to none */
    char challenge[512];       /* WWW-Authenticate, "" if there was none */
};

/* https URL, or http to a loopback host; no user, password or fragment. */
int exo_http_url_check(const char *url) EXO_MUST_CHECK;

/* The same for the service that gives this host its managed identity: http
 * to 169.254.0.0/16 as well, which no router passes on (RFC 3927). */
int exo_http_identity_check(const char *url) EXO_MUST_CHECK;

/* Appends `&name=value`, form-encoded (RFC 6749 appendix B). The form holds
 * secrets, hence its type. EXO_E_NOMEM, EXO_E_TOOBIG. */
int exo_http_form_add(struct exo_secret *form, const char *name,
                      const char *value, size_t len) EXO_MUST_CHECK;

/*
 * POST of the form to url with Accept: application/json. basic (may be NULL)
 * becomes the Authorization header, `user:password` already form-encoded.
 * 0 for any complete HTTP answer, whatever its status. Else EXO_E_STATUS:
 * TRANSIENT (name, connection, time-out, body too large), or MISCONFIGURED
 * (URL, certificate, CA file, proxy), with cause and remedy; reply->cut says
 * that there is a body all the same. deadline_ms shortens the total time; 0:
 * none. What has arrived by then is read, however late that is. Free reply in
 * every case.
 */
int exo_http_post(const char *url, const struct exo_secret *form,
                  const struct exo_secret *basic,
                  const struct exo_http_way *way, int64_t deadline_ms,
                  struct exo_http_reply *reply,
                  struct exo_err *err) EXO_MUST_CHECK;
/* One more line of a request: the text, or where that is NULL the secret. No
 * control characters. */
struct exo_http_header {
    const char *name;
    const char *text;
    const struct exo_secret *secret;
};

struct exo_http_get {
    const char *url;
    const struct exo_http_header *header; /* up to a name NULL; NULL: none */
    bool identity; /* exo_http_identity_check() rules, and never through a proxy
                    */
    bool head;     /* HEAD, no body */
};

/* GET with Accept: application/json; otherwise as the POST. */
int exo_http_get(const struct exo_http_get *get, const struct exo_http_way *way,
                 int64_t deadline_ms, struct exo_http_reply *reply,
                 struct exo_err *err) EXO_MUST_CHECK;

/* Does anything answer there? One HEAD, which changes nothing and says nothing
 * about who asks. Otherwise as the POST; no body. */
int exo_http_probe(const char *url, const struct exo_http_way *way,
                   int64_t deadline_ms, struct exo_http_reply *reply,
                   struct exo_err *err) EXO_MUST_CHECK;

void exo_http_reply_free(struct exo_http_reply *reply);

/* libcurl and what it uses, with their versions, for reports; static. */
const char *exo_http_version(void);

#endif
