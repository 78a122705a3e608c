/* SPDX-License-Identifier: BSD-2-Clause */
/* Which ways are gone, and which are refused. */
#include "config.h"

#include "exoauth/path.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "util.h"

#define STRANGER ((uid_t)4711)
#define PERSON ((uid_t)4712)

static struct exo_path found; /* by the last walk */

static void dir(const struct place *p, const char *name, mode_t mode)
{
    assert_int_equal(mkdirat(p->fd, name, 0700), 0);
    assert_int_equal(fchmodat(p->fd, name, mode, 0), 0);
}

static void to(const struct place *p, const char *target, const char *name)
{
    assert_int_equal(symlinkat(target, p->fd, name), 0);
}

static void give(const struct place *p, const char *name, uid_t uid, gid_t gid)
{
    assert_int_equal(fchownat(p->fd, name, uid, gid, AT_SYMLINK_NOFOLLOW), 0);
}

static bool is_root(void)
{
    if (geteuid() != 0)
        print_message("not root: strangers are left out\n");
    return geteuid() == 0;
}

static int go_dir(const struct place *p, const char *base, const char *below,
                  int how)
{
    struct exo_path_rule rule;
    int rc;

    exo_path_close(&found);
    exo_path_rule_self(&rule);
    rc = exo_path_dir(&found, &rule, place_name(p, base), below, how, 0750);
    assert_true((rc == EXO_OK) == (found.dir >= 0));
    assert_true((rc == EXO_OK) == (found.why[0] == '\0'));
    return rc;
}

static int go(const struct place *p, const char *file)
{
    struct exo_path_rule rule;
    int rc;

    exo_path_close(&found);
    exo_path_rule_self(&rule);
    rc = exo_path_entry(&found, &rule, place_name(p, file), 0, 0);
    assert_true((rc == EXO_OK) == (found.dir >= 0));
    return rc;
}

static bool is_same(int fd, const struct place *p, const char *name)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && fstatat(p->fd, name, &b, 0) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void plain(void **state)
{
    const struct place *p = *state;
    int fd;

    dir(p, "a", 0755);
    dir(p, "a/b", 0700);
    put_file(p, "a/b/file", 0600, "text");
    assert_int_equal(go_dir(p, "a", "/b", 0), EXO_OK);
    assert_true(is_same(found.dir, p, "a/b"));
    fd = exo_path_reopen(&found);
    assert_true(is_same(fd, p, "a/b"));
    assert_int_equal(fsync(fd), 0);
    (void)close(fd);
    assert_int_equal(go_dir(p, "a/./b//", "", 0), EXO_OK);
    assert_true(is_same(found.dir, p, "a/b"));
    assert_int_equal(go(p, "a/b/file"), EXO_OK);
    assert_true(found.found && is_same(found.dir, p, "a/b"));
    assert_string_equal(found.name, "file");
    assert_int_equal(found.st.st_size, 4);
    assert_int_equal(go(p, "a/b/other"), EXO_OK);
    assert_false(found.found);
    assert_string_equal(found.name, "other");
    assert_int_equal(go(p, "a/c/other"), EXO_E_NOENT);
    assert_non_null(strstr(found.why, "/a/c: No such file"));
    assert_int_equal(go_dir(p, "a/b/file", "", 0), EXO_E_NOENT);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(go(p, "a/b/.."), EXO_E_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(go_dir(p, "a/b/file", "/x", EXO_PATH_MAKE), EXO_E_NOENT);
}

static void makes(void **state)
{
    const struct place *p = *state;
    struct stat st;

    (void)umask(022);
    assert_int_equal(go_dir(p, "a/b", "", EXO_PATH_MAKE), EXO_OK);
    assert_int_equal(fstatat(p->fd, "a/b", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    /* A base that is mistyped does not come into being. */
    assert_int_equal(go_dir(p, "c", "/d", EXO_PATH_MAKE), EXO_E_NOENT);
    assert_int_equal(fstatat(p->fd, "c", &st, 0), -1);
    assert_int_equal(go_dir(p, "a", "/d/e", EXO_PATH_MAKE), EXO_OK);
    assert_true(is_same(found.dir, p, "a/d/e"));
    assert_int_equal(go_dir(p, "a", "/f", 0), EXO_E_NOENT);
}

static void links(void **state)
{
    const struct place *p = *state;

    dir(p, "real", 0755);
    dir(p, "real/jail", 0755);
    dir(p, "real/jail/run", 0755);
    put_file(p, "real/file", 0600, "text");
    to(p, "real", "relative");
    to(p, place_name(p, "real/jail"), "absolute");
    to(p, "../relative/jail", "real/up");
    assert_int_equal(go_dir(p, "relative/jail", "/run", 0), EXO_OK);
    assert_int_equal(go_dir(p, "absolute", "/run", 0), EXO_OK);
    assert_int_equal(go_dir(p, "real/up", "/run", 0), EXO_OK);
    assert_true(is_same(found.dir, p, "real/jail/run"));
    /* Below the base there is none, whoever made it. */
    to(p, "run", "real/jail/link");
    assert_int_equal(go_dir(p, "real/jail/link", "", 0), EXO_OK);
    assert_int_equal(go_dir(p, "absolute", "/link", 0), EXO_E_UNSAFE);
    assert_non_null(strstr(found.why, "/real/jail/link is a symbolic link"));
    assert_int_equal(go_dir(p, "absolute", "/link/more", EXO_PATH_MAKE),
                     EXO_E_UNSAFE);
    assert_int_equal(go_dir(p, "absolute", "/run/../run", 0), EXO_E_UNSAFE);
    assert_int_equal(go_dir(p, "absolute", "/..", 0), EXO_E_UNSAFE);
    /* Files at the end of a link have the name of where they are. */
    to(p, "real/file", "soft");
    assert_int_equal(go(p, "soft"), EXO_OK);
    assert_string_equal(found.name, "file");
    assert_true(found.found && is_same(found.dir, p, "real"));
    to(p, "real/missing", "dangling");
    assert_int_equal(go(p, "dangling"), EXO_OK);
    assert_false(found.found);
    to(p, "loop", "loop");
    assert_int_equal(go(p, "loop"), EXO_E_IO);
    assert_int_equal(errno, ELOOP);
}

/* ..data -> ..2026_11_29, exoauth.conf -> ..data/exoauth.conf */
static void kubernetes(void **state)
{
    const struct place *p = *state;

    dir(p, "..2026_11_29", 0755);
    put_file(p, "..2026_11_29/exoauth.conf", 0644, "text");
    to(p, "..2026_11_29", "..data");
    to(p, "..data/exoauth.conf", "exoauth.conf");
    assert_int_equal(go(p, "exoauth.conf"), EXO_OK);
    assert_true(is_same(found.dir, p, "..2026_11_29"));
    assert_string_equal(found.name, "exoauth.conf");
    assert_int_equal(fchmodat(p->fd, "..2026_11_29", 0777, 0), 0);
    assert_int_equal(go(p, "exoauth.conf"), EXO_E_UNSAFE);
}

/* Others have their rights in a directory that is not exoauth's alone. */
static bool is_ours(const char *dir)
{
    return strcmp(dir + strlen(dir) - 2, "/a") == 0;
}

static void modes(void **state)
{
    static const struct {
        mode_t mode;
        int rc;
    } table[] = {
        { 0755, EXO_OK },       { 0700, EXO_OK },       { 0775, EXO_E_UNSAFE },
        { 0757, EXO_E_UNSAFE }, { 0777, EXO_E_UNSAFE }, { 02775, EXO_E_UNSAFE },
        { 01777, EXO_OK },      { 01775, EXO_OK },      { 01755, EXO_OK },
    };
    const struct place *p = *state;

    dir(p, "a", 0755);
    dir(p, "a/b", 0755);
    put_file(p, "a/b/file", 0600, "text");
    /* A group that is not ours alone; without root there may be none. */
    if (geteuid() == 0)
        give(p, "a", 0, 4713);
    for (size_t i = 0; i < N_OF(table); i++) {
        if (geteuid() != 0 && (table[i].mode & 002) == 0)
            continue;
        assert_int_equal(fchmodat(p->fd, "a", table[i].mode, 0), 0);
        assert_int_equal(go(p, "a/b/file"), table[i].rc);
        assert_int_equal(go_dir(p, "a", "/b", 0), table[i].rc);
        assert_int_equal(go_dir(p, "a", "", 0), table[i].rc);
        assert_int_equal(go_dir(p, "a", "/c", EXO_PATH_MAKE), table[i].rc);
        (void)unlinkat(p->fd, "a/c", AT_REMOVEDIR);
        assert_int_equal(go_dir(p, "a", "", EXO_PATH_LEAF), EXO_OK);
    }
    assert_int_equal(fchmodat(p->fd, "a", 0777, 0), 0);
    (void)!go(p, "a/b/file");
    assert_non_null(strstr(found.why, "/a can be written to by everybody; "
                                      "use a path in directories that only "));
    exo_path_ours(is_ours);
    (void)!go(p, "a/b/file");
    assert_non_null(strstr(found.why, "/a can be written to by everybody; "
                                      "run: chmod go-w "));
    exo_path_ours(NULL);
}

static void strangers(void **state)
{
    const struct place *p = *state;

    if (!is_root())
        skip();
    dir(p, "a", 0755);
    dir(p, "a/b", 0755);
    put_file(p, "a/b/file", 0600, "text");
    give(p, "a", STRANGER, 0);
    assert_int_equal(go(p, "a/b/file"), EXO_E_UNSAFE);
    assert_non_null(strstr(found.why, "/a belongs to uid 4711"));
    assert_int_equal(go_dir(p, "a", "", 0), EXO_E_UNSAFE);
    assert_int_equal(go_dir(p, "a", "/b", EXO_PATH_LEAF), EXO_E_UNSAFE);
    give(p, "a", 0, 0);
    /* Of a link the owner counts, and the directory that it is in. */
    to(p, "a", "theirs");
    give(p, "theirs", STRANGER, 0);
    assert_int_equal(go(p, "theirs/b/file"), EXO_E_UNSAFE);
    assert_int_equal(go(p, "theirs"), EXO_E_UNSAFE);
    assert_non_null(strstr(found.why, "/theirs is a symbolic link of uid"));
    dir(p, "open", 0777);
    to(p, "../a", "open/ours");
    assert_int_equal(go(p, "open/ours/b/file"), EXO_E_UNSAFE);
    /* The second hop as the first. */
    to(p, "open/ours", "first");
    assert_int_equal(go(p, "first/b/file"), EXO_E_UNSAFE);
    assert_int_equal(fchmodat(p->fd, "open", 01777, 0), 0);
    assert_int_equal(go(p, "first/b/file"), EXO_OK);
    give(p, "open/ours", STRANGER, 0);
    assert_int_equal(go(p, "first/b/file"), EXO_E_UNSAFE);
    /* Where everybody may write, an entry is ours or nobody's. */
    put_file(p, "open/file", 0644, "text");
    assert_int_equal(go(p, "open/file"), EXO_OK);
    give(p, "open/file", STRANGER, 0);
    assert_int_equal(go(p, "open/file"), EXO_E_UNSAFE);
    dir(p, "open/dir", 0755);
    give(p, "open/dir", STRANGER, 0);
    assert_int_equal(go_dir(p, "open/dir", "/x", EXO_PATH_MAKE), EXO_E_UNSAFE);
    /* Its owner can rename what is in it. */
    put_file(p, "open/mine", 0644, "text");
    give(p, "open", STRANGER, 0);
    assert_int_equal(go(p, "open/mine"), EXO_E_UNSAFE);
}

static bool put_list(const struct place *p, const char *name)
{
    /* version 2; user::rwx, user:STRANGER:rwx, group::rwx, mask, other */
    static const unsigned char list[] = {
        2, 0,    0,    0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,   7,
        0, 0x67, 0x12, 0,   0,   4,   0,  7, 0,   255, 255, 255, 255, 16,  0,
        7, 0,    255,  255, 255, 255, 32, 0, 5,   0,   255, 255, 255, 255,
    };

    return setxattr(place_name(p, name), "system.posix_acl_access", list,
                    sizeof list, 0) == 0;
}

/* Whoever has umask 002 shares his files with a group that is his alone. */
static void private_group(void **state)
{
    struct exo_path_rule rule = { PERSON, PERSON, NULL, NULL };
    const struct place *p = *state;
    struct exo_path path;

    if (!is_root())
        skip();
    dir(p, "home", 0775);
    give(p, "home", PERSON, PERSON);
    assert_int_equal(
        exo_path_dir(&path, &rule, place_name(p, "home"), "", 0, 0), EXO_OK);
    assert_true(path.theirs);
    exo_path_close(&path);
    rule.group = EXO_PATH_NO_GROUP;
    assert_int_equal(
        exo_path_dir(&path, &rule, place_name(p, "home"), "", 0, 0),
        EXO_E_UNSAFE);
    rule.group = PERSON;
    give(p, "home", PERSON, 4713);
    assert_int_equal(
        exo_path_dir(&path, &rule, place_name(p, "home"), "", 0, 0),
        EXO_E_UNSAFE);
    assert_non_null(
        strstr(path.why, "by its group; use a path in directories "));
    give(p, "home", PERSON, PERSON);
    if (put_list(p, "home"))
        assert_int_equal(
            exo_path_dir(&path, &rule, place_name(p, "home"), "", 0, 0),
            EXO_E_UNSAFE);
    /* Root has no such group. */
    assert_int_equal(go_dir(p, "home", "", 0), EXO_E_UNSAFE);
}

static unsigned asked;

static gid_t find_group(void)
{
    asked++;
    return getegid();
}

/* Whole databases are read for it: only where it counts, and once. */
static void group_is_asked_for_last(void **state)
{
    const struct place *p = *state;

    dir(p, "mine", 0755);
    dir(p, "shared", 0775);
    exo_path_own_group(find_group);
    assert_int_equal(go_dir(p, "mine", "", 0), EXO_OK);
    assert_int_equal(go(p, "mine/file"), EXO_OK);
    assert_int_equal(asked, 0);
    assert_int_equal(go_dir(p, "shared", "", 0), EXO_OK);
    assert_int_equal(go(p, "shared/file"), EXO_OK);
    assert_int_equal(asked, 1);
    exo_path_own_group(NULL);
    assert_int_equal(go_dir(p, "shared", "", 0), EXO_E_UNSAFE);
    assert_int_equal(asked, 1);
}

static void become(const void *context, bool on)
{
    const uid_t *uid = context;

    assert_int_equal(setegid(on ? *uid : 0), 0);
    assert_int_equal(seteuid(on ? *uid : 0), 0);
}

/* Below what is the user's, root makes what the user could have made. */
static void as_owner(void **state)
{
    static const uid_t uid = PERSON;
    struct exo_path_rule rule = { PERSON, EXO_PATH_NO_GROUP, become, &uid };
    const struct place *p = *state;
    struct exo_path path;
    struct stat st;

    if (!is_root())
        skip();
    dir(p, "store", 0700);
    give(p, "store", PERSON, PERSON);
    assert_int_equal(exo_path_dir(&path, &rule, place_name(p, "store/a/b"), "",
                                  EXO_PATH_MAKE, 0755),
                     EXO_OK);
    assert_true(path.theirs);
    exo_path_close(&path);
    assert_int_equal(fstatat(p->fd, "store/a/b", &st, 0), 0);
    assert_int_equal(st.st_uid, PERSON);
    assert_int_equal(exo_path_dir(&path, &rule, place_name(p, "roots"), "",
                                  EXO_PATH_MAKE, 0755),
                     EXO_OK);
    assert_int_equal(path.dir_st.st_uid, 0);
    exo_path_close(&path);
    /* A link of the user's may lead to root's, but not with root's rights. */
    dir(p, "etc", 0755);
    to(p, "../etc", "store/link");
    give(p, "store/link", PERSON, PERSON);
    assert_int_equal(exo_path_dir(&path, &rule, place_name(p, "store/link/x"),
                                  "", EXO_PATH_MAKE, 0755),
                     EXO_E_ACCESS);
    assert_int_equal(fstatat(p->fd, "etc/x", &st, 0), -1);
}

/* A directory that is exchanged for a link, as fast as it goes: what is made
 * is in the one or refused, and never behind the link. */
static void exchanged(void **state)
{
    const struct place *p = *state;
    struct exo_path_rule rule;
    struct exo_path path;
    struct stat st;
    int done = 0;
    pid_t pid;

    dir(p, "jail", 0755);
    dir(p, "jail/run", 0755);
    dir(p, "etc", 0755);
    to(p, "../etc", "jail/link");
    pid = fork();
    assert_true(pid >= 0);
    while (pid == 0) {
        (void)renameat(p->fd, "jail/run", p->fd, "jail/away");
        (void)renameat(p->fd, "jail/link", p->fd, "jail/run");
        (void)renameat(p->fd, "jail/run", p->fd, "jail/link");
        (void)renameat(p->fd, "jail/away", p->fd, "jail/run");
    }
    exo_path_rule_self(&rule);
    for (int i = 0; i < 20000; i++) {
        if (exo_path_dir(&path, &rule, place_name(p, "jail"), "/run/x",
                         EXO_PATH_MAKE, 0755) == EXO_OK) {
            done++;
            exo_path_close(&path);
        }
        (void)unlinkat(p->fd, "jail/away/x", AT_REMOVEDIR);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    assert_true(done > 0);
    assert_int_equal(fstatat(p->fd, "etc/x", &st, 0), -1);
    (void)renameat(p->fd, "jail/away", p->fd, "jail/run");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain),         TEST(makes),
        TEST(links),         TEST(kubernetes),
        TEST(modes),         TEST(strangers),
        TEST(private_group), TEST(as_owner),
        TEST(exchanged),     TEST(group_is_asked_for_last),
    };

    found.dir = -1;
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
