/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels, sinks and clean lines. syslog itself is left alone. */
#include "config.h"

#include "exoauth/log.h"

#include <errno.h>

#include "util.h"

static void levels(void **state)
{
    static const char *const names[] = { "error", "warning", "notice", "info",
                                         "debug" };
    enum exo_log_level level;

    (void)state;
    for (size_t i = 0; i < N_OF(names); i++) {
        assert_true(exo_log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    level = EXO_LOG_INFO;
    assert_false(exo_log_level_parse("Debug", &level));
    assert_false(exo_log_level_parse("", &level));
    assert_int_equal(level, EXO_LOG_INFO);
}

static void to_a_file(void **state)
{
    struct place *place = *state;
    char big[3000];
    const char *text;

    assert_int_equal(exo_log_open(place_name(place, "log"), EXO_LOG_INFO),
                     EXO_OK);
    errno = EBUSY;
    exo_log(EXO_LOG_WARNING, "w%d\r\nx", 1);
    assert_int_equal(errno, EBUSY);
    exo_log(EXO_LOG_DEBUG, "not this");
    memset(big, 'b', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    exo_log(EXO_LOG_INFO, "%s", big);
    exo_log_close();
    assert_int_equal(exo_log_open(place_name(place, "log"), EXO_LOG_ERROR),
                     EXO_OK);
    exo_log(EXO_LOG_ERROR, "again");
    exo_log_close();

    text = get_file(place, "log");
    assert_non_null(strstr(text, "]: warning: w1??x\n"));
    assert_null(strstr(text, "not this"));
    assert_non_null(strstr(text, "]: info: bbbb"));
    assert_non_null(strstr(text, "]: error: again\n"));
    assert_ptr_equal(strchr(text, 'T'), text + 10);
}

static void to_stderr(void **state)
{
    struct place *place = *state;
    int kept = dup(STDERR_FILENO);
    int fd = openat(place->fd, "err", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_true(kept >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(exo_log_open("stderr", EXO_LOG_NOTICE), EXO_OK);
    exo_log(EXO_LOG_NOTICE, "hello");
    /* What cannot be opened leaves stderr in force, with the level. */
    assert_int_equal(exo_log_open(place_name(place, "no/where"), EXO_LOG_DEBUG),
                     EXO_E_NOENT);
    exo_log(EXO_LOG_DEBUG, "still here");
    assert_int_equal(mkfifoat(place->fd, "pipe", 0600), 0);
    assert_int_equal(exo_log_open(place_name(place, "pipe"), EXO_LOG_DEBUG),
                     EXO_E_UNSAFE);
    assert_int_equal(exo_log_open("/dev/null", EXO_LOG_DEBUG), EXO_E_UNSAFE);
    assert_int_equal(exo_log_open("/dev/stdout", EXO_LOG_DEBUG), EXO_E_UNSAFE);
    assert_int_equal(symlinkat("target", place->fd, "link"), 0);
    assert_int_equal(exo_log_open(place_name(place, "link"), EXO_LOG_DEBUG),
                     EXO_OK);
    exo_log_close();
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(kept);
    (void)close(fd);
    assert_string_equal(get_file(place, "err"),
                        "exoauth: hello\nexoauth: still here\n");
    assert_non_null(get_file(place, "target"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test_setup_teardown(to_a_file, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(to_stderr, place_setup, place_teardown),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
