/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store in quiet times: what is put can be got, only the revision that
 * was read can be replaced, and a directory that is not as it should be is
 * refused with the right status, its name, the cause and a remedy.
 */
#include "config.h"

#include "store_fixture.h"
#include "../lib/whole.h"

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

static void test_put_get(void **state)
{
    struct fixture *fx = *state;
    struct stat st;

    assert_int_equal(get_serial(fx), -1);
    put_serial(fx, 1);
    assert_int_equal(get_serial(fx), 1);
    assert_false(file_exists(path_in(fx, PREVIOUS)));
    put_serial(fx, 2);
    assert_int_equal(get_serial(fx), 2);
    assert_int_equal(stat(path_in(fx, RECORD), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_in(fx, PREVIOUS), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_in(fx, LOCK), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(fx->dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(st.st_uid, exo_store_owner(fx->store));
    assert_int_equal(count_entries(fx->dir, ".tmp"), 0);

    /* The previous copy is the record before. */
    assert_int_equal(unlink(path_in(fx, RECORD)), 0);
    {
        char from[600];

        strcpy(from, path_in(fx, PREVIOUS));
        assert_int_equal(rename(from, path_in(fx, RECORD)), 0);
    }
    assert_int_equal(get_serial(fx), 1);
}

static void test_revision(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_record record;

    take(fx, &lock);
    new_record(fx, &record);
    record.revision = 1;
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_CONFLICT);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    assert_int_equal(record.revision, 1);
    record.revision = 0;
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err), 0);
    assert_int_equal(record.revision, 1);
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err), 0);
    assert_int_equal(record.revision, 2);
    record.revision = 1;
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_CONFLICT);
    record.revision = 0;
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_CONFLICT);
    check_text(&fx->err, "changed by somebody else", "try again");
    exo_record_free(&record);
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &fx->err),
                     0);
    assert_int_equal(record.revision, 2);

    /* Not under another account's lock, and not one that cannot be read. */
    strcpy(record.account, "other@b.example");
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_ARG);
    strcpy(record.account, fx->account.name);
    record.serial = -1;
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_SYNTAX);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    assert_int_equal(record.revision, 2);
    exo_record_free(&record);
    exo_store_unlock(fx->store, &lock);
}

static void test_remove(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;

    take(fx, &lock);
    assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), EXO_E_NOENT);
    exo_store_unlock(fx->store, &lock);
    put_serial(fx, 1);
    put_serial(fx, 2);
    take(fx, &lock);
    assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), 0);
    assert_false(file_exists(path_in(fx, RECORD)));
    assert_false(file_exists(path_in(fx, PREVIOUS)));
    assert_true(file_exists(path_in(fx, LOCK)));
    assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), EXO_E_NOENT);

    /* A previous copy alone is removed, too. */
    put_bytes(&fx->place, path_in(fx, PREVIOUS), 0600, "x", 1);
    assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), 0);
    assert_false(file_exists(path_in(fx, PREVIOUS)));
    exo_store_unlock(fx->store, &lock);
    put_serial(fx, 3);
    assert_int_equal(get_serial(fx), 3);
}

static void found(void *context, const struct exo_account *account)
{
    struct exo_buf *names = context;

    exo_buf_fmt(names, "[%s]", account->name);
}

static void test_list(void **state)
{
    static const char *const others[] = {
        "UPPER@b.json",  ".json",     "..json",      "a%2fb.json",
        "a%2Eb.json",    "notes.txt", "c@d.example", "a@b.example.json.x",
        ".tmp.00000000", "x@y.prev",  "x@y.lock",    "x y.json",
    };
    struct fixture *fx = *state;
    struct exo_buf names = EXO_BUF_INIT(4096);
    size_t i;

    assert_int_equal(exo_store_list(fx->store, found, &names, &fx->err), 0);
    assert_string_equal(whole_text(&names), "");
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        put_bytes(&fx->place, path_in(fx, others[i]), 0600, "", 0);
    put_serial(fx, 1);
    put_bytes(&fx->place, path_in(fx, "it%27s%7B@b.json"), 0600, "damaged", 7);
    assert_int_equal(exo_store_list(fx->store, found, &names, &fx->err), 0);
    assert_non_null(strstr(whole_text(&names), "[a@b.example]"));
    assert_non_null(strstr(whole_text(&names), "[it's{@b]"));
    assert_int_equal(names.len, strlen("[a@b.example][it's{@b]"));
    exo_buf_free(&names);
}

/* ---- opening ---- */

static void refuse_open(const char *url, bool create, enum exo_status status,
                        const char *cause, const char *remedy)
{
    struct exo_store *store = (struct exo_store *)&status;
    struct exo_err err = EXO_ERR_INIT;

    assert_int_equal(exo_store_open(&store, url, create, &err), EXO_E_STATUS);
    assert_null(store);
    assert_int_equal(err.status, status);
    check_text(&err, cause, remedy);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url, *cause;
    } rows[] = {
        { "etcd://127.0.0.1:2379", "etcd: is not supported by this version" },
        { "vault:x", "vault: is not supported by this version" },
        { "files:/x", "files: is not supported by this version" },
        { "fil:/x", "fil: is not supported by this version" },
        { ":/x", ": is not supported by this version" },
        { "/var/lib/exoauth", "/var/lib/exoauth is not a store URL" },
        { "", "is not a store URL" },
        { "file:", "is not an absolute path" },
        { "file:relative", "is not an absolute path" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuse_open(rows[i].url, true, EXO_STATUS_MISCONFIGURED, rows[i].cause,
                    "write file:/absolute/directory");
    exo_store_close(NULL);
}

static void test_missing(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_record record;
    char url[400];

    exo_store_close(fx->store);
    fx->store = NULL;
    snprintf(url, sizeof(url), "file:%s/none/here", fx->place.path);
    refuse_open(url, true, EXO_STATUS_STORE, "directory above", "make that");
    assert_int_equal(exo_store_open(&fx->store, url, false, &fx->err), 0);
    assert_int_equal(exo_store_owner(fx->store), geteuid());
    assert_int_equal(get_serial(fx), -1);
    assert_int_equal(exo_store_list(fx->store, found, NULL, &fx->err), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err),
        EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    check_text(&fx->err, "no credential store at", LOGIN);
    assert_int_equal(lock.handle, -1);
    exo_store_unlock(fx->store, &lock);

    new_record(fx, &record);
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_STATUS);
    check_text(&fx->err, "no credential store at", LOGIN);
    exo_record_free(&record);
    assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), EXO_E_NOENT);
    snprintf(url, sizeof(url), "%s/none", fx->place.path);
    assert_false(file_exists(url));
}

/* Slashes at the end are allowed, a link is not, with and without them. */
static void test_directory_kind(void **state)
{
    struct fixture *fx = *state;
    struct exo_store *again = NULL;
    char path[400];
    char url[420];

    snprintf(url, sizeof(url), "%s//", fx->url);
    assert_int_equal(exo_store_open(&again, url, false, &fx->err), 0);
    exo_store_close(again);
    snprintf(path, sizeof(path), "%s/link", fx->place.path);
    assert_int_equal(symlink(fx->dir, path), 0);
    snprintf(url, sizeof(url), "file:%s", path);
    assert_int_equal(exo_store_open(&again, url, false, &fx->err), 0);
    exo_store_close(again);
    snprintf(url, sizeof(url), "file:%s/", path);
    assert_int_equal(exo_store_open(&again, url, false, &fx->err), 0);
    exo_store_close(again);
    if (geteuid() == 0) {
        assert_int_equal(lchown(path, NOBODY, 0), 0);
        refuse_open(url, true, EXO_STATUS_STORE, "link is a symbolic link of",
                    "remove it");
    }
    snprintf(path, sizeof(path), "%s/file", fx->place.path);
    put_bytes(&fx->place, path, 0600, "", 0);
    snprintf(url, sizeof(url), "file:%s", path);
    refuse_open(url, true, EXO_STATUS_STORE, "no directory", "name a real");
}

static void test_directory_mode(void **state)
{
    static const mode_t modes[] = { 0701, 0710, 0720, 0740, 0704, 0777, 02750 };
    struct fixture *fx = *state;
    char remedy[400];
    size_t i;

    snprintf(remedy, sizeof(remedy), "run: chmod 700 %s", fx->dir);
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(fx->dir, modes[i]), 0);
        refuse_open(fx->url, false, EXO_STATUS_STORE, "lets others in", remedy);
    }
    assert_int_equal(chmod(fx->dir, 0700), 0);
}

static int open_as_other(struct fixture *fx)
{
    struct exo_store *store = NULL;
    struct exo_err err = EXO_ERR_INIT;

    if (geteuid() == 0)
        CHECK(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    else
        CHECK(chmod(fx->dir, 0) == 0);
    CHECK(exo_store_open(&store, fx->url, false, &err) == EXO_E_ACCESS);
    CHECK(store == NULL);
    CHECK(err.status == EXO_STATUS_DENIED);
    CHECK(strstr(err.text, fx->dir) != NULL);
    CHECK(strstr(err.text, "; run exoauth as") != NULL);
    return 0;
}

static void test_denied(void **state)
{
    struct fixture *fx = *state;

    assert_int_equal(in_child(open_as_other, fx), 0);
    assert_int_equal(chmod(fx->dir, 0700), 0);
    if (geteuid() != 0) {
        say_skipped("a directory of another owner: needs root");
        return;
    }
    /* Readable by everybody is not theirs, either. */
    assert_int_equal(chmod(fx->dir, 0755), 0);
    assert_int_equal(in_child(open_as_other, fx), 0);
    assert_int_equal(chmod(fx->dir, 0700), 0);
    /* Root may open everything, so here somebody made a mistake. */
    assert_int_equal(chown(fx->dir, NOBODY, NOBODY), 0);
    refuse_open(fx->url, true, EXO_STATUS_STORE, "belongs to uid 65534",
                "name another directory in store:");
}

int main(void)
{
#define STORE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
    static const struct CMUnitTest tests[] = {
        STORE_TEST(test_put_get),        STORE_TEST(test_revision),
        STORE_TEST(test_remove),         STORE_TEST(test_list),
        cmocka_unit_test(test_urls),     STORE_TEST(test_missing),
        STORE_TEST(test_directory_kind), STORE_TEST(test_directory_mode),
        STORE_TEST(test_denied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
