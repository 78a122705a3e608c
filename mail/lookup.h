/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of a host, before a deadline. */
#ifndef EXOAUTH_MAIL_LOOKUP_H
#define EXOAUTH_MAIL_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "exoauth/clock.h"
#include "exoauth/error.h"

/* 0, or an EAI_* value: EAI_SYSTEM with errno, ETIMEDOUT when the deadline (of
 * exo_clock_ms()) passed. *list is for freeaddrinfo(3). */
int exo_lookup(const char *host, unsigned port, int64_t deadline,
               struct addrinfo **list) EXO_MUST_CHECK;

#endif
