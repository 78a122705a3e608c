/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a refusal means: whether it passes by itself, a person has to log in,
 * or the account has to be corrected. Called by error.c for each refusal, and
 * for the words that go with a status.
 *
 * The status follows from the HTTP status, `error`, `suberror` and from
 * whether the grant has a user who could log in again. Nothing can fail here,
 * and nothing is kept or to be freed; what was said is cleaned by said.c, and
 * never believed beyond the lists here.
 */
#include "config.h"

#include <string.h>

#include "judge.h"

#define UNSAID_MAX 3 /* refusals without a reason, then it is final */

static bool listed(const char *const *list, const char *name)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, name) == 0) {
            return true;
        }
    }
    return false;
}

bool exo_http_says_later(long http_status)
{
    return http_status == 408 || http_status == 429 || http_status >= 500;
}

bool exo_http_decides(long http_status, const struct exo_said *said)
{
    return said->error[0] == '\0' || http_status / 100 == 3 ||
           exo_http_says_later(http_status);
}

enum exo_status exo_judge_http(long http_status)
{
    switch (http_status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
        return EXO_STATUS_MISCONFIGURED;
    default:
        return http_status / 100 == 3 ? EXO_STATUS_MISCONFIGURED
                                      : EXO_STATUS_TRANSIENT;
    }
}

/* Here a name says nothing more. */
enum exo_status exo_judge_identity(long http_status)
{
    return http_status == 404 || http_status == 410 ||
                   exo_http_says_later(http_status)
               ? EXO_STATUS_TRANSIENT
               : EXO_STATUS_MISCONFIGURED;
}

static enum exo_status judge(const struct exo_asked *asked, long http_status,
                             const struct exo_said *said)
{
    static const char *const later[] = { "authorization_pending",
                                         "server_error", "slow_down",
                                         "temporarily_unavailable", NULL };
    static const char *const person[] = {
        "access_denied",         "authorization_declined",
        "bad_verification_code", "consent_required",
        "expired_token",         "interaction_required",
        "invalid_grant",         "login_required",
        "user_password_expired", NULL
    };
    static const char *const person_sub[] = {
        "additional_action",     "bad_token",
        "basic_action",          "consent_required",
        "message_only",          "token_expired",
        "user_password_expired", NULL
    };

    if (asked->identity) {
        return exo_judge_identity(http_status);
    }
    if (exo_http_decides(http_status, said)) {
        return exo_judge_http(http_status);
    }
    if (listed(later, said->error)) {
        return EXO_STATUS_TRANSIENT;
    }
    /* Without a user there is nobody to log in: the app itself was refused. */
    if (asked->sent != NULL &&
        (listed(person, said->error) || listed(person_sub, said->suberror))) {
        return EXO_STATUS_NEEDS_LOGIN;
    }
    /* Also for a name nobody knows: the server understood and said no. */
    return EXO_STATUS_MISCONFIGURED;
}

/* Where tokens came from, a redirect or 4xx with nothing in it refuses. */
static bool is_unsaid(const struct exo_asked *asked,
                      const struct exo_http_reply *reply)
{
    const char *body;
    size_t len, blank;

    if (exo_secret_reveal(&reply->body, &body, &len) != EXO_OK) {
        return false;
    }
    blank = strspn(body, " \t\r\n");
    return asked->client->issued && !asked->identity &&
           strcmp(asked->key, "token_endpoint") == 0 &&
           (reply->status / 100 == 3 || reply->status / 100 == 4) &&
           reply->status != 407 && !exo_http_says_later(reply->status) &&
           (body[blank] == '\0' || strncmp(body + blank, "{}", 2) == 0);
}

enum exo_status exo_judge(const struct exo_asked *asked,
                          const struct exo_http_reply *reply,
                          const struct exo_said *said, bool *unsaid)
{
    *unsaid = is_unsaid(asked, reply);
    if (*unsaid && asked->client->unsaid + 1 >= UNSAID_MAX) {
        return asked->sent != NULL ? EXO_STATUS_NEEDS_LOGIN
                                   : EXO_STATUS_MISCONFIGURED;
    }
    return judge(asked, reply->status, said);
}
