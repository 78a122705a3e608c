/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key of the store as a systemd credential: exoauth.key in
 * $CREDENTIALS_DIRECTORY. keys.c asks for it each time it needs the keys.
 *
 * systemd gives a credential to the user of the unit alone. A unit that starts
 * as root, such as exoauth-refresh.service, has it for root, and the store is
 * opened by run_as: exo_app_drop() keeps it, for it does not change as long as
 * the unit runs. What was kept is freed with the app.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "exoauth/file.h"
#include "keys.h"

/* Its path; "" if there is none. */
static void find(struct exo_buf *path)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    struct stat st;

    if (exo_conf_secure_mode() || !dir || dir[0] != '/') {
        return;
    }
    exo_buf_fmt(path, "%s/exoauth.key", dir);
    if (stat(exo_buf_text(path), &st) != 0) {
        exo_buf_reset(path);
    }
}

void exo_credential_keep(struct exo_app *app)
{
    struct exo_buf *path = &app->credential_path;

    find(path);
    if (path->len > 0) {
        (void)!exo_key_file_read(app, exo_buf_text(path), &app->credential,
                                 &app->credential_err);
    }
}

bool exo_credential_there(const struct exo_app *app)
{
    struct exo_buf path = EXO_BUF_INIT(EXO_KEY_PATH_MAX);
    bool there = app->credential_path.len > 0;

    if (!there) {
        find(&path);
        there = path.len > 0;
    }
    exo_buf_free(&path);
    return there;
}

int exo_credential_read(const struct exo_app *app, struct exo_secret *text,
                        struct exo_buf *name, struct exo_err *err)
{
    if (!exo_secret_empty(&app->credential)) {
        exo_buf_str(name, exo_buf_text(&app->credential_path));
        return exo_secret_copy(text, &app->credential);
    }
    find(name);
    if (name->len > 0) {
        return exo_key_file_read(app, exo_buf_text(name), text, err);
    }
    if (app->credential_err.status != EXO_STATUS_OK) {
        *err = app->credential_err;
        return EXO_E_STATUS;
    }
    return EXO_E_NOENT;
}
