/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exoauth test: the login that a mail program will make, with the conversation
 * on stdout, and what a refusal means. Called by an administrator; under root
 * it runs as run_as, like everything that touches a token.
 *
 * Which server: --server, or what the account's `servers` has for the
 * protocol. A login alone proves little: Exchange accepts tokens for mailboxes
 * that they do not open, so the mailbox is looked into as well.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "helper/settings/settings.h"

static const char *const names[] = {
    [EXO_MAIL_IMAP] = "imap",
    [EXO_MAIL_POP3] = "pop",
    [EXO_MAIL_SMTP] = "smtp",
};

static void trace(void *context, char side, const char *text)
{
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_buf line = EXO_BUF_INIT(4096);

    (void)context;
    exo_buf_fmt(&line, "%c: %s\n", side, text);
    (void)!exo_out_buf(&line, &ignored);
    exo_buf_free(&line);
}

/* What the plugin warns of belongs to the conversation. */
static void warn(void *context, const char *text)
{
    char line[EXO_ERR_TEXT];

    exo_text_fmt(line, sizeof(line), "%-s", text);
    trace(context, 'W', line);
}

/* 2: named after the protocol, 1: after no protocol, 0: after another. */
static int rate(const char *host, enum exo_mail_protocol protocol)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncasecmp(host, names[i], strlen(names[i])) == 0) {
            return i == (size_t)protocol ? 2 : 0;
        }
    }
    return 1;
}

/* The first that fits best, into host. */
static bool choose(const char *servers, enum exo_mail_protocol protocol,
                   struct exo_buf *host)
{
    const char *word;
    size_t len;
    int best = -1;

    while ((word = exo_word_next(&servers, &len)) != NULL) {
        if (!memchr(word, '*', len) && rate(word, protocol) > best) {
            best = rate(word, protocol);
            exo_buf_reset(host);
            exo_buf_add(host, word, len);
        }
    }
    return best >= 0 && host->error == 0;
}

static int find_server(struct exo_app *app, struct exo_options *options,
                       struct exo_buf *host, struct exo_err *err)
{
    struct exo_session *s = &options->session;
    struct exo_settings *settings = NULL;
    int rc;

    if (s->host) {
        return 0;
    }
    rc = exo_settings_load(&settings, app->conf, &options->account, err);
    if (rc == 0 && !choose(exo_settings_get(settings, EXO_KEY_SERVERS),
                           s->protocol, host)) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "%s names no server that could be asked; give one "
                         "with --server HOST",
                         options->account.name);
    }
    if (rc == 0) {
        rc = exo_buf_done(host, &s->host);
    }
    exo_settings_free(settings);
    return rc;
}

static int before(struct exo_app *app, struct exo_options *options,
                  struct exo_err *err)
{
    struct exo_session *s = &options->session;
    int rc = exo_session_protocol(s, options->words[1], err);

    (void)app;
    if (rc == 0 && s->to && s->protocol != EXO_MAIL_SMTP) {
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "--to is for smtp; see: exoauth test --help");
    }
    return rc == 0 ? exo_session_before(s, err) : rc;
}

static int say_done(const struct exo_options *options, struct exo_err *err)
{
    const struct exo_session *s = &options->session;
    struct exo_buf line = EXO_BUF_INIT(2048);
    int rc;

    exo_buf_fmt(
        &line, "%s: login at %s by %s works%s%s%s%s\n", options->account.name,
        s->host, s->protocol == EXO_MAIL_POP3 ? "pop3" : names[s->protocol],
        s->mailbox ? ", for " : "", s->mailbox ? s->mailbox : "",
        s->to ? ", and a message was sent to " : "", s->to ? s->to : "");
    rc = exo_out_buf(&line, err);
    exo_buf_free(&line);
    return rc;
}

static int run(struct exo_app *app, struct exo_options *options,
               struct exo_err *err)
{
    struct exo_mail_way way = { .trace = trace, .warn = warn, .context = app };
    struct exo_session *s = &options->session;
    struct exo_buf host = EXO_BUF_INIT(1024);
    struct exo_mail *mail = NULL;
    int rc = find_server(app, options, &host, err);

    if (rc == 0) {
        rc = exo_session_login(app, options, &way, &mail, err);
    }
    if (rc == 0) {
        rc = exo_mail_visit(
            mail, s->mailbox ? s->mailbox : options->account.name, s->to, err);
        if (rc != 0) {
            exo_session_explain(s, mail, err);
        }
    }
    if (rc == 0) {
        rc = say_done(options, err);
    }
    exo_mail_close(mail);
    exo_buf_free(&host);
    s->host = NULL;
    return rc;
}

const struct exo_command exo_cmd_test = {
    .name = "test",
    .usage = "ACCOUNT smtp|imap|pop [--server HOST] [--port N] "
             "[--tls implicit|starttls] [--mailbox NAME] [--to ADDRESS] "
             "[--ca-file FILE] [--timeout N]",
    .help = "Logs in as a mail program does, through libsasl2 and the plugin, "
            "and shows the\nconversation without the token. Opens INBOX, or "
            "asks STAT.\n\n"
            "  --server HOST         by default what `servers` of the account "
            "has for it\n"
            "  --port N              993, 995, and 587 for smtp\n"
            "  --tls MODE            implicit or starttls; by default implicit "
            "on ports 993,\n"
            "                        995 and 465\n"
            "  --mailbox NAME        a shared mailbox, with the account's "
            "login\n"
            "  --to ADDRESS          send a test message (smtp)\n"
            "  --ca-file FILE        trust these certificates and no others\n"
            "  --timeout N           seconds for all of it, 60\n",
    .options = EXO_OPT_SESSION | EXO_OPT_TEST,
    .needs_account = true,
    .n_words = 2,
    .account_word = 0,
    .prepare = true,
    .before = before,
    .run = run,
};
