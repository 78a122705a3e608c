/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets that a person hands over: in a file, through a pipe, or typed at a
 * terminal, which here is the other side of a pty.
 */
#include "config.h"

#include "house.h"

#include "helper/app/prompt.h"
#include "../lib/whole.h"

#include <pty.h>
#include <termios.h>
#include <sys/wait.h>

#define TYPED "typed-s3cret"

static const struct content {
    const char *bytes;
    size_t len;
    const char *value; /* NULL: refused */
} contents[] = {
    { "s3cret", 6, "s3cret" },
    { "s3cret\n", 7, "s3cret" },
    { "s3cret\r\n", 8, "s3cret" },
    { "s3cret\nrest\n", 12, "s3cret" },
    { " s p \n", 6, " s p " },
    { "", 0, NULL },
    { "\n", 1, NULL },
    { "\ns3cret\n", 8, NULL },
    { "s3c\0ret\n", 8, NULL },
    { "s3c\tret\n", 8, NULL },
    { "s3c\rret\n", 8, NULL },
};

static int take(const char *path, char value[200], struct exo_err *err)
{
    struct exo_secret secret = EXO_SECRET_INIT;
    int rc;

    *err = (struct exo_err)EXO_ERR_INIT;
    rc = exo_prompt_file("secret-file", path, &secret, err);
    (void)snprintf(value, 200, "%s", rc == 0 ? whole_secret(&secret) : "");
    exo_secret_free(&secret);
    return rc;
}

static void check(const struct content *c, int rc, const char *value,
                  const struct exo_err *err)
{
    if (c->value != NULL) {
        assert_int_equal(rc, 0);
        assert_string_equal(value, c->value);
        return;
    }
    assert_int_equal(rc, EXO_E_STATUS);
    assert_err(err, EXO_STATUS_USAGE, "--secret-file ",
               "first line is empty or holds a control character; ");
    assert_lacks(err->text, "s3c");
}

static void reads_the_first_line_of_a_file(void **state)
{
    struct place *place = *state;
    struct exo_err err;
    char value[200];

    for (size_t i = 0; i < N_OF(contents); i++) {
        int rc;

        put_bytes(place, "f", 0600, contents[i].bytes, contents[i].len);
        rc = take(place_name(place, "f"), value, &err);
        check(&contents[i], rc, value, &err);
    }
}

static void refuses_bad_files(void **state)
{
    struct place *place = *state;
    struct exo_err err;
    char value[200];
    char *large = malloc(EXO_SECRET_MAX + 1);

    assert_int_equal(take(place_name(place, "none"), value, &err),
                     EXO_E_STATUS);
    assert_err(&err, EXO_STATUS_USAGE, "--secret-file ", "- for stdin");
    assert_has(err.text, "/none: ");
    put_file(place, "f", 0666, "s3cret\n");
    assert_int_equal(take(place_name(place, "f"), value, &err), EXO_E_STATUS);
    assert_err(&err, EXO_STATUS_USAGE, "/f: ", "nobody else can write");
    assert_string_equal(value, "");
    assert_int_equal(take(place->path, value, &err), EXO_E_STATUS);
    assert_err(&err, EXO_STATUS_USAGE, place->path, "the value alone");

    assert_non_null(large);
    memset(large, 's', EXO_SECRET_MAX + 1);
    put_bytes(place, "large", 0600, large, EXO_SECRET_MAX + 1);
    free(large);
    assert_int_equal(take(place_name(place, "large"), value, &err),
                     EXO_E_STATUS);
    assert_err(&err, EXO_STATUS_USAGE, "/large: ", "the value alone");
    assert_lacks(err.text, "ssss");

    /* A link is what many secret stores hand out. */
    put_file(place, "real", 0600, "s3cret\n");
    assert_int_equal(symlinkat("real", place->fd, "link"), 0);
    assert_int_equal(take(place_name(place, "link"), value, &err), 0);
    assert_string_equal(value, "s3cret");
}

/* stdin for the body of this; what is left in it is given back. */
static int take_stdin(const char *bytes, size_t len, char value[200],
                      char rest[50], struct exo_err *err)
{
    int kept = dup(0);
    int fd[2];
    int rc;
    ssize_t n;

    assert_true(kept >= 0);
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_int_equal(write(fd[1], bytes, len), (ssize_t)len);
    (void)close(fd[1]);
    assert_int_equal(dup2(fd[0], 0), 0);
    rc = take("-", value, err);
    n = read(0, rest, 49);
    assert_int_equal(dup2(kept, 0), 0);
    (void)close(kept);
    (void)close(fd[0]);
    assert_true(n >= 0);
    rest[n] = '\0';
    return rc;
}

static void reads_stdin(void **state)
{
    struct exo_err err;
    char value[200], rest[50];

    (void)state;
    for (size_t i = 0; i < N_OF(contents); i++) {
        int rc =
            take_stdin(contents[i].bytes, contents[i].len, value, rest, &err);

        check(&contents[i], rc, value, &err);
    }
    /* Two secrets on one stdin: the second line is the next one's. */
    assert_int_equal(take_stdin("one\ntwo\n", 8, value, rest, &err), 0);
    assert_string_equal(value, "one");
    assert_string_equal(rest, "two\n");
}

/* As `<(command)` makes it: not a regular file, and whoever's it is. */
static void reads_a_pipe_by_name(void **state)
{
    struct exo_err err;
    char path[40], value[200];
    int fd[2];

    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_int_equal(write(fd[1], "s3cret\n", 7), 7);
    (void)close(fd[1]);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
    assert_int_equal(take(path, value, &err), 0);
    assert_string_equal(value, "s3cret");
    (void)close(fd[0]);
}

/* In the child, whose terminal is the pty. */
static int ask(const struct place *place)
{
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_err err = EXO_ERR_INIT;
    struct termios before, after;
    int rc;

    if (tcgetattr(0, &before) != 0)
        return 10;
    rc = exo_prompt_secret("Question: ", &secret, &err);
    if (rc != 0)
        return 11;
    if (tcgetattr(0, &after) != 0 || before.c_lflag != after.c_lflag ||
        !(after.c_lflag & ECHO))
        return 12;
    put_file(place, "answer", 0600, whole_secret(&secret));
    exo_secret_free(&secret);
    return 0;
}

/* Reads from the terminal until text is there, or its end. */
static void read_until(int fd, char *all, size_t size, const char *text)
{
    size_t len = strlen(all);

    while (text == NULL || strstr(all, text) == NULL) {
        ssize_t n = read(fd, all + len, size - 1 - len);

        if (n <= 0)
            return; /* EIO: nobody has it open any more */
        len += (size_t)n;
        all[len] = '\0';
    }
}

static void asks_without_echo(void **state)
{
    static const struct {
        const char *keys, *value;
    } rows[] = {
        { TYPED "\n", TYPED },
        { TYPED "x\x7f\n", TYPED }, /* rubbed out */
        { "\n", "" },
        { "\x04", "" }, /* end of file */
    };
    struct place *place = *state;

    for (size_t i = 0; i < N_OF(rows); i++) {
        char all[1000] = "";
        struct termios now;
        int master, wait_status;
        pid_t pid = forkpty(&master, NULL, NULL, NULL);

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(ask(place));
        read_until(master, all, sizeof(all), "Question: ");
        assert_int_equal(tcgetattr(master, &now), 0);
        assert_int_equal(now.c_lflag & (ECHO | ECHONL), 0);
        assert_int_equal(write(master, rows[i].keys, strlen(rows[i].keys)),
                         (ssize_t)strlen(rows[i].keys));
        read_until(master, all, sizeof(all), NULL);
        assert_int_equal(waitpid(pid, &wait_status, 0), pid);
        assert_true(WIFEXITED(wait_status));
        assert_int_equal(WEXITSTATUS(wait_status), 0);
        (void)close(master);
        assert_string_equal(get_file(place, "answer"), rows[i].value);
        assert_lacks(all, "s3cret");
        assert_string_equal(all, "Question: \r\n");
    }
}

static void says_when_there_is_no_terminal(void **state)
{
    int wait_status;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        struct exo_secret secret = EXO_SECRET_INIT;
        struct exo_err err = EXO_ERR_INIT;

        if (setsid() < 0)
            _exit(1);
        _exit(exo_prompt_secret("?", &secret, &err) == EXO_E_NOENT ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_int_equal(wait_status, 0);
}

#define IN_PLACE(test) \
    cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(reads_the_first_line_of_a_file),
        IN_PLACE(refuses_bad_files),
        cmocka_unit_test(reads_stdin),
        cmocka_unit_test(reads_a_pipe_by_name),
        IN_PLACE(asks_without_echo),
        cmocka_unit_test(says_when_there_is_no_terminal),
    };

    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
