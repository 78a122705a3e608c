/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many logins at the same time, in threads with the small stacks that
 * servers give them.
 */
#include "config.h"

#include "ways.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define N_THREADS 64
/* What libsasl2 itself needs for sasl_client_new(), which asks for the
 * host's own name; the plugin is content with less. */
#define STACK ((size_t)128 * 1024)

static void *thread_run(void *arg)
{
    bool *good = arg;

    *good = true;
    for (int i = 0; i < 20 && *good; i++) {
        struct host *host = calloc(1, sizeof *host);

        if (host == NULL)
            return NULL;
        host->mechlist = i % 2 == 0 ? "XOAUTH2" : "OAUTHBEARER";
        host_login(host);
        *good = host->rc == SASL_CONTINUE && host->out_len > 20 &&
                sasl_client_step(host->conn, "", 0, NULL, &host->out,
                                 &host->out_len) == SASL_OK;
        if (!*good)
            fprintf(stderr, "# %d: %s\n", host->rc, host_error(host));
        host_end(host);
        free(host);
    }
    return NULL;
}

static void in_threads(enum way way)
{
    pthread_t threads[N_THREADS];
    bool good[N_THREADS] = { false };
    pthread_attr_t attr;

    way_prepare(way);
    host_init(NULL);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, STACK), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], &attr, thread_run, &good[i]), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_attr_destroy(&attr);
    for (int i = 0; i < N_THREADS; i++)
        assert_true(good[i]);
    way_clear();
}

static void threads_by_file(void **state)
{
    (void)state;
    in_threads(BY_FILE);
}

static void threads_by_socket(void **state)
{
    (void)state;
    in_threads(BY_SOCKET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
        TEST(threads_by_file),
        TEST(threads_by_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
