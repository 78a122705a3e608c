/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files at the end of a walk (exoauth/path.h), read by one of the rules of
 * exoauth/file.h or judged; path_put.c replaces them.
 *
 * Called by the program for account files, configuration, and what is named to
 * it. The path is looked for anew, and all is done in the directory that the
 * walk has opened. What the caller gets back is closed; its `why` names the
 * file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "path_rule.h"

static int say(struct exo_path *path, const char *file, int rc, const char *why)
{
    int saved = errno;

    if (rc != EXO_OK && why == NULL) {
        why = rc == EXO_E_IO || rc == EXO_E_ACCESS ? exo_errno_text(saved)
                                                   : exo_strerror(rc);
    }
    if (rc != EXO_OK && file != NULL) {
        exo_text_fmt(path->why, sizeof path->why, "%.250s: %-s", file, why);
    } else if (rc != EXO_OK) {
        exo_text_fmt(path->why, sizeof path->why, "%-s", why);
    }
    exo_path_close(path);
    errno = saved;
    return rc;
}

int exo_path_read(struct exo_path *path, const char *file,
                  enum exo_file_rule kind, struct exo_buf *out)
{
    struct exo_path_rule rule;
    const char *why = NULL;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_path_entry(path, &rule, file, 0, 0);
    if (rc != EXO_OK) {
        return rc;
    }
    if (!path->found) {
        errno = ENOENT;
        return say(path, file, EXO_E_NOENT, NULL);
    }
    rc = exo_file_read(path->dir, path->name, kind, geteuid(), out, &why);
    return say(path, file, rc, why);
}

/* ---- for exo_file_open() ----------------------------------------------- */

static char refusal[EXO_PATH_WHY];

static bool is_descriptor(const char *file)
{
    static const char *const places[] = { "/dev/fd/", "/proc/self/fd/" };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t len = strlen(places[i]);

        if (strncmp(file, places[i], len) == 0 && file[len] != '\0' &&
            file[len + strspn(file + len, "0123456789")] == '\0') {
            return true;
        }
    }
    return strcmp(file, "/dev/stdin") == 0;
}

static int entry_of(struct exo_path *path, const struct exo_path_rule *rule,
                    const char *file, int how)
{
    char here[PATH_MAX];
    struct exo_buf whole = EXO_BUF_INIT(2 * PATH_MAX);
    const char *text;
    int rc, saved;

    path->dir = -1;
    path->why[0] = '\0';
    if (file[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return exo_error_from_errno(errno);
    }
    if (file[0] != '/') {
        exo_buf_fmt(&whole, "%s/", here);
    }
    exo_buf_str(&whole, file);
    rc = exo_buf_done(&whole, &text);
    if (rc == EXO_OK) {
        rc = exo_path_entry(path, rule, text, how, 0);
    }
    saved = errno;
    exo_buf_free(&whole);
    errno = saved;
    return rc;
}

int exo_path_named(struct exo_path *path, const char *file, int how)
{
    struct exo_path_rule rule;

    exo_path_rule_self(&rule);
    return entry_of(path, &rule, file, how);
}

/* By the walk of the owner of what is there now; an exchange is found out, as
 * the owner is then another. */
static int open_as_owner(struct exo_path *path, const char *file, int *fd,
                         struct stat *st)
{
    struct exo_path_rule rule;
    int rc;

    exo_path_rule_self(&rule);
    if (stat(file, st) == 0 && st->st_uid != 0 && st->st_uid != rule.uid) {
        rule.uid = st->st_uid;
        rule.group = EXO_PATH_NO_GROUP;
    }
    rc = entry_of(path, &rule, file, 0);
    if (rc != EXO_OK) {
        return rc;
    }
    *fd = openat(path->dir, path->name,
                 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (*fd < 0 || fstat(*fd, st) != 0) {
        return exo_error_from_errno(errno);
    }
    return st->st_uid == 0 || st->st_uid == rule.uid || st->st_uid == geteuid()
               ? EXO_OK
               : exo_path_refuse(path,
                                 "%.300s was exchanged while it was opened; "
                                 "see who can write to its directory",
                                 file);
}

int exo_path_open(struct exo_path *path, const char *file, int *fd,
                  struct stat *st)
{
    int saved, rc = EXO_OK;

    *path = (struct exo_path){ .dir = -1 };
    *fd = -1;
    if (is_descriptor(file)) {
        *fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (*fd < 0 || fstat(*fd, st) != 0) {
            rc = exo_error_from_errno(errno);
        }
    } else {
        rc = open_as_owner(path, file, fd, st);
    }
    saved = errno;
    exo_path_close(path);
    if (rc != EXO_OK && *fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
    errno = saved;
    return rc;
}

static int refused(const struct exo_path *path, const char **why)
{
    memcpy(refusal, path->why, sizeof refusal);
    *why = refusal;
    return EXO_E_UNSAFE;
}

static int walk_to(const char *file, int *dir, char name[NAME_MAX + 1],
                   const char **why)
{
    struct exo_path path;
    int rc;

    *dir = -1;
    if (is_descriptor(file)) {
        return EXO_OK;
    }
    rc = exo_path_named(&path, file, 0);
    if (rc == EXO_E_UNSAFE) {
        rc = refused(&path, why);
    } else if (rc == EXO_OK && !path.found) {
        errno = ENOENT;
        rc = EXO_E_NOENT;
    }
    if (rc != EXO_OK) {
        exo_path_close(&path);
        return rc;
    }
    memcpy(name, path.name, sizeof path.name);
    *dir = path.dir;
    return EXO_OK;
}

void exo_path_guard(bool own)
{
    static const struct exo_file_ways systems = { walk_to, NULL,
                                                  exo_path_is_shared },
                                      persons = { walk_to, exo_path_own_file,
                                                  exo_path_is_shared };

    exo_file_walk(own ? &persons : &systems);
}

int exo_path_judge(const char *file, const char **why)
{
    struct exo_path path;
    int rc = EXO_OK;

    if (!is_descriptor(file)) {
        rc = exo_path_named(&path, file, 0);
        rc = rc == EXO_E_UNSAFE ? refused(&path, why) : EXO_OK;
        exo_path_close(&path);
    }
    return rc;
}

static const char *infirm(const struct exo_path *path, uid_t uid)
{
    const struct stat *st = &path->st;

    if (path->found && !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
        return "it is neither a file nor a directory; name another path";
    }
    if (path->found && S_ISREG(st->st_mode) && st->st_nlink > 1) {
        return "it has more than one hard link; remove it, and put it there "
               "anew";
    }
    if (path->found && st->st_uid != 0 && st->st_uid != uid) {
        (void)snprintf(refusal, sizeof refusal,
                       "it belongs to uid %lu; move it away, or put a copy of "
                       "your own in its place",
                       (unsigned long)st->st_uid);
        return refusal;
    }
    if (exo_path_swappable(path)) {
        (void)snprintf(refusal, sizeof refusal,
                       "uid %lu could put another thing in its place; correct "
                       "it as that user",
                       (unsigned long)uid);
        return refusal;
    }
    return NULL;
}

const char *exo_path_infirm(const char *file, uid_t uid)
{
    struct exo_path_rule rule;
    struct exo_path path;
    const char *why = NULL;
    int rc;

    if (file[0] != '/') {
        return NULL;
    }
    exo_path_rule_self(&rule);
    rule.uid = uid;
    rc = exo_path_entry(&path, &rule, file, EXO_PATH_BARE, 0);
    if (rc == EXO_E_UNSAFE) {
        (void)refused(&path, &why);
    } else if (rc == EXO_OK) {
        why = infirm(&path, uid);
    }
    exo_path_close(&path);
    return why;
}

int exo_path_not_roots(const char *program, const char **why)
{
    const struct exo_path_rule rule = { .uid = 0, .group = EXO_PATH_NO_GROUP };
    struct exo_path path;
    int rc = exo_path_entry(&path, &rule, program, 0, 0);
    int saved = errno;

    *why = NULL;
    if (rc != EXO_OK) {
        (void)refused(&path, why);
        exo_path_close(&path);
        errno = saved;
        return rc;
    }
    if (!path.found || !S_ISREG(path.st.st_mode)) {
        *why = "it is not a file";
    } else if (path.st.st_uid != 0) {
        *why = "it does not belong to root";
    } else if ((path.st.st_mode & 022) != 0) {
        *why = "it is writable by group or others";
    }
    exo_path_close(&path);
    return *why != NULL ? EXO_E_UNSAFE : EXO_OK;
}
