/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store under guard: what is sealed and when, keys that are missing or
 * change under way, records that were swapped or restored.
 */
#include "config.h"

#include "exoauth/keyring.h"
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
    bool broken;            /* it cannot be read */
    void (*meanwhile)(struct fixture *fx); /* once, at the next call */
    struct fixture *fx;
} source = { EXO_SECRET_INIT, EXO_SECRET_INIT, false, NULL, NULL };

static int keys(void *context, struct exo_keyring *ring, struct exo_err *err)
{
    const char *why;
    int rc = EXO_E_NOENT;

    (void)context;
    if (source.meanwhile != NULL) {
        source.meanwhile(source.fx);
        source.meanwhile = NULL;
    }
    if (source.broken)
        return exo_err_set(err, EXO_STATUS_STORE, "key_command failed; mend");
    if (!exo_secret_empty(&source.text))
        rc = exo_keyring_parse(ring, &source.text, &why);
    else
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED, "no key; key_file");
    if (!exo_secret_empty(&source.next))
        exo_secret_move(&source.text, &source.next);
    return rc;
}

/* unsealed: key_file: none */
static void protect(struct fixture *fx, bool unsealed)
{
    struct exo_store_guard guard = { .keys = keys, .unsealed = unsealed };

    exo_store_protect(fx->store, &guard);
}

static int guard_setup(void **state)
{
    struct fixture *fx;

    if (store_setup(state) != 0)
        return -1;
    fx = *state;
    protect(fx, false);
    set(&source.text, KEY, strlen(KEY));
    return 0;
}

static int guard_teardown(void **state)
{
    exo_secret_free(&source.text);
    exo_secret_free(&source.next);
    source.broken = false;
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
               "put the key back");
}

static int renew(struct fixture *fx, bool *was_open)
{
    struct exo_store_lock lock;
    int rc;

    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
    rc = exo_store_renew(fx->store, &lock, was_open, &fx->err);
    exo_store_unlock(fx->store, &lock);
    return rc;
}

/* What an administrator stored under key_file: none. */
static void put_open(struct fixture *fx)
{
    exo_secret_free(&source.text);
    protect(fx, true);
    put_serial(fx, 1);
    put_serial(fx, 2);
    assert_int_equal(get_serial(fx), 2);
    assert_true(in_file(fx, RECORD, "rt-2"));
    assert_true(in_file(fx, PREVIOUS, "rt-1"));
}

static int peek(struct fixture *fx)
{
    struct exo_record record;
    int rc = exo_store_peek(fx->store, &fx->account, &record, &fx->err);

    assert_true(rc == 0 || record.token_endpoint[0] == '\0');
    exo_record_free(&record);
    return rc;
}

static int put_anew(struct fixture *fx, const char *name)
{
    struct exo_store_lock lock;
    struct exo_record record;
    int rc;

    assert_int_equal(exo_account_set(&fx->account, name, strlen(name)), 0);
    assert_int_equal(
        exo_store_lock(fx->store, &fx->account, 0, &lock, &fx->err), 0);
    exo_record_init(&record);
    strcpy(record.account, name);
    rc = exo_store_put(fx->store, &lock, &record, &fx->err);
    assert_int_equal(record.revision, rc == 0 ? 1 : 0);
    exo_store_unlock(fx->store, &lock);
    return rc;
}

/* Whatever became of the key: there, broken, or not there. */
static void open_is_refused(void **state)
{
    struct fixture *fx = *state;

    put_open(fx);
    protect(fx, false);
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            set(&source.text, KEY, strlen(KEY));
        else
            exo_secret_free(&source.text);
        source.broken = i == 1;
        refuse_get(fx, "it is not sealed",
                   "exoauth rekey; or if not, run: exoauth login a@b.example");
        assert_int_equal(peek(fx), EXO_E_STATUS);
        check_text(&fx->err, "it is not sealed", "exoauth rekey");
    }
}

static void rekey_seals_what_was_open(void **state)
{
    struct fixture *fx = *state;
    bool was_open = false;

    put_open(fx);
    protect(fx, false);
    set(&source.text, KEY, strlen(KEY));
    assert_int_equal(renew(fx, &was_open), 0);
    assert_true(was_open);
    assert_int_equal(get_serial(fx), 2);
    assert_false(in_file(fx, RECORD, "rt-"));
    assert_false(file_exists(path_in(fx, PREVIOUS)));
    assert_int_equal(renew(fx, &was_open), 0);
    assert_false(was_open);
}

/* A login replaces it, and no copy in the clear stays. */
static void login_replaces_what_was_open(void **state)
{
    struct fixture *fx = *state;

    put_open(fx);
    protect(fx, false);
    set(&source.text, KEY, strlen(KEY));
    assert_int_equal(put_anew(fx, "a@b.example"), 0);
    assert_false(in_file(fx, RECORD, "rt-"));
    assert_false(file_exists(path_in(fx, PREVIOUS)));
}

static void no_key_stores_nothing(void **state)
{
    struct fixture *fx = *state;

    exo_secret_free(&source.text);
    assert_int_equal(exo_store_ready(fx->store, &fx->err), EXO_E_STATUS);
    assert_int_equal(put_anew(fx, "c@d"), EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_MISCONFIGURED);
    check_text(&fx->err, "no key", "key_file");
    assert_false(file_exists(path_in(fx, "c@d.json")));
    source.broken = true;
    assert_int_equal(exo_store_ready(fx->store, &fx->err), EXO_E_STATUS);
    assert_int_equal(put_anew(fx, "c@d"), EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    assert_false(file_exists(path_in(fx, "c@d.json")));
}

static void no_key_over_open(void **state)
{
    struct fixture *fx = *state;

    put_open(fx);
    protect(fx, false);
    assert_int_equal(put_anew(fx, "c@d"), EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_MISCONFIGURED);
    check_text(&fx->err, "a@b.example is stored unsealed", "exoauth rekey");
    assert_false(file_exists(path_in(fx, "c@d.json")));
}

/* `none` beside what is sealed: a forged one is not believed. */
static void none_over_sealed(void **state)
{
    struct fixture *fx = *state;
    struct exo_record record;
    struct exo_buf text = EXO_BUF_INIT(EXO_RECORD_MAX);

    put_serial(fx, 1);
    exo_record_init(&record);
    strcpy(record.account, "c@d");
    strcpy(record.token_endpoint, "https://evil.example/token");
    record.revision = 9;
    assert_int_equal(exo_record_encode(&record, &text), 0);
    put_file(&fx->place, path_in(fx, "c@d.json"), 0600, text.data);
    exo_secret_free(&source.text);
    protect(fx, true);
    assert_int_equal(exo_account_set(&fx->account, "c@d", 3), 0);
    refuse_get(fx, "the credential of a@b.example is sealed", "put the key");
    assert_int_equal(peek(fx), EXO_E_STATUS);
    exo_record_free(&record);
    exo_buf_free(&text);
}

static void no_key_over_sealed(void **state)
{
    struct fixture *fx = *state;

    put_serial(fx, 1);
    exo_secret_free(&source.text);
    assert_int_equal(put_anew(fx, "c@d"), EXO_E_STATUS);
    assert_int_equal(fx->err.status, EXO_STATUS_STORE);
    check_text(&fx->err, "key of the credential store is missing",
               "put the key back");
    assert_false(file_exists(path_in(fx, "c@d.json")));
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

/* A record of before is used as it is: who can put it there can as well
 * delete the one of today. The next write goes on from it. */
static void restored(void **state)
{
    struct fixture *fx = *state;

    put_serial(fx, 1);
    copy(fx, RECORD, "kept");
    put_serial(fx, 2);
    copy(fx, "kept", RECORD);
    assert_int_equal(get_serial(fx), 1);
    put_serial(fx, 5);
    assert_int_equal(get_serial(fx), 5);
}

static void two_keys(void **state)
{
    static const char ring[] =
        "exoauth: 1\nkey: " OTHER_KEY "\nold_key: " KEY "\n";
    struct fixture *fx = *state;
    bool was_open;

    put_serial(fx, 1);
    set(&source.text, ring, sizeof(ring) - 1);
    assert_int_equal(get_serial(fx), 1);
    put_serial(fx, 2);
    assert_true(file_exists(path_in(fx, PREVIOUS)));
    assert_int_equal(renew(fx, &was_open), 0);
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

/* What a rekey changes between two looks is no other store's key. */
static void key_changes_between_looks(void **state)
{
    struct fixture *fx = *state;
    struct exo_err err = EXO_ERR_INIT;

    put_serial(fx, 1);
    set(&source.text, OTHER_KEY, strlen(OTHER_KEY));
    assert_int_equal(exo_store_ready(fx->store, &err), EXO_E_STATUS);
    assert_int_equal(err.status, EXO_STATUS_STORE);
    err = (struct exo_err)EXO_ERR_INIT;
    set(&source.next, KEY, strlen(KEY));
    assert_int_equal(exo_store_ready(fx->store, &err), EXO_E_STATUS);
    assert_int_equal(err.status, EXO_STATUS_TRANSIENT);
    assert_int_equal(exo_store_ready(fx->store, &err), 0);
}

static void seal_anew(struct fixture *fx)
{
    copy(fx, "newer", RECORD);
}

/* The record was read, and then a rekey ended. */
static void rekey_ends_under_way(void **state)
{
    static const char ring[] =
        "exoauth: 1\nkey: " OTHER_KEY "\nold_key: " KEY "\n";
    struct fixture *fx = *state;
    struct exo_err err = EXO_ERR_INIT;
    struct exo_record record;
    bool was_open;

    put_serial(fx, 1);
    copy(fx, RECORD, "older");
    set(&source.text, ring, sizeof(ring) - 1);
    assert_int_equal(renew(fx, &was_open), 0);
    copy(fx, RECORD, "newer");
    copy(fx, "older", RECORD);
    set(&source.text, OTHER_KEY, strlen(OTHER_KEY));
    source.meanwhile = seal_anew;
    source.fx = fx;
    assert_int_equal(exo_store_get(fx->store, &fx->account, &record, &err),
                     EXO_E_STATUS);
    exo_record_free(&record);
    assert_int_equal(err.status, EXO_STATUS_TRANSIENT);
    assert_int_equal(get_serial(fx), 1);
}

#define guarded(test) \
    cmocka_unit_test_setup_teardown(test, guard_setup, guard_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        guarded(seals_in_the_store),
        guarded(open_is_refused),
        guarded(rekey_seals_what_was_open),
        guarded(login_replaces_what_was_open),
        guarded(no_key_stores_nothing),
        guarded(no_key_over_open),
        guarded(no_key_over_sealed),
        guarded(none_over_sealed),
        guarded(swapped),
        guarded(restored),
        guarded(two_keys),
        guarded(key_changes_under_way),
        guarded(key_changes_between_looks),
        guarded(rekey_ends_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
