/* SPDX-License-Identifier: BSD-2-Clause */
/* quoted TEXT WORD: prints EXO_SH(TEXT, WORD), without a newline. */
#include "config.h"

#include "exoauth/text.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    return fputs(EXO_SH(argv[1], argv[2]), stdout) < 0;
}
