/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which directories are exoauth's own (ours.h). Asked by path_rule.c, by what
 * app.c has told it, and by settings_file.c and doctor before a message says
 * chmod: in another directory, such as /var/log, others have their rights, and
 * a chmod would take these from them.
 *
 * Names are compared once they are resolved, as the walk has them. The
 * configuration is the caller's, who says when it is gone; nothing else is
 * kept but the name of its file. Where anything is missing the answer is no.
 */
#include "config.h"

#include "ours.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/path.h"
#include "exoauth/text.h"

static char conf_file[PATH_MAX];
static bool is_user;
static const struct exo_conf *conf_now;

void exo_ours_are(const char *file, bool user, const struct exo_conf *conf)
{
    is_user = user;
    (void)snprintf(conf_file, sizeof(conf_file), "%s", file ? file : "");
    conf_now = conf;
    exo_path_ours(file ? exo_ours : NULL);
}

/* What is directly below / or /var, and what comes with the system, is not one
 * program's, whatever lies in it. */
static bool is_of_system(const char *dir)
{
    static const char *const trees[] = { "/usr", "/boot", "/dev", "/proc",
                                         "/sys" };

    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        size_t len = strlen(trees[i]);

        if (strncmp(dir, trees[i], len) == 0 && dir[len] == '/') {
            return true;
        }
    }
    return strchr(dir + 1, '/') == NULL ||
           (strncmp(dir, "/var/", 5) == 0 && strchr(dir + 5, '/') == NULL);
}

/* base may be what is to be made. */
static bool is_below(const char *dir, const char *base)
{
    char real[PATH_MAX];
    size_t len;

    if (!base || base[0] != '/') {
        return false;
    }
    if (!realpath(base, real)) {
        (void)snprintf(real, sizeof(real), "%s", base);
    }
    len = strlen(real);
    return len > 1 && strncmp(dir, real, len) == 0 &&
           (dir[len] == '\0' || dir[len] == '/');
}

static bool is_below_parent(const char *dir, const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    char *parent =
        slash && slash > file ? strndup(file, (size_t)(slash - file)) : NULL;
    bool yes = parent && is_below(dir, parent);

    free(parent);
    return yes;
}

/* On the way from a root to the tokens below it there is what exoauth makes.
 * That is nothing else's: what stood there before the tokens is a directory of
 * a jail, which has no other users. */
static bool is_in_jail(const char *dir, const char *list, const char *tokens)
{
    const char *word;
    size_t len;
    bool yes = false;

    while (!yes && (word = exo_word_next(&list, &len)) != NULL) {
        char *root = strndup(word, len);
        char real[PATH_MAX];

        if (root && realpath(root, real) && strcmp(real, "/") != 0 &&
            strncmp(dir, real, strlen(real)) == 0 && dir[strlen(real)] == '/') {
            const char *below = dir + strlen(real);
            size_t n = strlen(below);

            yes = strncmp(tokens, below, n) == 0 &&
                  (tokens[n] == '/' || tokens[n] == '\0');
        }
        free(root);
    }
    return yes;
}

/* A person's directories are his to correct. */
static bool is_persons(const char *dir)
{
    struct stat st;

    return is_user && lstat(dir, &st) == 0 && st.st_uid == geteuid() &&
           geteuid() != 0;
}

bool exo_ours(const char *dir)
{
    const struct exo_conf *c = conf_now;
    const char *store = c ? exo_conf_store_dir(c) : NULL;

    if (is_of_system(dir)) {
        return false;
    }
    if (is_below_parent(dir, conf_file) || is_persons(dir)) {
        return true;
    }
    return c && (is_below(dir, c->account_dir) || is_below(dir, c->token_dir) ||
                 (store && is_below(dir, store)) ||
                 is_below_parent(dir, c->key_file) ||
                 is_in_jail(dir, c->chroot, c->token_dir));
}

bool exo_ours_closed(const char *path, bool whole, char dir[PATH_MAX])
{
    for (const char *p = path; (p = strchr(p + 1, '/')) != NULL;) {
        if (p - path >= PATH_MAX) {
            return false;
        }
        memcpy(dir, path, (size_t)(p - path));
        dir[p - path] = '\0';
        if (faccessat(AT_FDCWD, dir, X_OK, AT_EACCESS) != 0) {
            return errno == EACCES;
        }
    }
    (void)snprintf(dir, PATH_MAX, "%s", path);
    return whole && faccessat(AT_FDCWD, dir, R_OK | X_OK, AT_EACCESS) != 0 &&
           errno == EACCES;
}

/* What run_as says root types, as it does where this is root's command. */
static bool is_run_as(const struct exo_conf *conf)
{
    const struct passwd *pw = getpwuid(geteuid());

    return pw && strcmp(pw->pw_name, conf->run_as) == 0;
}

int exo_ours_listed(const struct exo_conf *conf, struct exo_err *err)
{
    char dir[PATH_MAX], real[PATH_MAX];
    struct stat st;

    if (!exo_ours_closed(conf->account_dir, true, dir)) {
        return 0;
    }
    if (!realpath(dir, real) || !exo_ours(real) ||
        exo_path_infirm(dir, geteuid()) || stat(dir, &st) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot read account_dir %s: uid %lu may not enter "
                           "%s; name another directory for account_dir in %s",
                           conf->account_dir, (unsigned long)geteuid(), dir,
                           conf->path);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       conf->user || is_run_as(conf)
                           ? "cannot read account_dir %s: uid %lu may not list "
                             "%s; run: chmod %s+rx %s"
                           : "cannot read account_dir %s: uid %lu may not list "
                             "%s; run as root: chmod %s+rx %s",
                       conf->account_dir, (unsigned long)geteuid(), dir,
                       st.st_uid == geteuid() ? "u" : "a", EXO_SH(dir, "DIR"));
}

int exo_ours_unreadable(const struct exo_conf *conf, const char *file,
                        struct exo_err *err)
{
    char real[PATH_MAX];
    int rc = exo_ours_listed(conf, err);

    if (rc != 0) {
        return rc;
    }
    if (!realpath(file, real)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s leads into a directory that uid %lu may not "
                           "enter; put the file itself there",
                           file, (unsigned long)geteuid());
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       conf->user || is_run_as(conf)
                           ? "%s: uid %lu, which uses it, may not read it; "
                             "run: chmod a+r %s"
                           : "%s: uid %lu, which uses it, may not read it; "
                             "run as root: chmod a+r %s",
                       file, (unsigned long)geteuid(), EXO_SH(real, "FILE"));
}

int exo_ours_store(const struct exo_conf *conf, const char *run_as, uid_t uid,
                   struct exo_err *err)
{
    const char *dir = exo_conf_store_dir(conf);
    struct stat st;

    if (!dir || stat(dir, &st) != 0 || st.st_uid == uid) {
        (void)exo_err_set(err, EXO_STATUS_DENIED,
                          "%s (run_as) may not enter the directories above "
                          "store %s; name another directory in store",
                          run_as, dir ? dir : conf->store);
    } else {
        (void)exo_err_set(
            err, EXO_STATUS_DENIED,
            st.st_uid == 0
                ? "store %s: it belongs to uid %lu, not to %s (run_as); name "
                  "another directory in store, or chown -R it to run_as if all "
                  "is of exoauth"
                : "store %s: it belongs to uid %lu, not to %s (run_as); name "
                  "another directory in store",
            dir, (unsigned long)st.st_uid, run_as);
    }
    return EXO_E_ACCESS;
}
