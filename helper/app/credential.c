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

#include "credential.h"
#include "exoauth/conf.h"
#include "key_file.h"

/* Its path; "" if there is none. In error there may be one. */
static void find(struct exo_buf *path)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    const char *name;
    struct stat st;

    if (exo_conf_secure_mode() || !dir || dir[0] != '/') {
        return;
    }
    exo_buf_fmt(path, "%s/exoauth.key", dir);
    if (exo_buf_done(path, &name) == 0 && stat(name, &st) != 0) {
        exo_buf_reset(path);
    }
}

void exo_credential_keep(struct exo_app *app)
{
    struct exo_buf *path = &app->credential_path;
    const char *name;

    find(path);
    if (exo_buf_done(path, &name) != 0) {
        (void)exo_err_set(&app->credential_err, EXO_STATUS_TRANSIENT,
                          "cannot read the key in the credentials of the "
                          "unit: %s; free some memory, and run it again",
                          exo_strerror(path->error));
    } else if (path->len > 0) {
        (void)!exo_key_file_read(app, name, &app->credential,
                                 &app->credential_err);
    }
}

bool exo_credential_there(const struct exo_app *app)
{
    struct exo_buf path = EXO_BUF_INIT(EXO_KEY_PATH_MAX);
    bool there =
        app->credential_path.len > 0 || app->credential_path.error != 0;

    if (!there) {
        find(&path);
        there = path.len > 0 || path.error != 0;
    }
    exo_buf_free(&path);
    return there;
}

int exo_credential_read(const struct exo_app *app, struct exo_secret *text,
                        struct exo_buf *name, struct exo_err *err)
{
    const char *path;
    int rc;

    if (!exo_secret_empty(&app->credential)) {
        exo_buf_join(name, &app->credential_path);
        return exo_secret_copy(text, &app->credential);
    }
    find(name);
    rc = exo_buf_done(name, &path);
    if (rc != 0 || name->len > 0) {
        return rc != 0 ? rc : exo_key_file_read(app, path, text, err);
    }
    if (app->credential_err.status != EXO_STATUS_OK) {
        *err = app->credential_err;
        return EXO_E_STATUS;
    }
    return EXO_E_NOENT;
}
