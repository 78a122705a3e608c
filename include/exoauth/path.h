/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths that lead through other people's directories. One component after the
 * other is opened by the descriptor of the one before and judged on its own
 * descriptor, so that nobody can swap what was judged for something else.
 *
 * A directory obeys when root or the acting user owns it and nobody else can
 * write it. Where it is sticky, as /tmp is, others may, as what we use in it
 * must be root's or ours anyhow.
 *
 * Down to a base, which is what a person has named, a link is followed when
 * root or the acting user owns it and its directory obeys, hop by hop. Below
 * the base (a record, a token, all that is under a chroot) no link is, nor
 * is "..".
 */
#ifndef EXOAUTH_PATH_H
#define EXOAUTH_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "exoauth/error.h"
#include "exoauth/file.h"

#define EXO_PATH_NO_GROUP ((gid_t)-1)
#define EXO_PATH_OWN_GROUP ((gid_t)-2) /* as exo_path_own_group() finds it */
#define EXO_PATH_WHY 384               /* bytes with the NUL */

struct exo_path_rule {
    uid_t uid;   /* who acts; root may own what is his, too */
    gid_t group; /* that has nobody but him in it, as umask 002 wants:
                  * it may write. EXO_PATH_NO_GROUP: there is none */
    /* Root becomes that user (on), and root again, to make a directory below
     * one that is the user's. NULL: whoever runs is uid already. */
    void (*become)(const void *context, bool on);
    const void *context;
};

enum exo_path_how {
    EXO_PATH_FIND = 0,
    EXO_PATH_MAKE = 1 << 0, /* directories that are missing */
    EXO_PATH_LEAF = 1 << 1, /* the last directory is not judged: the caller
                             * looks at dir_st, and may correct it. If it has
                             * to be made, its mode is 0700 */
    EXO_PATH_BARE = 1 << 2  /* the entry itself must be no link */
};

/* Valid after success; closed by exo_path_close() in every case. */
struct exo_path {
    int dir;            /* O_PATH: the directory, or that of the entry */
    struct stat dir_st; /* of it */
    bool made;          /* the last directory is new: this walk made it */
    bool theirs; /* it, or something on the way to it, is rule->uid's and not
                  * root's: as root, act as that user in it */
    bool above;  /* the same without itself: act as that user on it */
    char name[NAME_MAX + 1]; /* the entry in dir */
    bool found;              /* the entry is there */
    struct stat st;          /* of it; it is no link */
    char why[EXO_PATH_WHY];  /* on failure: which component, and what to do */
};

/* Which group this user has for himself, or EXO_PATH_NO_GROUP: find asks the
 * database of users, once, and only where a directory is found that a group can
 * write. Where nobody said it, that is one with the number of the user. NULL:
 * there is none. */
void exo_path_own_group(gid_t (*find)(void));

/* Does the access list of an open file, acl(5), show it to anybody by name but
 * root and who reads it? In doubt it does. systemd.exec(5) gives a credential
 * to the user of a unit by such a list. */
bool exo_path_is_shared(int fd);

/* exo_file_own: a file of this user, not root, that only this user's own group
 * may write, without an access list. */
bool exo_path_own_file(int fd, const struct stat *st);

/* Whose configuration it is: the system's, so that root types what a message
 * tells to run, or (before this is called) that of the user who runs this. */
void exo_path_of_system(bool yes);

/* Which directories a message may tell to chmod, by their names without links:
 * those that are for exoauth alone. NULL, as before this is called: none. */
void exo_path_ours(bool (*is)(const char *dir));

/* The effective user of this process. */
void exo_path_rule_self(struct exo_path_rule *rule);

/*
 * Opens the directory base/below; below is "" or begins with "/". Links are
 * followed in base only, and nothing is made in it unless below is "". mode
 * is that of every directory which has to be made. EXO_E_UNSAFE: refused by
 * the rule; else EXO_E_NOENT (errno ENOENT or ENOTDIR), EXO_E_ACCESS, EXO_E_IO
 * (with errno: ELOOP after 40 links), EXO_E_TOOBIG, EXO_E_NOMEM.
 */
int exo_path_dir(struct exo_path *path, const struct exo_path_rule *rule,
                 const char *base, const char *below, int how,
                 mode_t mode) EXO_MUST_CHECK;

/*
 * Finds what an absolute path names and opens its directory. A link at the
 * end is followed like the others, so name is the last one of them, and may
 * be opened with O_NOFOLLOW. An entry that is missing is no error.
 */
int exo_path_entry(struct exo_path *path, const struct exo_path_rule *rule,
                   const char *file, int how, mode_t mode) EXO_MUST_CHECK;

/* The same for what somebody has typed, by the effective user: a relative name
 * is one of the working directory. */
int exo_path_named(struct exo_path *path, const char *file,
                   int how) EXO_MUST_CHECK;

/*
 * Reads what a path of the configuration names (exoauth/file.h has the rules
 * and the errors). EXO_E_NOENT: it is not there. path is closed already.
 */
int exo_path_read(struct exo_path *path, const char *file,
                  enum exo_file_rule kind, struct exo_buf *out) EXO_MUST_CHECK;

/*
 * Opens for reading what somebody has typed and a third may own, as the file of
 * another program: along the way only root, who runs this and its owner have a
 * hand. *fd is the caller's, *st the fstat; what it is, is the caller's to look
 * at. As exo_path_entry(), EXO_E_NOENT if it is not there; path is closed.
 */
int exo_path_open(struct exo_path *path, const char *file, int *fd,
                  struct stat *st) EXO_MUST_CHECK;

/* Says exo_file_walk(): from here on the program reads what is named to it, or
 * by its configuration, by these rules, for the effective user. A relative name
 * is one of the working directory. An open descriptor, as /dev/stdin or
 * /dev/fd/3, is the word of who opened it. own: the configuration is the
 * user's own, and exo_path_own_file() counts. */
void exo_path_guard(bool own);

/* The judgement alone, of what is then opened in another way; *why as by
 * exo_file_open(). An entry that is missing is no error. */
int exo_path_judge(const char *file, const char **why) EXO_MUST_CHECK;

/*
 * May a remedy tell to chown or chmod it, which follow links and give away what
 * they find? NULL: yes. Else why not, and what to do, until the next call: it
 * is a link or a device, it has another name, it is neither root's nor uid's,
 * or the way there is not root's alone (where root is to type it) or root's and
 * uid's.
 */
const char *exo_path_infirm(const char *file, uid_t uid);

/* Could somebody else than root put another program in its place? EXO_E_UNSAFE:
 * yes, and *why says how until the next call; or what else keeps it from being
 * known, EXO_E_IO with errno. */
int exo_path_not_roots(const char *program, const char **why) EXO_MUST_CHECK;

/*
 * Replaces a regular file, all or nothing, durable when it returns: it keeps
 * owner, group, mode and access list, or it is left as it is (EXO_E_UNSAFE). A
 * new one has this mode; dir_mode is that of directories that have to be made,
 * 0: none is. path is closed already.
 */
int exo_path_put(struct exo_path *path, const char *file, mode_t mode,
                 mode_t dir_mode, const void *data, size_t len) EXO_MUST_CHECK;

/*
 * The same in two halves. begin: everything that can lack room or rights; what
 * is there stays as it is. end: the name, which what somebody else made
 * meanwhile keeps (EXO_E_CONFLICT). It closes temp, as drop does in its place.
 */
struct exo_temp;
int exo_path_put_begin(struct exo_path *path, struct exo_temp *temp,
                       const char *file, mode_t mode, mode_t dir_mode,
                       const void *data, size_t len) EXO_MUST_CHECK;
int exo_path_put_end(const struct exo_path *path,
                     struct exo_temp *temp) EXO_MUST_CHECK;
void exo_path_put_drop(struct exo_temp *temp);

/* Could somebody put another thing in its place before root has typed what a
 * message says of it? */
bool exo_path_swappable(const struct exo_path *path);

/* The directory once more, to be read, fsync()ed, fchown()ed: -1 and errno. */
int exo_path_reopen(const struct exo_path *path);

void exo_path_close(struct exo_path *path);

#endif
