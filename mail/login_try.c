/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login up to the token, as Postfix makes it (exoauth/plugins.h): plugins
 * are loaded as root and outside, then the process goes into the jail and
 * becomes the mail user, then the mechanism is asked for its first message.
 * That message is the token; it is wiped where it lies and the child ends.
 *
 * Called by doctor, as root. Everything happens in the child; what comes back
 * is a status word, the line that the plugin would have put into the mail log,
 * and nothing of the token.
 */
#include "config.h"

#include "exoauth/plugins.h"

#include <errno.h>
#include <grp.h>
#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

static int give_name(void *context, int id, const char **result, unsigned *len)
{
    const struct exo_login_try *login = context;

    (void)id;
    *result = login->account;
    if (len) {
        *len = (unsigned)strlen(login->account);
    }
    return SASL_OK;
}

/* The plugin says the same to the log and as the error of the connection. */
static int no_log(void *context, int level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
    return SASL_OK;
}

/* NULL, or what failed. */
static const char *enter(const struct exo_login_try *login)
{
    if (setgroups(login->n_groups, login->groups) != 0) {
        return "setgroups";
    }
    if (login->root && (chroot(login->root) != 0 || chdir("/") != 0)) {
        return "chroot";
    }
    if (setresgid(login->gid, login->gid, login->gid) != 0) {
        return "setgid";
    }
    return setresuid(login->uid, login->uid, login->uid) != 0 ? "setuid" : NULL;
}

/* SASL_UNAVAIL is also what no token and no socket come to, which will be so
 * tomorrow; the plugin's words tell want of something, and a disk that fails,
 * from that. */
static bool is_short(int r, const char *message)
{
    static const int wants[] = { ENOMEM, EMFILE, ENFILE, ENOBUFS, EAGAIN, EIO };

    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        if (r == SASL_UNAVAIL && strstr(message, exo_errno_text(wants[i]))) {
            return true;
        }
    }
    return r == SASL_UNAVAIL && strstr(message, exo_strerror(EXO_E_NOMEM));
}

static void log_in(const struct exo_login_try *login, struct exo_buf *out)
{
    sasl_callback_t callbacks[] = {
        { SASL_CB_AUTHNAME, (int (*)(void))(void (*)(void))give_name,
          (void *)(uintptr_t)login },
        { SASL_CB_LOG, (int (*)(void))(void (*)(void))no_log, NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    sasl_conn_t *conn = NULL;
    const char *message = NULL;
    const char *mech = NULL;
    unsigned len = 0;
    int r =
        sasl_client_new("smtp", login->server, NULL, NULL, callbacks, 0, &conn);

    if (r == SASL_OK) {
        r = sasl_client_start(conn, "XOAUTH2 OAUTHBEARER", NULL, &message, &len,
                              &mech);
    }
    if (message && len > 0) {
        /* Nobody else has it, and nobody shall find it. */
        explicit_bzero((void *)(uintptr_t)message, len);
    }
    if (r == SASL_OK || r == SASL_CONTINUE) {
        exo_block_put(out, "result", "ok");
    } else {
        struct exo_err text = EXO_ERR_INIT;

        (void)exo_err_set(&text, EXO_STATUS_OK, "%-s",
                          conn ? sasl_errdetail(conn)
                               : sasl_errstring(r, NULL, NULL));
        exo_block_put(out, "result",
                      r == SASL_NOMECH                            ? "no-mech"
                      : r == SASL_NOMEM || is_short(r, text.text) ? "later"
                                                                  : "failed");
        exo_block_put(out, "message", text.text);
    }
    if (conn) {
        sasl_dispose(&conn); /* in which the plugin wipes what it held */
    }
}

static void work(void *context, struct exo_buf *out)
{
    const struct exo_login_try *login = context;
    const char *failed;

    if (login->conf_dir) {
        (void)setenv("SASL_CONF_PATH", login->conf_dir, 1);
    }
    /* The environment of a service is not that of the caller. */
    if (login->sasl_path && login->sasl_path[0] != '\0') {
        (void)setenv("SASL_PATH", login->sasl_path, 1);
    } else {
        (void)unsetenv("SASL_PATH");
    }
    if (sasl_client_init(NULL) != SASL_OK) {
        exo_block_put(out, "result", "no-sasl");
        return;
    }
    failed = enter(login);
    if (failed) {
        exo_block_put_number(out, "errno", errno);
        exo_block_put(out, "result", "no-jail");
        exo_block_put(out, "message", failed);
        return;
    }
    log_in(login, out);
}

/* libsasl2 puts "SASL(-24): its own words: " before what the plugin said. */
static const char *bare(const char *message)
{
    const char *p =
        strncmp(message, "SASL(", 5) == 0 ? strstr(message, "): ") : NULL;
    const char *q = p ? strstr(p + 3, ": ") : NULL;

    return q ? q + 2 : message;
}

static int judge(const struct exo_block *block, struct exo_err *err)
{
    const char *result = exo_block_get(block, "result");
    const char *message = exo_block_get(block, "message");

    if (result && strcmp(result, "ok") == 0) {
        return 0;
    }
    if (result && strcmp(result, "no-mech") == 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "libsasl2 has no mechanism XOAUTH2 there; see the "
                           "check of the plugin");
    }
    if (result && strcmp(result, "no-jail") == 0) {
        const char *number = exo_block_get(block, "errno");
        int64_t error = 0;

        errno =
            number && exo_block_number(number, &error) == 0 ? (int)error : 0;
        if (exo_err_system(err, EXO_E_IO, "cannot call %s for a login",
                           message ? message : "?")) {
            return EXO_E_STATUS;
        }
        return exo_err_set(err, EXO_STATUS_DENIED,
                           "not possible here: %s; run it as root of the host",
                           message ? message : "?");
    }
    return exo_err_set(
        err,
        result && strcmp(result, "later") == 0 ? EXO_STATUS_TRANSIENT
                                               : EXO_STATUS_MISCONFIGURED,
        "%-s",
        message ? bare(message) : "libsasl2 does not start; reinstall it");
}

static int try_once(const struct exo_login_try *login, int64_t deadline_ms,
                    bool *none, struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_buf log = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;
    int rc =
        exo_child_run("a login in place of the mail program", work,
                      (void *)(uintptr_t)login, deadline_ms, &text, &log, err);

    if (rc == 0 && (!exo_buf_reserve(&text, 1) ||
                    exo_block_parse(&block, text.data, text.len,
                                    EXO_BLOCK_MESSAGE) != 0)) {
        rc = exo_err_set(err, EXO_STATUS_BUG,
                         "a login in place of the mail program could not tell "
                         "what it found; please report it");
    }
    if (rc == 0) {
        const char *result = exo_block_get(&block, "result");

        *none = result && strcmp(result, "no-mech") == 0;
        rc = judge(&block, err);
    }
    exo_buf_free(&text);
    exo_buf_free(&log);
    return rc;
}

/* A plugin that lacked memory or descriptors when it was loaded is none, and
 * libsasl2 does not say which of the two it was. */
int exo_login_try(const struct exo_login_try *login, int64_t deadline_ms,
                  struct exo_err *err)
{
    bool none = false;
    int rc = try_once(login, deadline_ms, &none, err);

    if (rc != 0 && none) {
        *err = (struct exo_err)EXO_ERR_INIT;
        rc = try_once(login, deadline_ms, &none, err);
    }
    return rc;
}
