/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far a request came: name, connection, TLS, answer. Called by http.c at
 * the end of each, for doctor, which has to tell a firewall from a name server
 * from a certificate.
 *
 * libcurl's error code tells the phase where it has one of its own; for a
 * time-out its clocks and ports do, each of which is zero until then.
 * Nothing is kept; failures are put into words by explain.c.
 */
#include "config.h"

#include <string.h>

#include "net.h"

static bool passed(const struct exo_http_call *call, CURLINFO info)
{
    curl_off_t when = 0;

    return curl_easy_getinfo(call->curl, info, &when) == CURLE_OK && when > 0;
}

/* The clock of the connection stops with TLS only. */
static bool is_connected(const struct exo_http_call *call)
{
    long port = 0;

    return curl_easy_getinfo(call->curl, CURLINFO_LOCAL_PORT, &port) ==
               CURLE_OK &&
           port > 0;
}

static enum exo_http_phase by_clock(const struct exo_http_call *call)
{
    if (!passed(call, CURLINFO_NAMELOOKUP_TIME_T)) {
        return EXO_HTTP_NAME;
    }
    if (!is_connected(call)) {
        return EXO_HTTP_CONNECTION;
    }
    return call->url.tls && !passed(call, CURLINFO_APPCONNECT_TIME_T)
               ? EXO_HTTP_TLS
               : EXO_HTTP_ANSWER;
}

static enum exo_http_phase phase_of(const struct exo_http_call *call,
                                    long status)
{
    switch (call->code) {
    case CURLE_OK: /* or no transfer was made */
        return status != 0 ? EXO_HTTP_DONE : EXO_HTTP_SETUP;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return EXO_HTTP_NAME;
    case CURLE_COULDNT_CONNECT:
        return EXO_HTTP_CONNECTION;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
        return EXO_HTTP_TLS;
    default:
        return by_clock(call);
    }
}

void exo_http_trace(const struct exo_http_call *call,
                    struct exo_http_reply *reply)
{
    const char *address = NULL;

    reply->phase = phase_of(call, reply->status);
    if (curl_easy_getinfo(call->curl, CURLINFO_PRIMARY_IP, &address) ==
            CURLE_OK &&
        address != NULL) {
        size_t len = strnlen(address, sizeof(reply->address) - 1);

        memcpy(reply->address, address, len);
        reply->address[len] = '\0';
    }
}
