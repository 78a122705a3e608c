/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way in which the plugin gets a token, and the one in which it gets
 * none, for the tests of what it does to its host meanwhile.
 */
#ifndef EXOAUTH_TESTS_PLUGIN_WAYS_H
#define EXOAUTH_TESTS_PLUGIN_WAYS_H

#include "harness.h"

enum way { BY_FILE, BY_SOCKET, BY_HELPER, BY_NOTHING, N_WAYS };

/* Writes what the way needs, for the token FRESH; the world is then ready
 * for host_init(). */
void way_prepare(enum way way);
/* Takes it all away again, but for exoauth.conf. */
void way_clear(void);

#endif
