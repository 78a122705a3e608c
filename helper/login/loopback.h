/* SPDX-License-Identifier: BSD-2-Clause */
/* Which user of this host is at the other end of a connection over loopback? */
#ifndef EXOAUTH_LOOPBACK_H
#define EXOAUTH_LOOPBACK_H

#include <sys/types.h>

#include "exoauth/error.h"

/* EXO_E_NOENT: its socket is closed, or not in this network namespace. */
int exo_loopback_uid(int fd, uid_t *uid) EXO_MUST_CHECK;

#endif
