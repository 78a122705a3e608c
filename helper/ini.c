/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INI files of other programs (ini.h). Called by the import of an
 * email-oauth2-proxy configuration. The text stays the caller's, is never
 * changed and may hold secrets, so nothing is copied but the value asked for.
 * Each question walks over the whole text: files are small and questions few.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "ini.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Moves both ends over blanks. */
static void strip(const char **from, const char **to)
{
    while (*from < *to && is_blank(**from)) {
        (*from)++;
    }
    while (*to > *from && is_blank((*to)[-1])) {
        (*to)--;
    }
}

int exo_ini_begin(struct exo_ini *ini, const struct exo_secret *text)
{
    size_t len;
    int rc;

    memset(ini, 0, sizeof(*ini));
    rc = exo_secret_reveal(text, &ini->next, &len);
    ini->end = rc == 0 ? ini->next + len : NULL;
    return rc;
}

/* The next line that is neither empty nor a comment, without its blanks. */
static bool next_line(struct exo_ini *ini, const char **from, const char **to,
                      size_t *indent)
{
    while (ini->next < ini->end) {
        const char *line = ini->next;
        const char *nl = memchr(line, '\n', (size_t)(ini->end - line));

        *from = line;
        *to = nl ? nl : ini->end;
        ini->next = nl ? nl + 1 : ini->end;
        ini->line++;
        strip(from, to);
        if (*from < *to && **from != '#' && **from != ';') {
            *indent = (size_t)(*from - line);
            return true;
        }
    }
    return false;
}

static enum exo_ini_kind take_option(struct exo_ini *ini, const char *from,
                                     const char *to)
{
    const char *mark = from;
    const char *name_end;

    while (mark < to && *mark != '=' && *mark != ':') {
        mark++;
    }
    if (mark == to || mark == from || !ini->in_section) {
        return EXO_INI_BAD;
    }
    name_end = mark++;
    strip(&from, &name_end);
    strip(&mark, &to);
    ini->name = from;
    ini->name_len = (size_t)(name_end - from);
    ini->value = mark;
    ini->value_len = (size_t)(to - mark);
    ini->in_option = true;
    return EXO_INI_OPTION;
}

enum exo_ini_kind exo_ini_next(struct exo_ini *ini)
{
    const char *from, *to;
    size_t indent;

    if (!next_line(ini, &from, &to, &indent)) {
        return EXO_INI_END;
    }
    if (ini->in_option && indent > ini->indent) {
        ini->value = from;
        ini->value_len = (size_t)(to - from);
        return EXO_INI_MORE;
    }
    ini->indent = indent;
    if (*from == '[' && to - from > 2 && to[-1] == ']') {
        ini->name = from + 1;
        ini->name_len = (size_t)(to - from) - 2;
        ini->in_section = true;
        ini->in_option = false;
        return EXO_INI_SECTION;
    }
    return take_option(ini, from, to);
}

static bool is_name(const struct exo_ini *ini, const char *name, bool fold)
{
    return ini->name_len == strlen(name) &&
           (fold ? strncasecmp(ini->name, name, ini->name_len)
                 : strncmp(ini->name, name, ini->name_len)) == 0;
}

bool exo_ini_get(const struct exo_secret *text, const char *section,
                 const char *option, struct exo_secret *value)
{
    struct exo_ini ini;
    enum exo_ini_kind kind;
    bool here = false, found = false, mine = false;

    exo_secret_free(value);
    value->hidden.error = exo_ini_begin(&ini, text);
    if (value->hidden.error != 0) {
        return true;
    }
    while ((kind = exo_ini_next(&ini)) != EXO_INI_END) {
        if (kind == EXO_INI_SECTION) {
            here = is_name(&ini, section, false);
            mine = false;
        } else if (kind == EXO_INI_OPTION) {
            mine = here && !found && is_name(&ini, option, true);
            found |= mine;
        }
        if (mine && kind == EXO_INI_MORE) {
            exo_buf_str(&value->hidden, "\n");
        }
        if (mine) {
            exo_buf_add(&value->hidden, ini.value, ini.value_len);
        }
    }
    return found;
}
