/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program that setid.sh makes set-user-ID: says whether the kernel
 * treats it as such and which mechanisms libsasl2 has in it. The directory
 * of the plugin is its argument, because libsasl2 ignores SASL_PATH there.
 */
#include <stdio.h>
#include <sys/auxv.h>

#include <sasl/sasl.h>

static int get_path(void *context, const char **path)
{
    *path = context;
    return SASL_OK;
}

int main(int argc, char **argv)
{
    sasl_callback_t callbacks[] = {
        { SASL_CB_GETPATH, (int (*)(void))(void (*)(void))get_path, NULL },
        { SASL_CB_LIST_END, NULL, NULL }
    };
    const char *list = NULL;
    sasl_conn_t *conn = NULL;

    if (argc != 2)
        return 64;
    callbacks[0].context = argv[1];
    if (sasl_client_init(callbacks) != SASL_OK ||
        sasl_client_new("smtp", "smtp.example.org", NULL, NULL, NULL, 0,
                        &conn) != SASL_OK)
        return 70;
    if (sasl_listmech(conn, NULL, "", " ", "", &list, NULL, NULL) != SASL_OK)
        list = "";
    printf("secure %lu; mechanisms %s\n", getauxval(AT_SECURE), list);
    sasl_dispose(&conn);
    sasl_done();
    return 0;
}
