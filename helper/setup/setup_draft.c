/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.cf and master.cf with changes (setup.h). Called for apply and undo.
 *
 * Postfix's own postconf edits copies, in a directory that nobody else can
 * enter, and reads them once more: what comes back is good, and takes the
 * place of the old file by one rename each. To let postconf work on the files
 * themselves would be a moment with half of the changes for each call, and
 * master.cf and main.cf would still be two. The texts are the caller's to
 * free; the directory is gone when this returns.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "helper/postfix/run.h"
#include "setup.h"

#define RUN_MS 30000

struct draft {
    const struct exo_setup *setup;
    char dir[64];
    int lock; /* dir: held for as long as it is at work */
    struct exo_setup_file *main_cf, *master_cf;
};

static const char *const names[] = { "main.cf", "master.cf" };
static const char *const places[] = { "/run", "/tmp" };
/* What there is in a draft; the last two are postconf's while it works. */
static const char *const left[] = { "main.cf", "master.cf", "main.cf.tmp",
                                    "master.cf.tmp" };

static int fail(struct exo_err *err, int rc, const char *what)
{
    if (exo_err_system(err, rc,
                       "nothing was changed: %s in a directory below /run or "
                       "/tmp",
                       what)) {
        return EXO_E_STATUS;
    }
    return exo_err_set(err, EXO_STATUS_STORE,
                       "nothing was changed: %s in a directory below /run or "
                       "/tmp: %m; see that there is space",
                       what);
}

/* Only root can open it, so nobody else can hold the lock. */
static int lock_dir(int dirfd, const char *dir)
{
    struct stat st;
    int fd =
        openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 &&
        (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
         (st.st_mode & 077) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void empty_dir(int fd)
{
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        (void)unlinkat(fd, left[i], 0);
    }
}

static void sweep(const char *place)
{
    static const char prefix[] = "exoauth.";
    const struct dirent *entry;
    DIR *dir = opendir(place);

    while (dir && (entry = readdir(dir)) != NULL) {
        int fd;

        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
            strlen(entry->d_name) != sizeof(prefix) - 1 + 6) {
            continue;
        }
        fd = lock_dir(dirfd(dir), entry->d_name);
        if (fd >= 0) {
            empty_dir(fd);
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
            (void)close(fd);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
}

void exo_setup_sweep(const struct exo_setup *s)
{
    int fd = open(s->postfix->config_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        exo_file_sweep(fd);
        (void)close(fd);
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        sweep(places[i]);
    }
}

static int make_dir(struct draft *d, struct exo_err *err)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(d->dir, sizeof(d->dir), "%s/exoauth.XXXXXX", places[i]);
        if (mkdtemp(d->dir)) {
            d->lock = lock_dir(AT_FDCWD, d->dir);
            return d->lock >= 0 ? 0 : fail(err, EXO_E_IO, "cannot work");
        }
    }
    d->dir[0] = '\0';
    return fail(err, EXO_E_IO, "cannot work");
}

static int put(const struct draft *d, const char *name,
               const struct exo_buf *text, struct exo_err *err)
{
    const char *whole;
    char path[128];
    int fd;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/%s", d->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    rc = fd < 0 ? EXO_E_IO : exo_buf_done(text, &whole);
    if (rc == 0) {
        rc = exo_file_write_all(fd, whole, text->len);
    }
    if (rc != 0) {
        rc = fail(err, rc, "cannot write");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

static int get(const struct draft *d, const char *name, struct exo_buf *text,
               struct exo_err *err)
{
    char path[128];
    const char *why = NULL;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/%s", d->dir, name);
    exo_buf_reset(text);
    rc = exo_file_read(AT_FDCWD, path, EXO_FILE_CONFIG, 0, text, &why);
    return rc == 0 ? 0 : fail(err, rc, "cannot read");
}

static void remove_dir(struct draft *d)
{
    if (d->dir[0] == '\0') {
        return;
    }
    if (d->lock >= 0) {
        empty_dir(d->lock);
    }
    (void)rmdir(d->dir);
    if (d->lock >= 0) {
        (void)close(d->lock);
    }
}

/* postconf -c DIR FLAG [WORD] */
static int run(const struct draft *d, const char *flag, const char *word,
               struct exo_err *err)
{
    const char *argv[] = {
        d->setup->postfix->postconf, "-c", d->dir, flag, word, NULL
    };
    struct exo_buf said = EXO_BUF_INIT(EXO_SETUP_TEXT);
    int status = 0;
    int rc = exo_run(argv, RUN_MS, NULL, &said, &status);

    if (exo_err_system(err, rc, "nothing was changed: cannot run postconf")) {
        rc = EXO_E_STATUS;
    } else if (rc != 0 || status != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "nothing was changed: Postfix does not take %s: %s; "
                         "see that this says nothing: postconf -c %s -n",
                         word ? word : flag,
                         rc != 0 ? exo_strerror(rc)
                                 : exo_postfix_complaint(&said),
                         EXO_SH(d->setup->postfix->config_dir, "DIR"));
    }
    exo_buf_free(&said);
    return rc;
}

static int edit(const struct draft *d, const struct exo_change *c,
                struct exo_err *err)
{
    bool is_main = c->kind == EXO_SETUP_MAIN;
    struct exo_buf word = EXO_BUF_INIT(2 * EXO_SETUP_TEXT);
    int rc;

    if (!c->after) {
        return run(d, is_main ? "-X" : "-MX", c->name, err);
    }
    exo_buf_fmt(&word, "%s%s%s", c->name, is_main ? " = " : "=", c->after);
    rc = word.error;
    if (rc == 0) {
        rc = run(d, is_main ? "-e" : "-M", word.data, err);
    }
    exo_buf_free(&word);
    return rc;
}

/* postconf -X says nothing of a parameter that is not there, -MX does. */
static bool is_needed(const struct exo_setup *s, const struct exo_change *c)
{
    char service[128] = "";
    size_t n = strcspn(c->name, "/");

    if (c->kind != EXO_SETUP_MASTER || c->after) {
        return c->kind == EXO_SETUP_MASTER || c->kind == EXO_SETUP_MAIN;
    }
    memcpy(service, c->name, n < sizeof(service) ? n : 0);
    return exo_postfix_find(s->postfix, service, "unix") != NULL;
}

static int fill(struct draft *d, const struct exo_changes *changes,
                struct exo_err *err)
{
    struct exo_setup_file *file[] = { d->main_cf, d->master_cf };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 2; i++) {
        rc = put(d, names[i], &file[i]->before, err);
    }
    for (size_t i = 0; rc == 0 && i < changes->n; i++) {
        if (is_needed(d->setup, &changes->item[i])) {
            rc = edit(d, &changes->item[i], err);
        }
    }
    if (rc == 0) {
        rc = run(d, "-n", NULL, err);
    }
    if (rc == 0) {
        rc = run(d, "-M", NULL, err);
    }
    d->main_cf->kind = EXO_SETUP_MAIN;
    d->master_cf->kind = EXO_SETUP_MASTER;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        file[i]->wanted = true;
        rc = get(d, names[i], &file[i]->after, err);
    }
    return rc;
}

int exo_setup_draft(const struct exo_setup *s,
                    const struct exo_changes *changes,
                    struct exo_setup_file *main_cf,
                    struct exo_setup_file *master_cf, struct exo_err *err)
{
    struct draft d = { s, "", -1, main_cf, master_cf };
    struct exo_setup_file *file[] = { main_cf, master_cf };
    int rc = 0;

    memset(main_cf, 0, sizeof(*main_cf));
    memset(master_cf, 0, sizeof(*master_cf));
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        struct exo_buf path = EXO_BUF_INIT(4096);
        const char *name;

        exo_setup_in_dir(s, names[i], &path);
        rc = exo_buf_done(&path, &name);
        if (rc == 0) {
            rc = exo_setup_file_read(file[i], name, EXO_SETUP_TEXT, err);
        }
        exo_buf_free(&path);
    }
    if (rc == 0) {
        rc = make_dir(&d, err);
    }
    if (rc == 0) {
        rc = fill(&d, changes, err);
    }
    remove_dir(&d);
    return rc;
}
