/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the program's own tables for the tests, a line for each row: the table
 * and what the row is called.
 */
#include "config.h"

#include <stdio.h>

#include "helper/settings.h"

int main(void)
{
    const char *key;

    for (size_t i = 0; (key = exo_conf_key(i)) != NULL; i++) {
        (void)printf("conf %s\n", key);
    }
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        (void)printf("account %s\n", exo_key_name((enum exo_key)i));
    }
    return 0;
}
