/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which configuration a command to type is for (exoauth/text.h). Set once by
 * main(); common/text.c asks for it with each message. It stands here and not
 * there because the plugin has no variables.
 */
#include "config.h"

#include <stdio.h>

#include "exoauth/text.h"

static char words[EXO_SHELL_MAX + 16];

void exo_text_config(const char *file)
{
    (void)snprintf(words, sizeof(words), "%s%s", file ? " --config " : "",
                   file ? EXO_SH(file, "FILE") : "");
}

const char *exo_text_config_words(void)
{
    return words;
}
