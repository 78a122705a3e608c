/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file named by `status_file`: what `exoauth status --json` prints, for
 * monitors without any right. Written as run_as, by rename, whenever a record
 * has changed and by every refresh; called by exo_after(), when no lock is
 * held. Nothing here is an error: what cannot be written is one warning.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/file.h"
#include "status.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define ROUNDS 3

static int make_text(struct exo_app *app, struct exo_buf *text)
{
    struct exo_status_row *rows;
    struct exo_err err = EXO_ERR_INIT;
    size_t n;
    int rc = exo_status_collect(app, NULL, NULL, NULL, &rows, &n, &err);

    exo_buf_reset(text);
    if (rc == 0) {
        exo_status_json(text, rows, n);
        free(rows);
        rc = text->error;
    }
    if (rc != 0) {
        exo_app_warn(app, "status_file is not written: %-s",
                     exo_err_text(&err, rc));
    }
    return rc;
}

/*
 * Two processes may write at the same time, and who began first may be the
 * last to rename. So each looks again once its file is in place: of any two,
 * one does so after the other's record was written.
 */
static void write_in(struct exo_app *app, int dir, const char *name)
{
    const struct exo_file_how how = { .mode = 0644 };
    struct exo_buf text = EXO_BUF_INIT(TEXT_MAX);
    struct exo_buf now = EXO_BUF_INIT(TEXT_MAX);
    const char *whole;
    int rc = make_text(app, &text);

    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        rc = exo_buf_done(&text, &whole);
        if (rc == 0) {
            rc = exo_file_put(dir, name, &how, whole, text.len);
        }
        if (rc != 0) {
            exo_app_warn(app,
                         "cannot write status_file %s: %m; check owner, mode "
                         "and free space of its directory",
                         app->conf->status_file);
            break;
        }
        rc = make_text(app, &now);
        if (rc != 0 || exo_buf_same(&now, &text)) {
            break;
        }
        exo_buf_reset(&text);
        exo_buf_join(&text, &now);
    }
    exo_buf_free(&text);
    exo_buf_free(&now);
}

/* As exo_status_json() begins; records and what doctor prints begin in another
 * way. */
static bool is_status(const char *text)
{
    static const char version[] = "\"exoauth\":", rows[] = "\"accounts\":";
    const char *at = text + strspn(text, "{ \n");

    if (strncmp(at, version, strlen(version)) != 0) {
        return false;
    }
    at += strlen(version);
    at += strspn(at, "0123456789, \n");
    return strncmp(at, rows, strlen(rows)) == 0;
}

const char *exo_status_file_alien(const struct exo_path *file)
{
    char text[64];

    if (!file->found) {
        return NULL;
    }
    exo_file_peek(file->dir, file->name, text, sizeof(text));
    if (text[0] == '\0' && file->st.st_size > 0) {
        return "it is there and cannot be read; name a new one";
    }
    return S_ISREG(file->st.st_mode) && (text[0] == '\0' || is_status(text))
               ? NULL
               : "it is another file than a status; name a new one";
}

void exo_status_file_write(struct exo_app *app)
{
    struct exo_path_rule rule;
    struct exo_path file;
    const char *why;
    int fd = -1;

    if (app->conf->status_file[0] == '\0') {
        return;
    }
    exo_app_rule(app, &rule);
    if (exo_path_entry(&file, &rule, app->conf->status_file, 0, 0) == 0) {
        why = exo_status_file_alien(&file);
        if (why) {
            exo_app_warn(app, "status_file %s is not written: %-s",
                         app->conf->status_file, why);
            exo_path_close(&file);
            return;
        }
        fd = exo_path_reopen(&file);
        (void)snprintf(file.why, sizeof(file.why), "%s", exo_errno_text(errno));
    }
    if (fd < 0) {
        exo_app_warn(app,
                     "cannot write status_file %s: %-s; its directory must be "
                     "there, and writable for the user that owns the store",
                     app->conf->status_file, file.why);
    } else {
        write_in(app, fd, file.name);
        (void)close(fd);
    }
    exo_path_close(&file);
}

void exo_after(struct exo_app *app)
{
    if (app->changed) {
        app->changed = false;
        exo_status_file_write(app);
    }
    exo_event_run(app);
}
