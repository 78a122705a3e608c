/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of changes (setup.h), and how it looks. Filled by the parts of the
 * plan and by undo; the first failure to remember one sticks, and whoever
 * uses the list looks at `error` once. exo_changes_free() frees it.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "setup.h"

bool exo_setup_same(const char *one, const char *two)
{
    return one && two ? strcmp(one, two) == 0 : one == two;
}

static void free_change(struct exo_change *item)
{
    free(item->name);
    free(item->before);
    free(item->after);
}

void exo_changes_free(struct exo_changes *changes)
{
    for (size_t i = 0; i < changes->n; i++) {
        free_change(&changes->item[i]);
    }
    free(changes->item);
    memset(changes, 0, sizeof(*changes));
}

void exo_changes_add(struct exo_changes *changes, enum exo_setup_kind kind,
                     const char *name, const char *before, const char *after)
{
    struct exo_change *item;

    if (exo_setup_same(before, after) || changes->error != 0) {
        return;
    }
    item = realloc(changes->item, (changes->n + 1) * sizeof(*item));
    if (!item) {
        changes->error = EXO_E_NOMEM;
        return;
    }
    changes->item = item;
    item += changes->n;
    item->kind = kind;
    item->name = strdup(name);
    item->before = before ? strdup(before) : NULL;
    item->after = after ? strdup(after) : NULL;
    if (!item->name || (before && !item->before) || (after && !item->after)) {
        free_change(item); /* nobody may find half of one */
        changes->error = EXO_E_NOMEM;
        return;
    }
    changes->n++;
}

void exo_changes_text(struct exo_changes *changes, enum exo_setup_kind kind,
                      const char *name, const char *before,
                      const struct exo_buf *after)
{
    const char *text;
    int rc = exo_buf_done(after, &text);

    if (rc == 0) {
        exo_changes_add(changes, kind, name, before, text);
    } else if (changes->error == 0) {
        changes->error = rc;
    }
}

const struct exo_change *exo_changes_find(const struct exo_changes *changes,
                                          enum exo_setup_kind kind,
                                          const char *name)
{
    for (size_t i = 0; i < changes->n; i++) {
        if (changes->item[i].kind == kind &&
            (!name || strcmp(changes->item[i].name, name) == 0)) {
            return &changes->item[i];
        }
    }
    return NULL;
}

/* Each line of a text behind a mark; without the passwords of others, which
 * stand in the map that ours takes the place of. */
static void show_lines(struct exo_buf *out, char mark, bool logins,
                       const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        exo_buf_fmt(out, "  %c ", mark);
        (logins ? exo_postfix_show_login : exo_postfix_show)(out, text, len);
        exo_buf_str(out, "\n");
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static void show_value(struct exo_buf *out, char mark,
                       const struct exo_change *c, const char *value)
{
    static const char *const between[EXO_SETUP_KINDS] = {
        [EXO_SETUP_CONF] = ": ",
        [EXO_SETUP_MAIN] = " = ",
    };

    if (!value) {
        return;
    }
    if (between[c->kind]) {
        exo_buf_fmt(out, "  %c %s%s", mark, c->name, between[c->kind]);
        exo_postfix_show(out, value, strlen(value));
        exo_buf_str(out, "\n");
    } else {
        show_lines(out, mark,
                   c->kind == EXO_SETUP_MAP &&
                       !strstr(c->name, "/" EXO_SETUP_WAYS_FILE),
                   value);
    }
}

/* The file that a change is in, as a headline. */
static void show_place(const struct exo_setup *s, const struct exo_change *c,
                       struct exo_buf *out)
{
    switch (c->kind) {
    case EXO_SETUP_USER:
        exo_buf_str(out, "users of the system");
        break;
    case EXO_SETUP_CONF:
        exo_buf_str(out, s->conf->path);
        break;
    case EXO_SETUP_MAP:
        exo_buf_str(out, c->name);
        break;
    case EXO_SETUP_MASTER:
        exo_setup_in_dir(s, "master.cf", out);
        break;
    case EXO_SETUP_MAIN:
    case EXO_SETUP_KINDS:
    default:
        exo_setup_in_dir(s, "main.cf", out);
        break;
    }
    exo_buf_str(out, "\n");
}

void exo_setup_show(const struct exo_setup *s, const struct exo_changes *list,
                    struct exo_buf *out)
{
    const struct exo_change *last = NULL;

    for (size_t i = 0; i < list->n; i++) {
        const struct exo_change *c = &list->item[i];

        if (!last || last->kind != c->kind || c->kind == EXO_SETUP_MAP) {
            show_place(s, c, out);
        }
        show_value(out, '-', c, c->before);
        show_value(out, '+', c, c->after);
        last = c;
    }
}

void exo_setup_warn(const char *fmt, ...)
{
    char text[EXO_ERR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    exo_text_set(text, sizeof(text), fmt, ap);
    va_end(ap);
    exo_say("%-s", text);
}

void exo_setup_in_dir(const struct exo_setup *s, const char *name,
                      struct exo_buf *out)
{
    exo_buf_fmt(out, "%s/%s", s->postfix->config_dir, name);
}
