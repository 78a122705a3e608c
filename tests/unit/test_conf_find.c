/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which exoauth.conf is in force. The tests run the same as root and as an
 * ordinary user: what differs for root runs in a child that has become
 * nobody, as this program itself may be either.
 */
#include "config.h"

#include "exoauth/conf.h"

#include <grp.h>
#include <sys/wait.h>

#include "util.h"

/* Runs check in a child that is no longer root; 0 if it returned true. */
static char *user_file(void)
{
    char *file;

    assert_int_equal(exo_conf_user_file(&file), EXO_OK);
    return file;
}

static int as_user(bool (*check)(const struct place *), struct place *place)
{
    int status;
    pid_t pid;

    if (geteuid() == 0)
        assert_int_equal(fchown(place->fd, NOBODY, NOBODY), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
                               setuid(NOBODY) != 0))
            _exit(2);
        _exit(check(place) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (geteuid() == 0)
        assert_int_equal(fchown(place->fd, 0, 0), 0);
    return status;
}

static bool finds(const char *explicit_file, const char *sasl_path,
                  const char *want, bool want_user)
{
    char *path;
    bool user, ok;

    if (exo_conf_find(explicit_file, sasl_path, &path, &user) != EXO_OK)
        return false;
    ok = strcmp(path, want) == 0 && user == want_user;
    if (!ok)
        print_error("found %s, wanted %s\n", path, want);
    free(path);
    return ok;
}

static void in_the_sasl_path(void **state)
{
    struct place *place = *state;
    char list[1200], want[600], cwd[512];

    assert_int_equal(mkdirat(place->fd, "a", 0755), 0);
    assert_int_equal(mkdirat(place->fd, "b", 0755), 0);
    assert_int_equal(mkdirat(place->fd, "c", 0755), 0);
    (void)snprintf(list, sizeof list, ":%s/a::%s/b:%s/c:", place->path,
                   place->path, place->path);
    assert_int_equal(unsetenv("HOME"), 0);

    (void)snprintf(want, sizeof want, "%s/a/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));
    put_file(place, "c/exoauth.conf", 0644, "");
    (void)snprintf(want, sizeof want, "%s/c/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));
    /* A dangling link is there, and will be an error. */
    assert_int_equal(symlinkat("x", place->fd, "b/exoauth.conf"), 0);
    (void)snprintf(want, sizeof want, "%s/b/exoauth.conf", place->path);
    assert_true(finds(NULL, list, want, false));

    /* By the environment, and explicitly. */
    assert_int_equal(setenv("SASL_CONF_PATH", list, 1), 0);
    assert_string_equal(exo_conf_sasl_path(), list);
    assert_true(finds(NULL, NULL, want, false));
    assert_int_equal(setenv("SASL_CONF_PATH", "", 1), 0);
    assert_string_not_equal(exo_conf_sasl_path(), "");
    assert_int_equal(unsetenv("SASL_CONF_PATH"), 0);
    assert_true(exo_conf_sasl_path()[0] == '/');
    assert_true(finds("/else/where.conf", list, "/else/where.conf", false));
    assert_non_null(getcwd(cwd, sizeof cwd));
    (void)snprintf(want, sizeof want, "%s/here.conf", cwd);
    assert_true(finds("here.conf", list, want, false));
    (void)snprintf(want, sizeof want, "%s/rel/exoauth.conf", cwd);
    assert_true(finds(NULL, "rel", want, false));
}

static bool user_check(const struct place *place)
{
    char dir[512], file[600], list[600];
    char *path;
    bool ok;

    (void)snprintf(list, sizeof list, "%s/sys", place->path);
    if (setenv("HOME", place->path, 1) != 0 || unsetenv("XDG_CONFIG_HOME") != 0)
        return false;
    (void)snprintf(file, sizeof file, "%s/.config/exoauth/exoauth.conf",
                   place->path);
    path = user_file();
    ok = path != NULL && strcmp(path, file) == 0;
    free(path);
    /* It is in force only where it exists ... */
    (void)snprintf(dir, sizeof dir, "%s/sys/exoauth.conf", place->path);
    ok = ok && finds(NULL, list, dir, false);
    /* ... but a helper that is told its name knows whose it is. */
    ok = ok && finds(file, list, file, true);
    (void)snprintf(dir, sizeof dir, "%s/.config", place->path);
    ok = ok && mkdir(dir, 0755) == 0;
    (void)snprintf(dir, sizeof dir, "%s/.config/exoauth", place->path);
    ok = ok && mkdir(dir, 0755) == 0;
    put_file(place, ".config/exoauth/exoauth.conf", 0644, "");
    ok = ok && finds(NULL, list, file, true);

    (void)setenv("XDG_CONFIG_HOME", "relative", 1);
    ok = ok && finds(NULL, list, file, true);
    (void)setenv("XDG_CONFIG_HOME", "/xdg", 1);
    path = user_file();
    ok = ok && path != NULL && strcmp(path, "/xdg/exoauth/exoauth.conf") == 0;
    free(path);
    (void)setenv("HOME", "relative", 1);
    ok = ok && user_file() == NULL;
    (void)unsetenv("HOME");
    return ok && user_file() == NULL;
}

static void the_users_own(void **state)
{
    assert_int_equal(as_user(user_check, *state), 0);
}

static void root_has_none(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        say_skipped("not root");
        return;
    }
    assert_int_equal(setenv("HOME", "/root", 1), 0);
    assert_null(user_file());
}

static bool secure_check(const struct place *place)
{
    (void)place;
    return !exo_conf_secure_mode();
}

static void secure_mode(void **state)
{
    int status;
    pid_t pid;

    assert_int_equal(as_user(secure_check, *state), 0);
    if (geteuid() != 0) {
        say_skipped("only root can become set-id in a test");
        return;
    }
    for (int group = 0; group < 2; group++) {
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            bool ok = setenv("HOME", "/home/x", 1) == 0 &&
                      setenv("SASL_CONF_PATH", "/evil", 1) == 0 &&
                      (group ? setegid(NOBODY) : seteuid(NOBODY)) == 0 &&
                      exo_conf_secure_mode() && user_file() == NULL &&
                      strcmp(exo_conf_sasl_path(), "/evil") != 0;

            _exit(ok ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static bool unreadable_check(const struct place *place)
{
    struct exo_err err = EXO_ERR_INIT;
    struct exo_conf *conf;

    /* A directory that cannot be looked into may hold the file in force. */
    char list[600], want[600];

    (void)snprintf(list, sizeof list, "%s/locked:%s", place->path, place->path);
    (void)snprintf(want, sizeof want, "%s/locked/exoauth.conf", place->path);
    put_file(place, "exoauth.conf", 0644, "");
    if (unsetenv("HOME") != 0 || mkdirat(place->fd, "locked", 0) != 0 ||
        !finds(NULL, list, want, false) ||
        exo_conf_load(&conf, want, false, "", &err) != EXO_E_STATUS)
        return false;
    put_file(place, "secret.conf", 0, "");
    return exo_conf_load(&conf, place_name(place, "secret.conf"), false, "",
                         &err) == EXO_E_STATUS &&
           strstr(err.text, "permission denied") != NULL;
}

static void unreadable_file(void **state)
{
    assert_int_equal(as_user(unreadable_check, *state), 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_the_sasl_path), TEST(the_users_own),   TEST(root_has_none),
        TEST(secure_mode),      TEST(unreadable_file),
    };

    return cmocka_run_group_tests_name("conf_find", tests, NULL, NULL);
}
