/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading and unloading again and again, as libsasl2's users do: nothing is
 * lost, and the module stays where threads may still run in it.
 */
#include "config.h"

#include "harness.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A sanitizer has a heap of its own, and looks for leaks itself. */
#if defined(__SANITIZE_ADDRESS__)
#define WATCHED true
#elif defined(__has_feature)
#define WATCHED __has_feature(address_sanitizer)
#else
#define WATCHED false
#endif

static size_t n_fds(void)
{
    DIR *fds = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(fds);
    while (readdir(fds) != NULL)
        n++;
    closedir(fds);
    return n;
}

static long rss_kb(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long size = 0, rss = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &rss), 2);
    fclose(f);
    return rss * (sysconf(_SC_PAGESIZE) / 1024);
}

static void cycle(bool login)
{
    host_init(NULL);
    if (login) {
        struct host host = { 0 };
        struct host torn = { .give_name = GIVE_PROMPT, .leave_prompts = true };

        assert_int_equal(host_login(&host), SASL_CONTINUE);
        host_end(&host);
        assert_int_equal(host_login(&torn), SASL_INTERACT);
        host_end(&torn);
    }
    sasl_done();
}

static void many_cycles(void **state)
{
    int n = under_valgrind() ? 100 : 10000;
    size_t fds, heap;
    long rss;

    (void)state;
    world_token(ALICE, &(struct token_spec){ 0 });
    for (int i = 0; i < 20; i++)
        cycle(true);
    fds = n_fds();
    heap = mallinfo2().uordblks;
    rss = rss_kb();
    for (int i = 0; i < n; i++)
        cycle(i % 10 == 0);
    assert_int_equal(n_fds(), fds);
    if (!WATCHED && !under_valgrind()) {
        /* Some slack, as the C library keeps a little of its own. */
        assert_in_range(mallinfo2().uordblks, 0, heap + 4096);
        assert_in_range(rss_kb(), 0, rss + 512);
    }
    host_init(NULL);
}

static void stays_mapped(void **state)
{
    char line[1024];
    bool found = false;
    FILE *maps;

    (void)state;
    cycle(false);
    maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (!found && fgets(line, sizeof line, maps) != NULL)
        found = strstr(line, "libexoauth.so") != NULL;
    fclose(maps);
    assert_true(found);
    host_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(many_cycles),
        TEST(stays_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
