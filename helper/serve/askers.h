/* SPDX-License-Identifier: BSD-2-Clause */
/* serve --listen: what is remembered of the uids that ask. */
#ifndef EXOAUTH_ASKERS_H
#define EXOAUTH_ASKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exoauth/clock.h"
#include "helper/app/app.h"

#define EXO_ASKERS_MOST 64
#define EXO_ASKERS_MS 60000 /* one line in the log for each uid */

struct exo_asker {
    uid_t uid;
    bool known;       /* some account's `allow` names it */
    unsigned refused; /* since then, and not yet told */
    int64_t told;     /* exo_clock_ms() of the last line, 0: none */
    int64_t seen;
};

struct exo_askers {
    struct exo_asker of[EXO_ASKERS_MOST];
    size_t n;
    int64_t listed; /* the account_dir that exo_askers_strays() told of last */
};

/* Never NULL: the one that has been silent for longest is forgotten. */
struct exo_asker *exo_askers_find(struct exo_askers *askers, uid_t uid);

/* Logs it, or counts it where one was logged within the minute. */
void exo_askers_refuse(struct exo_askers *askers, uid_t uid, const char *fmt,
                       ...) EXO_PRINTF(3, 4);

/* Logs the counts whose minute is over, or all of them. Milliseconds until the
 * next is, -1: there is none. */
int exo_askers_tell(struct exo_askers *askers, bool all);

/* Somebody asked for no account: warns of the files that nobody reads, once for
 * each change of account_dir. */
void exo_askers_strays(struct exo_askers *askers, const struct exo_app *app);

#endif
