/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of grants (settings.h), as account files and records have them.
 * Nothing can fail here, and nothing is to be freed.
 */
#include "config.h"

#include <string.h>

#include "settings.h"

static const char *const grant_words[] = {
    [EXO_GRANT_CLIENT_CREDENTIALS] = "client_credentials",
    [EXO_GRANT_AUTHORIZATION_CODE] = "authorization_code",
    [EXO_GRANT_DEVICE_CODE] = "device_code",
    [EXO_GRANT_PASSWORD] = "password",
    [EXO_GRANT_MANAGED_IDENTITY] = "managed_identity",
};

const char *exo_grant_word(enum exo_grant grant)
{
    return grant_words[grant];
}

bool exo_grant_parse(const char *word, enum exo_grant *grant)
{
    for (unsigned i = 0; i < sizeof(grant_words) / sizeof(*grant_words); i++) {
        if (strcmp(grant_words[i], word) == 0) {
            *grant = (enum exo_grant)i;
            return true;
        }
    }
    return false;
}
