/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: can the token endpoint be reached, and do the clocks agree? Called
 * by cmd_doctor.c as run_as, once for each endpoint that an account uses. The
 * phase in which a probe (exoauth/http.h) failed comes first in the line: who
 * has to mend a name server is not who mends a certificate.
 */
#include "config.h"

#include <string.h>

#include "doctor.h"
#include "exoauth/http.h"
#include "exoauth/clock.h"
#include "exoauth/token.h"

#define PROBE_MS 10000
#define SKEW_WARNING 60 /* seconds */

static const char *phase_word(enum exo_http_phase phase)
{
    static const char *const words[] = {
        [EXO_HTTP_SETUP] = "configuration", [EXO_HTTP_NAME] = "DNS",
        [EXO_HTTP_CONNECTION] = "TCP",      [EXO_HTTP_TLS] = "TLS",
        [EXO_HTTP_ANSWER] = "HTTP",         [EXO_HTTP_DONE] = "HTTP",
    };

    return words[phase];
}

/* The length of what may be shown: the query may be a key. */
static int bare(const char *url)
{
    return (int)strcspn(url, "?#");
}

/* Tokens, assertions and certificates are valid between two times. */
static void check_clock(struct exo_doctor *d, const char *url,
                        const struct exo_http_reply *reply)
{
    int64_t skew = reply->date - reply->sent;
    int64_t size = skew < 0 ? -skew : skew;

    if (reply->date == 0) {
        exo_doctor_skip(d, NULL,
                        "clock: not checked: %.*s does not say its time",
                        bare(url), url);
    } else if (size > EXO_CLOCK_SKEW) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "clock: this host is %lld s %s the provider; set it, "
                        "and run a time service such as chrony",
                        (long long)size, skew > 0 ? "behind" : "ahead of");
    } else if (size > SKEW_WARNING) {
        exo_doctor_warn(d, NULL,
                        "clock: this host is %lld s %s the provider; run a "
                        "time service such as chrony",
                        (long long)size, skew > 0 ? "behind" : "ahead of");
    } else {
        exo_doctor_ok(d, NULL, "clock: within %lld s of the provider's",
                      (long long)size);
    }
}

static void check_endpoint(struct exo_doctor *d, const char *url)
{
    const struct exo_conf *conf = d->app->conf;
    const struct exo_http_way way = { .proxy = conf->proxy,
                                      .proxy_auth_file = conf->proxy_auth_file,
                                      .ca_file = conf->ca_file };
    struct exo_http_reply reply;
    struct exo_err err = EXO_ERR_INIT;
    int rc = exo_http_probe(url, &way, exo_clock_ms() + PROBE_MS, &reply, &err);

    if (rc != 0) {
        const char *why = exo_err_text(&err, rc);

        exo_doctor_fail(d, NULL, err.status, "%s: %-s", phase_word(reply.phase),
                        why);
    } else {
        bool tls = strncmp(url, "https:", 6) == 0;

        exo_doctor_ok(d, NULL,
                      "DNS, TCP, %sHTTP: %.*s answers (%s%s, HTTP %ld)",
                      tls ? "TLS, " : "", bare(url), url,
                      conf->proxy[0] != '\0' ? "by proxy " : "", reply.address,
                      reply.status);
        check_clock(d, url, &reply);
    }
    exo_http_reply_free(&reply);
}

/* Where a token is asked for, or else who is asked where that is. */
static const char *endpoint_of(const struct exo_doctor *d, size_t i)
{
    const struct exo_settings *s = d->settings[i];
    const char *url = "";

    if (s) {
        s = exo_settings_owner(s);
        url = exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT);
        if (url[0] == '\0' && s->grant != EXO_GRANT_MANAGED_IDENTITY) {
            url = exo_settings_get(s, EXO_KEY_ISSUER);
        }
    }
    return url;
}

void exo_check_provider(struct exo_doctor *d)
{
    bool any = false;

    for (size_t i = 0; i < d->accounts.n; i++) {
        const char *url = endpoint_of(d, i);
        size_t first = 0;

        while (strcmp(endpoint_of(d, first), url) != 0) {
            first++;
        }
        if (url[0] == '\0' || first < i) {
            continue;
        }
        any = true;
        if (exo_clock_ms() < d->deadline_ms) {
            check_endpoint(d, url);
        } else {
            exo_doctor_skip(d, NULL, "%.*s: not checked: out of time",
                            bare(url), url);
        }
    }
    if (!any) {
        exo_doctor_skip(d, NULL,
                        "not checked: no account names a token "
                        "endpoint");
    }
}
