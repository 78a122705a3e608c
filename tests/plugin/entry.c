/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin's entry point, called without libsasl2 (entry.h). Each call
 * loads the module anew and forgets what was logged.
 */
#include "config.h"

#include "entry.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

char entry_log[4096];
int entry_warnings;

__attribute__((format(printf, 3, 4))) static void on_log(sasl_conn_t *conn,
                                                         int level,
                                                         const char *fmt, ...)
{
    va_list ap;

    assert_null(conn);
    assert_int_equal(level, SASL_LOG_WARN);
    entry_warnings++;
    va_start(ap, fmt);
    vsnprintf(entry_log, sizeof entry_log, fmt, ap);
    va_end(ap);
}

int entry_no_callback(sasl_conn_t *conn, unsigned long id,
                      sasl_callback_ft *proc, void **context)
{
    (void)conn;
    (void)id;
    *proc = NULL;
    *context = NULL;
    return SASL_FAIL;
}

sasl_utils_t entry_utils = { .getcallback = entry_no_callback,
                             .log = on_log,
                             .malloc = malloc,
                             .free = free };

sasl_client_plug_init_t *entry(void)
{
    union {
        void *data;
        sasl_client_plug_init_t *function;
    } symbol;
    void *module =
        dlopen(world_path("plugins/libexoauth.so"), RTLD_NOW | RTLD_LOCAL);

    assert_non_null(module);
    symbol.data = dlsym(module, "sasl_client_plug_init");
    assert_non_null(symbol.data);
    assert_int_equal(dlclose(module), 0); /* it stays: -z nodelete */
    entry_warnings = 0;
    return symbol.function;
}

/* As libsasl2: each entry is looked into when those before it are freed. */
void entry_free(sasl_client_plug_t *list, int n)
{
    for (int i = 0; i < n; i++)
        list[i].mech_free(list[i].glob_context, &entry_utils);
}

int entry_count(void)
{
    sasl_client_plug_t *list = NULL;
    int version = 0, n = -1;

    assert_int_equal(
        entry()(&entry_utils, SASL_CLIENT_PLUG_VERSION, &version, &list, &n),
        SASL_OK);
    assert_int_equal(version, SASL_CLIENT_PLUG_VERSION);
    entry_free(list, n);
    return n;
}
