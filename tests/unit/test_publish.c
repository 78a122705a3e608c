/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Published files: their text, owner and mode, in every root, only where
 * they differ, and never by way of a link.
 */
#include "config.h"

#include <sys/wait.h>

#include "house.h"

#include "exoauth/log.h"
#include "helper/broker/broker.h"

#define ACCOUNT                                               \
    "provider: custom\nclient_id: i\nservers: mail.example\n" \
    "token_endpoint: https://as.example/token\n"

struct office {
    struct house house;
    struct exo_app app;
    struct exo_settings *settings;
    struct exo_record record;
};

static void settle(struct office *o, const char *name)
{
    struct exo_account account = account_of(name);

    exo_settings_free(o->settings);
    o->settings = NULL;
    if (exo_settings_load(&o->settings, o->house.conf, &account,
                          &o->house.err) != 0)
        fail_msg("%s", o->house.err.text);
}

static void make_dirs(const char *path)
{
    struct exo_path_rule rule;
    struct exo_path made;

    exo_path_rule_self(&rule);
    assert_int_equal(exo_path_dir(&made, &rule, path, "", EXO_PATH_MAKE, 0700),
                     0);
    exo_path_close(&made);
}

static int setup(void **state)
{
    struct office *o = calloc(1, sizeof(*o));
    char line[1400];

    assert_non_null(o);
    house_make(&o->house);
    for (int i = 1; i <= 2; i++) {
        (void)snprintf(line, sizeof(line), "%s/jail%d%s/tokens",
                       o->house.place.path, i, o->house.place.path);
        make_dirs(line);
    }
    (void)snprintf(line, sizeof(line), "chroot: %s/jail1/ %s/jail2\n",
                   o->house.place.path, o->house.place.path);
    house_conf(&o->house, line);
    house_file(&o->house, "a@b", ACCOUNT);
    o->app.conf = o->house.conf;
    assert_int_equal(
        exo_log_open(place_name(&o->house.place, "log"), EXO_LOG_INFO), 0);
    exo_record_init(&o->record);
    o->record.serial = 42;
    o->record.issued = 1800000000;
    o->record.refresh_after = 1800001800;
    o->record.usable_until = 1800003000;
    o->record.expires = 1800003600;
    assert_int_equal(exo_secret_set(&o->record.access_token, "eyJ0", 4), 0);
    settle(o, "a@b");
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct office *o = *state;

    exo_log_close();
    exo_record_free(&o->record);
    exo_settings_free(o->settings);
    house_remove(&o->house);
    free(o);
    return 0;
}

/* tokens/NAME below root 0 (none), 1 or 2. */
static const char *path_of(const struct office *o, int root, const char *name)
{
    static char path[700];

    if (root == 0)
        (void)snprintf(path, sizeof(path), "tokens/%s", name);
    else
        (void)snprintf(path, sizeof(path), "jail%d%s/tokens/%s", root,
                       o->house.place.path, name);
    return path;
}

static const char *text_of(const struct office *o, int root, const char *name)
{
    return get_file(&o->house.place, path_of(o, root, name));
}

static const char *logged(const struct office *o)
{
    const char *text = get_file(&o->house.place, "log");

    return text != NULL ? text : "";
}

static struct stat stat_of(const struct office *o, int root, const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(o->house.place.fd, path_of(o, root, name), &st,
                             AT_SYMLINK_NOFOLLOW),
                     0);
    return st;
}

static void publish(struct office *o)
{
    exo_publish(&o->app, o->settings, &o->record);
}

static bool is_published(struct office *o)
{
    return exo_is_published(&o->app, o->settings, &o->record);
}

static void writes_the_token_in_every_root(void **state)
{
    struct office *o = *state;

    assert_false(is_published(o));
    publish(o);
    assert_true(is_published(o));
    for (int root = 0; root < 3; root++) {
        struct stat st = stat_of(o, root, "a@b");

        assert_string_equal(text_of(o, root, "a@b"),
                            "exoauth: 1\n"
                            "account: a@b\n"
                            "user: a@b\n"
                            "servers: mail.example\n"
                            "serial: 42\n"
                            "issued: 1800000000\n"
                            "refresh_after: 1800001800\n"
                            "usable_until: 1800003000\n"
                            "expires: 1800003600\n"
                            "token: eyJ0\n"
                            "\n");
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_uid, geteuid());
        assert_int_equal(st.st_nlink, 1);
    }
    assert_string_equal(logged(o), "");
}

static void writes_only_what_differs(void **state)
{
    struct office *o = *state;
    struct stat before[2], after[2];

    publish(o);
    assert_int_equal(unlinkat(o->house.place.fd, path_of(o, 1, "a@b"), 0), 0);
    assert_false(is_published(o));
    before[0] = stat_of(o, 0, "a@b");
    before[1] = stat_of(o, 2, "a@b");
    publish(o);
    after[0] = stat_of(o, 0, "a@b");
    after[1] = stat_of(o, 2, "a@b");
    assert_true(before[0].st_ino == after[0].st_ino);
    assert_true(before[1].st_ino == after[1].st_ino);
    assert_int_equal(before[0].st_ctim.tv_nsec, after[0].st_ctim.tv_nsec);
    assert_non_null(text_of(o, 1, "a@b"));
    assert_true(is_published(o));

    o->record.serial++;
    assert_false(is_published(o));
    publish(o);
    assert_has(text_of(o, 2, "a@b"), "serial: 43\n");
    put_file(&o->house.place, path_of(o, 2, "a@b"), 0600, "rubbish");
    assert_false(is_published(o));
    publish(o);
    assert_true(is_published(o));
}

/* token_group may come later than the first token. */
static void follows_the_mode_of_the_directory(void **state)
{
    struct office *o = *state;

    publish(o);
    assert_int_equal(fchmodat(o->house.place.fd, "tokens", 02750, 0), 0);
    assert_false(is_published(o));
    publish(o);
    assert_int_equal(stat_of(o, 0, "a@b").st_mode & 07777, 0640);
    assert_int_equal(stat_of(o, 1, "a@b").st_mode & 07777, 0600);
    assert_true(is_published(o));
    if (geteuid() == 0) { /* nobody else may give a file to a group */
        assert_int_equal(fchownat(o->house.place.fd, path_of(o, 0, "a@b"), 0,
                                  4711, AT_SYMLINK_NOFOLLOW),
                         0);
        assert_false(is_published(o));
        publish(o);
        assert_int_equal(stat_of(o, 0, "a@b").st_gid, stat_of(o, 0, "").st_gid);
    }
    assert_int_equal(fchmodat(o->house.place.fd, "tokens", 0700, 0), 0);
    assert_false(is_published(o));
    publish(o);
    assert_int_equal(stat_of(o, 0, "a@b").st_mode & 07777, 0600);
}

static void points_to_a_borrowed_credential(void **state)
{
    struct office *o = *state;

    house_file(&o->house, "s@b",
               "credential: a@b\nuser: Shared@b\n"
               "servers: imap.example\n");
    settle(o, "s@b");
    publish(o);
    assert_string_equal(text_of(o, 1, "s@b"), "exoauth: 1\n"
                                              "account: s@b\n"
                                              "user: Shared@b\n"
                                              "servers: imap.example\n"
                                              "credential: a@b\n"
                                              "\n");
    assert_has(text_of(o, 1, "a@b"), "user: a@b\nservers: mail.example\n");
    assert_has(text_of(o, 1, "a@b"), "token: eyJ0\n");
    assert_true(is_published(o));
    assert_int_equal(unlinkat(o->house.place.fd, path_of(o, 0, "s@b"), 0), 0);
    assert_false(is_published(o));
    publish(o);
    assert_int_equal(unlinkat(o->house.place.fd, path_of(o, 0, "a@b"), 0), 0);
    assert_false(is_published(o));
}

static void names_no_user_for_a_domain(void **state)
{
    struct office *o = *state;

    house_file(&o->house, "@d.example", ACCOUNT "user: nobody@d.example\n");
    settle(o, "x@d.example");
    publish(o);
    assert_null(text_of(o, 0, "x@d.example"));
    assert_has(text_of(o, 0, "@d.example"), "account: @d.example\nservers: ");
    assert_lacks(text_of(o, 0, "@d.example"), "user:");
    house_file(&o->house, "a@b", ACCOUNT "user: other@b\n");
    settle(o, "a@b");
    publish(o);
    assert_has(text_of(o, 0, "a@b"), "user: other@b\n");
}

static void puts_off_questions_in_an_outage(void **state)
{
    static const struct {
        int64_t next_try;
        const char *refresh_after, *usable_until;
    } rows[] = {
        { 0, "refresh_after: 1800001800\n", "usable_until: 1800003000\n" },
        { 1800001700, "refresh_after: 1800001800\n",
          "usable_until: 1800003000\n" },
        { 1800002000, "refresh_after: 1800002000\n",
          "usable_until: 1800003000\n" },
        { 1800003100, "refresh_after: 1800003100\n",
          "usable_until: 1800003100\n" },
        { 1900000000, "refresh_after: 1800003600\n",
          "usable_until: 1800003600\n" },
    };
    struct office *o = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        o->record.next_try = rows[i].next_try;
        publish(o);
        assert_has(text_of(o, 0, "a@b"), rows[i].refresh_after);
        assert_has(text_of(o, 0, "a@b"), rows[i].usable_until);
        assert_has(text_of(o, 0, "a@b"), "expires: 1800003600\n");
    }
}

/* Nothing is asked before somebody logs in, or changes the settings. */
static void asks_no_more_after_a_refusal(void **state)
{
    struct office *o = *state;

    o->record.state = EXO_STATUS_NEEDS_LOGIN;
    (void)snprintf(o->record.tried, sizeof(o->record.tried), "other");
    publish(o);
    assert_has(text_of(o, 0, "a@b"), "refresh_after: 1800001800\n");
    (void)snprintf(o->record.tried, sizeof(o->record.tried), "%s",
                   o->settings->fingerprint);
    assert_false(is_published(o));
    publish(o);
    assert_has(text_of(o, 2, "a@b"), "refresh_after: 1800003600\n"
                                     "usable_until: 1800003600\n"
                                     "expires: 1800003600\n");
    o->record.state = EXO_STATUS_OK;
    publish(o);
    assert_has(text_of(o, 0, "a@b"), "refresh_after: 1800001800\n");
}

/* A failed login it must not be; the other roots get theirs. */
static void warns_where_it_cannot(void **state)
{
    struct office *o = *state;
    char away[700];

    (void)snprintf(away, sizeof(away), "%s", path_of(o, 1, ""));
    assert_int_equal(unlinkat(o->house.place.fd, away, AT_REMOVEDIR), 0);
    publish(o);
    assert_non_null(text_of(o, 0, "a@b"));
    assert_non_null(text_of(o, 2, "a@b"));
    assert_false(is_published(o));
    assert_has(logged(o), "cannot publish the token of a@b: ");
    assert_has(logged(o), "/tokens: No such file or directory; ");
    assert_has(logged(o), "run as root: exoauth refresh --all");
    assert_lacks(logged(o), "eyJ0");
}

static void follows_no_link(void **state)
{
    struct office *o = *state;
    char away[700];

    /* In the place of the file: it is replaced, not followed. */
    put_file(&o->house.place, "victim", 0600, "precious");
    assert_int_equal(symlinkat(place_name(&o->house.place, "victim"),
                               o->house.place.fd, path_of(o, 0, "a@b")),
                     0);
    /* In the place of the directory: it is refused. */
    (void)snprintf(away, sizeof(away), "%s", path_of(o, 1, ""));
    away[strlen(away) - 1] = '\0';
    assert_int_equal(unlinkat(o->house.place.fd, away, AT_REMOVEDIR), 0);
    assert_int_equal(mkdirat(o->house.place.fd, "elsewhere", 0700), 0);
    assert_int_equal(symlinkat(place_name(&o->house.place, "elsewhere"),
                               o->house.place.fd, away),
                     0);
    publish(o);
    assert_true(S_ISREG(stat_of(o, 0, "a@b").st_mode));
    assert_string_equal(get_file(&o->house.place, "victim"), "precious");
    assert_null(get_file(&o->house.place, "elsewhere/a@b"));
    assert_has(logged(o), "cannot publish");
    assert_false(is_published(o));
}

static void refuses_what_would_break_the_file(void **state)
{
    struct office *o = *state;

    assert_int_equal(exo_secret_set(&o->record.access_token, "a\nb: c", 6), 0);
    publish(o);
    assert_null(text_of(o, 0, "a@b"));
    assert_has(logged(o), "cannot publish the token of a@b: ");
    assert_lacks(logged(o), "b: c");
}

static void removes_in_every_root(void **state)
{
    struct office *o = *state;
    struct exo_account account = account_of("A@b");
    size_t left = 0;

    assert_false(exo_unpublish(&o->app, &account, &left));
    publish(o);
    put_file(&o->house.place, path_of(o, 0, "other@b"), 0600, "x");
    assert_int_equal(unlinkat(o->house.place.fd, path_of(o, 0, "a@b"), 0), 0);
    assert_true(exo_unpublish(&o->app, &account, &left));
    for (int root = 0; root < 3; root++)
        assert_null(text_of(o, root, "a@b"));
    assert_non_null(text_of(o, 0, "other@b"));
    assert_false(exo_unpublish(&o->app, &account, &left));
    assert_string_equal(logged(o), "");
    assert_int_equal(left, 0);

    assert_int_equal(mkdirat(o->house.place.fd, path_of(o, 2, "a@b"), 0700), 0);
    assert_false(exo_unpublish(&o->app, &account, &left));
    assert_int_equal(left, 1);
    assert_has(logged(o), "cannot remove ");
    assert_has(logged(o), "; remove it by hand");
}

static void sweeps_what_writers_left(void **state)
{
    struct office *o = *state;
    const char *left = ".tmp.0123456789abcdef";
    int status;
    pid_t pid;

    put_file(&o->house.place, path_of(o, 0, left), 0600, "half");
    pid = fork(); /* a process that has not written there yet */
    assert_true(pid >= 0);
    if (pid == 0) {
        publish(o);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_null(text_of(o, 0, left));
}

#define IN_OFFICE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_OFFICE(writes_the_token_in_every_root),
        IN_OFFICE(writes_only_what_differs),
        IN_OFFICE(follows_the_mode_of_the_directory),
        IN_OFFICE(points_to_a_borrowed_credential),
        IN_OFFICE(names_no_user_for_a_domain),
        IN_OFFICE(puts_off_questions_in_an_outage),
        IN_OFFICE(asks_no_more_after_a_refusal),
        IN_OFFICE(warns_where_it_cannot),
        IN_OFFICE(follows_no_link),
        IN_OFFICE(refuses_what_would_break_the_file),
        IN_OFFICE(removes_in_every_root),
        IN_OFFICE(sweeps_what_writers_left),
    };

    return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
