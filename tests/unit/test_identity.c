/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file by which Arc wants to see that a program may have a token: it is
 * named by whoever answered, so nothing but such a file is ever read.
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "oauth/identity.h"
#include "util.h"
#include "../lib/whole.h"

#define KEY "canary-arc-key"

struct fixture {
    struct place place;
    char challenge[1200];
    struct exo_secret key;
    const char *why;
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->key = (struct exo_secret)EXO_SECRET_INIT;
    place_make(&f->place);
    *state = f;
    return 0;
}

static int drop(void **state)
{
    struct fixture *f = *state;

    exo_secret_free(&f->key);
    place_remove(&f->place);
    free(f);
    return 0;
}

/* before, the directory, after: as a header says it. */
static int get(struct fixture *f, const char *before, const char *after)
{
    (void)snprintf(f->challenge, sizeof(f->challenge), "%s%s%s", before,
                   f->place.path, after);
    return exo_arc_key(f->place.path, f->challenge, &f->key, &f->why);
}

static void refused(struct fixture *f, const char *after, const char *why)
{
    assert_int_not_equal(get(f, "Basic realm=", after), 0);
    assert_true(exo_secret_empty(&f->key));
    assert_has(f->why, why);
}

static void test_key(void **state)
{
    static const char *const rows[][2] = {
        { "Basic realm=", "/a.key" },
        { "basic REALM=", "/a.key" },
        { "Basic realm=\"", "/a.key\"" },
    };
    struct fixture *f = *state;

    put_file(&f->place, "a.key", 0600, KEY "\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(get(f, rows[i][0], rows[i][1]), 0);
        assert_string_equal(whole_secret(&f->key), KEY);
    }
}

static void test_names(void **state)
{
    static const char *const rows[] = {
        "/../a.key", "/sub/a.key", "//a.key", "/.key",      "/.a.key",
        "/a.pem",    "/a.key/",    "a.key",   "/a.key.pem", "/a.KEY",
        "/",         "",           "/..",     "/a.key ",
    };
    struct fixture *f = *state;

    put_file(&f->place, "a.key", 0600, KEY);
    put_file(&f->place, ".a.key", 0600, KEY);
    put_file(&f->place, "a.pem", 0600, KEY);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refused(f, rows[i], "names no key file");
    }
    assert_int_not_equal(get(f, "Bearer realm=", "/a.key"), 0);
    assert_int_not_equal(get(f, "Basic realm=/etc", "/a.key"), 0);
    assert_int_not_equal(get(f, "", ""), 0);
    /* Another directory whose name is as long. */
    (void)snprintf(f->challenge, sizeof(f->challenge), "Basic realm=%s/a.key",
                   f->place.path);
    f->challenge[strlen("Basic realm=/")] ^= 1;
    assert_int_not_equal(
        exo_arc_key(f->place.path, f->challenge, &f->key, &f->why), 0);
    assert_int_not_equal(exo_arc_key(f->place.path, "", &f->key, &f->why), 0);
}

static void test_files(void **state)
{
    struct fixture *f = *state;
    char big[4200];

    refused(f, "/none.key", "not found");
    put_file(&f->place, "a.pem", 0600, KEY);
    assert_int_equal(symlink("a.pem", place_name(&f->place, "link.key")), 0);
    refused(f, "/link.key", "symbolic link");
    put_file(&f->place, "open.key", 0666, KEY);
    assert_int_equal(chmod(place_name(&f->place, "open.key"), 0666), 0);
    refused(f, "/open.key", "writable by group or others");
    assert_int_equal(mkdir(place_name(&f->place, "dir.key"), 0700), 0);
    refused(f, "/dir.key", "not a regular file");
    assert_int_equal(mkfifo(place_name(&f->place, "fifo.key"), 0600), 0);
    refused(f, "/fifo.key", "not a regular file");
    put_file(&f->place, "empty.key", 0600, "");
    refused(f, "/empty.key", "no key");
    put_file(&f->place, "lines.key", 0600, "a\nX-Evil: b");
    refused(f, "/lines.key", "no key");
    memset(big, 'k', sizeof(big));
    big[4096] = '\0';
    put_file(&f->place, "full.key", 0600, big);
    assert_int_equal(get(f, "Basic realm=", "/full.key"), 0);
    assert_int_equal(whole_len(&f->key), 4096);
    big[4096] = 'k';
    big[4097] = '\0';
    put_file(&f->place, "more.key", 0600, big);
    refused(f, "/more.key", "large");
}

static void test_no_directory(void **state)
{
    struct fixture *f = *state;

    assert_int_not_equal(exo_arc_key("/nowhere/at/all",
                                     "Basic realm=/nowhere/at/all/a.key",
                                     &f->key, &f->why),
                         0);
    assert_has(f->why, "directory cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_key, make, drop),
        cmocka_unit_test_setup_teardown(test_names, make, drop),
        cmocka_unit_test_setup_teardown(test_files, make, drop),
        cmocka_unit_test_setup_teardown(test_no_directory, make, drop),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
