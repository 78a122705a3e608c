/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two clocks (exoauth/clock.h). Deadlines are kept on the monotonic one,
 * so that a step of the wall clock neither ends nor prolongs a wait; what
 * stands in a token is compared with the wall clock. Called everywhere, owns
 * nothing, and cannot fail: both clocks exist on every Linux.
 */
#include "config.h"

#include "exoauth/clock.h"

#include <time.h>

int64_t exo_clock_ms(void)
{
    struct timespec ts = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t exo_clock_now(void)
{
    struct timespec ts = { 0, 0 };

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}
