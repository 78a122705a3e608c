/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What serve --listen remembers of the uids that ask (askers.h): whether some
 * account is for them, and what was refused to them. Called by listen.c; a
 * fixed table, which nobody frees. Nobody can make it grow: where there are
 * more uids than fit, the one that has been silent for longest is forgotten,
 * which costs it nothing but its next answer's place in the queue.
 */
#include "config.h"

#include "askers.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/log.h"
#include "exoauth/clock.h"
#include "helper/settings/settings.h"

struct exo_asker *exo_askers_find(struct exo_askers *askers, uid_t uid)
{
    struct exo_asker *one = NULL;
    struct exo_asker *oldest = askers->of;

    for (size_t i = 0; i < askers->n && !one; i++) {
        if (askers->of[i].uid == uid) {
            one = &askers->of[i];
        } else if (askers->of[i].seen < oldest->seen) {
            oldest = &askers->of[i];
        }
    }
    if (!one) {
        one = askers->n < EXO_ASKERS_MOST ? &askers->of[askers->n++] : oldest;
        memset(one, 0, sizeof(*one));
        one->uid = uid;
    }
    one->seen = exo_clock_ms();
    return one;
}

void exo_askers_refuse(struct exo_askers *askers, uid_t uid, const char *fmt,
                       ...)
{
    struct exo_asker *one = exo_askers_find(askers, uid);
    char text[EXO_ERR_TEXT];
    va_list ap;

    if (one->told != 0 && one->seen - one->told < EXO_ASKERS_MS) {
        one->refused++;
        return;
    }
    va_start(ap, fmt);
    exo_text_set(text, sizeof(text), fmt, ap);
    va_end(ap);
    exo_log(EXO_LOG_NOTICE, "uid %u: refused: %-s", (unsigned)uid, text);
    one->told = one->seen;
}

int exo_askers_tell(struct exo_askers *askers, bool all)
{
    int64_t now = exo_clock_ms();
    int64_t next = -1;

    for (size_t i = 0; i < askers->n; i++) {
        struct exo_asker *one = &askers->of[i];
        int64_t left = one->told + EXO_ASKERS_MS - now;

        if (one->refused == 0) {
            continue;
        }
        if (all || left <= 0) {
            exo_log(EXO_LOG_NOTICE, "uid %u: refused %u times more",
                    (unsigned)one->uid, one->refused);
            one->refused = 0;
            one->told = now;
        } else if (next < 0 || left < next) {
            next = left;
        }
    }
    return (int)next;
}

static void warn(void *context, const char *text)
{
    exo_app_warn(context, "%-s", text);
}

void exo_askers_strays(struct exo_askers *askers, const struct exo_app *app)
{
    struct stat st;
    int64_t when;

    if (stat(app->conf->account_dir, &st) != 0) {
        return;
    }
    when = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (when != askers->listed) {
        askers->listed = when;
        exo_settings_strays(app->conf, warn, (void *)(uintptr_t)app);
    }
}
