/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_client_plug_init() as the module exports it, called as libsasl2 would,
 * by a host whose log is kept.
 */
#ifndef EXOAUTH_TESTS_PLUGIN_ENTRY_H
#define EXOAUTH_TESTS_PLUGIN_ENTRY_H

#include "harness.h"

#include <sasl/saslplug.h>

/* What is handed in; getcallback is entry_no_callback, for the test to
 * change and to put back. */
extern sasl_utils_t entry_utils;
int entry_no_callback(sasl_conn_t *conn, unsigned long id,
                      sasl_callback_ft *proc, void **context);
/* The warnings since entry(), and the last of them. */
extern int entry_warnings;
extern char entry_log[4096];

sasl_client_plug_init_t *entry(void);
/* The number of mechanisms, after checking all else; frees them. */
int entry_count(void);
void entry_free(sasl_client_plug_t *list, int n);

#endif
