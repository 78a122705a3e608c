/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token that is published and fresh is the answer to a mail program, without
 * a look at store, key or provider: what hangs or is broken there delays no
 * login before there is something to ask for. Called by cmd_token.c, for whom
 * the store is open anyway. What it finds is in got, which the caller frees.
 *
 * It is of these settings if it is what would be published of them: with the
 * fingerprint of what it was had with, for this user and these servers, as far
 * as `allow` lets it go, below every root.
 */
#include "config.h"

#include <string.h>

#include "broker.h"
#include "exoauth/clock.h"
#include "work.h"

bool exo_broker_fresh(struct exo_app *app, const struct exo_account *account,
                      struct exo_got *got)
{
    struct exo_want want = EXO_WANT_INIT;
    struct exo_err ignored = EXO_ERR_INIT;
    struct exo_work w = {
        .app = app, .want = &want, .got = got, .err = &ignored
    };
    struct exo_record *r = &got->record;
    int64_t now = exo_clock_now();

    memset(got, 0, sizeof(*got));
    exo_record_init(r);
    if (exo_settings_load(&got->settings, app->conf, account, &ignored) != 0) {
        return false;
    }
    w.owner = exo_settings_owner(got->settings);
    memcpy(r->config, w.owner->fingerprint, sizeof(r->config));
    return exo_work_adopt(&w) && r->issued <= now && now < r->refresh_after &&
           exo_is_published(app, got->settings, r) && exo_got_fill(got) == 0;
}
