/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration that is broken, or not to be believed: one warning that
 * names the file, and no mechanism.
 */
#include "config.h"

#include "entry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_one_warning(void)
{
    assert_int_equal(entry_count(), 0);
    assert_int_equal(entry_warnings, 1);
    if (strstr(entry_log, world_path("conf/exoauth.conf")) == NULL ||
        strchr(entry_log, '\n') != NULL)
        fail_msg("logged: %s", entry_log);
}

static void broken_configuration(void **state)
{
    static const char binary[] = "timeout: \0\1\2\377\n";
    char *huge = long_token(70000);
    const char *conf = world_path("conf/exoauth.conf");

    (void)state;
    world_write(conf, 0644, "no colon\n", 9);
    expect_one_warning();
    world_write(conf, 0644, "timeout: 5\ntimeout: 6\n", 22);
    expect_one_warning();
    world_write(conf, 0644, "timeout: soon\n", 14);
    expect_one_warning();
    world_write(conf, 0644, "mechanisms: plain\n", 18);
    expect_one_warning();
    world_write(conf, 0644, binary, sizeof binary - 1);
    expect_one_warning();
    world_write(conf, 0644, huge, 70000);
    expect_one_warning();
    world_write(conf, 0664, "", 0);
    expect_one_warning();
    world_write(conf, 0646, "", 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(symlink("/nonexistent", conf), 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(mkfifo(conf, 0644), 0);
    expect_one_warning();
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(mkdir(conf, 0755), 0);
    expect_one_warning();
    assert_int_equal(rmdir(conf), 0);
    free(huge);
}

static bool warned_as_nobody(void *arg)
{
    (void)arg;
    if (!become_nobody())
        return false;
    expect_one_warning();
    return true;
}

static void unreadable_configuration(void **state)
{
    (void)state;
    assert_int_equal(chmod(world_path("conf/exoauth.conf"), 0), 0);
    assert_true(in_child(warned_as_nobody, NULL));
}

static void configuration_of_a_stranger(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        say_skipped("only root can give a file away");
        return;
    }
    assert_int_equal(chown(world_path("conf/exoauth.conf"), 12345, 12345), 0);
    expect_one_warning();
}

static void unknown_key_is_no_error(void **state)
{
    (void)state;
    world_conf("novelty: 1\n");
    assert_int_equal(entry_count(), 2);
    assert_int_equal(entry_warnings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(broken_configuration),
        TEST(unreadable_configuration),
        TEST(configuration_of_a_stranger),
        TEST(unknown_key_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
