/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files are read. */
#include "config.h"

#include "exoauth/file.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "util.h"
#include "../lib/whole.h"

#define ALL \
    ((1 << EXO_FILE_CONFIG) | (1 << EXO_FILE_RECORD) | (1 << EXO_FILE_TOKEN))
#define CONFIG (1 << EXO_FILE_CONFIG)
#define RECORD (1 << EXO_FILE_RECORD)
#define TOKEN (1 << EXO_FILE_TOKEN)

static int read_as(const struct place *place, const char *name,
                   enum exo_file_rule rule, uid_t owner, const char **why)
{
    struct exo_buf out = EXO_BUF_INIT(1000);
    int rc = exo_file_read(place->fd, name, rule, owner, &out, why);

    if (rc == EXO_OK)
        assert_string_equal(whole_text(&out), "text");
    exo_buf_free(&out);
    return rc;
}

/* Checks a file against all three rules; allowed is a set of rules. */
static void expect(const struct place *place, const char *name, int allowed,
                   int rc)
{
    for (int rule = EXO_FILE_CONFIG; rule <= EXO_FILE_TOKEN; rule++) {
        const char *why = "unset";
        int got =
            read_as(place, name, (enum exo_file_rule)rule, geteuid(), &why);

        if (got != ((allowed & (1 << rule)) != 0 ? EXO_OK : rc))
            print_error("%s, rule %d: %d\n", name, rule, got);
        assert_int_equal(got, (allowed & (1 << rule)) != 0 ? EXO_OK : rc);
        assert_true((why != NULL) == (got == EXO_E_UNSAFE));
    }
}

static void modes(void **state)
{
    static const struct {
        mode_t mode;
        int allowed;
    } table[] = {
        { 0600, ALL },
        { 0400, ALL },
        { 0644, CONFIG | TOKEN },
        { 0640, CONFIG | TOKEN },
        { 0604, CONFIG | TOKEN },
        { 0660, 0 },
        { 0620, 0 },
        { 0602, 0 },
        { 0666, 0 },
    };

    for (size_t i = 0; i < N_OF(table); i++) {
        put_file(*state, "file", table[i].mode, "text");
        expect(*state, "file", table[i].allowed, EXO_E_UNSAFE);
        assert_int_equal(unlink(place_name(*state, "file")), 0);
    }
}

static void links(void **state)
{
    const struct place *place = *state;

    put_file(place, "file", 0600, "text");
    assert_int_equal(symlinkat("file", place->fd, "soft"), 0);
    expect(place, "soft", CONFIG, EXO_E_UNSAFE);
    assert_int_equal(linkat(place->fd, "file", place->fd, "hard", 0), 0);
    expect(place, "hard", CONFIG, EXO_E_UNSAFE);
    expect(place, "file", CONFIG, EXO_E_UNSAFE);
    assert_int_equal(unlinkat(place->fd, "hard", 0), 0);
    expect(place, "file", ALL, 0);

    assert_int_equal(symlinkat("nowhere", place->fd, "dangling"), 0);
    assert_int_equal(read_as(place, "dangling", EXO_FILE_CONFIG, 0, NULL),
                     EXO_E_NOENT);
    assert_int_equal(read_as(place, "dangling", EXO_FILE_TOKEN, 0, NULL),
                     EXO_E_UNSAFE);
}

static void not_regular(void **state)
{
    const struct place *place = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(mkfifoat(place->fd, "fifo", 0600), 0);
    expect(place, "fifo", 0, EXO_E_UNSAFE); /* and does not hang */
    assert_int_equal(mkdirat(place->fd, "dir", 0700), 0);
    expect(place, "dir", 0, EXO_E_UNSAFE);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
                   place_name(place, "socket"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    expect(place, "socket", 0, EXO_E_UNSAFE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(symlinkat("/dev/null", place->fd, "device"), 0);
    expect(place, "device", 0, EXO_E_UNSAFE);
}

static void absent(void **state)
{
    expect(*state, "absent", 0, EXO_E_NOENT);
    put_file(*state, "file", 0600, "text");
    expect(*state, "file/below", 0, EXO_E_NOENT);
}

static void owners(void **state)
{
    const struct place *place = *state;
    struct exo_buf out = EXO_BUF_INIT(100);
    pid_t pid;
    int status;

    if (geteuid() != 0) {
        say_skipped("only root can give files away");
        return;
    }
    put_file(place, "nobody", 0600, "text");
    assert_int_equal(fchownat(place->fd, "nobody", NOBODY, NOBODY, 0), 0);
    expect(place, "nobody", 0, EXO_E_UNSAFE);
    /* Who owns the directory of tokens is believed, for a token. */
    assert_int_equal(read_as(place, "nobody", EXO_FILE_TOKEN, NOBODY, NULL),
                     EXO_OK);
    assert_int_equal(read_as(place, "nobody", EXO_FILE_CONFIG, NOBODY, NULL),
                     EXO_E_UNSAFE);

    put_file(place, "root", 0644, "text");
    put_file(place, "secret", 0600, "text");
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) { /* root's files and one's own are believed */
        int bad = setuid(NOBODY) != 0;

        bad |= read_as(place, "root", EXO_FILE_CONFIG, 1, NULL) != 0;
        bad |= read_as(place, "root", EXO_FILE_TOKEN, 1, NULL) != 0;
        bad |= read_as(place, "nobody", EXO_FILE_TOKEN, 1, NULL) != 0;
        bad |= read_as(place, "nobody", EXO_FILE_RECORD, 1, NULL) != 0;
        bad |= read_as(place, "root", EXO_FILE_RECORD, 1, NULL) != EXO_E_UNSAFE;
        bad |= exo_file_read(place->fd, "secret", EXO_FILE_CONFIG, 0, &out,
                             NULL) != EXO_E_ACCESS;
        _exit(bad);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void sizes(void **state)
{
    static const size_t size[] = { 0, 1, 127, 128, 999, 1000, 1001, 4096 };
    char data[4096];

    memset(data, 'd', sizeof data);
    for (size_t i = 0; i < N_OF(size); i++) {
        struct exo_buf out = EXO_BUF_INIT(1000);
        int rc;

        put_bytes(*state, "file", 0600, data, size[i]);
        rc = exo_file_read(((struct place *)*state)->fd, "file",
                           EXO_FILE_CONFIG, 0, &out, NULL);
        assert_int_equal(rc, size[i] <= 1000 ? EXO_OK : EXO_E_TOOBIG);
        if (rc == EXO_OK) {
            assert_int_equal(out.len, size[i]);
            assert_true(out.cap > out.len);
            assert_int_equal(out.data[out.len], 0);
            /* Appending is what it does. */
            put_bytes(*state, "more", 0600, data, 1000 - size[i]);
            assert_int_equal(exo_file_read(((struct place *)*state)->fd, "more",
                                           EXO_FILE_CONFIG, 0, &out, NULL),
                             EXO_OK);
            assert_int_equal(out.len, 1000);
        }
        exo_buf_free(&out);
    }
}

static void without_a_size(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(1 << 20);

    (void)state;
    /* /proc files say 0 and hold more. */
    assert_int_equal(exo_file_read(AT_FDCWD, "/proc/self/smaps",
                                   EXO_FILE_CONFIG, 0, &out, NULL),
                     EXO_OK);
    assert_true(out.len > 4096);
    assert_int_equal(strlen(out.data), out.len);
    exo_buf_free(&out);
    exo_buf_init(&out, 100);
    assert_int_equal(exo_file_read(AT_FDCWD, "/proc/self/smaps",
                                   EXO_FILE_CONFIG, 0, &out, NULL),
                     EXO_E_TOOBIG);
    assert_true(out.len <= 100);
    exo_buf_free(&out);
}

static void error_in_buffer_stays(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(4);

    put_file(*state, "file", 0600, "text");
    exo_buf_str(&out, "too much");
    assert_int_equal(exo_file_read(((struct place *)*state)->fd, "file",
                                   EXO_FILE_CONFIG, 0, &out, NULL),
                     EXO_E_TOOBIG);
    exo_buf_free(&out);
}

/* Leads ..data to a, then to b, and so on, and removes what it led to. */
static void update(const struct place *place, int times)
{
    static const char *const dirs[] = { "a", "b" };
    int i, fd;

    for (i = 1; i <= times; i++) {
        const char *next = dirs[i % 2], *last = dirs[(i + 1) % 2];

        if (mkdirat(place->fd, next, 0700) != 0) {
            _exit(1);
        }
        fd = openat(place->fd, i % 2 ? "b/file" : "a/file",
                    O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
        if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) != 0 ||
            symlinkat(next, place->fd, "..new") != 0 ||
            renameat(place->fd, "..new", place->fd, "..data") != 0 ||
            unlinkat(place->fd, i % 2 ? "a/file" : "b/file", 0) != 0 ||
            unlinkat(place->fd, last, AT_REMOVEDIR) != 0) {
            _exit(1);
        }
    }
    _exit(0);
}

/* As Kubernetes does; see open_link(). */
static void updated_by_rename(void **state)
{
    const struct place *place = *state;
    const char *why = NULL;
    int status = 0;
    pid_t pid;

    assert_int_equal(mkdirat(place->fd, "a", 0700), 0);
    put_file(place, "a/file", 0400, "text");
    assert_int_equal(symlinkat("a", place->fd, "..data"), 0);
    assert_int_equal(symlinkat("..data/file", place->fd, "file"), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        update(place, 2000);
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        assert_int_equal(read_as(place, "file", EXO_FILE_CONFIG, 0, &why),
                         EXO_OK);
    }
    assert_int_equal(status, 0);
    assert_int_equal(unlink(place_name(place, "file")), 0);
    assert_int_equal(symlinkat("nowhere", place->fd, "file"), 0);
    assert_int_equal(read_as(place, "file", EXO_FILE_CONFIG, 0, &why),
                     EXO_E_NOENT);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(modes),
        TEST(links),
        TEST(not_regular),
        TEST(absent),
        TEST(owners),
        TEST(sizes),
        TEST(without_a_size),
        TEST(error_in_buffer_stays),
        TEST(updated_by_rename),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
