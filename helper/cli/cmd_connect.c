/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth connect: a session at a mail server that is logged in already, on
 * stdin and stdout. For fetchmail's `plugin`, and for the tunnels of mbsync
 * and mutt. Called by whoever fetches mail, also by service users that may
 * not open the store: the plugin gets the token through its own sources.
 *
 * The client hears one line: that it is logged in, or why not. The second is
 * written by ending(), so that whatever fails, even the configuration, is
 * told in the client's language. stderr has the same in ours.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/* A list of capabilities may be long. */
#define LINE_MAX_ ((size_t)20 * 1024)

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

static void trace(void *context, char side, const char *text)
{
    const struct exo_app *app = context;

    if (app->verbose > 0) {
        (void)fprintf(stderr, "%c: %s\n", side, text);
    }
}

static int before(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err)
{
    struct exo_session *s = &options->session;
    int rc = exo_session_protocol(s, options->words[0], err);

    (void)app;
    if (rc == 0) {
        rc = exo_session_port(s, options->words[2], err);
    }
    s->host = options->words[1];
    s->for_client = true;
    return rc == 0 ? exo_session_before(s, err) : rc;
}

static int hand_over(struct exo_mail *mail, struct exo_options *options,
                     struct exo_err *err)
{
    char line[LINE_MAX_];
    int rc =
        exo_mail_ready(mail, options->account.name, line, sizeof(line) - 2);

    if (rc != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s: its list of capabilities is too long; this is "
                           "no mail server, so check host and port",
                           options->session.host);
    }
    memcpy(line + strlen(line), "\r\n", 3);
    options->session.greeted = true;
    exo_session_in_time();
    return exo_mail_pipe(mail, STDIN_FILENO, STDOUT_FILENO, line, strlen(line),
                         err);
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_mail_way way = { .trace = trace, .warn = warn, .context = app };
    struct exo_mail *mail = NULL;
    int rc = exo_session_login(app, options, &way, &mail, err);

    if (rc == 0) {
        rc = hand_over(mail, options, err);
    }
    exo_mail_close(mail);
    return rc;
}

static int ending(struct exo_options *options, struct exo_err *err)
{
    const struct exo_session *s = &options->session;
    enum exo_mail_protocol protocol;
    char line[EXO_ERR_TEXT + 32];
    struct exo_err ignored = EXO_ERR_INIT;

    /* It may have failed before before() could look at the words. */
    if (err->status != EXO_STATUS_OK && !s->greeted &&
        exo_mail_protocol_parse(options->words[0], &protocol)) {
        exo_mail_sorry(protocol, s->open, err, line, sizeof(line) - 2);
        memcpy(line + strlen(line), "\r\n", 3);
        (void)!exo_out(line, strlen(line), &ignored);
    }
    return exo_status_exit(err->status);
}

const struct exo_command exo_cmd_connect = {
    .name = "connect",
    .usage = "imap|pop3|smtp HOST PORT ACCOUNT [--tls implicit|starttls] "
             "[--mailbox NAME] [--ca-file FILE] [--timeout N]",
    .help = "Logs in over TLS and hands the session over on stdin and stdout: "
            "* PREAUTH for IMAP,\n+OK for POP3, 220 for SMTP. For fetchmail's "
            "plugin, and the tunnels of mbsync and\nmutt.\n\n"
            "  --tls MODE            implicit or starttls; by default implicit "
            "on ports 993,\n"
            "                        995 and 465\n"
            "  --mailbox NAME        a shared mailbox, with the account's "
            "login\n"
            "  --ca-file FILE        trust these certificates and no others\n"
            "  --timeout N           seconds for the whole login, 60\n",
    .options = EXO_OPT_SESSION,
    .needs_account = true,
    .n_words = 4,
    .account_word = 3,
    .waited_for = true,
    .prepare = true,
    .before = before,
    .run = run,
    .ending = ending,
};
