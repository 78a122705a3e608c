/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login at a mail server (session.h). Called by cmd_test.c and
 * cmd_connect.c; what a session holds, exo_session_free() frees.
 *
 * The login goes through libsasl2 and the plugin, which read the environment
 * and find their own exoauth.conf, so that what works here works in a mail
 * program. --config can only name the directory in which they look; where
 * that would not lead them to the same file, nothing is tried.
 */
#include "config.h"

#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmd.h"
#include "exoauth/block.h"
#include "exoauth/explain.h"
#include "exoauth/file.h"
#include "exoauth/token.h"

#define CA_MAX ((size_t)1024 * 1024)
#define BEHIND_MS INT64_C(200) /* ms, for who keeps the deadline */

void exo_session_init(struct exo_session *session)
{
    exo_buf_init(&session->ca, CA_MAX);
}

void exo_session_free(struct exo_session *session)
{
    exo_buf_free(&session->ca);
}

int exo_session_tls(struct exo_session *session, const char *word,
                    struct exo_err *err)
{
    if (strcmp(word, "implicit") == 0) {
        session->tls = EXO_MAIL_TLS_IMPLICIT;
    } else if (strcmp(word, "starttls") == 0) {
        session->tls = EXO_MAIL_TLS_STARTTLS;
    } else {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--tls %s is unknown; use implicit or starttls",
                           word);
    }
    return 0;
}

int exo_session_port(struct exo_session *session, const char *word,
                     struct exo_err *err)
{
    int64_t port = 0;

    if (exo_block_number(word, &port) != 0 || port < 1 || port > 65535) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s is no port; give its number, as 993", word);
    }
    session->port = (unsigned)port;
    return 0;
}

int exo_session_protocol(struct exo_session *session, const char *word,
                         struct exo_err *err)
{
    if (!exo_mail_protocol_parse(word, &session->protocol)) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "%s is no protocol of mail; use imap, pop3 or smtp",
                           word);
    }
    return 0;
}

int exo_session_before(struct exo_session *session, struct exo_err *err)
{
    const char *why = NULL;
    int rc;

    if (!session->ca_file) {
        return 0;
    }
    rc = exo_file_read(AT_FDCWD, session->ca_file, EXO_FILE_CONFIG, EXO_NO_UID,
                       &session->ca, &why);
    if (rc == 0) {
        return 0;
    }
    return exo_err_set(err, EXO_STATUS_USAGE, "cannot read %s: %-s%s",
                       session->ca_file, why ? why : exo_strerror(rc),
                       exo_file_advice(why, "; give a file of certificates in "
                                            "PEM with --ca-file"));
}

/* Same file, by whatever names? One that is missing has only its name. */
static bool is_same(const char *a, const char *b)
{
    struct stat one, other;

    if (stat(a, &one) != 0 || stat(b, &other) != 0) {
        return strcmp(a, b) == 0;
    }
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The plugin must find the configuration that is in force here. */
static int lead_plugin(const struct exo_app *app, const char *explicit_file,
                       struct exo_err *err)
{
    char *path = NULL;
    bool user = false;
    bool same;

    if (explicit_file) {
        const char *end = strrchr(app->conf->path, '/');
        char *dir =
            strndup(app->conf->path, end ? (size_t)(end - app->conf->path) : 0);
        int rc = dir ? setenv("SASL_CONF_PATH", dir, 1) : -1;

        free(dir);
        if (rc != 0) {
            return EXO_E_NOMEM;
        }
    }
    if (exo_conf_find(NULL, exo_conf_sasl_path(), &path, &user) != 0) {
        return EXO_E_NOMEM;
    }
    same = is_same(path, app->conf->path);
    if (!same) {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "the plugin would read %s and not %s; a file of "
                          "--config must be named exoauth.conf, and a user's "
                          "own file comes first",
                          path, app->conf->path);
    }
    free(path);
    return same ? 0 : EXO_E_STATUS;
}

void exo_session_explain(const struct exo_session *session,
                         const struct exo_mail *mail, struct exo_err *err)
{
    const char *answer = exo_mail_answer(mail);
    const struct exo_explanation *found = NULL;

    if (answer[0] != '\0' && exo_explain_text(answer, &found, 1) > 0) {
        (void)exo_err_set(err, err->status, "%.60s: %.120s: %s; %s",
                          session->host, answer, found->meaning, found->remedy);
    }
}

/* What the handler says; no more than write(2) and _exit(2) is left to it. */
static struct {
    char line[EXO_ERR_TEXT + 64]; /* for a client, "" for none */
    char text[EXO_ERR_TEXT + 64];
    int code;
} overdue;

static void on_late(int signal)
{
    (void)signal;
    (void)!write(STDOUT_FILENO, overdue.line, strlen(overdue.line));
    (void)!write(STDERR_FILENO, overdue.text, strlen(overdue.text));
    _exit(overdue.code);
}

/* Just behind the deadline that all else keeps, with a better text. */
static void set_timer(int64_t ms)
{
    const int64_t last = ms > 0 ? ms + BEHIND_MS : 0;
    const struct itimerval when = {
        .it_value = { .tv_sec = (time_t)(last / 1000),
                      .tv_usec = (suseconds_t)(last % 1000) * 1000 }
    };

    (void)setitimer(ITIMER_REAL, &when, NULL);
}

/* The plugins of libsasl2 run in this process and know no deadline of ours,
 * nor does whoever reads stdout. */
static void begin_time(const struct exo_session *s, int64_t ms)
{
    struct sigaction action = { .sa_handler = on_late };
    struct exo_err err = EXO_ERR_INIT;
    sigset_t alarm_only;

    (void)exo_err_set(&err, EXO_STATUS_TRANSIENT,
                      "the time for the login at %.100s is over; wait longer "
                      "with --timeout",
                      s->host);
    overdue.code = exo_status_exit(err.status);
    (void)snprintf(overdue.text, sizeof(overdue.text), "exoauth: %s\n",
                   exo_err_text(&err, EXO_E_STATUS));
    overdue.line[0] = '\0';
    if (s->for_client) {
        exo_mail_sorry(s->protocol, false, &err, overdue.line,
                       sizeof(overdue.line) - 2);
        memcpy(overdue.line + strlen(overdue.line), "\r\n", 3);
    }
    (void)sigemptyset(&alarm_only);
    (void)sigaddset(&alarm_only, SIGALRM);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    set_timer(ms);
}

void exo_session_in_time(void)
{
    set_timer(0);
}

int exo_session_login(struct exo_app *app, struct exo_options *options,
                      struct exo_mail_way *way, struct exo_mail **mail,
                      struct exo_err *err)
{
    struct exo_session *s = &options->session;
    int rc;

    *mail = NULL;
    way->protocol = s->protocol;
    way->tls = s->tls;
    way->host = s->host;
    way->port = s->port;
    if (s->ca_file && exo_buf_done(&s->ca, &way->ca_pem) != 0) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "out of memory; free some, and run it again");
    }
    way->ca_len = s->ca.len;
    way->timeout_ms = s->timeout > 0 ? s->timeout * 1000 : EXO_MAIL_WHOLE_MS;
    begin_time(s, way->timeout_ms);
    rc = lead_plugin(app, options->config, err);
    if (rc == 0) {
        rc = exo_mail_open(mail, way, err);
        s->open = rc == 0;
    }
    if (rc == 0) {
        rc = exo_mail_login(*mail, options->account.name, s->mailbox, err);
    }
    if (rc != 0) {
        exo_session_in_time();
        exo_session_explain(s, *mail, err);
    }
    return rc;
}
