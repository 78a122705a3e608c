/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A new passphrase (passphrase.h). What it seals lies where others can try
 * every word of a list on it, offline and for years, so a short one is
 * refused when it is chosen. One that is there already is only asked for
 * (exo_prompt_secret), however short: refusing it would protect nothing.
 * Called before the drop where it is in a file. No text quotes it.
 */
#include "config.h"

#include "passphrase.h"

#include "prompt.h"

/* Characters of UTF-8: each byte but those that continue one. */
static size_t count_characters(const char *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char)p[i] & 0xc0) != 0x80;
    }
    return n;
}

int exo_passphrase_new(const char *file, bool may_be_short,
                       const char *question, struct exo_secret *secret,
                       struct exo_err *err)
{
    const char *text;
    size_t len;
    int rc = file ? exo_prompt_file("password-file", file, secret, err)
                  : exo_prompt_new(question, secret, err);

    if (rc == 0) {
        rc = exo_secret_reveal(secret, &text, &len);
    }
    if (rc == 0 && !may_be_short &&
        count_characters(text, len) < EXO_PASSPHRASE_LEAST) {
        exo_secret_free(secret);
        rc = exo_err_set(err, EXO_STATUS_USAGE,
                         "the passphrase has fewer than %d characters; choose "
                         "a longer one, or add --force",
                         EXO_PASSPHRASE_LEAST);
    }
    return rc;
}
