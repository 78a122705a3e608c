/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One POST of a form, with everything libcurl would do of its own accord
 * switched off: redirects, proxies and credentials from the environment,
 * ~/.netrc, cookies, connection reuse. Called by oauth/ for each request,
 * with a handle made for it and thrown away after it, so that nothing can
 * pass from one account to another.
 *
 * The caller owns form, basic and reply (exo_http_reply_free). Secrets stay
 * in their struct exo_secret; what libcurl copies for itself is wiped where
 * it can be reached (the receive buffer) and is otherwise gone with the
 * process. Any complete HTTP answer is success here; what it means is for
 * oauth/ to say. Failures are put into words by explain.c.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>

#include "exoauth/file.h"
#include "exoauth/proto.h"
#include "net.h"

#define HEADER_MAX ((size_t)16 * 1024)
#define CA_MAX ((size_t)1024 * 1024)
#define PROXY_AUTH_MAX ((size_t)1024)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global = CURLE_FAILED_INIT;

static void init_library(void)
{
    /* libcurl would write the keys of every session into that file. */
    (void)unsetenv("SSLKEYLOGFILE");
    global = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct exo_http_call *call = context;
    size_t len = size * count;

    exo_buf_add(call->body, data, len);
    explicit_bzero(data, len);
    if (call->body->error == 0) {
        return len;
    }
    call->too_big = call->body->error == EXO_E_TOOBIG;
    return 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct exo_http_call *call = context;
    size_t len = size * count;

    (void)data;
    call->header_bytes += len;
    call->too_big = call->header_bytes > HEADER_MAX;
    return call->too_big ? 0 : len;
}

/* curl_easy_setopt() takes anything, so each kind of value has a function
 * that takes only that. The first failure stays in *rc. */
static void set_long(CURLcode *rc, CURL *curl, CURLoption option, long value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

static void set_text(CURLcode *rc, CURL *curl, CURLoption option,
                     const char *value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

static void set_pointer(CURLcode *rc, CURL *curl, CURLoption option,
                        void *value)
{
    if (*rc == CURLE_OK) {
        *rc = curl_easy_setopt(curl, option, value);
    }
}

static CURLcode set_limits(struct exo_http_call *call, long total_ms)
{
    CURL *curl = call->curl;
    CURLcode rc = CURLE_OK;

    /* Timeouts without SIGALRM, and without waiting for a name server that
     * does not answer when the time is up. */
    set_long(&rc, curl, CURLOPT_NOSIGNAL, 1);
#if LIBCURL_VERSION_NUM >= 0x075700
    set_long(&rc, curl, CURLOPT_QUICK_EXIT, 1);
#endif
    set_long(&rc, curl, CURLOPT_TIMEOUT_MS, total_ms);
    set_long(&rc, curl, CURLOPT_CONNECTTIMEOUT_MS,
             total_ms < EXO_HTTP_CONNECT_MS ? total_ms : EXO_HTTP_CONNECT_MS);
    set_long(&rc, curl, CURLOPT_MAXFILESIZE, (long)EXO_HTTP_BODY_MAX);
    set_long(&rc, curl, CURLOPT_FOLLOWLOCATION, 0);
    set_long(&rc, curl, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    set_long(&rc, curl, CURLOPT_FRESH_CONNECT, 1);
    set_long(&rc, curl, CURLOPT_FORBID_REUSE, 1);
    set_long(&rc, curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_text(&rc, curl, CURLOPT_PROTOCOLS_STR,
             call->url.tls ? "https" : "http");
    set_pointer(&rc, curl, CURLOPT_ERRORBUFFER, call->detail);
    set_pointer(&rc, curl, CURLOPT_WRITEDATA, call);
    set_pointer(&rc, curl, CURLOPT_HEADERDATA, call);
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    }
    return rc;
}

static CURLcode set_form(struct exo_http_call *call, const char *url,
                         const struct exo_secret *form,
                         const struct exo_secret *basic,
                         struct curl_slist **headers)
{
    CURL *curl = call->curl;
    CURLcode rc = CURLE_OK;
    struct curl_slist *more;

    *headers = curl_slist_append(NULL, "Accept: application/json");
    if (*headers == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    /* Without it a long form waits a second for "100 Continue". */
    more = curl_slist_append(*headers, "Expect:");
    if (more == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    set_text(&rc, curl, CURLOPT_URL, url);
    set_text(&rc, curl, CURLOPT_USERAGENT, "exoauth/" PACKAGE_VERSION);
    set_pointer(&rc, curl, CURLOPT_HTTPHEADER, *headers);
    set_long(&rc, curl, CURLOPT_POST, 1);
    set_long(&rc, curl, CURLOPT_POSTFIELDSIZE, (long)exo_secret_len(form));
    set_text(&rc, curl, CURLOPT_POSTFIELDS, exo_secret_reveal(form));
    if (basic != NULL) {
        set_long(&rc, curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        set_text(&rc, curl, CURLOPT_USERPWD, exo_secret_reveal(basic));
    }
    return rc;
}

/* Reads a file of the configuration; EXO_E_STATUS and err if it cannot. */
static int read_file(const char *key, const char *path, struct exo_buf *out,
                     struct exo_err *err)
{
    const char *why = NULL;
    int rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, out, &why);

    if (rc == 0) {
        return 0;
    }
    return exo_err_set(
        err, EXO_STATUS_MISCONFIGURED,
        "cannot use %s %s: %s; correct the file, or %s in exoauth.conf", key,
        path, why != NULL ? why : exo_strerror(rc), key);
}

static int set_tls(struct exo_http_call *call, struct exo_err *err)
{
    CURL *curl = call->curl;
    const char *path = call->way->ca_file;
    struct exo_buf pem = EXO_BUF_INIT(CA_MAX);
    struct curl_blob blob;
    CURLcode rc = CURLE_OK;
    int failed = 0;

    set_long(&rc, curl, CURLOPT_SSL_VERIFYPEER, 1);
    set_long(&rc, curl, CURLOPT_SSL_VERIFYHOST, 2);
    set_long(&rc, curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_long(&rc, curl, CURLOPT_SSL_SESSIONID_CACHE, 0);
    if (rc == CURLE_OK && path != NULL && path[0] != '\0') {
        failed = read_file("ca_file", path, &pem, err);
        if (failed != 0) {
            goto out;
        }
        /* An empty blob would mean "none set". */
        if (pem.len == 0) {
            rc = CURLE_SSL_CACERT_BADFILE;
        }
        blob.data = pem.data;
        blob.len = pem.len;
        blob.flags = CURL_BLOB_COPY;
        set_pointer(&rc, curl, CURLOPT_CAINFO_BLOB, &blob);
        /* Else the system's directory of CAs would count, too. */
        set_text(&rc, curl, CURLOPT_CAPATH, NULL);
    }
    if (rc != CURLE_OK) {
        failed = exo_http_explain(call, rc, err);
    }
out:
    exo_buf_free(&pem);
    return failed;
}

/* `user:password` of the file, each half escaped: libcurl unescapes them. */
static int read_proxy_auth(const char *path, struct exo_secret *out,
                           struct exo_err *err)
{
    struct exo_secret line = { EXO_BUF_INIT(PROXY_AUTH_MAX) };
    const char *text;
    const char *colon;
    int rc = read_file("proxy_auth_file", path, &line.hidden, err);

    if (rc != 0) {
        goto out;
    }
    exo_secret_chomp(&line);
    text = exo_secret_reveal(&line);
    colon = strchr(text, ':');
    if (colon == NULL || strpbrk(text, "\r\n") != NULL) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "proxy_auth_file %s is not one line user:password; "
                         "write it so",
                         path);
        goto out;
    }
    exo_url_escape(&out->hidden, text, (size_t)(colon - text), "%20");
    exo_buf_str(&out->hidden, ":");
    exo_url_escape(&out->hidden, colon + 1, strlen(colon + 1), "%20");
out:
    exo_secret_free(&line);
    return rc;
}

static int set_proxy(struct exo_http_call *call, struct exo_err *err)
{
    const char *proxy = call->way->proxy;
    const char *auth_file = call->way->proxy_auth_file;
    struct exo_secret auth = EXO_SECRET_INIT;
    struct exo_url parts;
    CURLcode rc = CURLE_OK;
    int failed = 0;

    if (proxy == NULL || proxy[0] == '\0') {
        /* Not NULL: that would ask the environment. */
        set_text(&rc, call->curl, CURLOPT_PROXY, "");
        goto out;
    }
    if (!exo_url_parse(proxy, &parts) || parts.tls || !parts.port ||
        !parts.bare) {
        failed = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "proxy: is not http://host:port; write it so, "
                             "and a password into proxy_auth_file");
        goto out;
    }
    if (!call->url.tls && !parts.loopback) {
        failed = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "proxy %s would see the request to %s in the "
                             "clear; use https, or no proxy",
                             proxy, call->url.host);
        goto out;
    }
    if (auth_file != NULL && auth_file[0] != '\0') {
        failed = read_proxy_auth(auth_file, &auth, err);
        if (failed != 0) {
            goto out;
        }
        if (auth.hidden.error != 0) {
            rc = CURLE_OUT_OF_MEMORY;
        }
        set_text(&rc, call->curl, CURLOPT_PROXYUSERPWD,
                 exo_secret_reveal(&auth));
    }
    set_text(&rc, call->curl, CURLOPT_PROXY, proxy);
    set_text(&rc, call->curl, CURLOPT_NOPROXY, "");
    /* Always a tunnel, so that an answer is never the proxy's own. */
    set_long(&rc, call->curl, CURLOPT_HTTPPROXYTUNNEL, 1);
    set_long(&rc, call->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
out:
    exo_secret_free(&auth);
    if (failed == 0 && rc != CURLE_OK) {
        failed = exo_http_explain(call, rc, err);
    }
    return failed;
}

static void read_reply(struct exo_http_call *call, struct exo_http_reply *reply)
{
    struct curl_header *date = NULL;
    curl_off_t wait = 0;
    const char *type = NULL;

    (void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (curl_easy_getinfo(call->curl, CURLINFO_RETRY_AFTER, &wait) == 0 &&
        wait > 0) {
        reply->retry_after =
            wait < EXO_HTTP_RETRY_MAX ? wait : EXO_HTTP_RETRY_MAX;
    }
    if (curl_easy_getinfo(call->curl, CURLINFO_CONTENT_TYPE, &type) == 0 &&
        type != NULL) {
        memcpy(reply->content_type, type,
               strnlen(type, sizeof(reply->content_type) - 1));
    }
    if (curl_easy_header(call->curl, "Date", 0, CURLH_HEADER, -1, &date) == 0) {
        time_t when = curl_getdate(date->value, NULL);

        reply->date = when > 0 ? when : 0;
    }
}

static long time_left(int64_t deadline_ms)
{
    int64_t left = EXO_HTTP_TOTAL_MS;

    if (deadline_ms != 0 && deadline_ms - exo_clock_ms() < left) {
        left = deadline_ms - exo_clock_ms();
    }
    return (long)left;
}

static int perform(struct exo_http_call *call, const char *url,
                   const struct exo_secret *form,
                   const struct exo_secret *basic, int64_t deadline_ms,
                   struct exo_err *err)
{
    struct curl_slist *headers = NULL;
    long left = time_left(deadline_ms);
    CURLcode code;
    int rc;

    /* libcurl takes 0 for "no limit". */
    if (left <= 0) {
        return exo_http_explain(call, CURLE_OPERATION_TIMEDOUT, err);
    }
    rc = set_tls(call, err);
    if (rc == 0) {
        rc = set_proxy(call, err);
    }
    if (rc != 0) {
        return rc;
    }
    code = set_limits(call, left);
    if (code == CURLE_OK) {
        code = set_form(call, url, form, basic, &headers);
    }
    if (code == CURLE_OK) {
        code = curl_easy_perform(call->curl);
    }
    if (code != CURLE_OK) {
        rc = exo_http_explain(call, code, err);
    }
    curl_slist_free_all(headers);
    return rc;
}

int exo_http_post(const char *url, const struct exo_secret *form,
                  const struct exo_secret *basic,
                  const struct exo_http_way *way, int64_t deadline_ms,
                  struct exo_http_reply *reply, struct exo_err *err)
{
    struct exo_http_call call = { .way = way, .body = &reply->body.hidden };
    int rc;

    memset(reply, 0, sizeof(*reply));
    exo_buf_init(&reply->body.hidden, EXO_HTTP_BODY_MAX);
    if (!exo_url_endpoint(url, &call.url)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "an endpoint is no https URL, or has a user, "
                           "password or fragment; correct it (http is for "
                           "this host only: 127.0.0.1, [::1], localhost)");
    }
    (void)pthread_once(&once, init_library);
    call.curl = global == CURLE_OK ? curl_easy_init() : NULL;
    if (call.curl == NULL) {
        return exo_http_explain(&call, CURLE_OUT_OF_MEMORY, err);
    }
    reply->sent = exo_clock_now();
    rc = form->hidden.error == 0
             ? perform(&call, url, form, basic, deadline_ms, err)
             : exo_http_explain(&call, CURLE_OUT_OF_MEMORY, err);
    if (rc == 0) {
        read_reply(&call, reply);
    } else {
        exo_secret_free(&reply->body);
    }
    curl_easy_cleanup(call.curl);
    return rc;
}

void exo_http_reply_free(struct exo_http_reply *reply)
{
    exo_secret_free(&reply->body);
}
