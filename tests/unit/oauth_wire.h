/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of what oauth/ sends: exo_http_post() is replaced at link time
 * (--wrap) by one that keeps the request and answers from a script; the form
 * itself is net/'s. Include it in one file of a program.
 */
#ifndef EXOAUTH_TEST_OAUTH_WIRE_H
#define EXOAUTH_TEST_OAUTH_WIRE_H

#include "oauth_util.h"
#include "../lib/whole.h"

int __wrap_exo_http_post(const char *url, const struct exo_secret *form,
                         const struct exo_secret *basic,
                         const struct exo_http_way *way, int64_t deadline_ms,
                         struct exo_http_reply *reply, struct exo_err *err);

struct answer {
    long status; /* 0: no connection; -1: no trust; -2: a 200 that broke off */
    const char *body; /* @JWT@ in it becomes the assertion that was sent */
};

static struct {
    const struct answer *next;
    size_t requests;
    char url[200], form[2000], basic[400], proxy[100];
    int64_t deadline_ms;
} wire;

static void set_body(struct exo_http_reply *reply, const char *body)
{
    const char *hole = strstr(body, "@JWT@");
    const char *jwt = strstr(wire.form, "client_assertion=");
    char text[4000];

    if (hole != NULL && jwt != NULL) {
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - body), body,
                       jwt + strlen("client_assertion="), hole + 5);
        body = text;
    }
    assert_int_equal(exo_secret_set(&reply->body, body, strlen(body)), 0);
}

int __wrap_exo_http_post(const char *url, const struct exo_secret *form,
                         const struct exo_secret *basic,
                         const struct exo_http_way *way, int64_t deadline_ms,
                         struct exo_http_reply *reply, struct exo_err *err)
{
    const struct answer *now = wire.next++;

    wire.requests++;
    (void)snprintf(wire.url, sizeof(wire.url), "%s", url);
    (void)snprintf(wire.form, sizeof(wire.form), "%s", whole_secret(form));
    (void)snprintf(wire.basic, sizeof(wire.basic), "%s",
                   basic != NULL ? whole_secret(basic) : "(none)");
    (void)snprintf(wire.proxy, sizeof(wire.proxy), "%s",
                   way->proxy != NULL ? way->proxy : "");
    wire.deadline_ms = deadline_ms;
    memset(reply, 0, sizeof(*reply));
    reply->body = (struct exo_secret)EXO_SECRET_INIT;
    reply->cut = now->status == -2;
    reply->status = reply->cut ? 200 : 0;
    if (reply->cut)
        set_body(reply, now->body);
    if (now->status <= 0)
        return exo_err_set(err,
                           now->status != -1 ? EXO_STATUS_TRANSIENT
                                             : EXO_STATUS_MISCONFIGURED,
                           "no answer; look at the wire");
    reply->status = now->status;
    reply->sent = 1000;
    set_body(reply, now->body);
    return 0;
}

static void script(const struct answer *answers)
{
    memset(&wire, 0, sizeof(wire));
    wire.next = answers;
}

static const struct answer granted[] = {
    { 200, "{\"access_token\":\"at\",\"token_type\":\"Bearer\","
           "\"expires_in\":\"60\",\"refresh_token\":\"0.next\"}" },
};

#endif
