/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's inside: one piece of work on one account. Only broker.c,
 * due.c, grant.c, prove.c and outcome.c include this.
 */
#ifndef EXOAUTH_WORK_H
#define EXOAUTH_WORK_H

#include "broker.h"

#define EXO_RETRY_FIRST 5          /* seconds, doubled with every failure */
#define EXO_RETRY_MOST 300         /* seconds between tries in an outage */
#define EXO_RETRY_CONFIG 3600      /* seconds between tries of what is wrong */
#define EXO_KEEP_ALIVE (7 * 86400) /* seconds a refresh token lies idle */
#define EXO_REJECT_PAUSE 60 /* seconds between renewals a server asks for */

struct exo_work {
    struct exo_app *app;
    const struct exo_want *want;
    const struct exo_settings *owner; /* whose grant and record it is */
    struct exo_got *got;
    struct exo_store_lock lock;
    struct exo_err no_lock; /* why lock.handle is -1 and it goes on without */
    bool damaged;  /* nobody can read the record: a login replaces it */
    bool admitted; /* who asks may have the token */
    bool absent;   /* there was no record when it was read last */
    bool keyless;  /* the new token could not be saved, for want of a key */
    struct exo_err *err;
};

/* Runs the grant with what is stored, and writes down what came of it.
 * Under the lock. */
int exo_work_request(struct exo_work *w) EXO_MUST_CHECK;

/* One request. EXO_E_STATUS with error filled, or with w->err alone set and
 * error->err.status EXO_STATUS_OK when nothing was sent. */
int exo_work_ask(struct exo_work *w, const struct exo_secret *given_secret,
                 const struct exo_secret *refresh_token,
                 struct exo_tokens *tokens,
                 struct exo_oauth_error *error) EXO_MUST_CHECK;

/* Holds room in the store, memory and descriptors for what comes of spending a
 * credential, before it is spent. exo_reserve_use() at its end. */
int exo_work_reserve(struct exo_work *w) EXO_MUST_CHECK;

/* Runs it with what a login brought; record and account file change when the
 * provider accepted it, and not before. */
int exo_work_prove(struct exo_work *w,
                   const struct exo_proof *proof) EXO_MUST_CHECK;

/* A success into the record: tokens, times, state. */
int exo_work_accept(struct exo_work *w,
                    struct exo_tokens *tokens) EXO_MUST_CHECK;

/* A failure into the record: state, code, text, next try; saved. */
void exo_work_refuse(struct exo_work *w, const struct exo_oauth_error *error);

/* Good enough that no request is needed. */
bool exo_work_usable(const struct exo_work *w, int64_t now);
/* Valid for somebody who has no choice. */
bool exo_work_alive(const struct exo_work *w, int64_t now);
/* Backoff and permanent states; a clock that was set back does not count. */
bool exo_work_may_try(const struct exo_work *w, int64_t now);
/* Nothing can become better now, and what there is is published: the token is
 * good, or it lives and no request may be made. Neither needs a lock, and so no
 * process. */
bool exo_work_settled(const struct exo_work *w);

/* Takes the published token into got, where the record cannot be read or could
 * not be written, and is it alive? */
bool exo_work_adopt(struct exo_work *w);

/*
 * After a failure (rc): what cannot be read, or is not there, says nothing
 * about the token that is published, and a login takes that one without asking;
 * so it is the answer, and the failure is logged. What was read and refused
 * stays an error, as somebody has to look at it; so it does for who wants a new
 * token. 0, or rc.
 */
int exo_work_fall_back(struct exo_work *w, int rc) EXO_MUST_CHECK;

/* Where the record cannot be written: nothing is asked before then with these
 * settings; 0 takes it back. Best effort. noted: seconds left, 0: none. */
void exo_work_note(struct exo_work *w, int64_t until);
int64_t exo_work_noted(const struct exo_work *w, int64_t now);

/* The last answer could not be written, and it is too soon for another: the
 * published token, or an error. left: seconds. */
int exo_work_wait_out(struct exo_work *w, int64_t left) EXO_MUST_CHECK;

/*
 * Where there is no key no record is kept, and the published token is the last
 * answer. remember notes with which settings it was had, once it is published;
 * recall takes it back into got, if it is of these settings.
 */
void exo_work_remember(struct exo_work *w);
bool exo_work_recall(struct exo_work *w);

/* got->token of settings and record; lives as long as they do. */
int exo_got_fill(struct exo_got *got) EXO_MUST_CHECK;

/* Puts the record; says loudly what a failure means. */
int exo_work_save(struct exo_work *w) EXO_MUST_CHECK;

#endif
