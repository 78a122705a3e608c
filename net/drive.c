/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One transfer, from its start to its end or to call->until. Called by http.c
 * with a handle that has all its options; both stay the caller's.
 *
 * It is not curl_easy_perform() with CURLOPT_TIMEOUT_MS, which looks at the
 * clock before it looks at the socket. A process that was stopped over the
 * deadline (SIGSTOP, a frozen container, a host short of memory) would throw
 * away an answer that had come in time, and with it a refresh token that the
 * provider has changed. Here time is up only when nothing is there to be read.
 * The result is what libcurl would say.
 */
#include "config.h"

#include <limits.h>
#include <time.h>

#include "exoauth/clock.h"
#include "net.h"

/* Reads after the deadline: 64 KiB of body, by TLS records and then some. A
 * server that sends a byte now and then must not keep us. */
#define LATE_MAX 64

static CURLcode result(CURLM *multi)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int left;

    for (;;) {
        const CURLMsg *message = curl_multi_info_read(multi, &left);

        if (message == NULL) {
            return code;
        }
        if (message->msg == CURLMSG_DONE) {
            code = message->data.result;
        }
    }
}

static CURLcode until_done(const struct exo_http_call *call, CURLM *multi)
{
    const struct timespec moment = { .tv_nsec = 20000000 };
    int running = 0;
    int ready = 1;
    int late = 0;

    for (;;) {
        /* Looked at first: what came before it is read after it. */
        int64_t left = call->until - exo_clock_ms();

        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY;
        }
        if (running == 0) {
            return result(multi);
        }
        if (left <= 0 && (ready == 0 || ++late > LATE_MAX)) {
            return CURLE_OPERATION_TIMEDOUT;
        }
        if (left < 0) {
            left = 0;
        }
        /* poll(2) may lack memory for a moment; what was spent is not given
         * up for that. */
        if (curl_multi_poll(multi, NULL, 0,
                            left < INT_MAX ? (int)left : INT_MAX,
                            &ready) != CURLM_OK) {
            ready = 0;
            (void)nanosleep(&moment, NULL);
        }
    }
}

CURLcode exo_http_drive(const struct exo_http_call *call)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;
    CURLM *multi = curl_multi_init();

    if (multi == NULL) {
        return code;
    }
    if (curl_multi_add_handle(multi, call->curl) == CURLM_OK) {
        code = until_done(call, multi);
        (void)curl_multi_remove_handle(multi, call->curl);
    }
    (void)curl_multi_cleanup(multi);
    return code;
}
