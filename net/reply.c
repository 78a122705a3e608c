/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What came back, apart from the body, which http.c has taken as it came:
 * status, type, times and challenge, into the reply of the caller. Called by
 * http.c when the transfer is over, well or not, and while its handle is there.
 * Nothing here fails: what a server did not say is 0 or "".
 */
#include "config.h"

#include <string.h>

#include "net.h"

static void copy_text(char *to, size_t size, const char *from)
{
    memcpy(to, from, strnlen(from, size - 1));
}

void exo_http_read(const struct exo_http_call *call,
                   struct exo_http_reply *reply)
{
    struct curl_header *found = NULL;
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
        copy_text(reply->content_type, sizeof(reply->content_type), type);
    }
    if (curl_easy_header(call->curl, "Date", 0, CURLH_HEADER, -1, &found) ==
        0) {
        time_t when = curl_getdate(found->value, NULL);

        reply->date = when > 0 ? when : 0;
    }
    if (curl_easy_header(call->curl, "WWW-Authenticate", 0, CURLH_HEADER, -1,
                         &found) == 0) {
        copy_text(reply->challenge, sizeof(reply->challenge), found->value);
    }
}

bool exo_http_is_cut(const struct exo_http_call *call,
                     struct exo_http_reply *reply)
{
    long status = 0;

    reply->cut = call->code != CURLE_OK && !call->too_big &&
                 call->body->error == 0 && call->body->len > 0 &&
                 curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE,
                                   &status) == CURLE_OK &&
                 status == 200;
    if (reply->cut) {
        exo_http_read(call, reply);
    }
    return reply->cut;
}
