/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token that is published and fresh is the answer to a mail program, without
 * a look at store, key or provider: what hangs or is broken there delays no
 * login before there is something to ask for. Called by cmd_token.c, for whom
 * the store is open anyway. What it finds is in got, which the caller frees.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker.h"
#include "exoauth/clock.h"
#include "work.h"

/* Status changes, too: a file that is moved to its place keeps its time of
 * modification. */
static bool is_older(const char *path, const struct timespec *than)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_ctim.tv_sec < than->tv_sec ||
                                    (st.st_ctim.tv_sec == than->tv_sec &&
                                     st.st_ctim.tv_nsec < than->tv_nsec));
}

static bool says_environment(const struct exo_settings *s)
{
    for (int key = 0; key < EXO_KEYS; key++) {
        if (exo_settings_from_environment(s, (enum exo_key)key)) {
            return true;
        }
    }
    return false;
}

/* Nothing that it depends on was changed since it was published. */
static bool is_of_these_settings(const struct exo_app *app,
                                 const struct exo_settings *s)
{
    const struct exo_settings *owner = exo_settings_owner(s);
    char path[PATH_MAX];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%s", app->conf->token_dir,
                   owner->file.file);
    return stat(path, &st) == 0 &&
           (!app->conf->present || is_older(app->conf->path, &st.st_mtim)) &&
           is_older(s->path, &st.st_mtim) &&
           is_older(owner->path, &st.st_mtim) && !says_environment(s) &&
           !says_environment(owner);
}

bool exo_broker_fresh(struct exo_app *app, const struct exo_account *account,
                      struct exo_got *got)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_work w = {
        .app = app, .want = &want, .got = got, .err = &ignored
    };
    int64_t now = exo_clock_now();

    memset(got, 0, sizeof(*got));
    exo_record_init(&got->record);
    if (exo_settings_load(&got->settings, app->conf, account, &ignored) != 0) {
        return false;
    }
    w.owner = exo_settings_owner(got->settings);
    return exo_work_adopt(&w) && got->record.issued <= now &&
           now < got->record.refresh_after &&
           is_of_these_settings(app, got->settings) &&
           exo_is_published(app, got->settings, &got->record) &&
           exo_got_fill(got) == 0;
}
