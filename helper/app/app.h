/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every command of the exoauth program works with: the configuration,
 * who we are, and the store. Made once in main(), passed down, no globals.
 */
#ifndef EXOAUTH_APP_H
#define EXOAUTH_APP_H

#include <stdbool.h>
#include <sys/types.h>

#include "event.h"
#include "exoauth/conf.h"
#include "exoauth/error.h"
#include "exoauth/path.h"
#include "exoauth/store.h"

struct exo_app {
    struct exo_conf *conf;
    bool root;        /* started as root: prepare, then become run_as */
    uid_t started_by; /* the uid that ran us */
    uid_t uid;        /* run_as as root, else our own */
    gid_t gid;
    char run_as[64]; /* its name, "" when not root */
    bool has_token_group;
    gid_t token_gid;
    bool quiet; /* serve: nothing on stderr, warnings go to the log */
    bool hush;  /* token: no warning without -v, a mail client paints
                 * stderr over its screen */
    int verbose;
    struct exo_store *store;      /* NULL until exo_app_store() */
    struct exo_secret passphrase; /* of a wrapped key file, once it is known */
    struct exo_secret key_text;   /* as read last, */
    struct exo_secret key_plain;  /* and what it comes to */
    struct exo_buf credential_path; /* of a unit of root's, if there is one, */
    struct exo_secret credential;   /* what it said, */
    struct exo_err credential_err;  /* or why root could not read it */
    struct exo_err no_key;          /* why no key file could be made */
    struct exo_err unplaced;        /* what could not be made */
    struct exo_err unplaced_jail;   /* the same below a chroot */
    bool stored;                    /* there is a record */
    bool locked;                    /* an account: nobody is asked now */
    bool changed;                   /* a record: status_file is out of date */
    struct exo_event event;         /* for exo_after() */
    struct exo_found *found;        /* what commands printed (command.h) */
    /* What comes once the answer is out, here or in a flight that has it
     * (exo_app_after). Set by main(); NULL: nothing. */
    void (*after)(struct exo_app *app);
};

/*
 * Loads the configuration (explicit_file may be NULL) and finds out who we
 * are: as root on a system configuration, run_as and token_group must exist.
 * own: an ordinary user without a configuration gets one (for login).
 */
int exo_app_open(struct exo_app *app, const char *explicit_file, bool own,
                 struct exo_err *err) EXO_MUST_CHECK;

/* Before the drop: as run_as for a while (on), and root again (off). For
 * others nothing. */
void exo_app_as_owner(const struct exo_app *app, bool on);

/* Whose paths are believed: root's and run_as's, or root's and our own. What
 * is made below a directory of run_as is made as run_as. */
void exo_app_rule(const struct exo_app *app, struct exo_path_rule *rule);

/* Root becomes run_as for good; everybody loses core dumps and ptrace. */
int exo_app_drop(struct exo_app *app, struct exo_err *err) EXO_MUST_CHECK;

/* Opens the store once. EXO_E_ACCESS with DENIED: not for this uid. */
int exo_app_store(struct exo_app *app, struct exo_err *err) EXO_MUST_CHECK;

/* The account's lock, for what writes a record. The key is asked for before
 * it is taken and never under it: a person would keep mail waiting. */
int exo_app_lock(struct exo_app *app, const struct exo_account *account,
                 int64_t deadline_ms, struct exo_store_lock *lock,
                 struct exo_err *err) EXO_MUST_CHECK;
void exo_app_unlock(struct exo_app *app, struct exo_store_lock *lock);

/* One line on stderr, for people. What prints text in any other way prints none
 * from outside, but names of accounts (exoauth/account.h). In out.c. */
void exo_say(const char *fmt, ...) EXO_PRINTF(1, 2);

/* Warning, in one line: stderr for commands, the log for serve. */
void exo_app_warn(const struct exo_app *app, const char *fmt, ...)
    EXO_PRINTF(2, 3);
/* The same for news of interest with -v, and for the log's info level. */
void exo_app_info(const struct exo_app *app, const char *fmt, ...)
    EXO_PRINTF(2, 3);

/* Once the answer is out, and no lock is held. */
void exo_app_after(struct exo_app *app);

void exo_app_close(struct exo_app *app);

#endif
