/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals of a listener in the log: one line for a uid in a minute, and then
 * the number of the others. No minute is waited for. */
#include "config.h"

#include "helper/serve/askers.h"

#include <string.h>

#include "exoauth/log.h"
#include "util.h"

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        n++;
    }
    return n;
}

static void once_a_minute(void **state)
{
    struct place *place = *state;
    struct exo_askers askers = { .n = 0 };
    const char *log;

    assert_int_equal(exo_log_open(place_name(place, "log"), EXO_LOG_NOTICE), 0);
    assert_int_equal(exo_askers_tell(&askers, false), -1);
    for (unsigned i = 0; i < 8; i++) {
        exo_askers_refuse(&askers, 7, "no token of %s", "a; run: id");
    }
    exo_askers_refuse(&askers, 8, "no token of b");
    assert_in_range(exo_askers_tell(&askers, false), 1, EXO_ASKERS_MS);
    exo_askers_find(&askers, 7)->told -= EXO_ASKERS_MS;
    exo_askers_find(&askers, 8)->told -= EXO_ASKERS_MS;
    assert_int_equal(exo_askers_tell(&askers, false), -1);
    /* The count was a line of its own, so the next one waits again. */
    exo_askers_refuse(&askers, 7, "no token of c");
    exo_askers_refuse(&askers, 8, "no token of d");
    exo_askers_refuse(&askers, 8, "no token of e");
    (void)exo_askers_tell(&askers, true);
    assert_int_equal(exo_askers_tell(&askers, true), -1);
    exo_log_close();

    log = get_file(place, "log");
    assert_non_null(strstr(log, "uid 7: refused: no token of a; run. id\n"));
    assert_non_null(strstr(log, "uid 7: refused 7 times more\n"));
    assert_non_null(strstr(log, "uid 8: refused: no token of b\n"));
    assert_null(strstr(log, "no token of c"));
    assert_non_null(strstr(log, "uid 7: refused 1 times more\n"));
    assert_non_null(strstr(log, "uid 8: refused: no token of d\n"));
    assert_non_null(strstr(log, "uid 8: refused 1 times more\n"));
    assert_int_equal(count(log, "\n"), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_a_minute, place_setup,
                                        place_teardown),
    };

    return cmocka_run_group_tests_name("askers", tests, NULL, NULL);
}
