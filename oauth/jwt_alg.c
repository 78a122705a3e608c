/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for what a JWT is signed with (exoauth/key.h), as in the key
 * jwt_alg and in the header of a JWT. Called by jwt.c, by key.c for what it
 * says, and by settings_client.c.
 *
 * Static texts; nothing is to be freed. A word that is none leaves what the
 * caller had.
 */
#include "config.h"

#include <string.h>

#include "exoauth/key.h"

static const char *const alg_words[] = {
    [EXO_JWT_PS256] = "PS256", [EXO_JWT_RS256] = "RS256"
};

const char *exo_jwt_alg_word(enum exo_jwt_alg alg)
{
    return alg_words[alg];
}

bool exo_jwt_alg_parse(const char *word, enum exo_jwt_alg *alg)
{
    if (strcmp(word, alg_words[EXO_JWT_PS256]) == 0) {
        *alg = EXO_JWT_PS256;
    } else if (strcmp(word, alg_words[EXO_JWT_RS256]) == 0) {
        *alg = EXO_JWT_RS256;
    } else {
        return false;
    }
    return true;
}
