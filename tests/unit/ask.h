/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of ask share: two requests, and how a socket and a helper
 * are asked. The caller frees the answer.
 */
#ifndef EXOAUTH_TEST_ASK_H
#define EXOAUTH_TEST_ASK_H

#include "broker.h"
#include "common/ask.h"

static const struct exo_request get = {
    .get = "a@b.c", .server = "smtp.x", .min_ttl = -1, .reject = -1
};
static const struct exo_request hint = { .get = "a@b.c",
                                         .server = "smtp.x",
                                         .min_ttl = -1,
                                         .reject = -1,
                                         .nowait = true };

static inline int ask(const char *path, const struct exo_request *request,
                      int64_t deadline, struct exo_answer *answer)
{
    const uid_t ok[] = { 0, geteuid() };

    exo_answer_init(answer);
    return exo_ask_socket(path, ok, 2, request, deadline, answer);
}

static inline int run(const struct place *place,
                      const struct exo_request *request, int64_t deadline,
                      struct exo_answer *answer)
{
    exo_answer_init(answer);
    return exo_ask_helper(place_name(place, "helper"), "/etc/x.conf", request,
                          deadline, answer);
}

#endif
