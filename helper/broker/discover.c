/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints from the provider's metadata (discover.h). login asks for them
 * each time; the broker uses the token endpoint that the record has, and asks
 * only without one, under the account's lock and within the same deadline.
 *
 * Only the token endpoint is kept, as nothing else is needed until the next
 * login. Failures are those of oauth/discovery.c, or none.
 */
#include "config.h"

#include <string.h>

#include "discover.h"
#include "exoauth/discovery.h"

int exo_discover(const struct exo_app *app, struct exo_settings *settings,
                 int64_t deadline_ms, bool *sends_iss,
                 struct exo_oauth_error *error)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    const struct exo_oauth_client client = {
        .account = s->file.name,
        .way = { .proxy = app->conf->proxy,
                 .proxy_auth_file = app->conf->proxy_auth_file,
                 .ca_file = app->conf->ca_file },
        .deadline_ms = deadline_ms,
    };
    struct exo_metadata m;
    int rc = exo_oauth_discover(&client, exo_settings_get(s, EXO_KEY_ISSUER),
                                &m, error);

    if (sends_iss) {
        *sends_iss = rc == 0 && m.sends_iss;
    }
    if (rc != 0) {
        return rc;
    }
    rc = exo_settings_found(settings, EXO_KEY_TOKEN_ENDPOINT, m.token_endpoint);
    if (rc == 0) {
        rc = exo_settings_found(settings, EXO_KEY_AUTHORIZATION_ENDPOINT,
                                m.authorization_endpoint);
    }
    if (rc == 0) {
        rc = exo_settings_found(settings, EXO_KEY_DEVICE_AUTHORIZATION_ENDPOINT,
                                m.device_authorization_endpoint);
    }
    return rc == 0 ? 0
                   : exo_err_set(&error->err, EXO_STATUS_TRANSIENT,
                                 "out of memory; free some, exoauth tries "
                                 "again by itself");
}

void exo_discovery_recall(struct exo_settings *settings,
                          const struct exo_record *record)
{
    const char *issuer =
        exo_settings_get(exo_settings_owner(settings), EXO_KEY_ISSUER);

    if (exo_settings_asks_issuer(settings) &&
        strcmp(record->issuer, issuer) == 0) {
        /* Without memory it is asked for, and that will say so. */
        (void)!exo_settings_found(settings, EXO_KEY_TOKEN_ENDPOINT,
                                  record->token_endpoint);
    }
}

void exo_discovery_keep(const struct exo_settings *settings,
                        struct exo_record *record)
{
    const struct exo_settings *s = exo_settings_owner(settings);
    const char *issuer = exo_settings_get(s, EXO_KEY_ISSUER);
    const char *endpoint = exo_settings_get(s, EXO_KEY_TOKEN_ENDPOINT);

    exo_discovery_forget(record);
    if (exo_settings_discovered(s, EXO_KEY_TOKEN_ENDPOINT) &&
        strlen(issuer) < sizeof(record->issuer) &&
        strlen(endpoint) < sizeof(record->token_endpoint)) {
        memcpy(record->issuer, issuer, strlen(issuer) + 1);
        memcpy(record->token_endpoint, endpoint, strlen(endpoint) + 1);
    }
}

void exo_discovery_forget(struct exo_record *record)
{
    record->issuer[0] = '\0';
    record->token_endpoint[0] = '\0';
}
