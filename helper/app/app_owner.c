/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Acting as the owner of the store while root still can (app.h). Called
 * before the drop by whoever makes, removes or reads what is in directories
 * of run_as, and by all for whose paths are believed.
 *
 * Only the effective ids change, so root comes back. Nothing is kept and
 * nothing fails here: where an id could not be changed, what follows is
 * refused by the rule that it is done under.
 */
#include "config.h"

#include <unistd.h>

#include "app.h"

/* What lacked something at this moment (EAGAIN, ENOMEM) is asked once more. */
static void set_id(int (*set)(uid_t), uid_t id)
{
    if (set(id) != 0) {
        (void)!set(id);
    }
}

void exo_app_as_owner(const struct exo_app *app, bool on)
{
    if (!app->root || getuid() != 0 || app->uid == 0) {
        return;
    }
    /* The group first on the way down, and last on the way back; if it
     * fails, what follows is refused where it matters. */
    if (on) {
        set_id(setegid, app->gid);
        set_id(seteuid, app->uid);
    } else {
        set_id(seteuid, 0);
        set_id(setegid, 0);
    }
}

static void become(const void *app, bool on)
{
    exo_app_as_owner(app, on);
}

void exo_app_rule(const struct exo_app *app, struct exo_path_rule *rule)
{
    exo_path_rule_self(rule);
    if (app->root) {
        rule->uid = app->uid;
    }
    rule->become = become;
    rule->context = app;
}
