/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking setup back (setup.h), by its journal. Called by cmd_setup.c as root.
 *
 * A file that is as a setup left it gets back the bytes that it had. One that
 * was changed since is undone key by key, and a key that somebody else has
 * set since stays, is told of, and stays in the journal. main.cf goes first:
 * cut short anywhere, what is left of setup is unused, and the next undo goes
 * on. The user of the system stays, as the store is his.
 */
#include "config.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "exoauth/json.h"
#include "place.h"
#include "setup_journal.h"

struct undo {
    struct exo_setup *setup;
    struct json_object *journal;
    bool *stays;                /* of its changes, those that stay in it */
    size_t at;                  /* the change that is looked at */
    struct exo_changes whole;   /* all that is taken back, to be shown */
    struct exo_changes partial; /* those of files that others changed */
    bool kept[EXO_SETUP_KINDS]; /* of this kind one stays */
    size_t refused;
    size_t jail; /* the change that led tokens into the jail, from 1 on */
    bool left;   /* tokens that could not be removed there */
    bool in_use; /* something that stays leads to a map or service of ours */
    int failed;  /* what is there could not be read: sticky, with err */
    struct exo_err err;
};

/* As it is now. What cannot be read is not taken for what is not there. */
static const char *read_now(struct undo *u, struct exo_setup_file *file,
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

/* The file of a kind (of a map: with that path) as the journal has it. */
static struct json_object *file_of(const struct undo *u,
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
static bool is_whole(struct undo *u, struct json_object *f)
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
static const char *today(struct undo *u, enum exo_setup_kind kind,
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

static void keep(struct undo *u, struct json_object *entry)
{
    u->kept[exo_journal_kind(entry)] = true;
    u->refused++;
    u->stays[u->at] = true;
}

static void refuse(struct undo *u, struct json_object *entry,
                   enum exo_setup_kind kind, const char *name, const char *now)
{
    const char *before = exo_journal_text(entry, "before");
    const char *flag = kind == EXO_SETUP_MASTER ? "M" : "";
    const char *dir = u->setup->postfix->config_dir;

    keep(u, entry);
    if (u->jail == u->at + 1) {
        u->jail = 0; /* in use */
    }
    if (kind == EXO_SETUP_MAP) {
        exo_setup_warn("%s was changed since and stays; remove it if nothing "
                       "needs it",
                       name);
    } else if (kind == EXO_SETUP_CONF) {
        exo_setup_warn("%s is %s now, which setup did not write; it stays. "
                       "Before it was %s: correct it in %s",
                       name, now ? now : "not set", before ? before : "not set",
                       u->setup->conf->path);
    } else if (!before) {
        exo_setup_warn("%s is \"%s\" now, which setup did not write; it stays. "
                       "Before it was not set: postconf -c %s -%sX %s",
                       name, now ? now : "", EXO_SH(dir, "DIR"), flag,
                       EXO_SH(name, "NAME"));
    } else {
        exo_setup_warn("%s is \"%s\" now, which setup did not write; it stays. "
                       "Before: postconf -c %s -%s %s=%s",
                       name, now ? now : "", EXO_SH(dir, "DIR"),
                       *flag ? "M" : "e", EXO_SH(name, "NAME"),
                       *before ? EXO_SH(before, "VALUE") : "");
    }
    if (kind == EXO_SETUP_MAIN && now) {
        u->in_use |= strstr(now, "/exoauth_") != NULL;
    }
}

/* Other instances have added their words to these lists: only this one's go,
 * unless they were there before. */
static void take_word(struct undo *u, const char *name, const char *now,
                      const char *before)
{
    const char *queue = u->setup->queue_dir;
    const char *rest = now;
    struct exo_buf own = EXO_BUF_INIT(4096);
    struct exo_buf list = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    const char *word, *mine;
    size_t len;

    exo_buf_fmt(&own, "%s%s", queue,
                strcmp(name, "socket") == 0 ? "/private/" EXO_SETUP_SERVICE
                                            : "");
    list.error = exo_buf_done(&own, &mine);
    while (list.error == 0 && (word = exo_word_next(&rest, &len)) != NULL) {
        if (len != own.len || strncmp(word, mine, len) != 0 ||
            (before && strstr(before, mine))) {
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
static bool is_used(const struct undo *u, enum exo_setup_kind kind,
                    const char *name)
{
    const struct exo_postfix_pairs *said = &u->setup->postfix->said;
    struct exo_buf route = EXO_BUF_INIT(256);
    const char *text;
    bool yes = false;

    exo_buf_fmt(&route, "%.*s:", (int)strcspn(name, "/"), name);
    if (exo_buf_done(&route, &text) != 0) {
        return true; /* what may be used stays */
    }
    for (size_t i = 0; kind == EXO_SETUP_MASTER && i < said->n; i++) {
        const char *at = strstr(said->pair[i].value, text);

        yes |= at && (at == said->pair[i].value || strchr(" ,={", at[-1]));
    }
    exo_buf_free(&route);
    return yes;
}

static void look_at(struct undo *u, struct json_object *entry)
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
    shared = kind == EXO_SETUP_CONF && !is_whole(u, file_of(u, kind, NULL));
    if (kind == EXO_SETUP_CONF && strcmp(name, "chroot") == 0) {
        u->jail = u->at + 1;
    }
    if (exo_setup_same(now, before)) {
        /* nothing to do */
    } else if (u->in_use &&
               (kind == EXO_SETUP_MAP || kind == EXO_SETUP_MASTER)) {
        exo_setup_warn("%s stays, as main.cf leads to it", name);
        keep(u, entry);
    } else if (shared && now && strcmp(name, "token_group") != 0) {
        take_word(u, name, now, before);
    } else if (shared && now) {
        exo_setup_warn("token_group stays in %s, as others may need it now",
                       u->setup->conf->path);
    } else if (!exo_journal_is_ours(entry, now)) {
        refuse(u, entry, kind, name, now);
    } else {
        exo_changes_add(&u->whole, kind, name, now, before);
        if (!is_whole(u, file_of(u, kind, name)) || kind == EXO_SETUP_MAP) {
            exo_changes_add(&u->partial, kind, name, now, before);
        }
    }
    exo_setup_file_free(&map);
}

/* main.cf first: what it still uses is known then. */
static void look_at_all(struct undo *u)
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
    /* Where one stays, the old file as a whole would take it away. */
    for (size_t i = 0; i < u->whole.n; i++) {
        const struct exo_change *c = &u->whole.item[i];

        if (u->kept[c->kind] &&
            !exo_changes_find(&u->partial, c->kind, c->name)) {
            exo_changes_add(&u->partial, c->kind, c->name, c->before, c->after);
        }
    }
}

/* The bytes that were there, of a file that is as a setup left it. */
static int give_back(const struct undo *u, enum exo_setup_kind kind,
                     struct exo_err *err)
{
    struct json_object *f = file_of(u, kind, NULL);
    struct json_object *mode = NULL;
    struct exo_setup_file file;
    const char *before;
    int rc;

    if (!exo_changes_find(&u->whole, kind, NULL) ||
        exo_changes_find(&u->partial, kind, NULL)) {
        return 0;
    }
    memset(&file, 0, sizeof(file));
    exo_buf_init(&file.after, EXO_SETUP_TEXT);
    before = exo_journal_text(f, "before");
    file.path = strdup(exo_journal_text(f, "path"));
    file.wanted = before != NULL;
    file.mode = 0644;
    if (json_object_object_get_ex(f, "mode", &mode)) {
        file.mode = (mode_t)json_object_get_int(mode) & 07777;
    }
    exo_buf_str(&file.after, before ? before : "");
    rc = file.path ? file.after.error : EXO_E_NOMEM;
    if (rc == 0) {
        rc = exo_setup_file_write(&file, err);
    }
    exo_setup_file_free(&file);
    return rc;
}

/* Of the files in the order of setup, the last one first. */
static int write_kind(const struct undo *u, enum exo_setup_kind kind,
                      const struct exo_setup_file file[], size_t n,
                      struct exo_err *err)
{
    int rc = kind == EXO_SETUP_MAP ? 0 : give_back(u, kind, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (file[i].kind == kind) {
            rc = exo_setup_file_write(&file[i], err);
        }
    }
    return rc;
}

/* As whom they were published; by now his group may be another. */
static bool drop_tokens(const struct exo_setup *s)
{
    const struct passwd *pw = getpwnam(s->conf->run_as);
    const struct exo_app app = {
        .conf = s->conf,
        .root = true,
        .uid = pw ? pw->pw_uid : 0,
        .gid = pw ? pw->pw_gid : 0,
    };

    return exo_place_drop_tokens(&app, s->queue_dir);
}

static int take_back(struct undo *u, struct exo_err *err)
{
    static const enum exo_setup_kind order[] = {
        EXO_SETUP_MAIN, EXO_SETUP_MASTER, EXO_SETUP_MAP, EXO_SETUP_CONF
    };
    struct exo_setup_file file[EXO_SETUP_FILES];
    size_t n = 0;
    bool begun = false;
    int rc = exo_setup_texts(u->setup, &u->partial, file, &n, err);

    for (size_t i = 0; rc == 0 && i < sizeof(order) / sizeof(order[0]); i++) {
        rc = write_kind(u, order[i], file, n, err);
        begun = true;
    }
    for (size_t i = 0; i < n; i++) {
        exo_setup_file_free(&file[i]);
    }
    if (rc == 0) {
        /* Also where only they are left, of an undo before. */
        if (u->jail > 0 && !drop_tokens(u->setup)) {
            u->left = true;
            u->stays[u->jail - 1] = true;
        }
        rc = exo_journal_shrink(u->setup, u->journal, u->stays, err);
    }
    if (rc != 0 && begun) {
        struct exo_err why = *err;

        exo_err_words(&why, rc);
        rc = exo_err_set(err, why.status,
                         "not all is taken back yet: %-s; the next --undo goes "
                         "on with it",
                         exo_err_text(&why, rc));
    }
    return rc;
}

static int ask_and_take(struct undo *u, bool *changed, struct exo_err *err)
{
    struct exo_buf shown = EXO_BUF_INIT(2 * EXO_SETUP_TEXT);
    bool yes = !u->setup->options->dry_run;
    int rc;

    exo_setup_show(u->setup, &u->whole, &shown);
    rc = exo_out_buf(&shown, err);
    exo_buf_free(&shown);
    if (rc == 0 && yes && u->whole.n > 0) {
        rc = exo_setup_agree(u->setup, &yes, err);
    }
    if (rc == 0 && yes) {
        rc = take_back(u, err);
    }
    *changed = rc == 0 && u->whole.n > 0 && (yes || u->setup->options->dry_run);
    return rc;
}

int exo_setup_undo(struct exo_setup *s, bool *changed, struct exo_err *err)
{
    struct undo u = { .setup = s, .err = EXO_ERR_INIT };
    struct json_object *list;
    int rc = exo_journal_load(s, &u.journal, err);

    *changed = false;
    if (rc != 0 || !u.journal) {
        return rc;
    }
    list = exo_journal_list(u.journal, "changes");
    u.stays = calloc(json_object_array_length(list) + 1, sizeof(*u.stays));
    if (!u.stays) {
        exo_json_free(u.journal);
        return EXO_E_NOMEM;
    }
    look_at_all(&u);
    rc = u.whole.error != 0 ? u.whole.error : u.partial.error;
    if (u.failed != 0) {
        *err = u.err;
        rc = u.failed;
    }
    if (rc == 0) {
        rc = ask_and_take(&u, changed, err);
    }
    if (rc == 0 && u.left) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "published tokens stay below %s, as said above, and "
                         "work until they expire; put that right, then run: "
                         "exoauth setup postfix --undo",
                         s->queue_dir);
    }
    if (rc == 0 && u.refused > 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%zu settings stay, as they were changed since or are "
                         "in use; put that right as said above, then run: "
                         "exoauth setup postfix --undo",
                         u.refused);
    }
    exo_changes_free(&u.whole);
    exo_changes_free(&u.partial);
    free(u.stays);
    exo_json_free(u.journal);
    return rc;
}
