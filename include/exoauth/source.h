/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a login gets its token: published file, then sockets, then a spawned
 * helper, under one deadline (doc/design.md, "The one idea"). Used by the
 * plugin and by `exoauth token` for callers that may not open the store. libc
 * only; keeps no descriptor, thread or child.
 */
#ifndef EXOAUTH_SOURCE_H
#define EXOAUTH_SOURCE_H

#include <sys/types.h>

#include "exoauth/account.h"
#include "exoauth/conf.h"
#include "exoauth/error.h"
#include "exoauth/proto.h"
#include "exoauth/token.h"

/* A final answer. reply borrows from published, in or message. */
struct exo_answer {
    bool known; /* a published token exists, or a source answered anything
                 * but no-account: the password callback stays unused */
    struct exo_reply reply;
    struct exo_published published;
    struct exo_buf in;
    struct exo_block block;
    struct exo_err message; /* of an answer made here */
};

enum {
    EXO_SOURCE_NO_SPAWN = 1, /* the caller is the helper itself */
    EXO_SOURCE_NO_FILE = 2   /* skip the published token */
};

typedef void (*exo_source_warn)(void *context, const char *text);

/*
 * Fills answer->reply in every case: a token (EXO_STATUS_OK) for request->get
 * that request->server may receive, or a status with a message. No source at
 * all, or none that answered, is EXO_STATUS_TRANSIENT with known == false
 * (true where a published token was there but is of no use), the message
 * says what was tried and the remedy. A published token whose `servers` do
 * not allow request->server is not the last word: the broker may know newer
 * configuration; without its answer it is EXO_STATUS_MISCONFIGURED.
 * warn gets each refused file or peer, once. Free answer in every case.
 */
void exo_source_get(const struct exo_conf *conf,
                    const struct exo_request *request, int flags,
                    exo_source_warn warn, void *context,
                    struct exo_answer *answer);
void exo_answer_free(struct exo_answer *answer);

/*
 * Tells the broker that request->server refused the token with the serial
 * request->reject, and waits neither for an answer nor for a new token.
 * Whether anybody heard it nobody knows: the next refusal says it again.
 */
void exo_source_reject(const struct exo_conf *conf,
                       const struct exo_request *request);

/*
 * The parts, for tests; answer must have been through exo_answer_init() and
 * is still to be freed. ok_uids: peers that are believed. EXO_OK: reply is
 * complete and final (with nowait: the request was handed over). EXO_E_NOENT:
 * nobody is there, errno says why. EXO_E_UNSAFE: the peer is not believed.
 * Else: broken or late.
 */
void exo_answer_init(struct exo_answer *answer);
int exo_ask_socket(const char *path, const uid_t *ok_uids, size_t n_uids,
                   const struct exo_request *request, int64_t deadline_ms,
                   struct exo_answer *answer) EXO_MUST_CHECK;
/* exo_published_read(), where token_dir is of root, this user or run_as, as far
 * as that is known here; of anybody else's nothing is read, EXO_E_UNSAFE, and
 * dir_owner is EXO_NO_UID. */
int exo_source_published(struct exo_published *published,
                         const struct exo_conf *conf,
                         const struct exo_account *account,
                         struct exo_err *warning) EXO_MUST_CHECK;
/* Of token_dir, in the same sense; else EXO_NO_UID. */
uid_t exo_source_owner(const struct exo_conf *conf);
/* May that program be started, by this user? A regular file of root or of the
 * user that nobody else can write, in directories and behind links of theirs.
 * EXO_E_UNSAFE: *why says why not. */
int exo_helper_judge(const char *helper, const char **why) EXO_MUST_CHECK;
int exo_ask_helper(const char *helper, const char *config,
                   const struct exo_request *request, int64_t deadline_ms,
                   struct exo_answer *answer) EXO_MUST_CHECK;

#endif
