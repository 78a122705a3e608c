/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the changes make of the files that they are in (setup.h): exoauth.conf
 * line by line, maps as a whole, Postfix's two by setup_draft.c. Called by
 * apply and by undo, as root.
 *
 * Nothing is written here: setup_file.c reads, and the caller has it write what
 * comes of it, in that order, and frees each struct exo_setup_file. What cannot
 * be read is the error.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "setup.h"

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
