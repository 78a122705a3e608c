/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the plugin does to a program that merely loads it: registers its
 * mechanisms where there is an account for the process, and nothing,
 * silently, everywhere else.
 */
#include "config.h"

#include "entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int conf_path(void *context, char **path)
{
    *path = context;
    return SASL_OK;
}

static int conf_path_callback(sasl_conn_t *conn, unsigned long id,
                              sasl_callback_ft *proc, void **context)
{
    static char path[512];

    assert_null(conn);
    assert_int_equal(id, SASL_CB_GETCONFPATH);
    snprintf(path, sizeof path, "%s:%s", world_path("missing"),
             world_path("elsewhere"));
    *proc = (int (*)(void))(void (*)(void))conf_path;
    *context = path;
    return SASL_OK;
}

static void check_mech(const sasl_client_plug_t *mech, const char *name,
                       unsigned more_flags, unsigned feature)
{
    assert_string_equal(mech->mech_name, name);
    assert_int_equal(mech->max_ssf, 0);
    assert_int_equal(mech->security_flags,
                     SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS |
                         SASL_SEC_NODICTIONARY | more_flags);
    assert_int_equal(mech->features, SASL_FEAT_ALLOWS_PROXY | feature);
    assert_int_equal(mech->required_prompts[0], SASL_CB_AUTHNAME);
    assert_int_equal(mech->required_prompts[1], SASL_CB_LIST_END);
}

static void contract(void **state)
{
    sasl_client_plug_t *list = NULL;
    int version = 0, n = -1;

    (void)state;
    assert_int_equal(entry()(NULL, 4, &version, &list, &n), SASL_BADPARAM);
    assert_int_equal(entry()(&entry_utils, 4, NULL, &list, &n), SASL_BADPARAM);
    assert_int_equal(entry()(&entry_utils, 4, &version, NULL, &n),
                     SASL_BADPARAM);
    assert_int_equal(entry()(&entry_utils, 4, &version, &list, NULL),
                     SASL_BADPARAM);
    assert_int_equal(entry()(&entry_utils, 3, &version, &list, &n),
                     SASL_BADVERS);
    assert_int_equal(entry()(&entry_utils, 5, &version, &list, &n), SASL_OK);
    assert_int_equal(version, 4);
    check_mech(&list[0], "XOAUTH2", 0, SASL_FEAT_WANT_CLIENT_FIRST);
    check_mech(&list[1], "OAUTHBEARER", 0, SASL_FEAT_WANT_CLIENT_FIRST);
    assert_int_equal(n, 2);
    entry_free(list, n);
    assert_int_equal(entry_warnings, 0);
}

/* What exoauth.conf says of the mechanisms is what is registered. */
static void mechanisms_as_configured(void **state)
{
    static const struct {
        const char *conf, *first, *second;
        unsigned flags, feature;
    } rows[] = {
        { "mechanisms: xoauth2\n", "XOAUTH2", NULL, 0,
          SASL_FEAT_WANT_CLIENT_FIRST },
        { "mechanisms: OAuthBearer\n", "OAUTHBEARER", NULL, 0,
          SASL_FEAT_WANT_CLIENT_FIRST },
        { "mechanisms: oauthbearer XOAUTH2\n", "OAUTHBEARER", "XOAUTH2", 0,
          SASL_FEAT_WANT_CLIENT_FIRST },
        { "mechanisms: xoauth2 xoauth2 xoauth2\n", "XOAUTH2", NULL, 0,
          SASL_FEAT_WANT_CLIENT_FIRST },
        { "initial_response: no\n", "XOAUTH2", "OAUTHBEARER", 0,
          SASL_FEAT_SERVER_FIRST },
        { "noplaintext: yes\n", "XOAUTH2", "OAUTHBEARER", SASL_SEC_NOPLAINTEXT,
          SASL_FEAT_WANT_CLIENT_FIRST },
        { "noplaintext: no\ninitial_response: yes\n", "XOAUTH2", "OAUTHBEARER",
          0, SASL_FEAT_WANT_CLIENT_FIRST },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sasl_client_plug_t *list = NULL;
        int version, n = -1;

        world_conf(rows[i].conf);
        assert_int_equal(entry()(&entry_utils, 4, &version, &list, &n),
                         SASL_OK);
        assert_int_equal(n, rows[i].second != NULL ? 2 : 1);
        check_mech(&list[0], rows[i].first, rows[i].flags, rows[i].feature);
        if (n == 2)
            check_mech(&list[1], rows[i].second, rows[i].flags,
                       rows[i].feature);
        entry_free(list, n);
    }
    world_conf("mechanisms: plain\n");
    assert_int_equal(entry_count(), 0);
    assert_int_equal(entry_warnings, 1);
    assert_non_null(strstr(entry_log, "must be xoauth2, oauthbearer or both"));
}

static void second_init_while_the_first_lives(void **state)
{
    sasl_client_plug_t *first = NULL, *second = NULL;
    int version, n;

    (void)state;
    assert_int_equal(entry()(&entry_utils, 4, &version, &first, &n), SASL_OK);
    assert_int_equal(entry()(&entry_utils, 4, &version, &second, &n), SASL_OK);
    assert_ptr_not_equal(first->glob_context, second->glob_context);
    entry_free(first, n);
    assert_string_equal(second[0].mech_name, "XOAUTH2");
    assert_string_equal(second[1].mech_name, "OAUTHBEARER");
    entry_free(second, n);
}

static void path_of_the_library(void **state)
{
    (void)state;
    /* The path that libsasl2 gives is preferred to the environment's. */
    entry_utils.getcallback = conf_path_callback;
    assert_int_equal(entry_count(), 0);
    assert_int_equal(mkdir(world_path("elsewhere"), 0755), 0);
    assert_int_equal(rename(world_path("conf/exoauth.conf"),
                            world_path("elsewhere/exoauth.conf")),
                     0);
    assert_int_equal(entry_count(), 0);
    assert_int_equal(
        rename(world_path("conf/exoauth.d"), world_path("elsewhere/exoauth.d")),
        0);
    assert_int_equal(entry_count(), 2);
    entry_utils.getcallback = entry_no_callback;
    assert_int_equal(entry_warnings, 0);
}

/* --- nothing to offer ---------------------------------------------------- */

static void expect_silence(void)
{
    assert_int_equal(entry_count(), 0);
    if (entry_warnings != 0)
        fail_msg("logged: %s", entry_log);
}

static void no_account(void **state)
{
    (void)state;
    assert_int_equal(entry_count(), 2);
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    expect_silence();
    world_write(world_path("conf/exoauth.d/.hidden.conf"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/" ALICE ".conf~"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/README"), 0644, "", 0);
    world_write(world_path("conf/exoauth.d/.conf"), 0644, "", 0);
    expect_silence();
    world_account("@example.org");
    assert_int_equal(entry_count(), 2);
}

static void no_account_directory(void **state)
{
    (void)state;
    world_conf("account_dir: /nonexistent/accounts\n");
    expect_silence();
}

static void no_configuration(void **state)
{
    (void)state;
    assert_int_equal(unlink(world_path("conf/exoauth.conf")), 0);
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    expect_silence();
    assert_int_equal(rmdir(world_path("conf/exoauth.d")), 0);
    assert_int_equal(rmdir(world_path("conf")), 0);
    expect_silence();
}

static void nothing_for_libsasl2_either(void **state)
{
    struct host host = { 0 };

    (void)state;
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    host_init(NULL);
    assert_null(strstr(host_mechs(), "XOAUTH2"));
    assert_null(strstr(host_mechs(), "OAUTHBEARER"));
    assert_int_equal(host_login(&host), SASL_NOMECH);
    host_end(&host);
}

static bool silent_as_nobody(void *arg)
{
    (void)arg;
    if (!become_nobody())
        return false;
    expect_silence();
    return true;
}

static bool registers_as_nobody(void *arg)
{
    (void)arg;
    return become_nobody() && entry_count() == 2;
}

static void process_that_may_not_enter(void **state)
{
    (void)state;
    assert_true(in_child(registers_as_nobody, NULL));
    assert_int_equal(chmod(world_path("tokens"), 0600), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    assert_int_equal(chmod(world_path("tokens"), 0755), 0);
    assert_int_equal(rmdir(world_path("tokens")), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    if (geteuid() == 0) /* root may make the directory later */
        assert_int_equal(entry_count(), 2);
}

static const char *wanted;

static int option(void *context, const char *plugin, const char *name,
                  const char **result, unsigned *len)
{
    (void)context;
    (void)len;
    assert_string_equal(plugin, "exoauth");
    assert_string_equal(name, "exoauth_wanted");
    *result = wanted;
    return wanted != NULL ? SASL_OK : SASL_FAIL;
}

/* A host that has nothing but tokens to log in with says so. */
static void process_that_wants_it(void **state)
{
    (void)state;
    entry_utils.getopt = option;
    assert_int_equal(chmod(world_path("tokens"), 0600), 0);
    wanted = NULL;
    assert_true(in_child(silent_as_nobody, NULL));
    wanted = "no";
    assert_true(in_child(silent_as_nobody, NULL));
    wanted = "yes";
    assert_true(in_child(registers_as_nobody, NULL));
    assert_int_equal(unlink(world_path("conf/exoauth.d/" ALICE ".conf")), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    entry_utils.getopt = NULL;
}

/* An ordinary user with a configuration of its own. */
static void accounts_of_a_user(void **state)
{
    (void)state;
    assert_int_equal(rmdir(world_path("tokens")), 0);
    assert_true(in_child(silent_as_nobody, NULL));
    setenv("XDG_CONFIG_HOME", world_path("xdg"), 1);
    setenv("HOME", world_dir(), 1);
    assert_int_equal(mkdir(world_path("xdg"), 0755), 0);
    assert_int_equal(mkdir(world_path("xdg/exoauth"), 0755), 0);
    assert_int_equal(mkdir(world_path("xdg/exoauth/exoauth.d"), 0755), 0);
    world_write(world_path("xdg/exoauth/exoauth.conf"), 0644, "", 0);
    assert_true(in_child(silent_as_nobody, NULL));
    world_write(world_path("xdg/exoauth/exoauth.d/" ALICE ".conf"), 0644, "",
                0);
    assert_true(in_child(registers_as_nobody, NULL));
    unsetenv("XDG_CONFIG_HOME");
    assert_true(in_child(silent_as_nobody, NULL));
    unsetenv("HOME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(contract),
        TEST(mechanisms_as_configured),
        TEST(second_init_while_the_first_lives),
        TEST(path_of_the_library),
        TEST(no_account),
        TEST(no_account_directory),
        TEST(no_configuration),
        TEST(nothing_for_libsasl2_either),
        TEST(process_that_may_not_enter),
        TEST(process_that_wants_it),
        TEST(accounts_of_a_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
