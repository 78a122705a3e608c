/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors 3 and 4 of a child of the program (exoauth/process.h). */
#include "config.h"

#include "util.h"

#include "exoauth/process.h"

#include <sys/mman.h>

/* 3 and 4, whatever their numbers are here, and each without the other. */
static void gives_more_than_three(void **state)
{
    static const char *const texts[2] = { "three", "four" };
    int stray = dup(0); /* the first that is free, not close-on-exec */
    int fd[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        fd[i] = memfd_create("more", MFD_CLOEXEC);
        assert_true(fd[i] > STDERR_FILENO);
        assert_int_equal(write(fd[i], texts[i], strlen(texts[i])),
                         strlen(texts[i]));
    }
    for (int given = 0; given < 4; given++) {
        static const char *const wanted[4] = { "3- 4-", "3three 4-", "3- 4four",
                                               "3three 4four" };
        struct exo_process process = EXO_PROCESS_INIT;
        struct exo_buf out = EXO_BUF_INIT(200);
        struct exo_ended ended;

        process.command = "printf 3; cat <&3 || printf -; printf ' 4'; "
                          "cat <&4 || printf -";
        process.out = &out;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(lseek(fd[i], 0, SEEK_SET), 0);
            process.fd[3 + i] = (given & (1 << i)) != 0 ? fd[i] : -1;
        }
        assert_int_equal(exo_process_run(&process, &ended), 0);
        assert_string_equal(out.data, wanted[given]);
        exo_buf_free(&out);
    }
    (void)close(stray);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_more_than_three),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
