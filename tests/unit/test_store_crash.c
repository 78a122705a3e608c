/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store in bad times. The linker puts these wrappers between the store
 * and libc, so that the k-th system call of a write can be the last one
 * (SIGKILL, in a child, with half of the bytes written where it was a write)
 * or fail. Whatever k is: a reader sees the old record or the new one, the
 * lock is free, and the next write works. A write that says it worked did.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <time.h>

#include "store_fixture.h"

#define RECORD "a@b.example.json"
#define PREVIOUS "a@b.example.prev"

static struct {
    int at;       /* which call, 1 is the first; 0: off */
    bool onwards; /* that one and all later ones that need space */
    int error;    /* 0: die */
    int count;
    int hits;
    bool renamed; /* the new record took its name */
} plan;

/* True: the call must fail, errno is set. Does not return if it is to die. */
static bool struck(bool needs_space)
{
    if (plan.at == 0)
        return false;
    plan.count++;
    if (plan.count != plan.at &&
        !(plan.onwards && needs_space && plan.count > plan.at))
        return false;
    plan.hits++;
    if (plan.error == 0)
        (void)raise(SIGKILL);
    errno = plan.error;
    return true;
}

static bool dies_next(void)
{
    return plan.at != 0 && plan.error == 0 && plan.count + 1 == plan.at;
}

#define WRAP(type, name, parameters, arguments, needs_space)             \
    type __real_##name parameters;                                       \
    type __wrap_##name parameters;                                       \
    type __wrap_##name parameters                                        \
    {                                                                    \
        return struck(needs_space) ? (type)-1 : __real_##name arguments; \
    }

WRAP(int, fsync, (int fd), (fd), true)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), false)
WRAP(int, unlinkat, (int dirfd, const char *name, int flags),
     (dirfd, name, flags), false)
WRAP(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len), false)
WRAP(ssize_t, getrandom, (void *to, size_t len, unsigned int flags),
     (to, len, flags), false)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), false)
WRAP(int, fstat64, (int fd, struct stat *st), (fd, st), false)
WRAP(int, fstatat, (int dirfd, const char *name, struct stat *st, int flags),
     (dirfd, name, st, flags), false)
WRAP(int, fstatat64, (int dirfd, const char *name, struct stat *st, int flags),
     (dirfd, name, st, flags), false)

/* A failed close has closed. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool fail = struck(false);
    int saved = errno;
    int rc = __real_close(fd);

    if (!fail)
        return rc;
    errno = saved;
    return -1;
}

int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    int rc = struck(true) ? -1 : __real_renameat(from_fd, from, to_fd, to);

    if (rc == 0 && strcmp(to, RECORD) == 0)
        plan.renamed = true;
    return rc;
}

/* A full disk takes some of the bytes, and so does a process that dies. */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    if (dies_next())
        (void)!__real_write(fd, data, len / 2);
    if (!struck(true))
        return __real_write(fd, data, len);
    (void)!__real_write(fd, data, len / 2);
    return -1;
}

static int real_open(int dirfd, const char *name, int flags, mode_t mode);

int __wrap_openat(int dirfd, const char *name, int flags, mode_t mode);
int __wrap_openat(int dirfd, const char *name, int flags, mode_t mode)
{
    return struck((flags & O_CREAT) != 0) ? -1
                                          : real_open(dirfd, name, flags, mode);
}

int __wrap_openat64(int dirfd, const char *name, int flags, mode_t mode);
int __wrap_openat64(int dirfd, const char *name, int flags, mode_t mode)
{
    return __wrap_openat(dirfd, name, flags, mode);
}

int __real_openat(int dirfd, const char *name, int flags, ...);
static int real_open(int dirfd, const char *name, int flags, mode_t mode)
{
    return __real_openat(dirfd, name, flags, mode);
}

static void strike(int at, int error, bool onwards)
{
    memset(&plan, 0, sizeof(plan));
    plan.error = error;
    plan.onwards = onwards;
    plan.at = at;
}

/* One write of serial 2 under a lock that was taken before; the code. */
static int write_two(struct fixture *fx, struct exo_store_lock *lock,
                     struct exo_err *err)
{
    struct exo_record record;
    int rc;

    rc = exo_store_get(fx->store, &fx->account, &record, err);
    if (rc == 0 || rc == EXO_E_NOENT) {
        memcpy(record.account, fx->account.name, sizeof(record.account));
        record.serial = 2;
        rc = exo_secret_set(&record.access_token, "at-2", 4);
        if (rc == 0)
            rc = exo_secret_set(&record.refresh_token, "rt-2", 4);
        if (rc == 0)
            rc = exo_store_put(fx->store, lock, &record, err);
    }
    exo_record_free(&record);
    return rc;
}

static int kill_at;

static int killed_write(struct fixture *fx)
{
    struct exo_store_lock lock;
    int rc;

    strike(kill_at, 0, false);
    rc = exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err);
    if (rc == 0)
        rc = write_two(fx, &lock, &fx->err);
    return rc == 0 ? 0 : 1;
}

static int later_write(struct fixture *fx)
{
    strike(0, 0, false);
    put_serial(fx, 3);
    return 0;
}

static void test_killed(void **state)
{
    struct fixture *fx = *state;
    bool old_seen = false;
    bool new_seen = false;
    int left_behind = 0;
    int k;
    int rc;

    for (k = 1;; k++) {
        int64_t seen;

        put_serial(fx, 1);
        kill_at = k;
        rc = in_child(killed_write, fx);
        if (rc == 0)
            break;
        assert_int_equal(rc, -SIGKILL);
        seen = get_serial(fx);
        assert_true(seen == 1 || seen == 2);
        old_seen = old_seen || seen == 1;
        new_seen = new_seen || seen == 2;
        left_behind += count_entries(fx->dir, ".tmp.");
        assert_int_equal(in_child(later_write, fx), 0);
        assert_int_equal(get_serial(fx), 3);
        assert_int_equal(count_entries(fx->dir, ".tmp."), 0);
    }
    print_message("# killed at each of %d calls, %d files swept\n", k - 1,
                  left_behind);
    assert_true(k > 15);
    assert_true(old_seen);
    assert_true(new_seen);
    assert_true(left_behind > 0);
    assert_int_equal(get_serial(fx), 2);
}

/* The previous copy may be there or not, but never in part. */
static void check_previous(const struct fixture *fx)
{
    FILE *file = fopen(path_in(fx, PREVIOUS), "re");
    char text[4096];
    size_t len;

    if (file == NULL)
        return;
    len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    assert_true(len > 4);
    assert_string_equal(text + len - 4, "} }\n");
}

/* How many calls failed in turn. */
static int fail_each(struct fixture *fx, int error, bool onwards)
{
    int k;

    for (k = 1;; k++) {
        struct exo_store_lock lock;
        struct exo_err err = EXO_ERR_INIT;
        bool renamed;
        int hits;
        int rc;

        put_serial(fx, 1);
        assert_int_equal(
            exo_store_lock(fx->store, &fx->account, 0, &lock, &err), 0);
        strike(k, error, onwards);
        rc = write_two(fx, &lock, &err);
        hits = plan.hits;
        renamed = plan.renamed;
        strike(0, 0, false);
        exo_store_unlock(fx->store, &lock);
        assert_int_equal(get_serial(fx), renamed ? 2 : 1);
        if (rc == 0) {
            assert_true(renamed);
        } else {
            assert_true(hits > 0);
            assert_int_equal(rc, EXO_E_STATUS);
            assert_int_equal(err.status, EXO_STATUS_STORE);
            check_text(&err, strerror(error), "; ");
        }
        assert_int_equal(count_entries(fx->dir, ".tmp."), 0);
        check_previous(fx);
        if (hits == 0)
            return k - 1;
    }
}

static void test_failing(void **state)
{
    static const int errors[] = { ENOSPC, EDQUOT, EIO };
    struct fixture *fx = *state;
    size_t i;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        int once = fail_each(fx, errors[i], false);
        int onwards = fail_each(fx, errors[i], true);

        assert_true(once > 15);
        assert_int_equal(once, onwards);
        print_message("# %s at each of %d calls\n", strerror(errors[i]), once);
    }
}

/* ---- a real file system that is full, then read-only ---- */

#define CANNOT 77

static void fill_disk(const char *path)
{
    static const char page[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    while (write(fd, page, sizeof(page)) > 0)
        ;
    CHECK(errno == ENOSPC);
    close(fd);
}

static int64_t serial_of(struct fixture *fx)
{
    struct exo_record record;
    int64_t serial;

    CHECK(exo_store_get(fx->store, &fx->account, &record, &fx->err) == 0);
    serial = record.serial;
    exo_record_free(&record);
    return serial;
}

static int full_disk(struct fixture *fx)
{
    struct exo_store_lock lock;
    struct exo_err *err = &fx->err;
    char filler[400];

    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", fx->dir, "tmpfs", 0, "size=64k,mode=0700") != 0)
        return CANNOT;
    snprintf(filler, sizeof(filler), "%s/filler", fx->dir);
    exo_store_close(fx->store);
    CHECK(exo_store_open(&fx->store, fx->url, false, err) == 0);
    CHECK(exo_store_lock(fx->store, &fx->account, 0, &lock, err) == 0);
    CHECK(write_two(fx, &lock, err) == 0);

    fill_disk(filler);
    CHECK(write_two(fx, &lock, err) == EXO_E_STATUS);
    CHECK(err->status == EXO_STATUS_STORE);
    CHECK(strstr(err->text, "No space left on device; free space") != NULL);
    CHECK(serial_of(fx) == 2);
    CHECK(count_entries(fx->dir, ".tmp.") == 0);
    exo_store_unlock(fx->store, &lock);

    CHECK(mount("none", fx->dir, "none", MS_REMOUNT | MS_RDONLY, NULL) == 0);
    CHECK(exo_store_lock(fx->store, &fx->account, 0, &lock, err) ==
          EXO_E_STATUS);
    CHECK(err->status == EXO_STATUS_STORE);
    CHECK(strstr(err->text, "Read-only file system; mount ") != NULL);
    CHECK(serial_of(fx) == 2);

    CHECK(mount("none", fx->dir, "none", MS_REMOUNT, NULL) == 0);
    CHECK(unlink(filler) == 0);
    CHECK(exo_store_lock(fx->store, &fx->account, 0, &lock, err) == 0);
    CHECK(write_two(fx, &lock, err) == 0);
    exo_store_unlock(fx->store, &lock);
    exo_store_close(fx->store);
    return 0;
}

static void test_full_disk(void **state)
{
    struct fixture *fx = *state;
    int rc;

    if (geteuid() != 0) {
        say_skipped("needs root to mount a small file system");
        return;
    }
    rc = in_child(full_disk, fx);
    if (rc == CANNOT) {
        say_skipped("may not mount in a namespace of its own");
        return;
    }
    assert_int_equal(rc, 0);
}

int main(void)
{
#define STORE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
    static const struct CMUnitTest tests[] = {
        STORE_TEST(test_killed),
        STORE_TEST(test_failing),
        STORE_TEST(test_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
