/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of source share: a token published at some age, and a
 * configuration with one socket and one helper.
 */
#ifndef EXOAUTH_TEST_SOURCE_H
#define EXOAUTH_TEST_SOURCE_H

#include <inttypes.h>

#include "exoauth/clock.h"
#include "broker.h"

enum published { NONE, FRESH, AGING, STALE, EXPIRED, REFUSED };

static inline void publish(const struct place *place, enum published published)
{
    static const int64_t left[] = { 0, 3600, 1800, 900, -1, 3600 };
    const int64_t expires = exo_clock_now() + left[published];
    char text[600];

    if (published == NONE)
        return;
    (void)snprintf(text, sizeof text,
                   V "account: a@b.c\nservers: smtp.x\nserial: 1\n"
                     "issued: %" PRId64 "\nrefresh_after: %" PRId64 "\n"
                     "usable_until: %" PRId64 "\nexpires: %" PRId64 "\n"
                     "token: t1\n\n",
                   expires - 7200, expires - 2400, expires - 1200, expires);
    put_file(place, "a@b.c", published == REFUSED ? 0666 : 0640, text);
}

static inline void count_warning(void *context, const char *text)
{
    assert_true(strlen(text) > 0);
    assert_null(strchr(text, '\n'));
    ++*(int *)context;
}

static inline void conf_make(struct exo_conf *conf, const struct place *place,
                             char names[3][300])
{
    static char run_as[] = "nobody";

    memset(conf, 0, sizeof *conf);
    conf->run_as = run_as;
    (void)snprintf(names[0], 300, "%s", place->path);
    (void)snprintf(names[1], 300, "/nonexistent/socket %s",
                   place_name(place, "socket"));
    (void)snprintf(names[2], 300, "%s", place_name(place, "helper"));
    conf->token_dir = names[0];
    conf->socket = names[1];
    conf->helper = names[2];
    conf->path = names[0];
    conf->store = names[0]; /* of no kind that a login could look at */
    conf->timeout = 60;
}

#endif
