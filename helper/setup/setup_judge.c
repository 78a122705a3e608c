/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What undo may take back (setup_undo.h): each change of the journal, held
 * against what is there now. Called by setup_undo.c once, as root.
 *
 * What is still as a setup left it goes into the lists. What somebody else has
 * set since stays: it is told of on stderr, with how to set it back by hand,
 * and stays in the journal. main.cf is looked at first, as what it still uses
 * must stay as well. Nothing is written; what cannot be read is u->failed, and
 * then nothing of the lists is to be used.
 */
#include "config.h"

#include <string.h>

#include "exoauth/block.h"
#include "setup_undo.h"

/* As it is now. What cannot be read is not taken for what is not there. */
static const char *read_now(struct exo_undo *u, struct exo_setup_file *file,
                            const char *path)
{
    const char *text = NULL;
    int rc;

    exo_setup_file_free(file);
    rc = exo_setup_file_read(file, path, EXO_SETUP_TEXT, &u->err);
    if (rc == 0 && file->existed) {
        rc = exo_buf_done(&file->before, &text);
    }
    if (rc != 0 && u->failed == 0) {
        u->failed = rc;
    }
    return text;
}

struct json_object *exo_undo_file(const struct exo_undo *u,
                                  enum exo_setup_kind kind, const char *path)
{
    struct json_object *files = exo_journal_list(u->journal, "files");
    size_t n = json_object_array_length(files);

    for (size_t i = 0; i < n; i++) {
        struct json_object *f = json_object_array_get_idx(files, i);

        if (exo_journal_kind(f) == kind &&
            (kind != EXO_SETUP_MAP ||
             exo_setup_same(exo_journal_text(f, "path"), path))) {
            return f;
        }
    }
    return NULL;
}

/* Is it byte for byte what a setup made of it? */
static bool is_whole(struct exo_undo *u, struct json_object *f)
{
    const char *path = f ? exo_journal_text(f, "path") : NULL;
    struct exo_setup_file now = { .path = NULL };
    bool yes;

    if (!path) {
        return false;
    }
    yes = exo_journal_is_ours(f, read_now(u, &now, path));
    exo_setup_file_free(&now);
    return yes;
}

/* The value of today, NULL if it is not set; maps are read into text. */
static const char *today(struct exo_undo *u, enum exo_setup_kind kind,
                         const char *name, struct exo_setup_file *map)
{
    const struct exo_setup *s = u->setup;
    const struct exo_postfix_service *service;
    char word[128] = "";
    size_t n = strcspn(name, "/");

    switch (kind) {
    case EXO_SETUP_CONF:
        return exo_block_get(&s->conf->block, name);
    case EXO_SETUP_MAP:
        return read_now(u, map, name);
    case EXO_SETUP_MASTER:
        memcpy(word, name, n < sizeof(word) ? n : 0);
        service = exo_postfix_find(s->postfix, word, "unix");
        return service ? service->line : NULL;
    case EXO_SETUP_MAIN:
        return exo_postfix_said(s->postfix, name);
    case EXO_SETUP_USER:
    case EXO_SETUP_KINDS:
    default:
        return NULL;
    }
}

static void keep(struct exo_undo *u, struct json_object *entry)
{
    u->kept[exo_journal_kind(entry)] = true;
    u->refused++;
    u->stays[u->at] = true;
}

/* How what is there now can be set back by hand: a password that was in it is
 * for those only who may read the journal. */
static void tell_before(const struct exo_undo *u, enum exo_setup_kind kind,
                        const char *name, const char *now, const char *before)
{
    const char *flag = kind == EXO_SETUP_MASTER ? "M" : "";
    const char *dir = u->setup->postfix->config_dir;
    struct exo_buf shown = EXO_BUF_INIT(EXO_SETUP_TEXT);
    struct exo_buf old = EXO_BUF_INIT(EXO_SETUP_TEXT);
    const char *was;

    exo_postfix_show(&shown, now ? now : "", now ? strlen(now) : 0);
    exo_postfix_show(&old, before ? before : "", before ? strlen(before) : 0);
    if (!before) {
        exo_setup_warn("%s is \"%s\" now, which setup did not write; it stays. "
                       "Before it was not set: postconf -c %s -%sX %s",
                       name, exo_buf_shown(&shown), EXO_SH(dir, "DIR"), flag,
                       EXO_SH(name, "NAME"));
    } else if (exo_buf_done(&old, &was) != 0 || strcmp(was, before) != 0) {
        exo_setup_warn("%s is \"%s\" now, which setup did not write; it stays. "
                       "Before it was \"%s\", in full in %s/" EXO_SETUP_JOURNAL,
                       name, exo_buf_shown(&shown), exo_buf_shown(&old), dir);
    } else {
        exo_setup_warn("%s is \"%s\" now, which setup did not write; it stays. "
                       "Before: postconf -c %s -%s %s=%s",
                       name, exo_buf_shown(&shown), EXO_SH(dir, "DIR"),
                       *flag ? "M" : "e", EXO_SH(name, "NAME"),
                       *before ? EXO_SH(before, "VALUE") : "");
    }
    exo_buf_free(&shown);
    exo_buf_free(&old);
}

static void refuse(struct exo_undo *u, struct json_object *entry,
                   enum exo_setup_kind kind, const char *name, const char *now)
{
    const char *before = exo_journal_text(entry, "before");

    keep(u, entry);
    if (kind == EXO_SETUP_MAP) {
        exo_setup_warn("%s was changed since and stays; remove it if nothing "
                       "needs it",
                       name);
    } else if (kind == EXO_SETUP_CONF) {
        exo_setup_warn("%s is %s now, which setup did not write; it stays. "
                       "Before it was %s: correct it in %s",
                       name, now ? now : "not set", before ? before : "not set",
                       u->setup->conf->path);
    } else {
        tell_before(u, kind, name, now, before);
    }
    if (kind == EXO_SETUP_MAIN && now) {
        u->in_use |= strstr(now, "/exoauth_") != NULL;
    }
}

/* Is it a word that a setup has put into that list? */
static bool is_added(struct json_object *entry, const char *word, size_t len)
{
    struct json_object *ours = exo_journal_list(entry, "ours");
    size_t n = ours ? json_object_array_length(ours) : 0;
    bool yes = false;

    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(ours, i);

        yes |= exo_word_in(one ? json_object_get_string(one) : NULL, word, len);
    }
    return yes && !exo_word_in(exo_journal_text(entry, "before"), word, len);
}

/* Other instances have added their words to these lists: only this one's go,
 * unless they were there before. The default of socket is in ours, too. */
static void take_word(struct exo_undo *u, struct json_object *entry,
                      const char *name, const char *now)
{
    const char *before = exo_journal_text(entry, "before");
    bool socket = strcmp(name, "socket") == 0;
    const char *rest = now;
    struct exo_buf own = EXO_BUF_INIT(4096);
    struct exo_buf list = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    const char *word, *mine;
    size_t len;

    exo_buf_fmt(&own, "%s/private/" EXO_SETUP_SERVICE, u->setup->queue_dir);
    list.error = exo_buf_done(&own, &mine);
    while (list.error == 0 && (word = exo_word_next(&rest, &len)) != NULL) {
        if (socket ? len != own.len || strncmp(word, mine, len) != 0 ||
                         exo_word_in(before, mine, own.len)
                   : !is_added(entry, word, len)) {
            exo_buf_fmt(&list, "%s%.*s", list.len > 0 ? " " : "", (int)len,
                        word);
        }
    }
    if (list.len == 0 && list.error == 0) {
        exo_changes_add(&u->partial, EXO_SETUP_CONF, name, now, NULL);
        exo_changes_add(&u->whole, EXO_SETUP_CONF, name, now, NULL);
    } else {
        exo_changes_text(&u->partial, EXO_SETUP_CONF, name, now, &list);
        exo_changes_text(&u->whole, EXO_SETUP_CONF, name, now, &list);
    }
    exo_buf_free(&own);
    exo_buf_free(&list);
}

/* Does main.cf say itself that mail goes by this transport? */
static bool is_used(const struct exo_undo *u, enum exo_setup_kind kind,
                    const char *name)
{
    const struct exo_postfix_pairs *said = &u->setup->postfix->said;
    const size_t len = strcspn(name, "/");

    for (size_t i = 0; kind == EXO_SETUP_MASTER && i < said->n; i++) {
        const char *value = said->pair[i].value;
        const char *at = value;

        while ((at = memmem(at, strlen(at), name, len)) != NULL) {
            if (at[len] == ':' &&
                (at == value || strchr(" ,={", at[-1]) != NULL)) {
                return true;
            }
            at++;
        }
    }
    return false;
}

static void look_at(struct exo_undo *u, struct json_object *entry)
{
    enum exo_setup_kind kind = exo_journal_kind(entry);
    const char *name = exo_journal_text(entry, "name");
    const char *before = exo_journal_text(entry, "before");
    struct exo_setup_file map;
    const char *now;
    bool shared;

    memset(&map, 0, sizeof(map));
    if (!name || kind == EXO_SETUP_USER || kind == EXO_SETUP_KINDS) {
        return;
    }
    now = today(u, kind, name, &map);
    shared =
        kind == EXO_SETUP_CONF && !is_whole(u, exo_undo_file(u, kind, NULL));
    if (exo_setup_same(now, before)) {
        /* nothing to do */
    } else if (u->in_use &&
               (kind == EXO_SETUP_MAP || kind == EXO_SETUP_MASTER)) {
        exo_setup_warn("%s stays, as main.cf leads to it", name);
        keep(u, entry);
    } else if (shared && now && strcmp(name, "token_group") != 0) {
        take_word(u, entry, name, now);
    } else if (shared && now) {
        exo_setup_warn("token_group stays in %s, as others may need it now",
                       u->setup->conf->path);
    } else if (!exo_journal_is_ours(entry, now)) {
        refuse(u, entry, kind, name, now);
    } else {
        exo_changes_add(&u->whole, kind, name, now, before);
        if (!is_whole(u, exo_undo_file(u, kind, name)) ||
            kind == EXO_SETUP_MAP) {
            exo_changes_add(&u->partial, kind, name, now, before);
        }
    }
    exo_setup_file_free(&map);
}

/* Of all that setups have put into chroot, what is not to be in it: also what
 * an undo before this one took out, if it was killed then. */
static void find_roots(struct exo_undo *u, struct json_object *entry)
{
    const struct exo_change *c =
        exo_changes_find(&u->whole, EXO_SETUP_CONF, "chroot");
    const char *after =
        c ? c->after : exo_block_get(&u->setup->conf->block, "chroot");
    struct json_object *ours = exo_journal_list(entry, "ours");
    size_t n = ours ? json_object_array_length(ours) : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(ours, i);
        const char *rest = one ? json_object_get_string(one) : "";
        const char *word, *found;
        size_t len;

        while (exo_buf_done(&u->roots, &found) == 0 &&
               (word = exo_word_next(&rest, &len)) != NULL) {
            if (is_added(entry, word, len) && !exo_word_in(after, word, len) &&
                !exo_word_in(found, word, len)) {
                exo_buf_fmt(&u->roots, " %.*s", (int)len, word);
            }
        }
    }
}

void exo_undo_judge(struct exo_undo *u)
{
    static const enum exo_setup_kind order[] = {
        EXO_SETUP_MAIN, EXO_SETUP_MASTER, EXO_SETUP_MAP, EXO_SETUP_CONF
    };
    struct json_object *list = exo_journal_list(u->journal, "changes");
    size_t n = json_object_array_length(list);

    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);
        const char *name = exo_journal_text(entry, "name");

        u->in_use |= name && is_used(u, exo_journal_kind(entry), name);
    }
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        for (size_t i = 0; i < n; i++) {
            struct json_object *entry = json_object_array_get_idx(list, i);

            if (exo_journal_kind(entry) == order[k]) {
                u->at = i;
                look_at(u, entry);
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);

        if (exo_journal_kind(entry) == EXO_SETUP_CONF &&
            exo_setup_same(exo_journal_text(entry, "name"), "chroot")) {
            find_roots(u, entry);
        }
    }
    /* Where one stays, the old file as a whole would take it away. */
    for (size_t i = 0; i < u->whole.n; i++) {
        const struct exo_change *c = &u->whole.item[i];

        if (u->kept[c->kind] &&
            !exo_changes_find(&u->partial, c->kind, c->name)) {
            exo_changes_add(&u->partial, c->kind, c->name, c->before, c->after);
        }
    }
}
