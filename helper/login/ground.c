/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See ground.h. Called by login as run_as, before a code is spent and when all
 * is stored. Only what decides about the credential and where it is found is
 * compared: a comment or another log level is no reason to ask a person twice.
 * A directory is the same one if device and inode are; it is held meanwhile, so
 * that no other can get its number.
 */
#include "config.h"

#include "ground.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STORE, ACCOUNT_DIR, DIRS };

/* NULL: the store is no directory. */
static const char *dir_of(const struct exo_conf *conf, int i)
{
    return i == STORE ? exo_conf_store_dir(conf) : conf->account_dir;
}

int exo_ground_take(struct exo_ground *g, struct exo_app *app,
                    const struct exo_account *account, struct exo_draft *draft,
                    struct exo_err *err)
{
    int rc;

    memset(g, 0, sizeof(*g));
    g->app = app;
    g->draft = draft;
    for (int i = 0; i < DIRS; i++) {
        const char *dir = dir_of(app->conf, i);

        /* Held, as some file systems number a directory anew. */
        g->fd[i] = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    }
    rc = exo_settings_load_draft(&g->begun, app->conf, draft, account, err);
    /* A draft was read by root, and keeps the mode of the file. */
    return rc == 0 && draft ? exo_settings_readable(app->conf, account, err)
                            : rc;
}

void exo_ground_free(struct exo_ground *g)
{
    for (int i = 0; g->app && i < DIRS; i++) {
        if (g->fd[i] >= 0) {
            (void)close(g->fd[i]);
        }
    }
    exo_settings_free(g->begun);
    g->begun = NULL;
}

static int say(struct exo_err *err, const char *what, const char *file)
{
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s was changed by somebody else meanwhile, in %s; it "
                       "is left as it is; run it again",
                       what, file);
}

static int check_conf(const struct exo_conf *was, const struct exo_conf *now,
                      struct exo_err *err)
{
    const struct {
        const char *name, *was, *now;
    } keys[] = { { "store", was->store, now->store },
                 { "account_dir", was->account_dir, now->account_dir },
                 { "run_as", was->run_as, now->run_as },
                 { "key_file", was->key_file, now->key_file },
                 { "key_command", was->key_command, now->key_command } };

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (strcmp(keys[i].was, keys[i].now) != 0) {
            return say(err, keys[i].name, was->path);
        }
    }
    return 0;
}

static int check_account(const struct exo_settings *was,
                         const struct exo_settings *now, struct exo_err *err)
{
    for (int i = 0; i < EXO_KEYS; i++) {
        if (strcmp(was->key[i].value, now->key[i].value) != 0) {
            return say(err, exo_key_name((enum exo_key)i), now->path);
        }
    }
    return strcmp(was->credential.name, now->credential.name) != 0
               ? say(err, exo_key_name(EXO_KEY_CREDENTIAL), now->path)
               : 0;
}

static int load_account(const struct exo_ground *g, const struct exo_conf *conf,
                        struct exo_settings **now, struct exo_err *err)
{
    const struct exo_draft *draft = exo_draft_waits(g->draft) ? g->draft : NULL;
    int rc = exo_settings_load_draft(now, conf, draft, &g->begun->account, err);

    if (rc != 0 && err->status == EXO_STATUS_NO_ACCOUNT) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s was removed by somebody else meanwhile; put it "
                           "back, and run it again",
                           g->begun->path);
    }
    return rc;
}

static int check_settings(const struct exo_ground *g,
                          const struct exo_conf *conf, struct exo_err *err)
{
    struct exo_settings *now = NULL;
    int rc = load_account(g, conf, &now, err);

    if (rc == 0) {
        rc = check_account(g->begun, now, err);
    }
    if (rc == 0 && exo_settings_owner(now) != now) {
        rc = check_account(exo_settings_owner(g->begun),
                           exo_settings_owner(now), err);
    }
    exo_settings_free(now);
    return rc;
}

/* What cannot be seen, then or now, is no other one. */
static bool is_same(int fd, const char *dir)
{
    struct stat was, now;

    if (fd < 0 || fstat(fd, &was) != 0) {
        return true;
    }
    if (stat(dir, &now) != 0) {
        return errno != ENOENT && errno != ENOTDIR;
    }
    return was.st_dev == now.st_dev && was.st_ino == now.st_ino;
}

static int check_dirs(const struct exo_ground *g, struct exo_err *err)
{
    for (int i = 0; i < DIRS; i++) {
        const char *dir = dir_of(g->app->conf, i);

        /* Without a draft nothing is written there, and what is read is
         * compared. */
        if ((i != ACCOUNT_DIR || exo_draft_waits(g->draft)) &&
            !is_same(g->fd[i], dir)) {
            return exo_err_set(err, EXO_STATUS_TRANSIENT,
                               "%s is not the directory any more that it was "
                               "when the login began; put that back, and run "
                               "it again",
                               dir);
        }
    }
    return 0;
}

int exo_ground_check(const struct exo_ground *g, struct exo_err *err)
{
    struct exo_conf *was = g->app->conf;
    struct exo_conf *now = NULL;
    struct exo_err unread = EXO_ERR_INIT;
    int rc = check_dirs(g, err);

    if (rc == 0) {
        rc = exo_draft_check(g->draft, err);
    }
    /* One that run_as cannot read is root's, and was read by root. */
    if (rc != 0 ||
        exo_conf_load(&now, was->path, was->user, was->helper, &unread) != 0) {
        return rc;
    }
    rc = check_conf(was, now, err);
    if (rc == 0) {
        rc = check_settings(g, now, err);
    }
    exo_conf_free(now);
    return rc;
}
