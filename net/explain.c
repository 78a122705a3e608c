/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a failed request means to the person who has to mend it: one line
 * with cause and remedy for every way libcurl can fail. Called by http.c
 * after the fact; nothing is kept. What passes by itself (name service,
 * connection, time) is TRANSIENT, what needs an administrator (certificate,
 * CA file, proxy) is MISCONFIGURED. libcurl's own words are added where they
 * say more than its code; they hold names and addresses, never what was
 * sent.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "net.h"

#define TOO_LARGE 100 /* CURLE_TOO_LARGE, of newer versions */

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *words(const struct exo_http_call *call, CURLcode code)
{
    return given(call->detail) ? call->detail : curl_easy_strerror(code);
}

/* The proxy answered CONNECT, and not with a tunnel. */
static int explain_tunnel(const struct exo_http_call *call, long status,
                          struct exo_err *err)
{
    const char *proxy = call->way.proxy;

    if (status == 407) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "proxy %s wants a user name and password; put the "
                           "right user:password into proxy_auth_file",
                           proxy);
    }
    if (status >= 500 || status == 429) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "proxy %s cannot reach %s (HTTP %ld); see the log "
                           "of the proxy",
                           proxy, call->url.host, status);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "proxy %s refuses to connect to %s (HTTP %ld); allow "
                       "it there",
                       proxy, call->url.host, status);
}

static int explain_tls(const struct exo_http_call *call, CURLcode code,
                       struct exo_err *err)
{
    const char *host = call->url.host;
    const char *ca = call->way.ca_file;

    if (code == CURLE_SSL_CACERT_BADFILE && given(ca)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "ca_file %s holds no usable certificate; put PEM "
                           "certificates into it",
                           ca);
    }
    if (code == CURLE_SSL_CACERT_BADFILE) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot read the system's CA certificates (%s); "
                           "install ca-certificates, or set ca_file",
                           words(call, code));
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "certificate of %s not accepted: %s; check the "
                           "name, the clock of this host and ca_file (now: "
                           "%s)",
                           host, words(call, code),
                           given(ca) ? ca : "the system's");
    }
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "no TLS connection to %s: %s; TLS 1.2 or newer is "
                       "needed, check what answers there",
                       host, words(call, code));
}

/* Where a managed identity is asked for there is no proxy to look at. */
static const char *remedy(const struct exo_http_call *call)
{
    return call->identity
               ? "managed_identity works on Azure's own hosts only: check that "
                 "this is one and has an identity, or set identity_endpoint in "
                 "the account file"
               : "check network, firewall and proxy in exoauth.conf";
}

static int explain_reach(const struct exo_http_call *call, CURLcode code,
                         struct exo_err *err)
{
    const char *host = call->url.host;
    const char *proxy = call->way.proxy;

    if (code == CURLE_COULDNT_RESOLVE_HOST) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot resolve %s; check DNS", host);
    }
    if (code == CURLE_COULDNT_RESOLVE_PROXY) {
        return exo_err_set(
            err, EXO_STATUS_TRANSIENT,
            "cannot resolve the proxy %s; check DNS and proxy in exoauth.conf",
            proxy);
    }
    if (code == CURLE_COULDNT_CONNECT && given(proxy)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot connect to proxy %s: %s; check that it "
                           "runs, and proxy in exoauth.conf",
                           proxy, words(call, code));
    }
    if (code == CURLE_COULDNT_CONNECT) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "cannot connect to %s: %s; %s", host,
                           words(call, code), remedy(call));
    }
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "no answer in time from %s: %s; %s", host,
                       words(call, code), remedy(call));
}

/* Something came, no memory was refused, and still it had no room for it. */
static bool long_line(const struct exo_http_call *call, CURLcode code)
{
    curl_off_t first = 0;

    return (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE) &&
           call->curl != NULL && !exo_http_starved() &&
           curl_easy_getinfo(call->curl, CURLINFO_STARTTRANSFER_TIME_T,
                             &first) == CURLE_OK &&
           first > 0;
}

/* Too little of something on this host, whatever libcurl calls it; 0: no. */
static int shortage(const struct exo_http_call *call, CURLcode code)
{
    static const int short_of[] = { ENOMEM, EMFILE, ENFILE, ENOBUFS };
    long said = 0;

    if (code == CURLE_OUT_OF_MEMORY || exo_http_starved()) {
        return ENOMEM;
    }
    if (call->curl == NULL ||
        curl_easy_getinfo(call->curl, CURLINFO_OS_ERRNO, &said) != CURLE_OK) {
        said = 0;
    }
    for (size_t i = 0; i < sizeof(short_of) / sizeof(short_of[0]); i++) {
        if (said == short_of[i] || call->error == short_of[i]) {
            return short_of[i];
        }
    }
    return 0;
}

int exo_http_explain(const struct exo_http_call *call, CURLcode code,
                     struct exo_err *err)
{
    const char *host = call->url.host;
    long tunnel = 0;
    int error;

    if (long_line(call, code)) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s sent a header that is too long; check its "
                           "address in the account file, token_endpoint or "
                           "issuer",
                           host);
    }
    if (call->too_big || code == CURLE_FILESIZE_EXCEEDED) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s sent more than a provider does; check its "
                           "address in the account file, token_endpoint or "
                           "issuer",
                           host);
    }
    error = shortage(call, code);
    if (error != 0) {
        errno = error;
        (void)exo_err_system(err, EXO_E_IO, "cannot ask %s", host);
        return EXO_E_STATUS;
    }
    if (call->bad_header) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "what is to be sent to %s as a header holds a "
                           "control character; correct the secret",
                           host);
    }
    if (given(call->way.proxy) &&
        curl_easy_getinfo(call->curl, CURLINFO_HTTP_CONNECTCODE, &tunnel) ==
            CURLE_OK &&
        tunnel >= 300) {
        return explain_tunnel(call, tunnel, err);
    }

    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        return explain_reach(call, code, err);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
        return explain_tls(call, code, err);
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "libcurl of this host cannot do what is needed "
                           "(%s); install one with OpenSSL",
                           words(call, code));
    default:
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "no valid HTTP answer from %s: %s; check what "
                           "answers there, and %s",
                           host, words(call, code),
                           call->identity ? "identity_endpoint"
                                          : "proxy in exoauth.conf");
    }
}
