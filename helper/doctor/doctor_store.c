/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: owners and modes of the directories that exoauth makes, the store
 * and those of published tokens. Called by doctor_files.c before root becomes
 * run_as. The way to them is judged by the code that publishing takes; the
 * last directory is looked at here, as its owner and mode are known: the
 * store is run_as's alone, tokens are for token_group. Everything is freed
 * here; what fails is a finding, never an error.
 */
#include "config.h"

#include "doctor.h"
#include "helper/app/spot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/broker/broker.h"

/* May this process see what belongs to the owner of the store? */
static bool is_owner(const struct exo_doctor *d, const struct stat *st)
{
    return d->app->root || st->st_uid == geteuid();
}

/* As root nothing is changed by name where the owner could put another thing
 * in its place: he does it himself, and can do no more than he may. */
static bool tell_mode(struct exo_doctor *d, const char *path,
                      const struct stat *st, mode_t mode)
{
    if (d->app->root && d->app->uid != 0) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "%s has mode %04o, which lets others in; run: runuser "
                        "-u %s -- chmod %04o %s",
                        path, (unsigned)(st->st_mode & 07777),
                        EXO_SH(d->app->run_as, "USER"), (unsigned)mode,
                        EXO_SH(path, "FILE"));
    } else {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "%s has mode %04o, which lets others in; run: chmod "
                        "%04o %s",
                        path, (unsigned)(st->st_mode & 07777), (unsigned)mode,
                        EXO_SH(path, "FILE"));
    }
    return false;
}

/* A directory or file that must be the owner's and have that mode. */
static bool check_own(struct exo_doctor *d, const char *path,
                      const struct stat *st, mode_t mode)
{
    if (st->st_uid == 0 && d->app->uid != 0 && S_ISDIR(st->st_mode)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "%s belongs to root, and so cannot be used; name a new "
                        "or an empty directory in %s",
                        path, d->app->conf->path);
        return false;
    }
    if (st->st_uid == 0 && d->app->uid != 0) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "%s belongs to root, and so cannot be used; restore it "
                        "as the user %s",
                        path, d->app->root ? d->app->run_as : "who runs this");
        return false;
    }
    if (st->st_uid != d->app->uid &&
        exo_doctor_infirm(d, path, "belongs to another user")) {
        return false;
    }
    if (st->st_uid != d->app->uid) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "%s belongs to uid %lu; run: chown -h %s %s", path,
                        (unsigned long)st->st_uid,
                        d->app->root ? EXO_SH(d->app->run_as, "USER") : "$USER",
                        EXO_SH(path, "FILE"));
        return false;
    }
    /* What others may do is all that a request looks at, too. */
    return (st->st_mode & 077 & ~mode) == 0 || tell_mode(d, path, st, mode);
}

/* Nobody asks for it, and no other command shows it. */
static bool is_unread(const char *name)
{
    struct exo_account account;

    return exo_account_from_file(&account, name,
                                 (size_t)(strrchr(name, '.') - name)) != 0;
}

static bool is_record(const char *name)
{
    const char *dot = strrchr(name, '.');

    return name[0] != '.' && dot &&
           (strcmp(dot, ".json") == 0 || strcmp(dot, ".prev") == 0 ||
            strcmp(dot, ".lock") == 0);
}

static bool is_lock(const char *name)
{
    return strcmp(strrchr(name, '.'), ".lock") == 0;
}

/* Never to be removed, as it may be held. Its mode a request corrects. */
static void check_lock(struct exo_doctor *d, const char *file,
                       const struct stat *st)
{
    const char *name = strrchr(file, '/') + 1;
    struct exo_account account;

    if (!S_ISREG(st->st_mode)) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "lock file %s is a link or no file; run: find %s "
                        "-maxdepth 0 ! -type f -delete",
                        file, EXO_SH(file, "FILE"));
    } else if (st->st_uid != d->app->uid && st->st_nlink > 1) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "lock file %s is another name of a file of uid %lu; "
                        "run: find %s -maxdepth 0 -links +1 -delete",
                        file, (unsigned long)st->st_uid, EXO_SH(file, "FILE"));
    } else if (st->st_uid != d->app->uid) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "lock file %s belongs to uid %lu, so nothing can be "
                        "renewed; leave it in place, and make %s its owner",
                        file, (unsigned long)st->st_uid,
                        d->app->root ? d->app->run_as
                                     : "the user of the store");
    } else if ((st->st_mode & 0600) != 0600 &&
               exo_account_from_file(&account, name,
                                     strlen(name) - strlen(".lock")) == 0) {
        exo_doctor_warn(d, NULL,
                        "lock file %s has mode %04o, so its owner cannot open "
                        "it; run: exoauth refresh %s --force",
                        file, (unsigned)(st->st_mode & 07777),
                        EXO_SH(account.name, "ACCOUNT"));
    }
}

/* A rename does not replace one, nor follow what is put in its place. */
static void tell_directory(struct exo_doctor *d,
                           const struct exo_account *account, const char *name,
                           const char *so)
{
    exo_doctor_fail(d, account, EXO_STATUS_STORE,
                    "%s is a directory, so %s; move it away: mv -T %s %s.away",
                    name, so, EXO_SH(name, "FILE"), EXO_SH(name, "FILE"));
}

static void check_records(struct exo_doctor *d, const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    struct exo_buf file = EXO_BUF_INIT(4096);
    const char *name;
    struct stat st;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (!is_record(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        exo_buf_reset(&file);
        exo_buf_fmt(&file, "%s/%s", path, entry->d_name);
        if (!is_lock(entry->d_name) && S_ISDIR(st.st_mode) &&
            exo_buf_done(&file, &name) == 0) {
            tell_directory(d, NULL, name, "nothing can be stored there");
        } else if (!is_lock(entry->d_name) && S_ISREG(st.st_mode) &&
                   st.st_nlink != 1) {
            exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                            "%s has more than one hard link, so it is refused; "
                            "if nobody tampered with it, copy it with cp -p, "
                            "and move the copy into its place",
                            exo_buf_shown(&file));
        } else if (!is_lock(entry->d_name) && !S_ISREG(st.st_mode)) {
            exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                            "%s is a link or no file; remove it, and run: "
                            "exoauth login ACCOUNT",
                            exo_buf_shown(&file));
        } else if (is_unread(entry->d_name)) {
            exo_doctor_warn(d, NULL,
                            "%s is not read: its name is not that of an "
                            "account; move it away",
                            exo_buf_shown(&file));
        } else if (exo_buf_done(&file, &name) != 0) {
            exo_doctor_skip(d, NULL, "%s: not checked: %s", path,
                            exo_strerror(file.error));
        } else if (is_lock(entry->d_name)) {
            check_lock(d, name, &st);
        } else {
            (void)check_own(d, name, &st, 0600);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    exo_buf_free(&file);
}

/* By the rules and by the code of those who go there themselves. The last
 * directory is for the check that knows whose it must be. */
static int walk(const struct exo_doctor *d, const char *base, const char *below,
                struct exo_path *way)
{
    struct exo_path_rule rule;
    int rc;

    exo_app_rule(d->app, &rule);
    rc = exo_path_dir(way, &rule, base, below, EXO_PATH_LEAF, 0);
    exo_path_close(way);
    return rc;
}

void exo_check_store(struct exo_doctor *d)
{
    const char *path = exo_conf_store_dir(d->app->conf);
    struct exo_path way;
    struct stat st;
    int rc;

    if (!path) {
        exo_doctor_skip(d, NULL, "%s: not checked: it is no directory",
                        d->app->conf->store);
        return;
    }
    rc = walk(d, path, "", &way);
    if (rc == EXO_E_NOENT && errno == ENOENT && d->accounts.n == 0) {
        return;
    }
    st = way.dir_st;
    if (rc == EXO_E_UNSAFE) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE, "store %s: %-s", path,
                        way.why);
    } else if (rc != 0) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "store %s: %s; it is made by: exoauth login ACCOUNT, "
                        "or for accounts that need none: exoauth refresh --all",
                        path, exo_errno_text(errno));
    } else if (!is_owner(d, &st)) {
        exo_doctor_skip(d, NULL, "store %s: not checked: needs root", path);
    } else if (check_own(d, path, &st, 0700)) {
        check_records(d, path);
    }
}

static void check_published(struct exo_doctor *d, const char *path)
{
    struct exo_buf file = EXO_BUF_INIT(2 * PATH_MAX);
    const char *name;
    struct stat st;

    for (size_t i = 0; i < d->accounts.n; i++) {
        exo_buf_reset(&file);
        exo_buf_fmt(&file, "%s/%s", path, d->accounts.account[i].file);
        if (exo_buf_done(&file, &name) == 0 && lstat(name, &st) == 0 &&
            S_ISDIR(st.st_mode)) {
            tell_directory(d, &d->accounts.account[i], name,
                           "no token is published there");
        }
    }
    exo_buf_free(&file);
}

static void check_token_dir(struct exo_doctor *d, const char *root, size_t len)
{
    const char *dir = d->app->conf->token_dir;
    char *path = exo_publish_dir(d->app, root, len);
    char *base = strndup(root, len);
    struct exo_path way;
    struct stat st;
    int rc = EXO_E_NOMEM;

    if (path && base) {
        rc = len > 0 ? walk(d, base, dir, &way) : walk(d, dir, "", &way);
        st = way.dir_st;
    }
    free(base);
    if (rc == EXO_E_NOMEM) {
        d->nomem = true;
    } else if (rc == EXO_E_UNSAFE) {
        exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                        "tokens are not published in %s: %-s", path, way.why);
    } else if (rc != 0) {
        if (!exo_doctor_system(d, NULL, rc, path)) {
            exo_doctor_warn(d, NULL,
                            "tokens are not published in %s: %s; run: exoauth "
                            "refresh --all",
                            path, exo_errno_text(errno));
        }
    } else if (!d->app->root && !d->app->conf->user) {
        if ((st.st_mode & 022) != 0) {
            exo_doctor_fail(d, NULL, EXO_STATUS_STORE,
                            "%s can be written to by others, so that nobody "
                            "believes a token in it; run as root: exoauth "
                            "refresh --all",
                            path);
        }
    } else {
        bool group = d->app->has_token_group && d->app->root;
        mode_t mode = group ? 02750 : 0700;

        check_published(d, path);
        if (check_own(d, path, &st, mode) && group &&
            (st.st_gid != d->app->token_gid || (st.st_mode & 050) != 050)) {
            exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                            "%s cannot be entered by token_group %s; run: "
                            "exoauth refresh --all",
                            path, d->app->conf->token_group);
        }
    }
    free(path);
}

void exo_check_tokens(struct exo_doctor *d)
{
    const char *list = d->app->conf->chroot;
    const char *word;
    struct stat st;
    size_t len;

    if (d->accounts.n == 0) {
        return;
    }
    check_token_dir(d, "", 0);
    while ((word = exo_word_next(&list, &len)) != NULL) {
        char *root = strndup(word, len);

        if (root && (stat(root, &st) != 0 || !S_ISDIR(st.st_mode))) {
            exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                            "chroot %s is not a directory; correct chroot in "
                            "%s",
                            root, d->app->conf->path);
        } else {
            check_token_dir(d, word, len);
        }
        free(root);
    }
}
