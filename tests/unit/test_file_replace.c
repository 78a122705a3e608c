/* SPDX-License-Identifier: BSD-2-Clause */
/* How files are replaced, and what is left of one that was not. */
#include "config.h"

#include "exoauth/temp.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "util.h"

#include <sys/syscall.h>

/* In place of libc's: a file system that keeps no modes. */
static bool modeless;

int fchmod(int fd, mode_t mode)
{
    return (int)syscall(SYS_fchmod, fd, modeless ? 0755 : mode);
}

static unsigned count_entries(const struct place *place)
{
    DIR *dir = opendir(place->path);
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    assert_int_equal(closedir(dir), 0);
    return n - 2;
}

static int replace(const struct place *place, const char *previous, mode_t mode,
                   const char *text)
{
    const struct exo_file_how how = { .mode = mode, .previous = previous };

    return exo_file_put(place->fd, "file", &how, text, strlen(text));
}

static void replaces(void **state)
{
    const struct place *place = *state;
    struct stat st;
    mode_t old = umask(077);

    assert_int_equal(replace(place, NULL, 0644, "one"), EXO_OK);
    umask(old);
    assert_string_equal(get_file(place, "file"), "one");
    assert_int_equal(fstatat(place->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(replace(place, NULL, 0600, ""), EXO_OK);
    assert_string_equal(get_file(place, "file"), "");
    assert_int_equal(fstatat(place->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(count_entries(place), 1);
}

/* What would be readable for others is not kept. */
static void needs_modes(void **state)
{
    const struct place *place = *state;

    assert_int_equal(replace(place, NULL, 0600, "one"), EXO_OK);
    modeless = true;
    assert_int_equal(replace(place, NULL, 0640, "two"), EXO_E_IO);
    modeless = false;
    assert_int_equal(errno, EOPNOTSUPP);
    assert_string_equal(get_file(place, "file"), "one");
    assert_int_equal(count_entries(place), 1);
}

static bool give_default_list(const struct place *place)
{
    /* version 2; user::rwx, user:4711:rwx, group::r-x, mask, other */
    static const unsigned char list[] = {
        2, 0,    0,    0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,   7,
        0, 0x67, 0x12, 0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16,  0,
        7, 0,    255,  255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255,
    };

    return setxattr(place->path, "system.posix_acl_default", list, sizeof list,
                    0) == 0;
}

/* Whoever made a directory may have said who reads what is made in it. */
static void the_mode_says_who_reads(void **state)
{
    static const mode_t modes[] = { 0640, 0660, 0644, 0400, 0600 };
    const struct place *place = *state;
    struct stat st;
    char path[PATH_MAX];

    if (!give_default_list(place)) {
        print_message("no access lists here\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/file", place->path);
    for (size_t i = 0; i < N_OF(modes); i++) {
        bool group = (modes[i] & 070) != 0;

        assert_int_equal(replace(place, NULL, modes[i], "secret"), EXO_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, modes[i]);
        /* With no bits for the group, whoever is listed has none either. */
        assert_true(!group ||
                    getxattr(path, "system.posix_acl_access", NULL, 0) < 0);
    }
}

static void keeps_previous(void **state)
{
    const struct place *place = *state;
    struct stat st;

    assert_int_equal(replace(place, "old", 0600, "one"), EXO_OK);
    assert_null(get_file(place, "old"));
    assert_int_equal(replace(place, "old", 0640, "two"), EXO_OK);
    assert_string_equal(get_file(place, "old"), "one");
    assert_int_equal(replace(place, "old", 0600, "three"), EXO_OK);
    assert_string_equal(get_file(place, "old"), "two");
    assert_string_equal(get_file(place, "file"), "three");
    assert_int_equal(fstatat(place->fd, "old", &st, 0), 0);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(fstatat(place->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(count_entries(place), 2);
}

static void link_is_replaced_not_followed(void **state)
{
    const struct place *place = *state;
    struct stat st;

    put_file(place, "target", 0600, "mine");
    assert_int_equal(symlinkat("target", place->fd, "file"), 0);
    assert_true(replace(place, "old", 0600, "two") != EXO_OK);
    assert_int_equal(replace(place, NULL, 0600, "two"), EXO_OK);
    assert_string_equal(get_file(place, "target"), "mine");
    assert_int_equal(fstatat(place->fd, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(count_entries(place), 2);
}

static void full_disk_keeps_old(void **state)
{
    const struct place *place = *state;
    static char big[100000];
    struct rlimit limit, tiny;
    int rc, saved;

    memset(big, 'x', sizeof big - 1);
    assert_int_equal(replace(place, "old", 0600, "one"), EXO_OK);
    assert_int_equal(replace(place, "old", 0600, "two"), EXO_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    tiny = limit;
    tiny.rlim_cur = 50000; /* the first write is short, the next fails */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    rc = replace(place, "old", 0600, big);
    saved = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(rc, EXO_E_IO);
    assert_int_equal(saved, EFBIG);
    assert_string_equal(get_file(place, "file"), "two");
    assert_string_equal(get_file(place, "old"), "one");
    assert_int_equal(count_entries(place), 2);
}

static void name_taken_by_directory(void **state)
{
    const struct place *place = *state;

    assert_int_equal(mkdirat(place->fd, "file", 0700), 0);
    assert_true(replace(place, NULL, 0600, "one") != EXO_OK);
    assert_int_equal(replace(place, "old", 0600, "one"), EXO_E_UNSAFE);
    assert_int_equal(count_entries(place), 1);
}

static void no_directory(void **state)
{
    const struct exo_file_how how = { .mode = 0600 };

    (void)state;
    assert_int_equal(exo_file_put(-1, "file", &how, "x", 1), EXO_E_IO);
    assert_int_equal(errno, EBADF);
    exo_file_sweep(-1);
}

static void write_fails(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    if (fd < 0) {
        say_skipped("no /dev/full here");
        return;
    }
    assert_int_equal(exo_file_write_all(fd, "x", 1), EXO_E_IO);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(exo_file_write_all(fd, "x", 0), EXO_OK);
    assert_int_equal(close(fd), 0);
}

static void as_told(void **state)
{
    const struct place *place = *state;
    const struct exo_owner other = { 12345, 23456 };
    const struct exo_owner own = { geteuid(), getegid() };
    struct exo_file_how how = { .mode = 0440, .is_new = true, .owner = &own };
    struct stat st;

    if (geteuid() == 0)
        how.owner = &other;
    assert_int_equal(exo_file_put(place->fd, "file", &how, "one", 3), EXO_OK);
    assert_int_equal(exo_file_put(place->fd, "file", &how, "two", 3),
                     EXO_E_CONFLICT);
    assert_string_equal(get_file(place, "file"), "one");
    assert_int_equal(fstatat(place->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0440);
    assert_int_equal(st.st_uid, how.owner->uid);
    assert_int_equal(st.st_gid, how.owner->gid);
    how.is_new = false;
    how.fleeting = true;
    assert_int_equal(exo_file_put(place->fd, "file", &how, "two", 3), EXO_OK);
    assert_string_equal(get_file(place, "file"), "two");
    if (geteuid() != 0) {
        how.owner = &other;
        assert_int_equal(exo_file_put(place->fd, "file", &how, "x", 1),
                         EXO_E_ACCESS);
        assert_string_equal(get_file(place, "file"), "two");
    }
    assert_int_equal(count_entries(place), 1);
}

static void sweeps_what_nobody_writes(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
        bool stays;
    } table[] = {
        { ".tmp.0123456789abcdef", 0600, false },
        { ".tmp.fedcba9876543210", 0400, false },
        { ".tmp.0123456789abcde", 0600, true },
        { ".tmp.0123456789abcdef0", 0600, true },
        { ".tmp.0123456789abcdeg", 0600, true },
        { ".tmp.0123456789ABCDEF", 0600, true },
        { "xtmp.0123456789abcdef", 0600, true },
        { "file", 0600, true },
    };
    const struct place *place = *state;

    for (size_t i = 0; i < N_OF(table); i++)
        put_file(place, table[i].name, table[i].mode, "x");
    assert_int_equal(mkdirat(place->fd, ".tmp.00000000000000aa", 0700), 0);
    assert_int_equal(symlinkat("file", place->fd, ".tmp.00000000000000bb"), 0);
    exo_file_sweep(place->fd);
    exo_file_sweep(place->fd);
    for (size_t i = 0; i < N_OF(table); i++)
        assert_int_equal(get_file(place, table[i].name) != NULL,
                         table[i].stays);
    assert_int_equal(count_entries(place), N_OF(table));
}

/* A read lock is all that a stranger can have on a file that he can read. */
static void locks_tell_who_writes(void **state)
{
    static const char left[] = ".tmp.0123456789abcdef";
    const struct place *place = *state;
    const struct exo_file_how how = { .mode = 0644 };
    struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
    struct exo_temp temp;
    struct stat st;
    int fd;

    assert_int_equal(exo_temp_open(&temp, place->fd, false), EXO_OK);
    exo_file_sweep(place->fd);
    assert_int_equal(fstatat(place->fd, temp.name, &st, 0), 0);
    put_file(place, left, 0644, "x");
    fd = openat(place->fd, left, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
    exo_file_sweep(place->fd);
    assert_null(get_file(place, left));
    assert_int_equal(close(fd), 0);
    assert_int_equal(exo_temp_commit(&temp, "file", &how), EXO_OK);
    exo_temp_drop(&temp);
    assert_int_equal(count_entries(place), 1);
}

/* Where the file system has no such files, it has a name as others have. */
static void new_one_is_not_there_before(void **state)
{
    const struct place *place = *state;
    const struct exo_file_how how = { .mode = 0640, .is_new = true };
    struct exo_temp temp;
    struct stat st;
    unsigned named;

    assert_int_equal(exo_temp_open(&temp, place->fd, true), EXO_OK);
    named = temp.name[0] != '\0';
    assert_int_equal(count_entries(place), named);
    exo_temp_drop(&temp);
    assert_int_equal(count_entries(place), 0);
    assert_int_equal(exo_temp_open(&temp, place->fd, true), EXO_OK);
    assert_int_equal(exo_file_write_all(temp.fd, "one", 3), EXO_OK);
    assert_int_equal(exo_temp_commit(&temp, "file", &how), EXO_OK);
    exo_temp_drop(&temp);
    assert_string_equal(get_file(place, "file"), "one");
    assert_int_equal(fstatat(place->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(exo_temp_open(&temp, place->fd, true), EXO_OK);
    assert_int_equal(exo_temp_commit(&temp, "file", &how), EXO_E_CONFLICT);
    exo_temp_drop(&temp);
    assert_string_equal(get_file(place, "file"), "one");
    assert_int_equal(count_entries(place), 1);
}

/* In a process that has not written there yet. */
static void first_write_sweeps(void **state)
{
    const struct place *place = *state;
    int status;
    pid_t pid;

    assert_int_equal(replace(place, NULL, 0600, "one"), EXO_OK);
    for (int i = 0; i < 2; i++) {
        put_file(place, ".tmp.0123456789abcdef", 0600, "x");
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(replace(place, NULL, 0600, "two") == EXO_OK ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(count_entries(place), 1);
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replaces),
        TEST(needs_modes),
        TEST(the_mode_says_who_reads),
        TEST(keeps_previous),
        TEST(link_is_replaced_not_followed),
        TEST(full_disk_keeps_old),
        TEST(name_taken_by_directory),
        TEST(no_directory),
        TEST(write_fails),
        TEST(as_told),
        TEST(sweeps_what_nobody_writes),
        TEST(locks_tell_who_writes),
        TEST(new_one_is_not_there_before),
        TEST(first_write_sweeps),
    };

    return cmocka_run_group_tests_name("file_replace", tests, NULL, NULL);
}
