/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store under guard: what is sealed and when, keys that are missing or
 * change under way, records that were swapped or brought back.
 */
#include "config.h"

#include "exoauth/keyring.h"
#include "exoauth/proto.h"
#include "store_fixture.h"

#include "../../store/backend.h"

#define RECORD "a@b.example.json"
#define PREVIOUS "a@b.example.prev"

/* A key, its id, and another one. */
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_ID "a41743c0fdc745a9"
#define OTHER_KEY "_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static void set(struct exo_secret *secret, const void *data, size_t len)
{
    assert_int_equal(exo_secret_set(secret, data, len), 0);
}

static struct {
    struct exo_secret text; /* of the ring; empty: no key */
    struct exo_secret next; /* what the next call after this one finds */
} source = { EXO_SECRET_INIT, EXO_SECRET_INIT };

static int keys(void *context, struct exo_keyring *ring, struct exo_err *err)
{
    const char *why;
    int rc = EXO_E_NOENT;

    (void)context;
    (void)err;
    if (!exo_secret_empty(&source.text))
        rc = exo_keyring_parse(ring, &source.text, &why);
    if (!exo_secret_empty(&source.next))
        exo_secret_move(&source.text, &source.next);
    return rc;
}

static int guard_setup(void **state)
{
    struct exo_store_guard guard = { keys, NULL, NULL, false };
    struct fixture *fx;
    static char marks[400];

    if (store_setup(state) != 0)
        return -1;
    fx = *state;
    (void)snprintf(marks, sizeof(marks), "%s.marks", fx->dir);
    assert_int_equal(mkdir(marks, 0700), 0);
    guard.marks = marks;
    exo_store_protect(fx->store, &guard);
    set(&source.text, KEY, strlen(KEY));
    return 0;
}

static int guard_teardown(void **state)
{
    exo_secret_free(&source.text);
    exo_secret_free(&source.next);
    return store_teardown(state);
}

static bool in_file(const struct fixture *fx, const char *name,
                    const char *word)
{
    const char *text = get_file(&fx->place, path_in(fx, name));

    return text != NULL && strstr(text, word) != NULL;
}

static void copy(const struct fixture *fx, const char *from, const char *to)
{
    const char *text = get_file(&fx->place, path_in(fx, from));

    assert_non_null(text);
    put_file(&fx->place, path_in(fx, to), 0600, text);
}

static void seals_in_the_store(void **state)
{
    struct fixture *fx = *state;
    struct exo_record record;

    put_serial(fx, 1);
    put_serial(fx, 2);
    assert_int_equal(get_serial(fx), 2);
    assert_true(in_file(fx, RECORD, KEY_ID));
    assert_false(in_file(fx, RECORD, "rt-"));
    assert_true(in_file(fx, PREVIOUS, KEY_ID));
    /* peek needs no key; get says which one is missing. */
    exo_secret_free(&source.text);
    assert_int_equal(exo_store_peek(fx->store, &fx->account, &record, &fx->err),
                     0);
    assert_int_equal(record.serial, 2);
    assert_true(exo_secret_empty(&record.refresh_token));
    exo_record_free(&record);
    refuse_get(fx, "sealed with key " KEY_ID ", which is not there",
               "put the key file back");
}

static void seals_what_was_open(void **state)
{
    struct fixture *fx = *state;

    exo_secret_free(&source.text);
    put_serial(fx, 1);
    put_serial(fx, 2);
    assert_true(in_file(fx, RECORD, "rt-2"));
    assert_true(in_file(fx, PREVIOUS, "rt-1"));
    set(&source.text, KEY, strlen(KEY));
    assert_int_equal(get_serial(fx), 2);
    put_serial(fx, 3);
    assert_int_equal(get_serial(fx), 3);
    assert_false(in_file(fx, RECORD, "rt-"));
    assert_false(file_exists(path_in(fx, PREVIOUS)));
}

static void no_key_over_sealed(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_lock lock;
    struct exo_record record;

    put_serial(fx, 1);
    exo_secret_free(&source.text);
    assert_int_equal(exo_account_set(&fx->account, "c@d", 3), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
    exo_record_init(&record);
    strcpy(record.account, "c@d");
    assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err),
                     EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    check_text(&fx->err, "key of the credential store is missing",
               "put the key file back");
    assert_int_equal(record.revision, 0);
    assert_false(file_exists(path_in(fx, "c@d.json")));
    exo_store_unlock(fx->store, &lock);
}

static void swapped(void **state)
{
    struct fixture *fx = *state;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    char *at;

    put_serial(fx, 1);
    exo_buf_str(&text, get_file(&fx->place, path_in(fx, RECORD)));
    at = strstr(text.data, "a@b.example");
    assert_non_null(at);
    *at = 'x';
    put_file(&fx->place, path_in(fx, "x@b.example.json"), 0600, text.data);
    assert_int_equal(exo_account_set(&fx->account, "x@b.example", 11), 0);
    refuse_get(fx, "its seal does not hold", "exoauth login x@b.example");
    exo_buf_free(&text);
}

static int renew(struct fixture *fx, bool accept)
{
    struct exo_store_lock lock;
    int rc;

    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
    rc = exo_store_renew(fx->store, &lock, accept, &fx->err);
    exo_store_unlock(fx->store, &lock);
    return rc;
}

static void rolled_back(void **state)
{
    struct fixture *fx = *state;
    struct exo_record record;

    put_serial(fx, 1);
    copy(fx, RECORD, "kept");
    put_serial(fx, 2);
    copy(fx, "kept", RECORD);
    refuse_get(fx, "rolled back: revision 2 was here, now it is 1",
               "exoauth accept a@b.example");
    assert_int_equal(exo_store_peek(fx->store, &fx->account, &record, &fx->err),
                     EXO_E_STATUS);
    assert_int_equal(renew(fx, false), EXO_E_STATUS);
    assert_int_equal(renew(fx, true), 0);
    assert_int_equal(get_serial(fx), 1);
    copy(fx, "kept", RECORD);
    refuse_get(fx, "rolled back: revision 3", "exoauth accept");
    /* A login begins anew, above all that was seen. */
    {
        struct exo_store_lock lock;

        assert_int_equal(
            exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
        exo_record_init(&record);
        strcpy(record.account, fx->account.name);
        assert_int_equal(exo_store_put(fx->store, &lock, &record, &fx->err), 0);
        assert_int_equal(record.revision, 4);
        /* What was removed does not come back either. */
        copy(fx, RECORD, "kept");
        assert_int_equal(exo_store_remove(fx->store, &lock, &fx->err), 0);
        exo_store_unlock(fx->store, &lock);
        copy(fx, "kept", RECORD);
        refuse_get(fx, "rolled back", "exoauth accept");
    }
}

static void lost_its_seal(void **state)
{
    struct fixture *fx = *state;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);
    struct exo_record record;

    put_serial(fx, 1);
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &fx->err),
                     0);
    record.revision = 100;
    assert_int_equal(exo_record_encode(&record, &text), 0);
    put_file(&fx->place, path_in(fx, RECORD), 0600, text.data);
    refuse_get(fx, "no longer sealed", "exoauth login");
    exo_record_free(&record);
    exo_buf_free(&text);
}

/* Another host wrote to a shared store: that counts, too. */
static void seen_is_enough(void **state)
{
    struct fixture *fx = *state;
    struct exo_store_guard guard = { keys, NULL, "", false };
    struct exo_store *other;

    put_serial(fx, 1);
    copy(fx, RECORD, "kept");
    assert_int_equal(exo_store_open(&other, fx->url, false, &fx->err), 0);
    exo_store_protect(other, &guard);
    {
        struct exo_store *mine = fx->store;

        fx->store = other;
        put_serial(fx, 2);
        fx->store = mine;
    }
    exo_store_close(other);
    assert_int_equal(get_serial(fx), 2);
    copy(fx, "kept", RECORD);
    refuse_get(fx, "rolled back: revision 2", "exoauth accept");
}

static void bad_mark(void **state)
{
    struct fixture *fx = *state;
    char path[500];

    put_serial(fx, 1);
    (void)snprintf(path, sizeof(path), "%s.marks/a@b.example", fx->dir);
    put_file(&fx->place, path, 0600, "exoauth: 1\nrevision: -1\n\n");
    refuse_get(fx, "is not usable", "exoauth accept a@b.example");
    assert_int_equal(renew(fx, true), 0);
    assert_int_equal(get_serial(fx), 1);
}

static void two_keys(void **state)
{
    static const char ring[] =
        "exoauth: 1\nkey: " OTHER_KEY "\nold_key: " KEY "\n";
    struct fixture *fx = *state;

    put_serial(fx, 1);
    set(&source.text, ring, sizeof(ring) - 1);
    assert_int_equal(get_serial(fx), 1);
    put_serial(fx, 2);
    assert_true(file_exists(path_in(fx, PREVIOUS)));
    assert_int_equal(renew(fx, false), 0);
    assert_false(file_exists(path_in(fx, PREVIOUS)));
    set(&source.text, OTHER_KEY, strlen(OTHER_KEY));
    assert_int_equal(get_serial(fx), 2);
    assert_false(in_file(fx, RECORD, KEY_ID));
}

/* A new record, and the key changes while it is written. */
static void key_changes_under_way(void **state)
{
    static const char ring[] =
        "exoauth: 1\nkey: " OTHER_KEY "\nold_key: " KEY "\n";
    struct fixture *fx = *state;

    set(&source.next, ring, sizeof(ring) - 1);
    put_serial(fx, 1);
    set(&source.text, OTHER_KEY, strlen(OTHER_KEY));
    assert_false(in_file(fx, RECORD, KEY_ID));
    assert_int_equal(get_serial(fx), 1);
}

/* Somebody writes just before a mark is looked at, once. */
static struct fixture *writes_before_mark;

int __real_exo_mark_read(const struct exo_store *store,
                         const struct exo_account *account,
                         struct exo_mark *mark, struct exo_err *err);
int __wrap_exo_mark_read(const struct exo_store *store,
                         const struct exo_account *account,
                         struct exo_mark *mark, struct exo_err *err);

int __wrap_exo_mark_read(const struct exo_store *store,
                         const struct exo_account *account,
                         struct exo_mark *mark, struct exo_err *err)
{
    struct fixture *fx = writes_before_mark;

    writes_before_mark = NULL;
    if (fx != NULL)
        put_serial(fx, get_serial(fx) + 1);
    return __real_exo_mark_read(store, account, mark, err);
}

/* Readers take no lock: a write between their two looks, at the mark and at
 * the record, must not pass for a rollback. */
static void written_under_way(void **state)
{
    struct fixture *fx = *state;
    struct exo_record record;

    put_serial(fx, 1);
    writes_before_mark = fx;
    assert_int_equal(get_serial(fx), 2);
    writes_before_mark = fx;
    assert_int_equal(exo_store_peek(fx->store, &fx->account, &record, &fx->err),
                     0);
    assert_int_equal(record.serial, 3);
    exo_record_free(&record);
}

#define guarded(test) \
    cmocka_unit_test_setup_teardown(test, guard_setup, guard_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        guarded(seals_in_the_store), guarded(seals_what_was_open),
        guarded(no_key_over_sealed), guarded(swapped),
        guarded(rolled_back),        guarded(lost_its_seal),
        guarded(seen_is_enough),     guarded(bad_mark),
        guarded(two_keys),           guarded(key_changes_under_way),
        guarded(written_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
