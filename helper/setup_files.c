/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that setup changes (setup.h): how they are read, what the changes
 * make of them, and how they are replaced. Called by the plan, by apply and
 * by undo, as root. A struct exo_setup_file is the caller's to free; a write
 * is one rename, so that a reader, and who comes after a crash, sees the old
 * file or the new one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "setup.h"

void exo_setup_file_free(struct exo_setup_file *file)
{
    free(file->path);
    file->path = NULL;
    exo_buf_free(&file->before);
    exo_buf_free(&file->after);
}

/* What is wrong with a file, or a shortage, which says nothing of it. */
static int refuse(int rc, const char *why, const char *remedy,
                  struct exo_err *err)
{
    bool shortage = exo_error_is_shortage(rc);

    return exo_err_set(
        err, shortage ? EXO_STATUS_TRANSIENT : EXO_STATUS_MISCONFIGURED,
        "%-s; %s", why,
        shortage ? "free some memory, and run it again" : remedy);
}

int exo_setup_file_read(struct exo_setup_file *file, const char *path,
                        size_t most, struct exo_err *err)
{
    struct exo_path found;
    struct stat st;
    int rc;

    memset(file, 0, sizeof(*file));
    exo_buf_init(&file->before, most);
    exo_buf_init(&file->after, EXO_SETUP_TEXT);
    file->mode = 0644;
    file->path = strdup(path);
    if (!file->path) {
        return EXO_E_NOMEM;
    }
    rc = exo_path_read(&found, path, EXO_FILE_CONFIG, &file->before);
    if (rc == EXO_E_NOENT && lstat(path, &st) != 0) {
        return 0;
    }
    file->existed = true;
    file->mode = found.st.st_mode & 07777;
    if (rc == 0 && file->before.len > 0 &&
        memchr(file->before.data, '\0', file->before.len)) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "%s is no text; put a configuration file in its "
                           "place",
                           path);
    }
    return rc == 0 ? 0
                   : refuse(rc, found.why,
                            "it must be a text file of root that nobody else "
                            "can write",
                            err);
}

static int remove_file(struct exo_path *path, const char *file)
{
    struct exo_path_rule rule;
    int fd;
    int rc;

    exo_path_rule_self(&rule);
    rc = exo_path_entry(path, &rule, file, 0, 0);
    if (rc != 0) {
        return rc == EXO_E_NOENT ? 0 : rc;
    }
    if (unlinkat(path->dir, path->name, 0) != 0 && errno != ENOENT) {
        rc = exo_error_from_errno(errno);
        (void)snprintf(path->why, sizeof(path->why), "%s",
                       exo_errno_text(errno));
    }
    fd = exo_path_reopen(path);
    if (fd >= 0) {
        (void)fsync(fd); /* if not, the next undo removes it */
        (void)close(fd);
    }
    exo_path_close(path);
    return rc;
}

int exo_setup_file_write(const struct exo_setup_file *file, struct exo_err *err)
{
    char why[EXO_ERR_TEXT];
    const char *text;
    struct exo_path path;
    int rc = exo_buf_done(&file->after, &text);

    if (rc != 0) {
        exo_text_fmt(why, sizeof(why), "cannot make %s: %s", file->path,
                     exo_strerror(rc));
        return refuse(rc, why, "shorten it, and run it again", err);
    }
    /* /etc/sasl2 need not be there. */
    rc = file->wanted ? exo_path_put(&path, file->path, file->mode, 0755, text,
                                     file->after.len)
                      : remove_file(&path, file->path);
    if (rc != 0) {
        exo_text_fmt(why, sizeof(why), "cannot write %s: %-s", file->path,
                     path.why);
        rc = refuse(rc, why,
                    "see that its file system is read-write and has free "
                    "space, and run it again",
                    err);
    }
    return rc;
}

/* ---- exoauth.conf ------------------------------------------------------ */

/* Is this line one of that key? */
static bool has_key(const char *line, size_t len, const char *key)
{
    size_t n = strlen(key);
    size_t i = strspn(line, " \t");

    if (i + n > len || strncasecmp(line + i, key, n) != 0) {
        return false;
    }
    i += n;
    i += strspn(line + i, " \t");
    return i < len && line[i] == ':';
}

int exo_setup_conf_edit(struct exo_buf *text, const char *key,
                        const char *value)
{
    struct exo_buf out = EXO_BUF_INIT(EXO_SETUP_TEXT);
    const char *p;
    bool done = value == NULL;
    int rc = exo_buf_done(text, &p);

    if (rc != 0) {
        return rc;
    }
    while (*p != '\0') {
        size_t len = strcspn(p, "\n");

        if (!has_key(p, len, key)) {
            exo_buf_add(&out, p, len);
            exo_buf_str(&out, "\n");
        } else if (!done) {
            exo_block_put(&out, key, value);
            done = true;
        }
        p += len + (p[len] == '\n' ? 1 : 0);
    }
    if (!done) {
        exo_block_put(&out, key, value);
    }
    rc = out.error;
    if (rc == 0) {
        exo_buf_reset(text);
        exo_buf_join(text, &out);
        rc = text->error;
    }
    exo_buf_free(&out);
    return rc;
}

static int conf_text(const struct exo_setup *s,
                     const struct exo_changes *changes,
                     struct exo_setup_file *file, struct exo_err *err)
{
    int rc = exo_setup_file_read(file, s->conf->path, EXO_SETUP_TEXT, err);

    if (rc == 0) {
        file->kind = EXO_SETUP_CONF;
        file->wanted = true;
        exo_buf_join(&file->after, &file->before);
        rc = file->after.error;
    }
    for (size_t i = 0; rc == 0 && i < changes->n; i++) {
        const struct exo_change *c = &changes->item[i];

        if (c->kind == EXO_SETUP_CONF) {
            rc = exo_setup_conf_edit(&file->after, c->name, c->after);
        }
    }
    return rc;
}

/* ---- all of them ------------------------------------------------------- */

/* The file is one more if it is not as it was. */
static void keep(struct exo_setup_file *file, size_t *n)
{
    if (file->wanted != file->existed ||
        !exo_buf_same(&file->before, &file->after)) {
        (*n)++;
    } else {
        exo_setup_file_free(file);
    }
}

static int map_text(const struct exo_change *c, struct exo_setup_file *file,
                    struct exo_err *err)
{
    int rc = exo_setup_file_read(file, c->name, EXO_SETUP_TEXT, err);

    if (rc == 0) {
        file->kind = EXO_SETUP_MAP;
        file->wanted = c->after != NULL;
        exo_buf_str(&file->after, c->after ? c->after : "");
        rc = file->after.error;
    }
    return rc;
}

int exo_setup_texts(const struct exo_setup *s,
                    const struct exo_changes *changes,
                    struct exo_setup_file file[], size_t *n,
                    struct exo_err *err)
{
    int rc = 0;

    *n = 0;
    if (exo_changes_find(changes, EXO_SETUP_CONF, NULL)) {
        rc = conf_text(s, changes, &file[*n], err);
        keep(&file[*n], n);
    }
    for (size_t i = 0; rc == 0 && i < changes->n; i++) {
        if (changes->item[i].kind == EXO_SETUP_MAP) {
            rc = map_text(&changes->item[i], &file[*n], err);
            keep(&file[*n], n);
        }
    }
    if (rc == 0 && (exo_changes_find(changes, EXO_SETUP_MAIN, NULL) ||
                    exo_changes_find(changes, EXO_SETUP_MASTER, NULL))) {
        struct exo_setup_file main_cf;

        rc = exo_setup_draft(s, changes, &main_cf, &file[*n], err);
        keep(&file[*n], n);
        file[*n] = main_cf;
        keep(&file[*n], n);
    }
    return rc;
}
