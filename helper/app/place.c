/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directories of the store and of the published tokens. Called once per
 * command by exo_place_all(), as root before it becomes run_as, or as the
 * ordinary user whose own configuration is in force.
 *
 * All of them are gone to and made by exo_path_dir(), which follows no link
 * that others made. A leaf that is already there is given to run_as by hand.c,
 * where it may be; anything else there is somebody's, and left alone with a
 * warning.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/block.h"
#include "exoauth/file.h"
#include "hand.h"
#include "keys.h"
#include "place.h"

int exo_place_mkdirs(const struct exo_app *app, const char *path, mode_t mode,
                     struct exo_err *err)
{
    struct exo_path_rule rule;
    struct exo_path dir;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_dir(&dir, &rule, path, "", EXO_PATH_MAKE, mode);
    exo_path_close(&dir);
    if (exo_err_system(err, rc, "cannot make %.200s", path)) {
        return EXO_E_STATUS;
    }
    return rc == 0 ? 0
                   : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                                 "cannot make %s: %-s", path, dir.why);
}

/* A third user with the system's configuration gets what he can make by
 * himself, and no warning about what belongs to others: he asks sockets. */
static bool is_ours(const struct exo_app *app)
{
    return app->root || app->conf->user;
}

/*
 * The directory base/below as it should be. One that is there is corrected
 * only where the configuration is ours to carry out. EXO_E_CONFLICT: it is
 * another user's; else dir->why says what was in the way.
 */
static int make_leaf(const struct exo_app *app, const char *base,
                     const char *below, gid_t gid, mode_t mode, bool taken,
                     struct exo_path *dir)
{
    struct exo_path_rule rule;
    int rc;

    exo_app_rule(app, &rule);
    rc = exo_path_dir(dir, &rule, base, below, EXO_PATH_MAKE | EXO_PATH_LEAF,
                      app->conf->user ? 0700 : 0755);
    if (rc == 0 && is_ours(app)) {
        rc = exo_hand_over(app, dir, gid, mode, taken);
    }
    exo_path_close(dir);
    return rc;
}

/* Failing to make the store is said where the store is opened. */
static void place_store(struct exo_app *app)
{
    const char *path = exo_conf_store_dir(app->conf);
    struct exo_path dir;
    int rc;

    if (!path) {
        return;
    }
    rc = make_leaf(app, path, "", app->gid, 0700, false, &dir);
    if (rc == EXO_E_CONFLICT) {
        const char *why = exo_path_infirm(path, app->uid);

        /* Not chown: what is in it would count as ours. */
        exo_app_warn(app, "%s belongs to another user than %s%s%-s", path,
                     app->root ? app->run_as : "you", why ? ": " : "",
                     why ? why : "; correct run_as, or move it away");
    } else if (rc == EXO_E_UNSAFE && is_ours(app)) {
        exo_app_warn(app, "store %s is not used: %-s", path, dir.why);
    }
}

/* below is "" where there is no base to keep to, as it is token_dir. */
static void place_token_dir(struct exo_app *app, const char *base,
                            const char *below)
{
    char name[PATH_MAX];
    const char *why;
    bool group = app->has_token_group && app->root;
    struct exo_path dir;
    int rc = make_leaf(app, base, below, group ? app->token_gid : app->gid,
                       group ? 02750 : 0700, false, &dir);
    bool no_root = rc == EXO_E_NOENT && below[0] != '\0';

    if (rc == 0 || (!is_ours(app) && !no_root)) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%s%s", base, below);
    /* A jail that its user spoils keeps nobody else from tokens. */
    if (below[0] != '\0' && rc == EXO_E_IO) {
        (void)exo_err_set(&app->unplaced_jail, EXO_STATUS_MISCONFIGURED,
                          "cannot make %s: %-s; see its file system", name,
                          dir.why);
    }
    if (!exo_err_system(&app->unplaced, rc, "cannot make %s", name) &&
        below[0] == '\0') {
        (void)exo_err_set(&app->unplaced, EXO_STATUS_MISCONFIGURED,
                          "token_dir %s was not prepared; run: exoauth doctor",
                          name);
    }
    if (rc == EXO_E_CONFLICT) {
        why = exo_path_infirm(name, app->uid);
        exo_app_warn(app, "tokens are not published in %s: %-s", name,
                     why ? why : "it changed meanwhile; run this again");
    } else if (no_root) {
        /* Never make the root itself: a name mistyped in `chroot` would
         * become a directory that nobody looks into. */
        exo_app_warn(app, "chroot %s is not a directory; correct chroot in %s",
                     base, app->conf->path);
    } else if (rc == EXO_E_UNSAFE) {
        exo_app_warn(app, "tokens are not published in %s: %-s", name, dir.why);
    } else {
        exo_app_warn(app,
                     "cannot make %s: %-s; tokens are not published there, "
                     "logins use the socket; check token_dir and chroot in %s",
                     name, dir.why, app->conf->path);
    }
}

static void place_tokens(struct exo_app *app)
{
    const char *list = app->conf->chroot;
    const char *word;
    size_t len;

    place_token_dir(app, app->conf->token_dir, "");
    while ((word = exo_word_next(&list, &len)) != NULL) {
        char *root = strndup(word, len);

        if (root) {
            place_token_dir(app, root, app->conf->token_dir);
        } else {
            (void)exo_err_system(&app->unplaced, EXO_E_NOMEM,
                                 "cannot make token_dir below chroot");
        }
        free(root);
    }
}

/* There a directory of ours may be gone or root's after a boot. Elsewhere one
 * that is there is an administrator's, who knows why it is as it is. */
static bool is_run_dir(const char *dir)
{
    static const char run_dir[] = "/run/exoauth";
    const size_t len = sizeof(run_dir) - 1;

    return strncmp(dir, run_dir, len) == 0 &&
           (dir[len] == '/' || dir[len] == '\0');
}

/* By whatever name, as /var/run is /run; also before it is made. A name with
 * .. in it says nothing before it is resolved. */
static bool leads_to_run(const char *dir)
{
    const char *slash = strrchr(dir, '/');
    char real[PATH_MAX], made[PATH_MAX + NAME_MAX + 2];
    char *parent;

    if (!slash) {
        return false;
    }
    if (is_run_dir(dir) && strstr(dir, "/..") == NULL) {
        return true;
    }
    if (realpath(dir, real) != NULL) {
        return is_run_dir(real);
    }
    parent = strndup(dir, (size_t)(slash - dir));
    if (!parent || !realpath(parent, real)) {
        made[0] = '\0';
    } else {
        (void)snprintf(made, sizeof(made), "%s%s", real, slash);
    }
    free(parent);
    return is_run_dir(made);
}

static bool is_same(const struct stat *st, const char *dir)
{
    struct stat other;

    return stat(dir, &other) == 0 && st->st_dev == other.st_dev &&
           st->st_ino == other.st_ino;
}

/* Failing is said where the file is written. */
static void place_beside(struct exo_app *app, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir =
        slash && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
    bool ours = dir && leads_to_run(dir);
    struct exo_path made;
    struct stat st;

    if (dir &&
        (stat(dir, &st) != 0 ? strcmp(dir, app->conf->token_dir) != 0
                             : ours && !is_same(&st, app->conf->token_dir))) {
        (void)!make_leaf(app, dir, "", app->gid, 0755, ours, &made);
    }
    free(dir);
}

void exo_place_all(struct exo_app *app)
{
    place_store(app);
    place_tokens(app);
    exo_place_sweep(app);
    exo_keys_place(app);
    place_beside(app, app->conf->status_file);
}

void exo_place_log(struct exo_app *app)
{
    char *dir = strdup(app->conf->log);
    char *slash = dir ? strrchr(dir, '/') : NULL;

    if (slash) {
        *slash = '\0';
    }
    if (slash && is_ours(app) && leads_to_run(dir)) {
        place_beside(app, app->conf->log);
    }
    free(dir);
}

int exo_place_own(const struct exo_app *app, struct exo_err *err)
{
    static const char text[] = "# exoauth.conf(5); absent keys have their "
                               "defaults\n";
    const struct exo_file_how how = { .mode = 0600, .is_new = true };
    char *slash = strrchr(app->conf->path, '/');
    char *dir;
    int fd = -1;
    int rc;

    if (!app->conf->user || app->conf->present || !slash) {
        return 0;
    }
    dir = strndup(app->conf->path, (size_t)(slash - app->conf->path));
    rc = dir ? exo_place_mkdirs(app, dir, 0700, err) : EXO_E_NOMEM;
    if (rc == 0) {
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = fd < 0 ? exo_error_from_errno(errno)
                    : exo_file_put(fd, slash + 1, &how, text, sizeof(text) - 1);
    }
    if (fd >= 0) {
        int saved = errno;

        (void)close(fd);
        errno = saved;
    }
    free(dir);
    if (exo_err_system(err, rc, "cannot make %.200s", app->conf->path)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0 && rc != EXO_E_STATUS) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "cannot make %s: %m; correct owner and mode of its "
                         "directory",
                         app->conf->path);
    }
    return rc;
}
