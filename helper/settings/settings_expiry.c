/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the credential of an account ends, as far as its configuration tells:
 * for status and for the event `expiring`. Needs no key and no secret. What
 * cannot be read is unknown and no error; the request that needs it says
 * what is wrong. Nothing is kept.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "exoauth/key.h"
#include "settings.h"

/* A date of the form that exo_setting_check() let through. */
static int64_t parse_day(const char *date)
{
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    return strptime(date, "%Y-%m-%d", &tm) ? (int64_t)timegm(&tm) : 0;
}

static int64_t certificate_end(const struct exo_settings *s, int64_t kept)
{
    const char *path = exo_settings_get(s, EXO_KEY_CERTIFICATE);
    struct exo_keypair_source source;
    struct exo_certificate certificate;
    struct exo_err ignored = EXO_ERR_INIT;

    if (path[0] == '\0') {
        return 0;
    }
    memset(&source, 0, sizeof(source));
    source.account = s->file.name;
    source.certificate = path;
    return exo_certificate_load(&certificate, &source, &ignored) == 0
               ? certificate.not_after
               : kept;
}

int64_t exo_settings_credential_expiry(const struct exo_settings *settings,
                                       int64_t kept, bool *certificate)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    int64_t day = parse_day(exo_settings_get(s, EXO_KEY_SECRET_EXPIRES));
    int64_t end = certificate_end(s, kept);
    bool is_certificate = end > 0 && (day <= 0 || end < day);

    if (certificate) {
        *certificate = is_certificate;
    }
    return is_certificate ? end : day;
}
