/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a request to its server: verified TLS, and the proxy of this
 * host or none at all. Called by http.c for each request, with the handle of
 * that request. Files of the configuration are read anew each time, so that a
 * new CA or password counts at once; nothing is kept. What is wrong with them
 * is said in err, everything else by explain.c.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>

#include "exoauth/file.h"
#include "net.h"

#define CA_MAX ((size_t)1024 * 1024)
#define PROXY_AUTH_MAX ((size_t)1024)

/* Reads a file of the configuration; EXO_E_STATUS and err if it cannot. */
static int read_file(const char *key, const char *path, struct exo_buf *out,
                     struct exo_err *err)
{
    const char *why = NULL;
    int rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, out, &why);

    if (rc == 0) {
        return 0;
    }
    if (exo_err_system(err, rc, "cannot read %s %.200s", key, path)) {
        return EXO_E_STATUS;
    }
    return exo_err_set(
        err, EXO_STATUS_MISCONFIGURED, "cannot use %s %s: %-s%s", key, path,
        why != NULL ? why : exo_strerror(rc),
        exo_file_advice(why,
                        "; correct the file, or its name in exoauth.conf"));
}

int exo_http_set_tls(struct exo_http_call *call, struct exo_err *err)
{
    CURL *curl = call->curl;
    const char *path = call->way.ca_file;
    struct exo_buf pem = EXO_BUF_INIT(CA_MAX);
    struct curl_blob blob;
    CURLcode rc = CURLE_OK;
    int failed = 0;

    exo_curl_long(&rc, curl, CURLOPT_SSL_VERIFYPEER, 1);
    exo_curl_long(&rc, curl, CURLOPT_SSL_VERIFYHOST, 2);
    exo_curl_long(&rc, curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    exo_curl_long(&rc, curl, CURLOPT_SSL_SESSIONID_CACHE, 0);
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
        exo_curl_pointer(&rc, curl, CURLOPT_CAINFO_BLOB, &blob);
        /* Else the system's directory of CAs would count, too. */
        exo_curl_text(&rc, curl, CURLOPT_CAPATH, NULL);
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
    size_t len;
    int rc = read_file("proxy_auth_file", path, &line.hidden, err);

    if (rc != 0) {
        goto out;
    }
    exo_secret_chomp(&line);
    rc = exo_secret_reveal(&line, &text, &len);
    if (rc != 0) {
        goto out;
    }
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

int exo_http_set_proxy(struct exo_http_call *call, struct exo_err *err)
{
    const char *proxy = call->way.proxy;
    const char *auth_file = call->way.proxy_auth_file;
    struct exo_secret auth = EXO_SECRET_INIT;
    struct exo_url parts;
    CURLcode rc = CURLE_OK;
    const char *text;
    size_t len;
    int failed = 0;

    if (proxy == NULL || proxy[0] == '\0') {
        /* Not NULL: that would ask the environment. */
        exo_curl_text(&rc, call->curl, CURLOPT_PROXY, "");
        goto out;
    }
    failed = exo_url_parse(proxy, &parts);
    if (failed == EXO_E_NOMEM) {
        rc = CURLE_OUT_OF_MEMORY;
        failed = 0;
        goto out;
    }
    if (failed != 0 || parts.tls || !parts.port || !parts.bare) {
        failed = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "proxy: is not http://host:port; write it so, "
                             "and a password into proxy_auth_file");
        goto out;
    }
    if (auth_file != NULL && auth_file[0] != '\0') {
        failed = read_proxy_auth(auth_file, &auth, err);
        if (failed != 0) {
            goto out;
        }
        if (exo_secret_reveal(&auth, &text, &len) != EXO_OK) {
            rc = CURLE_OUT_OF_MEMORY;
        }
        exo_curl_text(&rc, call->curl, CURLOPT_PROXYUSERPWD, text);
    }
    exo_curl_text(&rc, call->curl, CURLOPT_PROXY, proxy);
    exo_curl_text(&rc, call->curl, CURLOPT_NOPROXY, "");
    /* Always a tunnel, so that an answer is never the proxy's own. */
    exo_curl_long(&rc, call->curl, CURLOPT_HTTPPROXYTUNNEL, 1);
    exo_curl_long(&rc, call->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
out:
    exo_secret_free(&auth);
    if (failed == 0 && rc != CURLE_OK) {
        failed = exo_http_explain(call, rc, err);
    }
    return failed;
}
