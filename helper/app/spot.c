/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where published tokens are (spot.h): token_dir, and once more below every
 * `chroot`. Called by publish.c for all that it writes, compares or removes,
 * and by doctor for the names. A directory that does not obey is handed on
 * without a descriptor, with why. Everything opened here is closed here.
 */
#include "config.h"

#include "spot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *exo_publish_dir(const struct exo_app *app, const char *root,
                      size_t root_len)
{
    size_t len = strlen(app->conf->token_dir);
    char *path = malloc(root_len + len + 1);

    if (path) {
        while (root_len > 0 && root[root_len - 1] == '/') {
            root_len--;
        }
        memcpy(path, root, root_len);
        memcpy(path + root_len, app->conf->token_dir, len + 1);
    }
    return path;
}

int exo_publish_open(const struct exo_app *app, const char *root,
                     size_t root_len, struct exo_path *dir)
{
    struct exo_path_rule rule;
    char *base = root_len > 0 ? strndup(root, root_len) : NULL;
    int rc = EXO_E_NOMEM;

    exo_app_rule(app, &rule);
    if (root_len == 0) {
        rc = exo_path_dir(dir, &rule, app->conf->token_dir, "", 0, 0);
    } else if (base) {
        rc = exo_path_dir(dir, &rule, base, app->conf->token_dir, 0, 0);
    }
    free(base);
    return rc;
}

static void try_reach(const struct exo_app *app, const struct exo_spot *spot,
                      void *context)
{
    (void)app;
    if (spot->shortage) {
        (void)exo_err_set(context, EXO_STATUS_TRANSIENT, "%-s", spot->why);
    }
}

int exo_spots_within_reach(const struct exo_app *app, struct exo_err *err)
{
    exo_spot_each(app, try_reach, err);
    return err->status == EXO_STATUS_OK ? 0 : EXO_E_STATUS;
}

void exo_spot_each(const struct exo_app *app, exo_spot_fn visit, void *context)
{
    const char *list = app->conf->chroot;
    const char *root = "";
    size_t len = 0;

    do {
        char *name = exo_publish_dir(app, root, len);
        struct exo_path dir = { .dir = -1 };
        struct exo_spot spot = { .dir = name, .fd = -1, .jailed = len > 0 };
        struct exo_err err = EXO_ERR_INIT;
        int rc = name ? exo_publish_open(app, root, len, &dir) : EXO_E_NOMEM;

        if (rc == 0) {
            spot.fd = exo_path_reopen(&dir);
            rc = spot.fd < 0 ? EXO_E_IO : 0;
            exo_text_fmt(dir.why, sizeof(dir.why), "%.300s: %s", name,
                         exo_errno_text(errno));
        }
        spot.missing = rc == EXO_E_NOENT;
        spot.shortage =
            exo_err_system(&err, rc, "cannot open %.200s", name ? name : root);
        spot.why = spot.shortage ? exo_err_text(&err, rc) : dir.why;
        visit(app, &spot, context);
        if (spot.fd >= 0) {
            (void)close(spot.fd);
        }
        exo_path_close(&dir);
        free(name);
    } while ((root = exo_word_next(&list, &len)) != NULL);
}
