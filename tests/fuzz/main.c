/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz harness without libFuzzer, as a test of `make check`: on each
 * seed in tests/fuzz/seeds/NAME (for the program fuzz_NAME) or in the files
 * and directories named as arguments, on each seed cut after every byte, and
 * with each byte changed in turn. A harness aborts where it finds a fault.
 * Built with -fsanitize=fuzzer a harness is linked without this file.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED_MAX ((size_t)1024 * 1024)
#define EVERY_BYTE_MAX ((size_t)4096) /* longer seeds run as they are */

static size_t seeds, inputs;

/* In a block of exactly its size, so that valgrind and ASan see a read past
 * the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void run_seed(uint8_t *data, size_t size)
{
    size_t i;

    seeds++;
    run(data, size);
    for (i = 0; i < size && size <= EVERY_BYTE_MAX; i++) {
        uint8_t kept = data[i];

        run(data, i);
        data[i] = (uint8_t)(kept ^ (1u << i % 8));
        run(data, size);
        data[i] = kept;
    }
}

static int run_file(const char *path)
{
    static uint8_t data[SEED_MAX];
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    int rc = -1;

    if (file != NULL) {
        size = fread(data, 1, sizeof(data), file);
        rc = ferror(file) ? -1 : 0;
    }
    if (rc != 0)
        printf("# %s: %s\n", path, strerror(errno));
    else
        run_seed(data, size);
    if (file != NULL)
        (void)fclose(file);
    return rc;
}

static int run_path(const char *path)
{
    char name[PATH_MAX];
    struct dirent *entry;
    DIR *dir = opendir(path);
    int rc = 0;

    if (dir == NULL)
        return run_file(path);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >=
                (int)sizeof(name) ||
            run_file(name) != 0)
            rc = -1;
    }
    (void)closedir(dir);
    return rc;
}

int main(int argc, char **argv)
{
    const char *name = strstr(program_invocation_short_name, "fuzz_");
    const char *srcdir = getenv("EXO_SRCDIR");
    char path[PATH_MAX];
    int i, rc = 0;

    if (argc < 2) {
        (void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/%s",
                       srcdir != NULL ? srcdir : ".",
                       name != NULL ? name + 5 : "");
        rc = run_path(path);
    }
    for (i = 1; i < argc; i++)
        rc |= run_path(argv[i]);
    if (seeds == 0)
        rc = -1;
    printf("1..1\n%s 1 - %zu seeds, %zu inputs\n", rc == 0 ? "ok" : "not ok",
           seeds, inputs);
    return rc == 0 ? 0 : 1;
}
