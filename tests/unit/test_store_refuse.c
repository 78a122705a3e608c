/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records and lock files that are not what they should be (content, owner,
 * mode, links, version): refused with name, cause and a remedy that works,
 * and never written over where that would lose something.
 */
#include "config.h"

#include "store_fixture.h"

#define RECORD "a@b.example.json"
#define PREVIOUS "a@b.example.prev"
#define LOCK "a@b.example.lock"
#define LOGIN "run: exoauth login a@b.example"

static void take(struct fixture *fx, struct exo_store_lock *lock)
{
    assert_int_equal(exo_store_lock(fx->store, &fx->account, 0, lock, &fx->err),
                     0);
}

static void new_record(const struct fixture *fx, struct exo_record *record)
{
    exo_record_init(record);
    strcpy(record->account, fx->account.name);
}

static void test_damaged(void **state)
{
    static const char html[] = "<html>\n";
    static const char binary[] = "\0\1\2\377\376\0";
    struct fixture *fx = *state;
    char *big = calloc(1, EXO_RECORD_MAX + 1);

    assert_non_null(big);
    put_bytes(&fx->place, path_in(fx, RECORD), 0600, "", 0);
    refuse_get(fx, RECORD ": unexpected end of data", LOGIN);
    put_bytes(&fx->place, path_in(fx, RECORD), 0600, html, sizeof(html) - 1);
    refuse_get(fx, RECORD ": a value that JSON does not have", LOGIN);
    put_bytes(&fx->place, path_in(fx, RECORD), 0600, binary, sizeof(binary));
    refuse_get(fx, RECORD ": a value that JSON does not have", LOGIN);
    put_bytes(&fx->place, path_in(fx, RECORD), 0600, big, EXO_RECORD_MAX + 1);
    refuse_get(fx, RECORD ": larger than a record can be", LOGIN);
    free(big);

    /* A login writes over it. */
    {
        struct exo_store_lock lock;
        struct exo_record record;

        take(fx, &lock);
        new_record(fx, &record);
        assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err), 0);
        assert_int_equal(record.revision, 1);
        exo_record_free(&record);
        exo_store_unlock(fx->store, &lock);
    }
    assert_false(file_exists(path_in(fx, PREVIOUS)));

    /* With a previous copy, the text says how to get it back, and writing
     * over the damage keeps it. */
    put_serial(fx, 1);
    put_serial(fx, 2);
    assert_int_equal(truncate(path_in(fx, RECORD), 100), 0);
    refuse_get(fx, "unexpected end of data", "mv ");
    refuse_get(fx, PREVIOUS " ", LOGIN);
    {
        struct exo_store_lock lock;
        struct exo_record record;

        take(fx, &lock);
        new_record(fx, &record);
        assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err), 0);
        exo_record_free(&record);
        exo_store_unlock(fx->store, &lock);
    }
    {
        char from[600];

        strcpy(from, path_in(fx, PREVIOUS));
        assert_int_equal(rename(from, path_in(fx, RECORD)), 0);
    }
    assert_int_equal(get_serial(fx), 1);
}

/* A record copied to another name is not that account's. */
static void test_swapped(void **state)
{
    struct fixture *fx = *state;
    char from[600];

    put_serial(fx, 1);
    strcpy(from, path_in(fx, RECORD));
    assert_int_equal(rename(from, path_in(fx, "c@d.example.json")), 0);
    assert_int_equal(exo_account_set(&fx->account, "c@d.example", 11), 0);
    refuse_get(fx, "record of another account", "exoauth login c@d.example");
}

static void test_newer(void **state)
{
    static const char newer[] = "{ \"exoauth\": 2, \"anything\": [] }\n";
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_record record;

    put_bytes(&fx->place, path_in(fx, RECORD), 0600, newer, sizeof(newer) - 1);
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &fx->err),
                     EXO_E_VERSION);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    check_text(&fx->err, "newer version", "upgrade exoauth");
    exo_record_free(&record);

    /* Nor is it written over: the newer version's login would be lost. */
    take(fx, &lock);
    new_record(fx, &record);
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_STATUS);
    check_text(&fx->err, "newer version", "upgrade exoauth");
    exo_record_free(&record);
    exo_store_unlock(fx->store, &lock);
}

static void test_links(void **state)
{
    struct fixture *fx = *state;
    char elsewhere[400];
    char record[600];

    put_serial(fx, 1);
    strcpy(record, path_in(fx, RECORD));
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", fx->place.path);

    assert_int_equal(link(record, elsewhere), 0);
    refuse_get(fx, "hard link", LOGIN);
    assert_int_equal(unlink(record), 0);
    assert_int_equal(symlink(elsewhere, record), 0);
    refuse_get(fx, "symbolic link", LOGIN);
    assert_int_equal(unlink(record), 0);
    assert_int_equal(mkfifo(record, 0600), 0);
    refuse_get(fx, "regular file", LOGIN);
    assert_int_equal(unlink(record), 0);
    assert_int_equal(mkdir(record, 0700), 0);
    refuse_get(fx, "regular file", LOGIN);
    assert_int_equal(rmdir(record), 0);

    /* Writing replaces the link, not what it leads to. */
    put_bytes(&fx->place, elsewhere, 0600, "mine", 4);
    assert_int_equal(symlink(elsewhere, record), 0);
    {
        struct exo_store_lock lock;
        struct exo_record fresh;
        struct stat st;

        take(fx, &lock);
        new_record(fx, &fresh);
        assert_int_equal(exo_store_put(fx->store, &lock, &fresh, &fx->err), 0);
        exo_record_free(&fresh);
        exo_store_unlock(fx->store, &lock);
        assert_int_equal(lstat(record, &st), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(stat(elsewhere, &st), 0);
        assert_int_equal(st.st_size, 4);
    }
}

static void test_record_mode(void **state)
{
    static const mode_t modes[] = { 0604, 0620, 0640, 0601, 0660, 0777 };
    struct fixture *fx = *state;
    char record[600];
    size_t i;

    put_serial(fx, 1);
    strcpy(record, path_in(fx, RECORD));
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(record, modes[i]), 0);
        refuse_get(fx, "accessible to group or others", "with mode 0600, ");
        refuse_get(fx, "refused", LOGIN);
    }
    assert_int_equal(chmod(record, 0600), 0);
    assert_int_equal(get_serial(fx), 1);
    if (geteuid() != 0) {
        assert_int_equal(chmod(record, 0), 0);
        refuse_get(fx, "keeps us out", "with mode 0600, ");
        say_skipped("a record of another owner: needs root");
        return;
    }
    assert_int_equal(chown(record, NOBODY, NOBODY), 0);
    refuse_get(fx, "owner", "make it uid 0's with mode 0600, ");
}

static int unreadable_record(struct fixture *fx)
{
    struct exo_store *store = NULL;
    struct exo_record record;
    struct exo_err err = EXO_ERR_INIT;

    CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    CHECK(exo_store_open(&store, fx->url, false, &err) == 0);
    CHECK(exo_store_get(store, &fx->account, &record, &err) == EXO_E_STATUS);
    CHECK(err.status == EXO_STATUS_STORE);
    CHECK(strstr(err.text, "keeps us out") != NULL);
    CHECK(strstr(err.text, "make it uid 65534's with mode 0600, ") != NULL);
    exo_record_free(&record);
    exo_store_close(store);
    return 0;
}

/* "sudo" left a file of root's in a store of another user. */
static void test_foreign_record(void **state)
{
    struct fixture *fx = *state;

    if (geteuid() != 0) {
        say_skipped("needs root to give files away");
        return;
    }
    put_serial(fx, 1);
    assert_int_equal(chown(fx->dir, NOBODY, NOBODY), 0);
    assert_int_equal(in_child(unreadable_record, fx), 0);
}

static void test_lock_file(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    char path[600];
    char elsewhere[400];

    strcpy(path, path_in(fx, LOCK));
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", fx->place.path);
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err),
        EXO_E_STATUS);
    check_text(&fx->err, "symbolic link", "-maxdepth 0 ! -type f -delete");
    assert_false(file_exists(elsewhere));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err),
        EXO_E_STATUS);
    check_text(&fx->err, "not a regular file", "-maxdepth 0 ! -type f -delete");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err),
        EXO_E_STATUS);
    check_text(&fx->err, "not a regular file", "-maxdepth 0 ! -type f -delete");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
    exo_store_unlock(fx->store, &lock);
    exo_store_unlock(fx->store, &lock);
}

/* Told to remove it, somebody would do so while a token is being spent under
 * it, and the next one would spend the same token. */
static void test_lock_mode(void **state)
{
    static const mode_t modes[] = { 0644, 0666, 0640, 0700, 0600 };
    struct fixture *fx = *state;
    struct exo_store_lock lock, other;
    char path[600];
    struct stat held, st;

    strcpy(path, path_in(fx, LOCK));
    take(fx, &lock);
    assert_int_equal(stat(path, &held), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_not_equal(
            exo_store_lock(fx->store, &fx->account, 0, &other, &fx->err), 0);
        check_text(&fx->err, "holds the lock of", "fuser");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_ino, held.st_ino);
    }
    exo_store_unlock(fx->store, &lock);
}

static void test_foreign_lock(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;

    if (geteuid() != 0) {
        say_skipped("needs root to give files away");
        return;
    }
    put_bytes(&fx->place, path_in(fx, LOCK), 0666, "", 0);
    assert_int_equal(chown(path_in(fx, LOCK), NOBODY, NOBODY), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err),
        EXO_E_STATUS);
    check_text(&fx->err, "belongs to uid", "leave it in place");
}

int main(void)
{
#define STORE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
    static const struct CMUnitTest tests[] = {
        STORE_TEST(test_damaged),      STORE_TEST(test_swapped),
        STORE_TEST(test_newer),        STORE_TEST(test_links),
        STORE_TEST(test_record_mode),  STORE_TEST(test_foreign_record),
        STORE_TEST(test_lock_file),    STORE_TEST(test_lock_mode),
        STORE_TEST(test_foreign_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
