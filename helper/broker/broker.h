/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker: one good token for one account, at most one request to the
 * provider at a time (doc/design.md, "The broker"). Everything else feeds it.
 */
#ifndef EXOAUTH_BROKER_H
#define EXOAUTH_BROKER_H

#include "exoauth/clock.h"
#include "helper/app/app.h"
#include "helper/settings/draft.h"
#include "exoauth/oauth.h"
#include "exoauth/record.h"
#include "exoauth/token.h"
#include "means.h"
#include "helper/settings/settings.h"

struct exo_flight;
struct exo_peer;

/* Milliseconds for a lock and a request where no login waits; and the longest
 * that a credential can be in flight then, as a request that spends one has its
 * full time. Who stops exoauth waits longer: TimeoutStopSec of the units. */
#define EXO_RENEWAL_MS 60000
#define EXO_FLIGHT_MS (EXO_RENEWAL_MS + EXO_HTTP_TOTAL_MS)

struct exo_want {
    const struct exo_peer *peer; /* `allow` must name him; NULL: ourselves */
    const char *server;          /* must be allowed; NULL: not said */
    int64_t min_ttl;             /* seconds, -1: refresh_margin */
    int64_t reject;              /* a serial that a server refused, -1: none */
    int64_t deadline_ms;         /* exo_clock_ms() */
    struct exo_flight *flight;   /* ask apart from this process; NULL: here */
    bool due;    /* a new one as soon as refresh_after has passed */
    bool nowait; /* leave it to whoever holds the lock */
    bool force;  /* a new one now, backoff and permanent states ignored */
    bool stored; /* what is published is no answer where the record cannot be
                    read */
};

/* What a login brings that the store does not have yet. NULL members: no. */
struct exo_proof {
    const struct exo_secret *client_secret; /* or what stands in its place:
                                             * passphrase, password */
    const struct exo_secret *refresh_token; /* adopt it */
    struct exo_tokens *tokens;  /* already obtained, from a person's login */
    const char *grant;          /* for the record */
    const char *token_endpoint; /* as just discovered */
    struct exo_draft *draft;    /* the account's file, if that changes, too */
};

struct exo_got {
    struct exo_settings *settings;
    struct exo_record record; /* of the credential */
    struct exo_token token;   /* borrows from the two */
    bool renewed;             /* a request was made and succeeded */
    bool asked;               /* a request was made */
    bool unsaved; /* what a refresh token was spent on is in got alone */
    struct exo_err trouble; /* why an older one had to do; status OK: not */
};

#define EXO_WANT_INIT                                           \
    {                                                           \
        NULL, NULL, -1, -1, 0, NULL, false, false, false, false \
    }

/*
 * Fills got->token, or err with one of the statuses. A token that is still
 * valid is handed out whatever the provider says. Free got in every case.
 */
int exo_broker_get(struct exo_app *app, const struct exo_account *account,
                   const struct exo_want *want, struct exo_got *got,
                   struct exo_err *err) EXO_MUST_CHECK;

/*
 * The published token, if it is fresh: its refresh_after has not come, every
 * root has it, and the account is what it was had with. Neither store nor key
 * is opened. Free got in every case.
 */
bool exo_broker_fresh(struct exo_app *app, const struct exo_account *account,
                      struct exo_got *got);

/* Runs the account's grant with what a login brought, and only when the
 * provider accepted it replaces what is stored. */
int exo_broker_login(struct exo_app *app, const struct exo_account *account,
                     const struct exo_proof *proof, int64_t deadline_ms,
                     struct exo_got *got, struct exo_err *err) EXO_MUST_CHECK;

void exo_got_free(struct exo_got *got);

/* The client of oauth.h for these settings; borrows from all of them. */
void exo_broker_client(const struct exo_app *app,
                       const struct exo_settings *settings,
                       const struct exo_means *means, int64_t deadline_ms,
                       struct exo_oauth_client *client);

/*
 * Writes the published files of the account under every root where they
 * differ from what is there, under the account's lock. Failing is a warning,
 * not an error.
 */
void exo_publish(const struct exo_app *app, const struct exo_settings *settings,
                 const struct exo_record *record);
/* Takes back what the configuration does not let be published (any more). It
 * needs no record and no key, so it is done whatever is wrong with them.
 * settings may be NULL. */
void exo_publish_narrow(const struct exo_app *app,
                        const struct exo_settings *settings);
/* Is anything of the account under any root that can be looked into? */
bool exo_publish_found(const struct exo_app *app,
                       const struct exo_account *account);
/* Is it what every root has already? */
bool exo_is_published(const struct exo_app *app,
                      const struct exo_settings *settings,
                      const struct exo_record *record);
/* Removes the account's published file under every root; true if any was.
 * *left grows by those that may still be there, each with a warning. */
bool exo_unpublish(const struct exo_app *app, const struct exo_account *account,
                   size_t *left);

/* What a file holds that key names: a client secret, or what stands in its
 * place. */
int exo_secret_file(const char *key, const char *path,
                    struct exo_secret *secret,
                    struct exo_err *err) EXO_MUST_CHECK;

/* The client secret of an account, where the configuration names a file or
 * a command. EXO_E_NOENT: it names none. */
int exo_client_secret(struct exo_app *app, const struct exo_settings *settings,
                      struct exo_secret *secret,
                      struct exo_err *err) EXO_MUST_CHECK;

#endif
