/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the program's own tables for the tests, a line for each row: the
 * table, what the row is called and, of an option, whether it takes a value.
 */
#include "config.h"

#include <stdio.h>

#include "helper/cli/options_table.h"
#include "helper/settings/settings.h"

int main(void)
{
    struct option longs[EXO_OPTION_LONGS];
    const char *key;

    for (size_t i = 0; (key = exo_conf_key(i)) != NULL; i++) {
        (void)printf("conf %s\n", key);
    }
    for (unsigned i = 0; i < EXO_KEYS; i++) {
        (void)printf("account %s\n", exo_key_name((enum exo_key)i));
    }
    exo_option_longs(longs);
    for (size_t i = 0; longs[i].name; i++) {
        (void)printf("option %s %s\n", longs[i].name,
                     longs[i].has_arg == no_argument ? "no_argument"
                                                     : "required_argument");
    }
    return 0;
}
