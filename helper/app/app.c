/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the exoauth program is and where its files are. Called by main() in
 * this order: open, exo_place_all(), (the command's before), drop, run, close.
 *
 * Root works on the system configuration in two halves: what only root can
 * do, then everything else as run_as, so that no secret is ever read or
 * written by root and `sudo exoauth login` leaves no file of root's behind.
 * Errors come back in a struct exo_err; warnings go to stderr, or to the log
 * for serve, whose fd 2 may be the client's connection.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "apart.h"
#include "command.h"
#include "credential.h"
#include "exoauth/file.h"
#include "exoauth/log.h"
#include "key_file.h"
#include "keys.h"
#include "ours.h"
#include "spend.h"

static int find_run_as(struct exo_app *app, struct exo_err *err)
{
    const char *name = app->conf->run_as;
    const struct passwd *pw;

    errno = 0;
    pw = getpwnam(name);
    if (!pw && exo_err_system(err, exo_error_from_errno(errno),
                              "cannot look up user %s (run_as)", name)) {
        return EXO_E_STATUS;
    }
    if (!pw) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "there is no user %s (run_as); correct run_as in "
                           "%s, or run: useradd --system --user-group "
                           "--home-dir /var/lib/exoauth --no-create-home "
                           "--shell /usr/sbin/nologin %s",
                           name, app->conf->path, EXO_SH(name, "USER"));
    }
    if (strlen(name) >= sizeof(app->run_as)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "run_as: the name is too long; shorten it in %s",
                           app->conf->path);
    }
    memcpy(app->run_as, name, strlen(name) + 1);
    app->uid = pw->pw_uid;
    app->gid = pw->pw_gid;
    return 0;
}

static int find_token_group(struct exo_app *app, struct exo_err *err)
{
    const char *name = app->conf->token_group;
    const struct group *gr;

    if (name[0] == '\0') {
        return 0;
    }
    errno = 0;
    gr = getgrnam(name);
    if (!gr && exo_err_system(err, exo_error_from_errno(errno),
                              "cannot look up group %s (token_group)", name)) {
        return EXO_E_STATUS;
    }
    if (!gr) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "there is no group %s (token_group); correct "
                           "token_group in %s, or run: groupadd --system %s",
                           name, app->conf->path, EXO_SH(name, "GROUP"));
    }
    app->has_token_group = true;
    app->token_gid = gr->gr_gid;
    return 0;
}

/*
 * An ordinary user's login starts a configuration of his own, unless he is
 * the one who owns the system's store, or said where to look himself.
 */
static bool wants_own(const struct exo_conf *conf, const char *explicit_file)
{
    const char *dir = exo_conf_store_dir(conf);
    struct stat st;

    if (explicit_file || conf->user || geteuid() == 0 ||
        getenv("SASL_CONF_PATH")) {
        return false;
    }
    return !dir || stat(dir, &st) != 0 || st.st_uid != geteuid();
}

/* A group that is not listed for a user may still be the first one of his. */
static bool is_first_of_others(gid_t gid, uid_t uid)
{
    const struct passwd *pw;
    bool found = false;

    setpwent();
    while (!found && (pw = getpwent()) != NULL) {
        found = pw->pw_gid == gid && pw->pw_uid != uid;
    }
    endpwent();
    return found;
}

static bool has_others(const struct group *gr, const char *name)
{
    bool found = false;

    for (char **member = gr->gr_mem; !found && *member; member++) {
        found = strcmp(*member, name) != 0;
    }
    return found;
}

/* A number may have several names, and each its members. */
static bool is_shared(gid_t gid, const char *name)
{
    const struct group *gr;
    bool found = false;

    setgrent();
    while (!found && (gr = getgrent()) != NULL) {
        found = gr->gr_gid == gid && has_others(gr, name);
    }
    endgrent();
    return found;
}

/* useradd(8) gives a person a group of the same name, and umask 002 with it:
 * nobody else is in there. */
static gid_t find_own_group(void)
{
    const struct passwd *pw = getpwuid(geteuid());
    char *name = pw ? strdup(pw->pw_name) : NULL;
    const struct group *gr = name ? getgrgid(pw->pw_gid) : NULL;
    gid_t gid = gr && strcmp(gr->gr_name, name) == 0 && !has_others(gr, name)
                    ? gr->gr_gid
                    : EXO_PATH_NO_GROUP;

    if (gid != EXO_PATH_NO_GROUP &&
        (is_shared(gid, name) || is_first_of_others(gid, geteuid()))) {
        gid = EXO_PATH_NO_GROUP;
    }
    free(name);
    return gid;
}

static int load_conf(struct exo_app *app, const char *explicit_file, bool own,
                     struct exo_err *err)
{
    char *path = NULL;
    bool user = false;
    int rc;

    rc = exo_conf_find(explicit_file, exo_conf_sasl_path(), &path, &user);
    if (rc == 0) {
        exo_ours_are(path, user, NULL);
        rc = exo_conf_load(&app->conf, path, user, EXO_HELPER, err);
    } else if (!exo_err_system(err, rc, "cannot look for exoauth.conf")) {
        (void)exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                          "cannot tell which configuration is in force: %s; "
                          "name it with --config FILE",
                          exo_strerror(rc));
    }
    if (rc == 0 && own && wants_own(app->conf, explicit_file)) {
        char *mine = NULL;

        rc = exo_conf_user_file(&mine);
        exo_err_words(err, rc);
        if (mine) {
            exo_conf_free(app->conf);
            exo_ours_are(mine, true, NULL);
            rc = exo_conf_load(&app->conf, mine, true, EXO_HELPER, err);
        }
        free(mine);
    }
    free(path);
    return rc;
}

/* What run_as says in a log, root types; what is said to a user of his own
 * configuration, he does. */
static bool is_of_system(const struct exo_conf *conf)
{
    struct stat st;

    return !conf->user && (geteuid() == 0 || stat(conf->path, &st) != 0 ||
                           st.st_uid != geteuid());
}

int exo_app_open(struct exo_app *app, const char *explicit_file, bool own,
                 struct exo_err *err)
{
    int rc;

    exo_path_own_group(geteuid() != 0 ? find_own_group : NULL);
    rc = load_conf(app, explicit_file, own, err);

    if (rc != 0) {
        return rc;
    }
    exo_path_of_system(is_of_system(app->conf));
    exo_path_guard(app->conf->user);
    exo_ours_are(app->conf->path, app->conf->user, app->conf);
    if (explicit_file && !app->conf->present && !app->quiet) {
        exo_app_warn(app, "%s does not exist; the defaults are in force",
                     explicit_file);
    }
    exo_buf_init(&app->passphrase.hidden, EXO_KEYRING_MAX);
    exo_buf_init(&app->key_text.hidden, EXO_KEYRING_MAX);
    exo_buf_init(&app->key_plain.hidden, EXO_KEYRING_MAX);
    exo_buf_init(&app->credential.hidden, EXO_KEYRING_MAX);
    exo_buf_init(&app->credential_path, EXO_KEY_PATH_MAX);
    app->credential_err = (struct exo_err)EXO_ERR_INIT;
    app->no_key = (struct exo_err)EXO_ERR_INIT;
    app->unplaced = (struct exo_err)EXO_ERR_INIT;
    app->unplaced_jail = (struct exo_err)EXO_ERR_INIT;
    app->started_by = getuid();
    app->root = geteuid() == 0 && !app->conf->user;
    app->uid = geteuid();
    app->gid = getegid();
    rc = app->root ? find_run_as(app, err) : 0;
    if (rc == 0) {
        rc = exo_apart_check(app, err);
    }
    if (rc == 0) {
        rc = find_token_group(app, err);
    }
    return rc;
}

/* No core file and no ptrace: from here on there are secrets in memory. */
static int seal_process(struct exo_err *err)
{
    const struct rlimit none = { 0, 0 };

    if (setrlimit(RLIMIT_CORE, &none) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "cannot keep secrets out of core dumps: %m; allow "
                           "setrlimit(2) and prctl(2) to this process");
    }
    return 0;
}

int exo_app_drop(struct exo_app *app, struct exo_err *err)
{
    (void)umask(077);
    if (app->root && (app->uid != 0 || app->gid != 0)) {
        exo_credential_keep(app);
        if (initgroups(app->run_as, app->gid) != 0 ||
            setresgid(app->gid, app->gid, app->gid) != 0 ||
            setresuid(app->uid, app->uid, app->uid) != 0) {
            if (exo_err_system(err, exo_error_from_errno(errno),
                               "cannot become user %s", app->run_as)) {
                return EXO_E_STATUS;
            }
            return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "cannot become user %s: %m; is the container "
                               "without CAP_SETUID? then set run_as: root",
                               app->run_as);
        }
    }
    return seal_process(err);
}

int exo_app_store(struct exo_app *app, struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;
    struct exo_store_guard guard = {
        .keys = exo_keys_read,
        .context = app,
    };
    int rc;

    if (app->store) {
        return 0;
    }
    rc = exo_keys_check(app, &guard, err);
    if (rc == 0) {
        rc = exo_store_open(&app->store, conf->store, false, err);
        if (rc == EXO_E_ACCESS && app->root) {
            rc = exo_err_unread(
                err, exo_ours_store(conf, app->run_as, app->uid, err));
        }
    }
    if (rc == 0) {
        exo_store_protect(app->store, &guard);
    }
    return rc;
}

int exo_app_lock(struct exo_app *app, const struct exo_account *account,
                 int64_t deadline_ms, struct exo_store_lock *lock,
                 struct exo_err *err)
{
    int rc = exo_keys_ask(app, err);

    if (rc == 0) {
        rc = exo_store_lock(app->store, account, deadline_ms, lock, err);
    }
    app->locked = rc == 0;
    return rc;
}

void exo_app_unlock(struct exo_app *app, struct exo_store_lock *lock)
{
    exo_store_unlock(app->store, lock);
    app->locked = false;
    exo_spend_end(); /* not before: who is stopped with the lock stops others */
}

static void say(const struct exo_app *app, enum exo_log_level level,
                const char *fmt, va_list ap) EXO_PRINTF(3, 0);

static void say(const struct exo_app *app, enum exo_log_level level,
                const char *fmt, va_list ap)
{
    char text[EXO_ERR_TEXT];
    bool shown = !app->quiet && (!app->hush || app->verbose > 0);
    bool logged = exo_log_is_kept();

    exo_text_set(text, sizeof(text), fmt, ap);
    if (logged || app->quiet || shown) {
        exo_log(level, "%-s", text);
    }
    if (logged && shown && level <= EXO_LOG_WARNING) {
        exo_say("%-s", text);
    }
}

void exo_app_warn(const struct exo_app *app, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(app, EXO_LOG_WARNING, fmt, ap);
    va_end(ap);
}

void exo_app_info(const struct exo_app *app, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(app, EXO_LOG_INFO, fmt, ap);
    va_end(ap);
}

void exo_app_after(struct exo_app *app)
{
    if (app->after) {
        app->after(app);
    }
}

void exo_app_close(struct exo_app *app)
{
    exo_store_close(app->store);
    app->store = NULL;
    exo_command_forget(app);
    exo_secret_free(&app->passphrase);
    exo_secret_free(&app->key_text);
    exo_secret_free(&app->key_plain);
    exo_secret_free(&app->credential);
    exo_buf_free(&app->credential_path);
    exo_ours_are(NULL, false, NULL);
    exo_conf_free(app->conf);
    app->conf = NULL;
}
