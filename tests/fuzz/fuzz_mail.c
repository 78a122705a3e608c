/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz harness: a line of a mail server, as each protocol would take it. What
 * is handed back is a part of the line, and a word that is found is there.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check_part(const char *line, const char *part)
{
    must(part >= line && part <= line + strlen(line));
}

static void check_line(const char *line)
{
    enum exo_said said;
    const char *text;
    size_t len;

    said = exo_parse_smtp(line, &text);
    check_part(line, text);
    must(said == EXO_SAID_NOTHING || strlen(line) >= 3);
    (void)exo_parse_pop3(line, &text);
    check_part(line, text);
    said = exo_parse_imap(line, NULL, &text);
    check_part(line, text);
    must(said != EXO_SAID_NO && said != EXO_SAID_LATER);
    said = exo_parse_imap(line, "exo1", &text);
    check_part(line, text);
    must(said != EXO_SAID_PREAUTH);
    text = exo_parse_capability(line, &len);
    if (text != NULL) {
        check_part(line, text);
        check_part(line, text + len);
    }
    if (exo_parse_literal(line, strlen(line), &len))
        must(line[strlen(line) - 1] == '}');
    if (exo_parse_has(line, "XOAUTH2"))
        must(strcasestr(line, "XOAUTH2") != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Just as long as it must be, so that a step too far is seen. */
    char *line = malloc(size + 1);

    if (line == NULL)
        return 0;
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    check_line(line);
    free(line);
    return 0;
}
