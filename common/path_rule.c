/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may have a hand in a path (exoauth/path.h): what a directory, a link and
 * the entry at the end must be. Called by path.c for each component, with what
 * it has opened, and by the program once for who it is.
 *
 * Nothing here is opened by a name but what has an access list, and nothing is
 * kept but who we are. A refusal is EXO_E_UNSAFE; path->why names the component
 * and says what to do, with a command only where nobody could have put another
 * thing in its place before root has typed it.
 */
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdarg.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "exoauth/text.h"
#include "path_rule.h"

static gid_t number_of_user(void)
{
    return geteuid() != 0 && getegid() == geteuid() ? getegid()
                                                    : EXO_PATH_NO_GROUP;
}

static gid_t (*find_group)(void) = number_of_user;
static gid_t own_group = EXO_PATH_OWN_GROUP; /* not looked for yet */
static bool systems;

static bool knows_none(const char *dir)
{
    (void)dir;
    return false;
}

static bool (*is_of_exoauth)(const char *dir) = knows_none;

void exo_path_own_group(gid_t (*find)(void))
{
    find_group = find;
    own_group = find ? EXO_PATH_OWN_GROUP : EXO_PATH_NO_GROUP;
}

/* Whole databases are read for it, which may be those of a network. */
static bool is_own_group(const struct exo_path_rule *rule, gid_t gid)
{
    if (rule->group == EXO_PATH_OWN_GROUP && own_group == EXO_PATH_OWN_GROUP) {
        own_group = find_group();
    }
    return gid == (rule->group == EXO_PATH_OWN_GROUP ? own_group : rule->group);
}

void exo_path_of_system(bool yes)
{
    systems = yes;
}

void exo_path_ours(bool (*is)(const char *dir))
{
    is_of_exoauth = is != NULL ? is : knows_none;
}

void exo_path_rule_self(struct exo_path_rule *rule)
{
    memset(rule, 0, sizeof *rule);
    rule->uid = geteuid();
    rule->group = EXO_PATH_OWN_GROUP;
}

int exo_path_refuse(struct exo_path *path, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    exo_text_set(path->why, sizeof path->why, fmt, ap);
    va_end(ap);
    return EXO_E_UNSAFE;
}

/* Where there is a list, the bits of the group are its mask, and somebody
 * else may be in it. Only who owns a directory is trusted with his group, so
 * it can be opened; if not, it is not believed. */
static bool has_list(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool none = fd >= 0 &&
                fgetxattr(fd, "system.posix_acl_access", NULL, 0) < 0 &&
                (errno == ENODATA || errno == ENOTSUP);

    if (fd >= 0) {
        (void)close(fd);
    }
    return !none;
}

/* As the kernel gives it out, see acl(5): a version, then the entries. Longer
 * than any list of one reader, it names others. */
bool exo_path_is_shared(int fd)
{
    struct posix_acl_xattr_entry entry[32];
    char list[sizeof(struct posix_acl_xattr_header) + sizeof entry];
    ssize_t len = fgetxattr(fd, "system.posix_acl_access", list, sizeof list);
    size_t n;

    if (len < (ssize_t)sizeof(struct posix_acl_xattr_header)) {
        return len >= 0 || (errno != ENODATA && errno != ENOTSUP);
    }
    n = ((size_t)len - sizeof(struct posix_acl_xattr_header)) / sizeof *entry;
    memcpy(entry, list + sizeof(struct posix_acl_xattr_header),
           n * sizeof *entry);
    for (size_t i = 0; i < n; i++) {
        uint32_t id = le32toh(entry[i].e_id);
        bool other = (le16toh(entry[i].e_tag) == ACL_USER && id != 0 &&
                      id != geteuid()) ||
                     (le16toh(entry[i].e_tag) == ACL_GROUP && id != getegid());

        if (other && entry[i].e_perm != 0) {
            return true;
        }
    }
    return false;
}

bool exo_path_own_file(int fd, const struct stat *st)
{
    const struct exo_path_rule rule = { .uid = geteuid(),
                                        .group = EXO_PATH_OWN_GROUP };

    return rule.uid != 0 && st->st_uid == rule.uid &&
           is_own_group(&rule, st->st_gid) &&
           fgetxattr(fd, "system.posix_acl_access", NULL, 0) < 0 &&
           (errno == ENODATA || errno == ENOTSUP);
}

static bool is_ours(const struct exo_path_rule *rule, uid_t uid)
{
    return uid == 0 || uid == rule->uid;
}

static bool is_sticky(const struct stat *st)
{
    return (st->st_mode & S_ISVTX) != 0 && (st->st_mode & 022) != 0;
}

/* Whoever types a command may be root, and who may put a link in the place of
 * what it names would choose what it changes. */
static bool can_be_swapped(const struct exo_path *path, const struct stat *st)
{
    return systems &&
           (path->theirs || (is_sticky(&path->dir_st) && st->st_uid != 0));
}

int exo_path_rule_dir(struct exo_path *path, const struct exo_path_rule *rule,
                      int fd, const struct stat *st, const char *shown)
{
    const char *who = (st->st_mode & 002) != 0 ? "everybody" : "its group";

    /* To make it root's would make root's what its owner has put into it. */
    if (!is_ours(rule, st->st_uid)) {
        return exo_path_refuse(
            path,
            "%.200s belongs to uid %lu, who could put other things "
            "in its place; use a path in directories of root or "
            "your own",
            shown, (unsigned long)st->st_uid);
    }
    if ((st->st_mode & 022) == 0 || is_sticky(st)) {
        return EXO_OK;
    }
    if ((st->st_mode & 002) == 0 && is_own_group(rule, st->st_gid) &&
        !has_list(fd)) {
        return EXO_OK;
    }
    /* Its users have their rights there. */
    if (!is_of_exoauth(shown)) {
        return exo_path_refuse(path,
                               "%.200s can be written to by %s; use a path in "
                               "directories that only %s can write to",
                               shown, who, systems ? "root" : "you");
    }
    if (can_be_swapped(path, st)) {
        return exo_path_refuse(
            path,
            "%.200s can be written to by %s; let only its owner "
            "write to it",
            shown, who);
    }
    return exo_path_refuse(
        path, "%.200s can be written to by %s; run: chmod %s %s", shown, who,
        (st->st_mode & 002) != 0 ? "go-w" : "g-w", EXO_SH(shown, "FILE"));
}

int exo_path_rule_link(struct exo_path *path, const struct exo_path_rule *rule,
                       int fd, const struct stat *st, const char *shown)
{
    struct statfs fs;

    if (!is_ours(rule, st->st_uid)) {
        return exo_path_refuse(
            path,
            "%.200s is a symbolic link of uid %lu, which is not "
            "followed; remove it, or use another path",
            shown, (unsigned long)st->st_uid);
    }
    /* /dev/stdout: what is open there has no name that could be judged. */
    if (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
        return exo_path_refuse(
            path, "%.300s is a link of /proc; name the file itself", shown);
    }
    return EXO_OK;
}

int exo_path_rule_entry(struct exo_path *path, const struct exo_path_rule *rule,
                        const struct stat *st, const char *shown)
{
    if (is_sticky(&path->dir_st) && !is_ours(rule, st->st_uid)) {
        return exo_path_refuse(
            path,
            "%.300s belongs to uid %lu, in a directory where "
            "everybody can write; remove it",
            shown, (unsigned long)st->st_uid);
    }
    return EXO_OK;
}

bool exo_path_swappable(const struct exo_path *path)
{
    return can_be_swapped(path, &path->st);
}
