/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One exchange between exo_http_post() and a server of the test's own.
 */
#ifndef EXOAUTH_TESTS_HTTP_EXCHANGE_H
#define EXOAUTH_TESTS_HTTP_EXCHANGE_H

#include "exoauth/http.h"
#include "http_server.h"

struct outcome {
    int rc;
    struct exo_err err;
    struct exo_http_reply reply;
};

extern const struct exo_http_way exchange_direct;

/* A POST to http://127.0.0.1:port/token. */
void exchange_post(struct outcome *out, int port, const char *form,
                   int64_t deadline_ms);

/* The same to a server that is started and stopped here. deadline_ms from
 * now; 0: none. */
void exchange(struct outcome *out, struct http_server *server,
              enum http_mode mode, const char *reply, int64_t deadline_ms);

/* It failed with this status and cause, a remedy, and nothing else. */
void exchange_refused(const struct outcome *out, enum exo_status status,
                      const char *cause);

#endif
