/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest DIR ACCOUNT SERVER: a login by XOAUTH2 as a mail program makes one,
 * with the plugins of DIR. Prints the response, and is 0, or says what
 * libsasl2 and the plugin say and is 75 where that is worth another try, else
 * 78.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <sasl/sasl.h>

static const char *plugins, *account;

static int get_path(void *context, const char **path)
{
    (void)context;
    *path = plugins;
    return SASL_OK;
}

static int get_name(void *context, int id, const char **result, unsigned *len)
{
    (void)context;
    (void)id;
    *result = account;
    if (len != NULL)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static int take_log(void *context, int level, const char *text)
{
    (void)context;
    if (level <= SASL_LOG_WARN)
        (void)fprintf(stderr, "exoauth: (log) %s\n", text);
    return SASL_OK;
}

#define PROC(f) ((int (*)(void))(void (*)(void))(f))

static int end(sasl_conn_t *conn, int rc)
{
    (void)fprintf(stderr, "exoauth: %s\n",
                  conn != NULL ? sasl_errdetail(conn)
                               : sasl_errstring(rc, NULL, NULL));
    return rc == SASL_UNAVAIL || rc == SASL_NOMEM || rc == SASL_NOMECH ? 75
                                                                       : 78;
}

int main(int argc, char **argv)
{
    const sasl_callback_t global[] = {
        { SASL_CB_GETPATH, PROC(get_path), NULL },
        { SASL_CB_LOG, PROC(take_log), NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    const sasl_callback_t own[] = {
        { SASL_CB_USER, PROC(get_name), NULL },
        { SASL_CB_AUTHNAME, PROC(get_name), NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    sasl_conn_t *conn = NULL;
    const char *out = NULL, *mech;
    unsigned len = 0;
    int rc;

    if (argc != 4)
        return 2;
    plugins = argv[1];
    account = argv[2];
    /* A plugin that is being loaded has the log of the host and no other. */
    openlog("exoauth", LOG_PERROR, LOG_AUTH);
    rc = sasl_client_init(global);
    if (rc != SASL_OK)
        return end(NULL, rc);
    rc = sasl_client_new("smtp", argv[3], NULL, NULL, own, 0, &conn);
    if (rc != SASL_OK)
        return end(NULL, rc);
    rc = sasl_client_start(conn, "XOAUTH2", NULL, &out, &len, &mech);
    if (rc != SASL_CONTINUE && rc != SASL_OK)
        return end(conn, rc);
    for (unsigned i = 0; i < len; i++)
        (void)putchar(out[i] == '\1' ? ' ' : out[i]);
    (void)putchar('\n');
    rc = sasl_client_step(conn, "", 0, NULL, &out, &len);
    if (rc != SASL_OK)
        return end(conn, rc);
    sasl_dispose(&conn);
    sasl_done();
    return 0;
}
