/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a record remembers of a request that failed (trouble.h). outcome.c keeps
 * it; the broker, refresh and status show it. Nothing is allocated and nothing
 * fails; a cause that is too long loses its end, and a message its command.
 */
#include "config.h"

#include "trouble.h"

#include <stdio.h>
#include <string.h>

void exo_trouble_keep(struct exo_record *record, const char *message)
{
    const char *command = exo_text_offer(message);
    size_t len = command ? (size_t)(command - message) : strlen(message);
    char *to = record->error_text;

    while (command && len > 0 && strchr(" ;,", message[len - 1])) {
        len--;
    }
    (void)snprintf(to, sizeof(record->error_text), "%.*s", (int)len, message);
}

/* For the cause, so that the command is whole. */
static int room_for(const char *name)
{
    static const char most[] = "; correct that, then run: exoauth refresh  "
                               "--force";

    return (int)(EXO_ERR_TEXT - sizeof(most) - strlen(name));
}

void exo_trouble_text(char text[EXO_ERR_TEXT], const struct exo_record *record)
{
    const char *said = record->error_text;
    const char *name = record->account;

    text[0] = '\0';
    if (said[0] == '\0') {
        return;
    }
    if (record->state == EXO_STATUS_NEEDS_LOGIN) {
        exo_text_fmt(text, EXO_ERR_TEXT, "%.*s; run: exoauth login %s",
                     room_for(EXO_SH(name, "ACCOUNT")), said,
                     EXO_SH(name, "ACCOUNT"));
    } else if (strchr(said, ';') != NULL) {
        exo_text_fmt(text, EXO_ERR_TEXT, "%s", said);
    } else {
        exo_text_fmt(text, EXO_ERR_TEXT,
                     "%.*s; correct that, then run: exoauth refresh %s "
                     "--force",
                     room_for(EXO_SH(name, "ACCOUNT")), said,
                     EXO_SH(name, "ACCOUNT"));
    }
}

int exo_trouble_say(struct exo_err *err, const struct exo_record *record)
{
    char text[EXO_ERR_TEXT];

    exo_trouble_text(text, record);
    return exo_err_set(err, record->state, "%-s", text);
}

bool exo_record_has_password(const struct exo_record *record)
{
    return strcmp(record->grant, exo_grant_word(EXO_GRANT_PASSWORD)) == 0 &&
           exo_secret_empty(&record->refresh_token) &&
           !exo_secret_empty(&record->client_secret);
}

bool exo_trouble_final(char text[EXO_ERR_TEXT], const struct exo_record *record,
                       enum exo_grant grant, int64_t now)
{
    if (record->serial == 0 || exo_grant_of_app(grant) ||
        !exo_secret_empty(&record->refresh_token) ||
        (grant == EXO_GRANT_PASSWORD && exo_record_has_password(record))) {
        return false;
    }
    exo_text_fmt(text, EXO_ERR_TEXT,
                 "the login of %s %s with its token, as the provider gave no "
                 "refresh token; see that scope has what asks for one, such as "
                 "offline_access, and run: exoauth login %s",
                 record->account, now < record->expires ? "ends" : "has ended",
                 EXO_SH(record->account, "ACCOUNT"));
    return true;
}
