/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One POST of a form or one GET, with everything libcurl would do of its own
 * accord switched off: redirects, proxies and credentials from the environment,
 * ~/.netrc, cookies, connection reuse. Called by oauth/ for each request,
 * with a handle made for it and thrown away after it, so that nothing can
 * pass from one account to another.
 *
 * The caller owns form, basic, headers and reply (exo_http_reply_free).
 * Secrets stay in their struct exo_secret; what libcurl copies for itself is
 * wiped where it can be reached (the receive buffer, header lines) and is
 * otherwise gone with the process. Any complete HTTP answer is success here;
 * what it means is for oauth/ to say. library.c has libcurl itself, drive.c its
 * loop, way.c sets TLS and proxy, trace.c tells how far it came, explain.c puts
 * failures into words.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "exoauth/block.h"
#include "exoauth/clock.h"
#include "exoauth/reserve.h"
#include "net.h"

#define HEADER_MAX ((size_t)16 * 1024)

/* What is asked; everything borrowed. */
struct request {
    const char *url;
    const struct exo_secret *form; /* NULL: a GET */
    const struct exo_secret *basic;
    const struct exo_http_header *header;
    bool head;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct exo_http_call *call = context;
    size_t len = size * count;

    exo_buf_add(call->body, data, len);
    if (call->body->error == EXO_E_NOMEM && exo_reserve_use()) {
        call->body->error = EXO_OK;
        exo_buf_add(call->body, data, len);
    }
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

static int before_request(void *context, char *to, char *from, int to_port,
                          int from_port)
{
    const struct exo_http_call *call = context;
    int64_t left = call->until - exo_clock_ms();

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    call->way.before(left > 0 ? left : 0);
    return CURL_PREREQFUNC_OK;
}

static CURLcode set_limits(struct exo_http_call *call, long total_ms)
{
    CURL *curl = call->curl;
    CURLcode rc = CURLE_OK;

    /* drive.c has the limit of the whole. Others without SIGALRM, and without
     * waiting for a name server that does not answer when the time is up. */
    exo_curl_long(&rc, curl, CURLOPT_NOSIGNAL, 1);
#if LIBCURL_VERSION_NUM >= 0x075700
    exo_curl_long(&rc, curl, CURLOPT_QUICK_EXIT, 1);
#endif
    exo_curl_long(&rc, curl, CURLOPT_CONNECTTIMEOUT_MS,
                  total_ms < EXO_HTTP_CONNECT_MS ? total_ms
                                                 : EXO_HTTP_CONNECT_MS);
    exo_curl_long(&rc, curl, CURLOPT_MAXFILESIZE, (long)EXO_HTTP_BODY_MAX);
    exo_curl_long(&rc, curl, CURLOPT_FOLLOWLOCATION, 0);
    exo_curl_long(&rc, curl, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    exo_curl_long(&rc, curl, CURLOPT_FRESH_CONNECT, 1);
    exo_curl_long(&rc, curl, CURLOPT_FORBID_REUSE, 1);
    exo_curl_long(&rc, curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    exo_curl_text(&rc, curl, CURLOPT_PROTOCOLS_STR,
                  call->url.tls ? "https" : "http");
    exo_curl_pointer(&rc, curl, CURLOPT_ERRORBUFFER, call->detail);
    exo_curl_pointer(&rc, curl, CURLOPT_WRITEDATA, call);
    exo_curl_pointer(&rc, curl, CURLOPT_HEADERDATA, call);
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    }
    if (call->way.before != NULL) {
        exo_curl_pointer(&rc, curl, CURLOPT_PREREQDATA, call);
        if (rc == CURLE_OK) {
            rc = curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request);
        }
    }
    return rc;
}

static CURLcode add_header(struct exo_http_call *call, const char *line)
{
    struct curl_slist *more = curl_slist_append(call->lines, line);

    if (more == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    call->lines = more;
    return CURLE_OK;
}

/* `Name: value`, where nothing may start another line. */
static CURLcode add_secret_header(struct exo_http_call *call,
                                  const struct exo_http_header *header)
{
    struct exo_secret line = { EXO_BUF_INIT(HEADER_MAX) };
    const char *text;
    size_t len;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    exo_buf_fmt(&line.hidden, "%s: ", header->name);
    if (header->text != NULL) {
        exo_buf_str(&line.hidden, header->text);
    } else {
        exo_buf_join(&line.hidden, &header->secret->hidden);
    }
    if (exo_secret_reveal(&line, &text, &len) == EXO_OK) {
        call->bad_header = exo_has_control(text, len);
        rc = call->bad_header ? CURLE_BAD_FUNCTION_ARGUMENT
                              : add_header(call, text);
    }
    exo_secret_free(&line);
    return rc;
}

static CURLcode set_headers(struct exo_http_call *call,
                            const struct exo_http_header *more)
{
    CURLcode rc = add_header(call, "Accept: application/json");

    for (; rc == CURLE_OK && more != NULL && more->name != NULL; more++) {
        rc = add_secret_header(call, more);
    }
    exo_curl_pointer(&rc, call->curl, CURLOPT_HTTPHEADER, call->lines);
    return rc;
}

static CURLcode set_form(struct exo_http_call *call,
                         const struct exo_secret *form,
                         const struct exo_secret *basic)
{
    CURL *curl = call->curl;
    /* Without it a long form waits a second for "100 Continue". */
    CURLcode rc = add_header(call, "Expect:");
    const char *text;
    size_t len;

    if (exo_secret_reveal(form, &text, &len) != EXO_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    exo_curl_long(&rc, curl, CURLOPT_POST, 1);
    exo_curl_long(&rc, curl, CURLOPT_POSTFIELDSIZE, (long)len);
    exo_curl_text(&rc, curl, CURLOPT_POSTFIELDS, text);
    if (basic != NULL) {
        if (exo_secret_reveal(basic, &text, &len) != EXO_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        exo_curl_long(&rc, curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        exo_curl_text(&rc, curl, CURLOPT_USERPWD, text);
    }
    return rc;
}

/* libcurl frees the lines and leaves what they held. */
static void drop_headers(struct exo_http_call *call)
{
    struct curl_slist *line;

    for (line = call->lines; line != NULL; line = line->next) {
        explicit_bzero(line->data, strlen(line->data));
    }
    curl_slist_free_all(call->lines);
    call->lines = NULL;
}

static long time_left(int64_t deadline_ms)
{
    int64_t left = EXO_HTTP_TOTAL_MS;

    if (deadline_ms != 0 && deadline_ms - exo_clock_ms() < left) {
        left = deadline_ms - exo_clock_ms();
    }
    return (long)left;
}

static int perform(struct exo_http_call *call, const struct request *request,
                   int64_t deadline_ms, struct exo_err *err)
{
    long left = time_left(deadline_ms);
    CURLcode code;
    int rc;

    if (left <= 0) {
        return exo_http_explain(call, CURLE_OPERATION_TIMEDOUT, err);
    }
    rc = exo_http_set_tls(call, err);
    if (rc == 0) {
        rc = exo_http_set_proxy(call, err);
    }
    if (rc != 0) {
        return rc;
    }
    call->until = exo_clock_ms() + left;
    code = set_limits(call, left);
    exo_curl_text(&code, call->curl, CURLOPT_URL, request->url);
    exo_curl_text(&code, call->curl, CURLOPT_USERAGENT,
                  "exoauth/" PACKAGE_VERSION);
    exo_curl_long(&code, call->curl, CURLOPT_NOBODY, request->head);
    if (code == CURLE_OK && request->form != NULL) {
        code = set_form(call, request->form, request->basic);
    }
    if (code == CURLE_OK) {
        code = set_headers(call, request->header);
    }
    if (code == CURLE_OK) {
        errno = 0;
        code = call->code = exo_http_drive(call);
        call->error = errno;
    }
    if (code != CURLE_OK) {
        rc = exo_http_explain(call, code, err);
    }
    drop_headers(call);
    return rc;
}

/* Plain http stays on this host: a proxy, and whoever sits before it, would
 * read the form. */
static void choose_way(struct exo_http_call *call,
                       const struct exo_http_way *way)
{
    call->way = *way;
    if (!call->url.tls || call->identity) {
        call->way.proxy = NULL;
        call->way.proxy_auth_file = NULL;
    }
}

static int send_request(struct exo_http_call *call,
                        const struct request *request,
                        const struct exo_http_way *way, int64_t deadline_ms,
                        struct exo_http_reply *reply, struct exo_err *err)
{
    int rc;

    choose_way(call, way);
    call->curl = exo_curl_handle();
    if (call->curl == NULL) {
        return exo_http_explain(call, CURLE_OUT_OF_MEMORY, err);
    }
    reply->sent = exo_clock_now();
    rc = perform(call, request, deadline_ms, err);
    if (rc == 0) {
        exo_http_read(call, reply);
    } else if (!exo_http_is_cut(call, reply)) {
        exo_secret_free(&reply->body);
    }
    exo_http_trace(call, reply);
    curl_easy_cleanup(call->curl);
    return rc;
}

static void begin(struct exo_http_reply *reply)
{
    memset(reply, 0, sizeof(*reply));
    exo_buf_init(&reply->body.hidden, EXO_HTTP_BODY_MAX);
}

int exo_http_post(const char *url, const struct exo_secret *form,
                  const struct exo_secret *basic,
                  const struct exo_http_way *way, int64_t deadline_ms,
                  struct exo_http_reply *reply, struct exo_err *err)
{
    struct exo_http_call call = { .body = &reply->body.hidden };
    const struct request request = { .url = url, .form = form, .basic = basic };
    int rc;

    begin(reply);
    rc = exo_url_endpoint(url, &call.url);
    if (rc == EXO_E_NOMEM) {
        return exo_http_explain(&call, CURLE_OUT_OF_MEMORY, err);
    }
    if (rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "an endpoint is no https URL, or has a user, "
                           "password or fragment; correct it (http is for "
                           "this host only: 127.0.0.1, [::1], localhost)");
    }
    return send_request(&call, &request, way, deadline_ms, reply, err);
}

int exo_http_get(const struct exo_http_get *get, const struct exo_http_way *way,
                 int64_t deadline_ms, struct exo_http_reply *reply,
                 struct exo_err *err)
{
    struct exo_http_call call = { .identity = get->identity,
                                  .body = &reply->body.hidden };
    const struct request request = { .url = get->url,
                                     .header = get->header,
                                     .head = get->head };

    int rc;

    begin(reply);
    rc = get->identity ? exo_url_identity(get->url, &call.url)
                       : exo_url_endpoint(get->url, &call.url);
    if (rc == EXO_E_NOMEM) {
        return exo_http_explain(&call, CURLE_OUT_OF_MEMORY, err);
    }
    if (rc != EXO_OK) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "an address to ask is no https URL, or has a user, "
                           "password or fragment; correct it (http is for "
                           "this host only: 127.0.0.1, [::1], localhost)");
    }
    return send_request(&call, &request, way, deadline_ms, reply, err);
}

int exo_http_probe(const char *url, const struct exo_http_way *way,
                   int64_t deadline_ms, struct exo_http_reply *reply,
                   struct exo_err *err)
{
    const struct exo_http_get get = { .url = url, .head = true };

    return exo_http_get(&get, way, deadline_ms, reply, err);
}

void exo_http_reply_free(struct exo_http_reply *reply)
{
    exo_secret_free(&reply->body);
}
