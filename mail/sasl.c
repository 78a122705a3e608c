/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of libsasl2 (sasl.h). Called by login.c, once in a process:
 * exo_sasl_end() unloads what was loaded, and must follow whatever happened.
 *
 * The security properties leave one mechanism to choose: no layer, as TLS is
 * there, and NODICTIONARY, which the XOAUTH2 of others, that takes the token
 * for a password, does not claim. There is no password callback.
 *
 * Why a login failed is what the plugin hands to seterror, which comes
 * through the log callback; the code says who must act, as in
 * plugin/status.c, read backwards.
 */
#include "config.h"

#include "sasl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sasl/sasl.h>

static int on_name(void *context, int id, const char **result, unsigned *len)
{
    const struct exo_sasl *sasl = context;

    *result = id == SASL_CB_USER ? sasl->mailbox : sasl->account;
    if (len) {
        *len = (unsigned)strlen(*result);
    }
    return SASL_OK;
}

/* The plugin stays away from users who cannot read published tokens, whose
 * other logins it would disturb. Here there is no other login. */
static int on_option(void *context, const char *plugin, const char *option,
                     const char **result, unsigned *len)
{
    (void)context;
    (void)plugin;
    if (strcmp(option, "exoauth_wanted") != 0) {
        return SASL_FAIL;
    }
    *result = "yes";
    if (len) {
        *len = 3;
    }
    return SASL_OK;
}

static int on_log(void *context, int level, const char *text)
{
    struct exo_sasl *sasl = context;

    if (level == SASL_LOG_FAIL || level == SASL_LOG_ERR) {
        size_t n = strnlen(text, sizeof(sasl->cause) - 1);

        memcpy(sasl->cause, text, n);
        sasl->cause[n] = '\0';
    } else if (level == SASL_LOG_WARN && sasl->warn) {
        sasl->warn(sasl->context, text);
    }
    return SASL_OK;
}

/* What libsasl2 cannot open it passes over: a directory, a plugin and what that
 * reads are as many as these. False: there is room, or errno is another. */
static bool is_short(void)
{
    int fd[4];
    size_t n = 0;
    int saved;

    while (n < 4 && (fd[n] = open("/", O_PATH | O_CLOEXEC)) >= 0) {
        n++;
    }
    saved = errno;
    for (size_t i = 0; i < n; i++) {
        (void)close(fd[i]);
    }
    errno = saved;
    return n < 4;
}

static int fail(const struct exo_sasl *sasl, int code, struct exo_err *err)
{
    enum exo_status status = EXO_STATUS_TRANSIENT;
    const char *text = sasl->cause;

    switch (code) {
    case SASL_NOMECH:
        if (is_short() && exo_err_system(err, EXO_E_IO,
                                         "cannot load the plugins of "
                                         "libsasl2")) {
            return EXO_E_STATUS;
        }
        return exo_err_set(
            err, EXO_STATUS_MISCONFIGURED,
            "libsasl2 has no mechanism for a token: the plugin is not in its "
            "search path, or its configuration is broken or has no account; "
            "run: exoauth show %s",
            EXO_SH(sasl->account, "ACCOUNT"));
    case SASL_NOUSER:
        status = EXO_STATUS_NO_ACCOUNT;
        break;
    case SASL_EXPIRED:
        status = EXO_STATUS_NEEDS_LOGIN;
        break;
    case SASL_CONFIGERR:
    case SASL_BADPARAM:
        status = EXO_STATUS_MISCONFIGURED;
        break;
    default:
        break;
    }
    if (text[0] == '\0' && sasl->conn) {
        text = sasl_errdetail(sasl->conn);
    }
    return exo_err_set(err, status, "%-s", text);
}

static int make_conn(struct exo_sasl *sasl, const char *service,
                     const char *host)
{
    static const sasl_callback_t global[] = {
        { SASL_CB_GETOPT, (int (*)(void))(void (*)(void))on_option, NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    static sasl_callback_t callbacks[4];
    const sasl_security_properties_t properties = {
        .security_flags = SASL_SEC_NOANONYMOUS | SASL_SEC_NODICTIONARY,
    };
    const sasl_ssf_t tls = 128;
    int r;

    callbacks[0] =
        (sasl_callback_t){ SASL_CB_USER, (int (*)(void))(void (*)(void))on_name,
                           sasl };
    callbacks[1] = callbacks[0];
    callbacks[1].id = SASL_CB_AUTHNAME;
    callbacks[2] =
        (sasl_callback_t){ SASL_CB_LOG, (int (*)(void))(void (*)(void))on_log,
                           sasl };
    callbacks[3] = (sasl_callback_t){ SASL_CB_LIST_END, NULL, NULL };
    r = sasl_client_init(global);
    if (r != SASL_OK) {
        return r;
    }
    sasl->begun = true;
    r = sasl_client_new(service, host, NULL, NULL, callbacks, 0, &sasl->conn);
    if (r == SASL_OK) {
        r = sasl_setprop(sasl->conn, SASL_SEC_PROPS, &properties);
    }
    return r == SASL_OK ? sasl_setprop(sasl->conn, SASL_SSF_EXTERNAL, &tls) : r;
}

static int take(struct exo_sasl *sasl, int r, const char *data, unsigned len,
                struct exo_secret *out, struct exo_err *err)
{
    if (r != SASL_OK && r != SASL_CONTINUE) {
        return fail(sasl, r, err);
    }
    return exo_secret_set(out, data ? data : "", data ? len : 0);
}

int exo_sasl_begin(struct exo_sasl *sasl, const char *service, const char *host,
                   const char *mechs, struct exo_secret *out, bool *has,
                   struct exo_err *err)
{
    const char *data = NULL;
    unsigned len = 0;
    int r = make_conn(sasl, service, host);

    *has = false;
    if (r == SASL_OK) {
        r = sasl_client_start(sasl->conn, mechs, NULL, &data, &len,
                              &sasl->mech);
    }
    *has = data != NULL;
    return take(sasl, r, data, len, out, err);
}

int exo_sasl_step(struct exo_sasl *sasl, const struct exo_buf *in,
                  struct exo_secret *out, struct exo_err *err)
{
    const char *data = NULL;
    const char *text;
    unsigned n = 0;
    int r = SASL_NOMEM;

    if (exo_buf_done(in, &text) == 0) {
        r = sasl_client_step(sasl->conn, text, (unsigned)in->len, NULL, &data,
                             &n);
    }
    return take(sasl, r, data, n, out, err);
}

void exo_sasl_end(struct exo_sasl *sasl)
{
    if (sasl->conn) {
        sasl_dispose(&sasl->conn);
    }
    if (sasl->begun) {
        sasl_client_done();
    }
    sasl->begun = false;
}
