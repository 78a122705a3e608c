/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker with a real store and real files, a provider that answers from
 * a script, and a clock that the test sets. Link with --wrap of
 * exo_clock_now, exo_file_put, exo_oauth_client_credentials,
 * exo_oauth_refresh, exo_store_lock and getrandom.
 */
#ifndef EXOAUTH_TEST_BROKER_FIXTURE_H
#define EXOAUTH_TEST_BROKER_FIXTURE_H

#include "exoauth/clock.h"
#include "house.h"

#include "helper/broker/broker.h"

#define T0 INT64_C(1800000000)

/* What the provider says to one request. */
struct answer {
    enum exo_status status; /* OK: a token */
    const char *access;     /* with OK */
    const char *refresh;    /* NULL: none sent */
    int64_t expires_in;     /* 0: 3600 */
    int64_t refresh_in;
    int64_t retry_after;
    const char *text; /* of a failure */
};

struct world {
    struct house house;
    struct exo_app app;
    struct exo_account account; /* a@b */
    struct exo_got got;
    struct exo_err err;
    int64_t now;
    unsigned random; /* what jitter gets */

    const struct answer *answers;
    size_t n_answers;
    size_t asked;      /* requests made */
    char secret[100];  /* of the last request */
    char refresh[100]; /* refresh token of the last one, "" for the app's */
    char scope[100];
    char written[1000];        /* <name> of every file, in order */
    bool refuse_store;         /* every write to the store fails */
    size_t locks;              /* how often a lock was asked for */
    void (*before_lock)(void); /* another process, just before us */
};

extern struct world world;

/* An account a@b with a secret_file, and for u@b one of a person. */
int broker_setup(void **state);
int broker_teardown(void **state);

void script(const struct answer *answers, size_t n);
#define SCRIPT(array) script(array, N_OF(array))

/* exo_broker_get() with a fresh got and err. */
int broker_ask(const char *name, const struct exo_want *want);

/* It gives the token of that serial, and asks the provider that often. */
void assert_gives(const struct exo_want *want, int64_t serial, size_t asked);

/* It fails with that status, and asks the provider that often. */
void assert_fails(const struct exo_want *want, enum exo_status status,
                  size_t asked);

/* A login of u@b by device code that brought these tokens. */
void person_login(const char *access, const char *refresh);

/* Lets the stored token live that many seconds, from when it was issued. */
void broker_stretch(const char *name, int64_t seconds);

/* The stored record; the caller frees it. */
void broker_record(const char *name, struct exo_record *record);

/* Another process renews a@b: serial one more, valid for an hour. */
void other_renews(void);

/* tokens/NAME; NULL if there is none. */
const char *published(const char *name);

/* What was logged so far. */
const char *logged(void);

#endif
