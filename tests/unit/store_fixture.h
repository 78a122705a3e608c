/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store of its own for each test, in a directory of its own, and what the
 * store tests do all the time.
 */
#ifndef EXOAUTH_TESTS_STORE_FIXTURE_H
#define EXOAUTH_TESTS_STORE_FIXTURE_H

#include "util.h"

#include "exoauth/store.h"

struct fixture {
    struct place place;
    char dir[300];              /* place/store, made by setup */
    char url[320];              /* file:dir */
    struct exo_account account; /* a@b.example */
    struct exo_store *store;
    struct exo_err err;
};

/* For cmocka_unit_test_setup_teardown(). */
int store_setup(void **state);
int store_teardown(void **state);

/* dir/name, in a static buffer. */
const char *path_in(const struct fixture *fx, const char *name);

/* Locks, reads, sets serial and tokens to it, writes, unlocks. */
void put_serial(struct fixture *fx, int64_t serial);

/* The serial of the stored record; -1: none; fails unless it is whole. */
int64_t get_serial(struct fixture *fx);

/* get fails with STATUS_STORE and a text that holds cause and remedy. */
void refuse_get(struct fixture *fx, const char *cause, const char *remedy);

/* One line, a remedy after "; ", and both words in it. */
void check_text(const struct exo_err *err, const char *cause,
                const char *remedy);

bool file_exists(const char *path);

/* How many entries of dir begin with prefix. */
int count_entries(const char *dir, const char *prefix);

/* Runs body in a child; its exit status, or minus the signal. CHECK ends
 * the child with a message. */
int in_child(int (*body)(struct fixture *fx), struct fixture *fx);

#define CHECK(condition)                                               \
    do {                                                               \
        if (!(condition)) {                                            \
            (void)fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, \
                          #condition);                                 \
            _exit(1);                                                  \
        }                                                              \
    } while (0)

#endif
