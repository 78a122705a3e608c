/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_exchange.h.
 */
#include "config.h"

#include "http_exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exoauth/clock.h"

const struct exo_http_way exchange_direct = { .proxy = NULL };

void exchange_post(struct outcome *out, int port, const char *form_text,
                   int64_t deadline_ms)
{
    struct exo_secret form = EXO_SECRET_INIT;
    char url[64];

    memset(out, 0, sizeof(*out));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/token", port);
    assert_int_equal(exo_secret_set(&form, form_text, strlen(form_text)), 0);
    out->rc = exo_http_post(url, &form, NULL, &exchange_direct, deadline_ms,
                            &out->reply, &out->err);
    exo_secret_free(&form);
}

void exchange(struct outcome *out, struct http_server *server,
              enum http_mode mode, const char *reply, int64_t deadline_ms)
{
    assert_true(http_server_start(server, mode, reply));
    exchange_post(out, server->port, "a=b",
                  deadline_ms == 0 ? 0 : exo_clock_ms() + deadline_ms);
    http_server_stop(server);
}

void exchange_refused(const struct outcome *out, enum exo_status status,
                      const char *cause)
{
    assert_int_equal(out->rc, EXO_E_STATUS);
    assert_int_equal(out->err.status, status);
    if (strstr(out->err.text, cause) == NULL)
        print_error("not \"%s\": %s\n", cause, out->err.text);
    assert_non_null(strstr(out->err.text, cause));
    assert_non_null(strstr(out->err.text, "; "));
    assert_null(strchr(out->err.text, '\n'));
    assert_int_equal(out->reply.status, out->reply.cut ? 200 : 0);
    assert_true(out->reply.cut != exo_secret_empty(&out->reply.body));
}
