/* SPDX-License-Identifier: BSD-2-Clause */
/* Between error.c and judge.c: what a refusal means. */
#ifndef EXOAUTH_OAUTH_JUDGE_H
#define EXOAUTH_OAUTH_JUDGE_H

#include "answer.h"

/* The status of a refusal. *unsaid: it gave no reason, where tokens came
 * from. */
enum exo_status exo_judge(const struct exo_asked *asked,
                          const struct exo_http_reply *reply,
                          const struct exo_said *said, bool *unsaid);

/* These say that the server is in trouble, whatever its body claims. */
bool exo_http_says_later(long http_status);

/* The HTTP status alone counts: no name was given, or it cannot be meant. */
bool exo_http_decides(long http_status, const struct exo_said *said);

/* By the HTTP status; of an identity service, where 404 and 410 are what IMDS
 * answers while it is being updated. */
enum exo_status exo_judge_http(long http_status);
enum exo_status exo_judge_identity(long http_status);

#endif
