/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret_file and secret_command. exo_clock_ms() is replaced at link time so
 * that a command runs out of time without anybody waiting for it.
 */
#include "config.h"

#include "house.h"

#include "exoauth/clock.h"
#include "helper/broker/broker.h"
#include "helper/app/command.h"
#include "../lib/whole.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

int64_t __wrap_exo_clock_ms(void);
int64_t __real_exo_clock_ms(void);

static int64_t leap; /* from the second question on */
static int questions;
static struct exo_app app; /* what commands printed is kept in it */

int64_t __wrap_exo_clock_ms(void)
{
    return __real_exo_clock_ms() + (questions++ > 0 ? leap : 0);
}

static int get_again(struct house *house, const char *line, char value[200])
{
    struct exo_secret secret = EXO_SECRET_INIT;
    struct exo_account account = account_of("a@b");
    struct exo_settings *settings;
    char text[800];
    int rc;

    (void)snprintf(text, sizeof(text), "provider: custom\n%s\n", line);
    house_file(house, "a@b", text);
    house->err = (struct exo_err)EXO_ERR_INIT;
    if (exo_settings_load(&settings, house->conf, &account, &house->err) != 0)
        fail_msg("%s", house->err.text);
    rc = exo_client_secret(&app, settings, &secret, &house->err);
    (void)snprintf(value, 200, "%s", rc == 0 ? whole_secret(&secret) : "");
    exo_secret_free(&secret);
    exo_settings_free(settings);
    return rc;
}

/* The secret of a@b whose file ends with this line; its text in *value. */
static int get(struct house *house, const char *line, char value[200])
{
    int rc;

    questions = 0;
    rc = get_again(house, line, value);
    exo_command_forget(&app);
    return rc;
}

static int get_file_secret(struct house *house, char value[200])
{
    char line[400];

    (void)snprintf(line, sizeof(line), "secret_file: %s",
                   place_name(&house->place, "secret"));
    return get(house, line, value);
}

static void is_absent_where_none_is_named(void **state)
{
    struct house *house = *state;
    char value[200];

    assert_int_equal(get(house, "", value), EXO_E_NOENT);
    assert_int_equal(house->err.status, EXO_STATUS_OK);
}

static const struct content {
    const char *bytes;
    size_t len;
    const char *value; /* NULL: refused */
    const char *why;
} contents[] = {
    { "s3cret", 6, "s3cret", NULL },
    { "s3cret\n", 7, "s3cret", NULL },
    { "s3cret\r\n", 8, "s3cret", NULL },
    { " s p ", 5, " s p ", NULL },
    { "caf\xc3\xa9", 5, "caf\xc3\xa9", NULL },
    { "", 0, NULL, "gave nothing" },
    { "\n", 1, NULL, "gave nothing" },
    { "s3cret\n\n", 8, NULL, "more than one line" },
    { "s3cret\nother\n", 13, NULL, "more than one line" },
    { "s3c\0ret", 7, NULL, "control character" },
    { "s3c\tret", 7, NULL, "control character" },
    { "s3c\x7fret", 7, NULL, "control character" },
};

static void reads_a_file(void **state)
{
    struct house *house = *state;
    char value[200];

    for (size_t i = 0; i < N_OF(contents); i++) {
        const struct content *c = &contents[i];
        int rc;

        put_bytes(&house->place, "secret", 0600, c->bytes, c->len);
        rc = get_file_secret(house, value);
        if (c->value != NULL) {
            assert_int_equal(rc, 0);
            assert_string_equal(value, c->value);
            continue;
        }
        assert_int_equal(rc, EXO_E_STATUS);
        assert_err(&house->err, EXO_STATUS_MISCONFIGURED, "secret_file gave ",
                   c->why);
        assert_lacks(house->err.text, "s3c");
    }
}

static void refuses_bad_files(void **state)
{
    struct house *house = *state;
    char value[200];

    assert_int_equal(get_file_secret(house, value), EXO_E_STATUS);
    assert_err(&house->err, EXO_STATUS_MISCONFIGURED,
               "/secret: ", "must be a regular file");
    put_file(&house->place, "secret", 0622, "s3cret");
    assert_int_equal(get_file_secret(house, value), EXO_E_STATUS);
    assert_err(&house->err, EXO_STATUS_MISCONFIGURED,
               "/secret: ", "nobody else can write");
    assert_string_equal(value, "");
    /* A link is fine: Kubernetes mounts are. */
    assert_int_equal(unlinkat(house->place.fd, "secret", 0), 0);
    put_file(&house->place, "..data", 0600, "s3cret");
    assert_int_equal(symlinkat("..data", house->place.fd, "secret"), 0);
    assert_int_equal(get_file_secret(house, value), 0);
    assert_string_equal(value, "s3cret");
}

static void prefers_the_file(void **state)
{
    struct house *house = *state;
    char line[400], value[200];

    put_file(&house->place, "secret", 0600, "of-file");
    (void)snprintf(line, sizeof(line),
                   "secret_command: echo of-command\nsecret_file: %s",
                   place_name(&house->place, "secret"));
    assert_int_equal(get(house, line, value), 0);
    assert_string_equal(value, "of-file");
}

static const struct command {
    const char *line;
    const char *value; /* NULL: refused */
    const char *why;
} commands[] = {
    { "echo s3cret", "s3cret", NULL },
    { "printf s3cret", "s3cret", NULL },
    { "printf 's3cret\\r\\n'", "s3cret", NULL },
    { "printf s3; printf cret", "s3cret", NULL },
    /* stdin is empty, and nothing of ours is in the environment */
    { "cat; echo x", "x", NULL },
    { "echo ${EXO_TEST_CANARY-none} ${PATH:+path}", "none path", NULL },
    { "true", NULL, "secret_command gave nothing" },
    { "echo; echo", NULL, "secret_command gave more than one line" },
    { "echo s3cret; echo s3cret", NULL, "gave more than one line" },
    { "printf 's3c\\000ret'", NULL, "gave more than one line or a control" },
    { "echo s3cret; exit 3", NULL, "secret_command failed (exit status 3)" },
    { "echo s3cret; false", NULL, "failed (exit status 1)" },
    { "no-such-command-at-all", NULL, "failed (exit status 127)" },
    { "echo s3cret; kill -TERM $$", NULL, "failed (signal 15)" },
    { "head -c 70000 /dev/zero", NULL, "secret_command: its output: " },
    /* what it leaves in the background is none of our business */
    { "sleep 30 & printf s3cret", "s3cret", NULL },
    { "{ sleep 30; echo more; } & echo s3cret", "s3cret", NULL },
    { "sleep 30 & echo s3cret; exit 4", NULL, "failed (exit status 4)" },
    /* as sh(1) expects them: kill and pipes work */
    { "yes s3cret | head -n1", "s3cret", NULL },
};

static void runs_a_command(void **state)
{
    struct house *house = *state;
    char line[200], value[200];

    assert_int_equal(setenv("EXO_TEST_CANARY", "leaked", 1), 0);
    for (size_t i = 0; i < N_OF(commands); i++) {
        const struct command *c = &commands[i];
        int rc;

        (void)snprintf(line, sizeof(line), "secret_command: %s", c->line);
        rc = get(house, line, value);
        if (c->value != NULL) {
            if (rc != 0)
                fail_msg("%s: %s", c->line, house->err.text);
            assert_string_equal(value, c->value);
            continue;
        }
        assert_int_equal(rc, EXO_E_STATUS);
        assert_err(&house->err, EXO_STATUS_MISCONFIGURED, c->why, "");
        assert_lacks(house->err.text, "s3c");
    }
}

/* What a command complains about could quote the secret. */
static void keeps_its_complaints_off_stderr(void **state)
{
    struct house *house = *state;
    char value[200];
    int file =
        openat(house->place.fd, "stderr", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int kept = dup(2);
    int rc;

    assert_true(file >= 0 && kept >= 0);
    assert_int_equal(dup2(file, 2), 2);
    rc = get(house, "secret_command: echo wrong s3cret >&2; echo s3cret; no-co",
             value);
    assert_int_equal(dup2(kept, 2), 2);
    (void)close(kept);
    (void)close(file);
    assert_int_equal(rc, EXO_E_STATUS);
    assert_string_equal(get_file(&house->place, "stderr"), "");
}

/* A zombie is as good as gone, where nobody reaps. */
static bool is_running(const char *pid)
{
    char path[60], text[200] = "";
    const char *state;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", atoi(pid));
    f = fopen(path, "r");
    if (f == NULL)
        return false;
    (void)!fgets(text, sizeof(text), f);
    (void)fclose(f);
    state = strrchr(text, ')');
    return state != NULL && state[1] == ' ' && state[2] != 'Z';
}

static void ends_a_command_that_hangs(void **state)
{
    struct house *house = *state;
    char line[400], value[200];
    const char *pid;

    (void)snprintf(line, sizeof(line),
                   "secret_command: sleep 600 & echo $! >%s; echo s3cret; wait",
                   place_name(&house->place, "pid"));
    /* Half a second is left of its time. */
    leap = 9500;
    assert_int_equal(get(house, line, value), EXO_E_STATUS);
    leap = 0;
    assert_err(&house->err, EXO_STATUS_TRANSIENT,
               "secret_command gave no answer within 10 s", "run it by hand");
    assert_lacks(house->err.text, "s3cret");
    pid = get_file(&house->place, "pid");
    if (pid == NULL) {
        say_skipped("the shell did not get as far as its first command");
        return;
    }
    /* What the shell started is no child of ours: init reaps it. */
    for (int i = 0; i < 200 && is_running(pid); i++)
        (void)usleep(50000);
    assert_false(is_running(pid));
}

/* Its end counts, and not that of its output. */
static void ends_a_command_that_closed_its_output(void **state)
{
    struct house *house = *state;
    char line[400], value[200];
    const char *pid;

    (void)snprintf(line, sizeof(line),
                   "secret_command: echo $$ >%s; printf s3cret; exec >&-; "
                   "sleep 600",
                   place_name(&house->place, "pid"));
    leap = 9500;
    assert_int_equal(get(house, line, value), EXO_E_STATUS);
    leap = 0;
    assert_err(&house->err, EXO_STATUS_TRANSIENT,
               "secret_command gave no answer within 10 s", "run it by hand");
    pid = get_file(&house->place, "pid");
    if (pid == NULL) {
        say_skipped("the shell did not get as far as its first command");
        return;
    }
    assert_false(is_running(pid));
}

static void runs_a_command_once(void **state)
{
    struct house *house = *state;
    char line[400], value[200];

    (void)snprintf(line, sizeof(line), "secret_command: echo x >>%s; echo s3",
                   place_name(&house->place, "ran"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get_again(house, line, value), 0);
        assert_string_equal(value, "s3");
    }
    assert_string_equal(get_file(&house->place, "ran"), "x\n");
    exo_command_forget(&app);
    /* What failed is no answer. */
    (void)snprintf(line, sizeof(line),
                   "secret_command: echo y >>%s; echo s3; exit 1",
                   place_name(&house->place, "ran"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(get_again(house, line, value), EXO_E_STATUS);
    assert_string_equal(get_file(&house->place, "ran"), "x\ny\ny\n");
}

static void on_alarm(int number)
{
    (void)number;
}

static void stands_signals(void **state)
{
    const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
    const struct itimerval never = { { 0, 0 }, { 0, 0 } };
    struct sigaction action, before;
    struct house *house = *state;
    char value[200];
    int rc;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_alarm; /* no SA_RESTART */
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    rc =
        get(house, "secret_command: sleep 0.1; printf s3; sleep 0.1; echo cret",
            value);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(rc, 0);
    assert_string_equal(value, "s3cret");
}

/* The credential's secret, not one of the account that borrows it. */
static void asks_the_owner_of_the_credential(void **state)
{
    struct house *house = *state;
    char value[200];

    house_file(house, "app@b", "provider: custom\nsecret_command: echo owner");
    assert_int_equal(
        get(house, "credential: app@b\nsecret_command: echo borrower", value),
        0);
    assert_string_equal(value, "owner");
}

#define IN_HOUSE(test) \
    cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(is_absent_where_none_is_named),
        IN_HOUSE(reads_a_file),
        IN_HOUSE(refuses_bad_files),
        IN_HOUSE(prefers_the_file),
        IN_HOUSE(runs_a_command),
        IN_HOUSE(keeps_its_complaints_off_stderr),
        IN_HOUSE(ends_a_command_that_hangs),
        IN_HOUSE(ends_a_command_that_closed_its_output),
        IN_HOUSE(runs_a_command_once),
        IN_HOUSE(stands_signals),
        IN_HOUSE(asks_the_owner_of_the_credential),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
