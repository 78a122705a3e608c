/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children of the plugin tests (harness.h): what must not happen to the test
 * program itself, such as another user or closed descriptors, happens there.
 */
#include "config.h"

#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool in_child(bool (*f)(void *), void *arg)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        /* A failed assertion must not run the rest of the tests here. */
        bool good;

        setenv("CMOCKA_TEST_ABORT", "1", 1);
        good = f(arg);
        host_done();
        _exit(good ? 0 : 1);
    }
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (!WIFEXITED(status))
        print_error("the child was ended by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

void say_skipped(const char *why)
{
    print_message("# skipped: %s\n", why);
}

bool become_nobody(void)
{
    return geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
}
