/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two clocks (clock_gettime(2)): one for deadlines, which nobody sets, and
 * one for what is written down. Neither fails.
 */
#ifndef EXOAUTH_CLOCK_H
#define EXOAUTH_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC; every deadline is one of these. */
int64_t exo_clock_ms(void);

/* Seconds since 1970, CLOCK_REALTIME. */
int64_t exo_clock_now(void);

#endif
