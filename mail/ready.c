/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first line of a session that is handed over (exoauth/mail.h): what a
 * client hears that believes to talk to the server itself, and has no login of
 * its own to make. Called by exoauth connect; lines are the caller's.
 *
 * After a failure the line says whether it is worth trying again: POP3 by the
 * codes of RFC 2449 and 3206. SMTP always says 421: with a 5xx a client might
 * send the mail back to its author for what an administrator mends in a
 * minute.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "inner.h"

int exo_mail_ready(const struct exo_mail *mail, const char *account, char *line,
                   size_t size)
{
    const char *can;
    bool known = exo_buf_done(&mail->can, &can) == EXO_OK && can[0] != '\0';
    int n = -1;

    switch (mail->way.protocol) {
    case EXO_MAIL_IMAP:
        n = snprintf(line, size, "* PREAUTH %s%s%sexoauth logged in %s at %s",
                     known ? "[CAPABILITY " : "", known ? can : "",
                     known ? "] " : "", account, mail->way.host);
        break;
    case EXO_MAIL_POP3:
        n = snprintf(line, size, "+OK exoauth logged in %s at %s", account,
                     mail->way.host);
        break;
    case EXO_MAIL_SMTP:
        n = snprintf(line, size, "220 %s ESMTP exoauth logged in %s",
                     mail->way.host, account);
        break;
    }
    return n > 0 && (size_t)n < size ? 0 : EXO_E_TOOBIG;
}

/* A line of POP3 has 512 bytes, one of SMTP, too. */
#define WORDS 440

void exo_mail_sorry(enum exo_mail_protocol protocol, bool at_login,
                    const struct exo_err *why, char *line, size_t size)
{
    const char *code = "[SYS/PERM]";

    switch (protocol) {
    case EXO_MAIL_IMAP:
        (void)snprintf(line, size, "* BYE %.*s", WORDS, why->text);
        break;
    case EXO_MAIL_POP3:
        if (why->status == EXO_STATUS_TRANSIENT ||
            why->status == EXO_STATUS_STORE) {
            code = "[SYS/TEMP]";
        } else if (at_login) {
            code = "[AUTH]";
        }
        (void)snprintf(line, size, "-ERR %s %.*s", code, WORDS, why->text);
        break;
    case EXO_MAIL_SMTP:
        (void)snprintf(line, size, "421 4.7.0 %.*s", WORDS, why->text);
        break;
    }
}
