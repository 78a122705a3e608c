/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The credential store. A backend is the functions of struct
 * exo_store_ops, found by the scheme of its URL; `file:` is the default and
 * needs nothing. All calls give an error text with cause and remedy and
 * EXO_STATUS_STORE (or DENIED where this uid may not open the store).
 *
 * Lock order: one account's lock at a time, never across user interaction.
 * get and list take no lock: a record is replaced whole. put wants the lock,
 * and the revision that the record was read with.
 */
#ifndef EXOAUTH_STORE_H
#define EXOAUTH_STORE_H

#include <sys/types.h>

#include <stdint.h>

#include "exoauth/account.h"
#include "exoauth/error.h"
#include "exoauth/record.h"

/* Bytes that a new access and a new refresh token can add to a record: 16000
 * each, sealed and in base64, and what is said beside them. */
#define EXO_STORE_GROWTH ((size_t)48 * 1024)

struct exo_store;
struct exo_store_lock;
struct exo_keyring;

/* What a put asks of the backend. */
struct exo_store_write {
    const struct exo_buf *text;
    int64_t expected; /* the stored revision that it replaces, 0: none */
    bool sealed;
    bool forget; /* keep no previous copy */
};

/*
 * What a store is guarded with; without it, records are not sealed. keys
 * fills an initialised ring; EXO_E_NOENT: there is no key, and err says why. It
 * is called for every write, so that a rekey takes effect at once.
 */
struct exo_store_guard {
    int (*keys)(void *context, struct exo_keyring *ring, struct exo_err *err);
    void *context;
    bool unsealed; /* key_file: none, and there is no key: then, and only
                    * then, records are written and used as they are */
    /* For what is told to be typed only: no key is there, so that login has
     * nothing to seal with; and rekey is for root, which this is not. */
    bool keyless;
    bool by_root;
};

struct exo_store_ops {
    const char *scheme; /* "file" */
    int (*open)(struct exo_store *store, const char *where, bool create,
                struct exo_err *err);
    void (*close)(struct exo_store *store);
    int (*get)(struct exo_store *store, const struct exo_account *account,
               struct exo_buf *text, struct exo_err *err);
    int (*put)(struct exo_store *store, const struct exo_store_lock *lock,
               const struct exo_store_write *write, struct exo_err *err);
    int (*reserve)(struct exo_store *store, const struct exo_account *account,
                   struct exo_err *err);
    int (*lock)(struct exo_store *store, struct exo_store_lock *lock,
                int64_t deadline_ms, struct exo_err *err);
    void (*unlock)(struct exo_store *store, struct exo_store_lock *lock);
    void (*note)(const struct exo_store_lock *lock, int64_t until,
                 unsigned word);
    int64_t (*noted)(const struct exo_store_lock *lock, unsigned *word);
    int (*list)(struct exo_store *store,
                void (*found)(void *context, const struct exo_account *account),
                void *context, struct exo_err *err);
    int (*list_left)(struct exo_store *store,
                     void (*found)(void *context,
                                   const struct exo_account *account),
                     void *context, struct exo_err *err);
    int (*remove)(struct exo_store *store, const struct exo_store_lock *lock,
                  struct exo_err *err);
    /* Says in err where the damaged record is and what to do; never 0. */
    int (*damaged)(struct exo_store *store, const struct exo_account *account,
                   const char *why, struct exo_err *err);
};

/* Held lock. fence: a number that only grows from holder to holder, or that
 * the backend checks at put, so that a holder who lost the lock without
 * noticing cannot write. handle is the backend's. */
struct exo_store_lock {
    struct exo_account account;
    uint64_t fence;
    intptr_t handle;
};

/* url: "file:/absolute/directory". create makes the directory 0700 (its
 * parents must exist) if it is not there; else a missing one is an empty
 * store until put. EXO_E_ACCESS with EXO_STATUS_DENIED: this uid may not
 * open it. EXO_STATUS_MISCONFIGURED: not a URL that this version knows. */
int exo_store_open(struct exo_store **store, const char *url, bool create,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_store_close(struct exo_store *store); /* NULL allowed */

/* From now on; guard is copied. */
void exo_store_protect(struct exo_store *store,
                       const struct exo_store_guard *guard);

/* The uid that owns the store. */
uid_t exo_store_owner(const struct exo_store *store);

/* EXO_E_NOENT (err untouched) if there is no record. record is initialised
 * in every case. A damaged record, one whose seal does not hold or whose key
 * is not there, and one that is not sealed although it should be, is
 * EXO_STATUS_STORE, with what to do in the remedy. */
int exo_store_get(struct exo_store *store, const struct exo_account *account,
                  struct exo_record *record,
                  struct exo_err *err) EXO_MUST_CHECK;

/* The same without the secrets, and without a key: what is clear, unproved.
 * One that is not sealed is refused by the same rule. */
int exo_store_peek(struct exo_store *store, const struct exo_account *account,
                   struct exo_record *record,
                   struct exo_err *err) EXO_MUST_CHECK;

/* Durable when it returns 0; record->revision is then one more. EXO_E_CONFLICT
 * if the stored revision is not record->revision (0: no record yet), or the
 * lock was lost. The record that it replaces is kept as the previous copy. A
 * damaged one, or one that get refuses, counts as none: revision 0 replaces
 * it, and the previous copy stays. On failure the stored record is the old
 * one. */
int exo_store_put(struct exo_store *store, const struct exo_store_lock *lock,
                  struct exo_record *record,
                  struct exo_err *err) EXO_MUST_CHECK;

/* Room for the next put, as large as it can become by one answer of a provider
 * (EXO_STORE_GROWTH), so that no full disk, quota or limit of file sizes is in
 * the way of what a spent refresh token has brought; and the key, so that none
 * has to be read in between. Held until that put (the key: until a lock is
 * given back). It is for one account at a time. */
int exo_store_reserve(struct exo_store *store,
                      const struct exo_account *account,
                      struct exo_err *err) EXO_MUST_CHECK;

/* Could a credential be written now, that whoever puts another's key back can
 * read? MISCONFIGURED: there is no key. STORE: what is stored is sealed, and
 * not with this key. */
int exo_store_ready(struct exo_store *store,
                    struct exo_err *err) EXO_MUST_CHECK;

/* Writes the record again under the lock, sealed with the key of today and
 * without a previous copy that the key before could open. Only this takes a
 * record that is not sealed for what it says; *was_open tells. EXO_E_NOENT. */
int exo_store_renew(struct exo_store *store, const struct exo_store_lock *lock,
                    bool *was_open, struct exo_err *err) EXO_MUST_CHECK;

/* Waits until deadline_ms of exo_clock_ms(); in the past: one try, no wait.
 * EXO_E_TIMEOUT with EXO_STATUS_TRANSIENT. A holder that dies frees it. */
int exo_store_lock(struct exo_store *store, const struct exo_account *account,
                   int64_t deadline_ms, struct exo_store_lock *lock,
                   struct exo_err *err) EXO_MUST_CHECK;
void exo_store_unlock(struct exo_store *store, struct exo_store_lock *lock);

/*
 * A time and a word beside the lock, kept without a block, for a store that is
 * full. Under the lock; until 0 takes it back. Best effort, as where no lock
 * could be had. noted: the time (seconds since 1970), 0: none. word: 28 bits.
 */
void exo_store_note(struct exo_store *store, const struct exo_store_lock *lock,
                    int64_t until, unsigned word);
int64_t exo_store_noted(struct exo_store *store,
                        const struct exo_store_lock *lock, unsigned *word);

int exo_store_list(struct exo_store *store,
                   void (*found)(void *context,
                                 const struct exo_account *account),
                   void *context, struct exo_err *err) EXO_MUST_CHECK;

/* Those of whom there is a previous copy and no record. */
int exo_store_list_left(struct exo_store *store,
                        void (*found)(void *context,
                                      const struct exo_account *account),
                        void *context, struct exo_err *err) EXO_MUST_CHECK;

/* Removes record and previous copy (not the lock file). EXO_E_NOENT. */
int exo_store_remove(struct exo_store *store, const struct exo_store_lock *lock,
                     struct exo_err *err) EXO_MUST_CHECK;

#endif
