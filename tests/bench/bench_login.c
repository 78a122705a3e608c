/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measured program of `make bench`: logs in through libsasl2 the way
 * Postfix does (callbacks, no prompts, no network), with the plugins of one
 * directory. tests/bench/run starts it, also under callgrind, and makes a
 * table of what it prints.
 *
 *   bench_login count DIR MECH N    N logins, nothing printed
 *   bench_login new DIR MECH N      the same without sasl_client_start()
 *   bench_login time DIR N ROUNDS   medians, XOAUTH2 and PLAIN in turn
 *   bench_login init DIR            one sasl_client_init(): us, kB, libraries
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sasl/sasl.h>

#define MAX_ROUNDS 1001

static const char *plugins;

static int get_path(void *context, const char **path)
{
    (void)context;
    *path = plugins;
    return SASL_OK;
}

static int get_simple(void *context, int id, const char **result, unsigned *len)
{
    (void)context;
    (void)id;
    *result = "alice@example.org";
    if (len != NULL)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static int get_secret(sasl_conn_t *conn, void *context, int id,
                      sasl_secret_t **secret)
{
    static union {
        sasl_secret_t secret;
        char room[64];
    } store;

    (void)conn;
    (void)context;
    (void)id;
    store.secret.len = 8;
    memcpy(store.secret.data, "password", 9);
    *secret = &store.secret;
    return SASL_OK;
}

#define PROC(f) ((int (*)(void))(void (*)(void))(f))

static const sasl_callback_t global[] = {
    { SASL_CB_GETPATH, PROC(get_path), NULL }, { SASL_CB_LIST_END, NULL, NULL }
};

static const sasl_callback_t callbacks[] = {
    { SASL_CB_AUTHNAME, PROC(get_simple), NULL },
    { SASL_CB_PASS, PROC(get_secret), NULL },
    { SASL_CB_LIST_END, NULL, NULL }
};

static void die(const char *what, sasl_conn_t *conn)
{
    fprintf(stderr, "bench_login: %s: %s\n", what,
            conn != NULL ? sasl_errdetail(conn) : "");
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct times {
    double whole, start;
};

static void login(const char *mech, int start, struct times *times)
{
    sasl_conn_t *conn = NULL;
    const char *out = NULL;
    unsigned len = 0;
    double begin = now_us(), before = 0, after = 0;
    int r;

    if (sasl_client_new("smtp", "smtp.example.org", NULL, NULL, callbacks, 0,
                        &conn) != SASL_OK)
        die("sasl_client_new", NULL);
    if (start) {
        before = now_us();
        r = sasl_client_start(conn, mech, NULL, &out, &len, NULL);
        after = now_us();
        if ((r != SASL_OK && r != SASL_CONTINUE) || len == 0)
            die(mech, conn);
    }
    sasl_dispose(&conn);
    times->whole += now_us() - begin;
    times->start += after - before;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof values[0], by_value);
    return values[n / 2];
}

static void measure(int n, size_t rounds)
{
    static const char *const mechs[2] = { "PLAIN", "XOAUTH2" };
    static double whole[2][MAX_ROUNDS], start[2][MAX_ROUNDS];

    for (size_t round = 0; round < rounds; round++) {
        for (size_t m = 0; m < 2; m++) {
            struct times times = { 0, 0 };

            for (int i = 0; i < n; i++)
                login(mechs[m], 1, &times);
            whole[m][round] = times.whole / n;
            start[m][round] = times.start / n;
        }
    }
    for (size_t m = 0; m < 2; m++)
        printf("%s %.2f %.2f\n", mechs[m], median(whole[m], rounds),
               median(start[m], rounds));
}

static int n_libraries(void)
{
    char line[1024], last[1024] = "";
    FILE *maps = fopen("/proc/self/maps", "re");
    int n = 0;

    if (maps == NULL)
        return -1;
    while (fgets(line, sizeof line, maps) != NULL) {
        const char *path = strchr(line, '/');

        if (path == NULL || strstr(path, ".so") == NULL ||
            strcmp(path, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", path);
        n++;
    }
    fclose(maps);
    return n;
}

/* From smaps_rollup: the kernel's other counter is only approximate. */
static long rss_kb(void)
{
    FILE *smaps = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long rss = -1;

    while (smaps != NULL && rss < 0 && fgets(line, sizeof line, smaps) != NULL)
        if (strncmp(line, "Rss:", 4) == 0)
            rss = strtol(line + 4, NULL, 10);
    if (smaps != NULL)
        fclose(smaps);
    return rss;
}

int main(int argc, char **argv)
{
    struct times times = { 0, 0 };
    double begin;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_login count|new|time|init DIR ...\n");
        return 64;
    }
    plugins = argv[2];
    begin = now_us();
    if (sasl_client_init(global) != SASL_OK)
        die("sasl_client_init", NULL);
    begin = now_us() - begin;

    if (strcmp(argv[1], "init") == 0)
        printf("%.1f %ld %d\n", begin, rss_kb(), n_libraries());
    else if (strcmp(argv[1], "time") == 0 && argc == 5)
        measure((int)strtol(argv[3], NULL, 10),
                (size_t)strtol(argv[4], NULL, 10) % MAX_ROUNDS);
    else if (argc == 5)
        for (long i = strtol(argv[4], NULL, 10); i > 0; i--)
            login(argv[3], strcmp(argv[1], "count") == 0, &times);
    sasl_done();
    return 0;
}
