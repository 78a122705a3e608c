/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the states of libexoauth(8) to SASL codes: the one table. Hosts show
 * the user sasl_errstring() of the code (Postfix puts it into the queue) and
 * the text given to seterror (Postfix logs it), so the code says who has to
 * act and the text says how:
 *
 *   SASL_UNAVAIL    nobody; it goes away, the host retries
 *   SASL_EXPIRED    somebody must authorise again
 *   SASL_CONFIGERR  the administrator
 *   SASL_NOUSER     the account is not configured here
 *
 * Called by every part of the plugin that fails a step. Nothing is kept, so
 * nothing is freed; nothing here can fail.
 */
#include "config.h"

#include "plugin.h"

int exo_status_to_sasl(enum exo_status status)
{
    switch (status) {
    case EXO_STATUS_OK:
        return SASL_OK;
    case EXO_STATUS_NO_ACCOUNT:
        return SASL_NOUSER;
    case EXO_STATUS_DENIED:
    case EXO_STATUS_MISCONFIGURED:
        return SASL_CONFIGERR;
    case EXO_STATUS_NEEDS_LOGIN:
        return SASL_EXPIRED;
    case EXO_STATUS_TRANSIENT:
    case EXO_STATUS_STORE:
        return SASL_UNAVAIL;
    case EXO_STATUS_USAGE: /* what the host gave us makes no sense */
        return SASL_BADPARAM;
    case EXO_STATUS_BUG:
        break;
    }
    return SASL_FAIL;
}

/* seterror also logs the text, so no failure is logged a second time. Its
 * printf is libsasl2's own and knows %s, but not the length of anything. */
int exo_status_fail(const sasl_utils_t *utils, enum exo_status status,
                    const char *text)
{
    utils->seterror(utils->conn, 0, "%s", text);
    return exo_status_to_sasl(status);
}

int exo_status_nomem(const sasl_utils_t *utils)
{
    utils->seterror(utils->conn, 0, "exoauth: out of memory; free some memory");
    return SASL_NOMEM;
}
