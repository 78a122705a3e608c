/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of words with blanks between them (exoauth/block.h). Called by both
 * sides for what a configuration or a server lists; nothing is kept.
 */
#include "config.h"

#include <string.h>

#include "exoauth/block.h"

static const char blanks[] = " \t";

const char *exo_word_next(const char **list, size_t *len)
{
    const char *word = *list + strspn(*list, blanks);

    *len = strcspn(word, blanks);
    *list = word + *len;
    return *len > 0 ? word : NULL;
}

bool exo_word_in(const char *list, const char *word, size_t len)
{
    const char *found;
    size_t n;

    while (list != NULL && (found = exo_word_next(&list, &n)) != NULL) {
        if (n == len && strncmp(found, word, len) == 0) {
            return true;
        }
    }
    return false;
}
