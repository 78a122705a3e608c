/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMTP submission (RFC 5321, 6409; STARTTLS 3207, AUTH 4954) as far as a login
 * and one message need it. Called through exo_mail_smtp.
 *
 * The response to AUTH always has a line of its own: a command has 512 bytes,
 * and a real token never fits. In EHLO stands the address of this end, which
 * is what a submission server expects of a client without a public name.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "exoauth/clock.h"
#include "inner.h"

/* One reply; learn: it is the answer to EHLO. */
static int reply(struct exo_mail *mail, bool learn, enum exo_said *said,
                 const char **text, struct exo_err *err)
{
    char *line;
    int rc;

    for (bool first = true;; first = false) {
        rc = exo_mail_line(mail, &line, err);
        if (rc != 0) {
            return rc;
        }
        *said = exo_parse_smtp(line, text);
        if (*said == EXO_SAID_NOTHING) {
            return exo_mail_confused(mail, line, err);
        }
        if (*said != EXO_SAID_CONTINUE || (*text)[0] == '\0') {
            exo_mail_say(mail, 'S', line);
        }
        if (learn && !first) {
            exo_mail_add(&mail->can, *text, strcspn(*text, " "));
            if (strncasecmp(*text, "AUTH ", 5) == 0) {
                exo_mail_add(&mail->mechs, *text + 5, strlen(*text + 5));
            }
        }
        if (*said != EXO_SAID_MORE) {
            if (*said != EXO_SAID_CONTINUE) {
                *text = line; /* the code is half of what it says */
            }
            return exo_mail_in_turn(mail, *said, err);
        }
    }
}

static int heard(struct exo_mail *mail, enum exo_said *said, const char **text,
                 struct exo_err *err)
{
    return reply(mail, false, said, text, err);
}

/* wanted: EXO_SAID_OK, or CONTINUE for DATA. */
static int command(struct exo_mail *mail, const char *line, const char *name,
                   enum exo_said wanted, struct exo_err *err)
{
    enum exo_said said;
    const char *text;
    char step[64];
    int rc;

    (void)snprintf(step, sizeof(step), "its answer to %.32s", name);
    exo_mail_step(mail, step);
    rc = exo_mail_send(mail, line, NULL, err);
    if (rc == 0) {
        rc = reply(mail, strcmp(name, "EHLO") == 0, &said, &text, err);
    }
    if (rc == 0 && said != wanted) {
        rc = said == EXO_SAID_OK || said == EXO_SAID_CONTINUE
                 ? exo_mail_confused(mail, text, err)
                 : exo_mail_refused(mail, said, name, text, err);
    }
    mail->stream.step = "its answer";
    return rc;
}

static int ehlo(struct exo_mail *mail, struct exo_err *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } self = { .any = { .sa_family = AF_UNSPEC } };
    socklen_t len = sizeof(self);
    char text[INET6_ADDRSTRLEN] = "127.0.0.1";
    char line[128];
    bool six = false;

    if (getsockname(mail->stream.fd, &self.any, &len) == 0) {
        six = self.any.sa_family == AF_INET6;
        (void)inet_ntop(self.any.sa_family,
                        six ? (const void *)&self.six.sin6_addr
                            : (const void *)&self.four.sin_addr,
                        text, sizeof(text));
    }
    (void)snprintf(line, sizeof(line), "EHLO [%s%s]", six ? "IPv6:" : "", text);
    return command(mail, line, "EHLO", EXO_SAID_OK, err);
}

static int hello(struct exo_mail *mail, struct exo_err *err)
{
    enum exo_said said;
    const char *text;
    int rc = reply(mail, false, &said, &text, err);

    if (rc == 0 && said != EXO_SAID_OK) {
        rc = exo_mail_refused(mail, said, "the connection", text, err);
    }
    if (rc == 0) {
        rc = ehlo(mail, err);
    }
    if (rc != 0 || mail->implicit) {
        return rc;
    }
    if (!exo_mail_can(mail, "STARTTLS")) {
        return exo_mail_no_tls(mail, err);
    }
    rc = command(mail, "STARTTLS", "STARTTLS", EXO_SAID_OK, err);
    if (rc == 0) {
        rc = exo_mail_secure(mail, err);
    }
    return rc == 0 ? ehlo(mail, err) : rc;
}

/* Nothing that could end the "<...>" or the line. */
static bool is_path(const char *address)
{
    return address[0] != '\0' && address[0] != '-' &&
           strpbrk(address, " <>\t\r\n") == NULL;
}

static int send_message(struct exo_mail *mail, const char *from, const char *to,
                        struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(16384);
    const time_t now = (time_t)exo_clock_now();
    struct tm tm;
    char date[64] = "";
    const char *all;
    uint64_t id = 0;
    int rc;

    (void)!getrandom(&id, sizeof(id), 0);
    if (gmtime_r(&now, &tm)) {
        (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    }
    exo_buf_fmt(&text,
                "From: <%s>\r\nTo: <%s>\r\nSubject: Test message of exoauth\r\n"
                "Date: %s\r\nMessage-ID: <%016llx.exoauth@localhost>\r\n"
                "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
                "Auto-Submitted: auto-generated\r\n\r\n"
                "%s can send mail through %s.\r\n.",
                from, to, date, (unsigned long long)id, from, mail->way.host);
    exo_mail_step(mail, "its answer to the message");
    rc = exo_buf_done(&text, &all);
    rc = rc != 0 ? exo_mail_unread(mail, rc, err)
                 : exo_mail_send(mail, all, "<the message>", err);
    if (rc == 0) {
        enum exo_said said;
        const char *answer;

        rc = reply(mail, false, &said, &answer, err);
        if (rc == 0 && said != EXO_SAID_OK) {
            rc = exo_mail_refused(mail, said, "the message", answer, err);
        }
    }
    exo_buf_free(&text);
    return rc;
}

static int deliver(struct exo_mail *mail, const char *from, const char *to,
                   struct exo_err *err)
{
    char line[600];
    int rc;

    if (!is_path(from) || !is_path(to) || strlen(from) > 500 ||
        strlen(to) > 500) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "no address to send a message from and to; give "
                           "user@domain with --to");
    }
    (void)snprintf(line, sizeof(line), "MAIL FROM:<%s>", from);
    rc = command(mail, line, "MAIL FROM", EXO_SAID_OK, err);
    if (rc == 0) {
        (void)snprintf(line, sizeof(line), "RCPT TO:<%s>", to);
        rc = command(mail, line, "RCPT TO", EXO_SAID_OK, err);
    }
    if (rc == 0) {
        rc = command(mail, "DATA", "DATA", EXO_SAID_CONTINUE, err);
    }
    return rc == 0 ? send_message(mail, from, to, err) : rc;
}

/* Whatever it says to that: what was to be shown has been. */
static void bye(struct exo_mail *mail)
{
    struct exo_err ignored = EXO_ERR_INIT;

    (void)!command(mail, "QUIT", "QUIT", EXO_SAID_OK, &ignored);
}

static int visit(struct exo_mail *mail, const char *from, const char *to,
                 struct exo_err *err)
{
    int rc = to ? deliver(mail, from, to, err) : 0;

    if (rc == 0) {
        bye(mail);
    }
    return rc;
}

const struct exo_mail_ops exo_mail_smtp = {
    .service = "smtp",
    .port = 587,
    .hello = hello,
    .login = exo_mail_auth,
    .heard = heard,
    .visit = visit,
};
