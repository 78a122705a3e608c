/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of an account, among processes: one holder at a time, deadlines,
 * holders that die, a lock file that somebody removed, and a herd that
 * counts without losing a step.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "exoauth/clock.h"
#include "store_fixture.h"

#define LOCK "a@b.example.lock"
#define LONG_MS 60000 /* "for ever", so that a slow machine is no failure */
#define HERD 20
#define STEPS 10

static int take(struct fixture *fx, int64_t wait_ms,
                struct exo_store_lock *lock)
{
    return exo_store_lock(fx->store, &fx->account, exo_clock_ms() + wait_ms,
                          lock, &fx->err);
}

/* A child that takes the lock, says so through *says and holds it. */
static pid_t start_holder(struct fixture *fx, int *says)
{
    struct exo_store_lock lock;
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Not for ever, should the test fail before end_holder(). */
        CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
        CHECK(take(fx, LONG_MS, &lock) == 0);
        CHECK(write(ends[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    *says = ends[0];
    return child;
}

static void wait_held(int says)
{
    char byte;

    assert_int_equal(read(says, &byte, 1), 1);
    close(says);
}

static void end_holder(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_deadline(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_account other;
    int says;
    pid_t holder = start_holder(fx, &says);

    wait_held(says);
    assert_int_equal(take(fx, 0, &lock), EXO_E_TIMEOUT);
    assert_int_equal(fx->err.status, EXO_STATUS_TRANSIENT);
    check_text(&fx->err, "holds the lock of a@b.example", LOCK);
    assert_int_equal(lock.handle, -1);
    exo_store_unlock(fx->store, &lock);
    assert_int_equal(take(fx, -1000, &lock), EXO_E_TIMEOUT);
    assert_int_equal(take(fx, 60, &lock), EXO_E_TIMEOUT);

    /* Another account is free. */
    assert_int_equal(exo_account_set(&other, "c@d", 3), 0);
    assert_int_equal(exo_store_lock(fx->store, &other, 0, &lock, &fx->err), 0);
    exo_store_unlock(fx->store, &lock);

    /* Killed without a chance to clean up: the lock is free at once. */
    end_holder(holder);
    assert_int_equal(take(fx, 0, &lock), 0);
    exo_store_unlock(fx->store, &lock);
}

/* Within one process, too: threads and nested calls are not let in. */
static void test_same_process(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock first;
    struct exo_store_lock second;

    assert_int_equal(take(fx, 0, &first), 0);
    assert_int_equal(take(fx, 0, &second), EXO_E_TIMEOUT);
    exo_store_unlock(fx->store, &first);
    assert_int_equal(take(fx, 0, &second), 0);
    exo_store_unlock(fx->store, &second);
}

/* A waiter gets it when the holder dies while it waits. */
static void test_handover(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    int says;
    int waiter_says;
    pid_t holder = start_holder(fx, &says);
    pid_t waiter;

    wait_held(says);
    waiter = start_holder(fx, &waiter_says);
    assert_int_equal(take(fx, 30, &lock), EXO_E_TIMEOUT);
    end_holder(holder);
    wait_held(waiter_says);
    end_holder(waiter);
}

/* Somebody runs rm in the store: the holder must not write any more, since
 * another one may hold the new file of that name. */
static void test_removed(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock old;
    struct exo_store_lock fresh;
    struct exo_record record;

    put_serial(fx, 1);
    assert_int_equal(take(fx, 0, &old), 0);
    assert_int_equal(unlink(path_in(fx, LOCK)), 0);
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &fx->err),
                     0);
    assert_int_equal(exo_store_put(fx->store, &old, &record, &fx->err),
                     EXO_E_CONFLICT);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    check_text(&fx->err, LOCK " was removed", "try again");
    assert_int_equal(exo_store_remove(fx->store, &old, &fx->err),
                     EXO_E_CONFLICT);

    assert_int_equal(take(fx, 0, &fresh), 0);
    assert_true(fresh.fence != old.fence);
    assert_int_equal(exo_store_put(fx->store, &old, &record, &fx->err),
                     EXO_E_CONFLICT);
    assert_int_equal(exo_store_put(fx->store, &fresh, &record, &fx->err), 0);
    exo_record_free(&record);
    exo_store_unlock(fx->store, &old);
    exo_store_unlock(fx->store, &fresh);
    assert_int_equal(get_serial(fx), 1);
}

/* A waiter that has the removed file open must end up with the new one. */
static void test_removed_waiting(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_store_lock second;
    int says;
    pid_t waiter;

    assert_int_equal(take(fx, 0, &lock), 0);
    waiter = start_holder(fx, &says);
    /* Let it open the file; if it is slower, it has an easier life. */
    usleep(100000);
    assert_int_equal(unlink(path_in(fx, LOCK)), 0);
    exo_store_unlock(fx->store, &lock);
    wait_held(says);
    assert_true(file_exists(path_in(fx, LOCK)));
    assert_int_equal(take(fx, 0, &second), EXO_E_TIMEOUT);
    end_holder(waiter);
    assert_int_equal(take(fx, 0, &second), 0);
    exo_store_unlock(fx->store, &second);
}

static int count_up(struct fixture *fx)
{
    struct exo_store *store = NULL;
    int i;

    /* As real processes do: a directory of its own. */
    CHECK(exo_store_open(&store, fx->url, true, &fx->err) == 0);
    for (i = 0; i < STEPS; i++) {
        struct exo_store_lock lock;
        struct exo_record record;
        int rc;

        CHECK(exo_store_lock(store, &fx->account, exo_clock_ms() + LONG_MS,
                             &lock, &fx->err) == 0);
        rc = exo_store_get(store, &fx->account, &record, &fx->err);
        CHECK(rc == 0 || rc == EXO_E_NOENT);
        memcpy(record.account, fx->account.name, sizeof(record.account));
        record.serial++;
        CHECK(exo_store_put(store, &lock, &record, &fx->err) == 0);
        exo_record_free(&record);
        exo_store_unlock(store, &lock);
    }
    exo_store_close(store);
    return 0;
}

static void test_herd(void **state)
{
    struct fixture *fx = *state;
    struct exo_record record;
    pid_t children[HERD];
    int failed = 0;
    int i;

    for (i = 0; i < HERD; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(count_up(fx));
    }
    for (i = 0; i < HERD; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        failed += status != 0;
    }
    assert_int_equal(failed, 0);
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &fx->err),
                     0);
    assert_int_equal(record.serial, HERD * STEPS);
    assert_int_equal(record.revision, HERD * STEPS);
    exo_record_free(&record);
}

/* Readers take no lock and still never see a part of a record. */
static void test_readers(void **state)
{
    struct fixture *fx = *state;
    int64_t last = 0;
    int status = 0;
    pid_t writer;

    put_serial(fx, 0);
    writer = fork();
    assert_true(writer >= 0);
    if (writer == 0)
        _exit(count_up(fx));
    while (waitpid(writer, &status, WNOHANG) == 0) {
        struct exo_record record;

        assert_int_equal(
            exo_store_get(fx->store, &fx->account, &record, &fx->err), 0);
        assert_true(record.serial >= last);
        last = record.serial;
        exo_record_free(&record);
    }
    assert_int_equal(status, 0);
}

int main(void)
{
#define STORE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
    static const struct CMUnitTest tests[] = {
        STORE_TEST(test_deadline),        STORE_TEST(test_same_process),
        STORE_TEST(test_handover),        STORE_TEST(test_removed),
        STORE_TEST(test_removed_waiting), STORE_TEST(test_herd),
        STORE_TEST(test_readers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
