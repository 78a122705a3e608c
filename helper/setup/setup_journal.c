/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of setup (setup_journal.h). Written by apply before its first
 * change, read by undo. A second setup adds to it: what was there before the
 * first one stays, unless somebody else has changed it in between; then that
 * is what undo goes back to. It is read as a tree of json-c and written by
 * json/, checked once and before anything is replaced.
 *
 * It lies in Postfix's directory, which is root's and goes wherever the
 * instance goes, and not in the store, which is run_as's: whoever could write
 * it would write main.cf.
 */
#include "config.h"

#include <string.h>

#include "exoauth/json.h"
#include "setup_journal.h"

#define FORMAT 1
#define DEPTH 8
#define JOURNAL_MAX (8 * EXO_SETUP_TEXT)

static const char *const words[EXO_SETUP_KINDS] = {
    [EXO_SETUP_USER] = "user", [EXO_SETUP_CONF] = "conf",
    [EXO_SETUP_MAP] = "map",   [EXO_SETUP_MASTER] = "master",
    [EXO_SETUP_MAIN] = "main",
};

const char *exo_journal_word(enum exo_setup_kind kind)
{
    return words[kind];
}

const char *exo_journal_text(struct json_object *entry, const char *member)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(entry, member, &value) &&
                   json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

enum exo_setup_kind exo_journal_kind(struct json_object *entry)
{
    const char *word = exo_journal_text(entry, "kind");

    for (enum exo_setup_kind k = 0; word && k < EXO_SETUP_KINDS; k++) {
        if (strcmp(words[k], word) == 0) {
            return k;
        }
    }
    return EXO_SETUP_KINDS;
}

struct json_object *exo_journal_list(struct json_object *journal,
                                     const char *name)
{
    struct json_object *list = NULL;

    (void)json_object_object_get_ex(journal, name, &list);
    return json_object_is_type(list, json_type_array) ? list : NULL;
}

bool exo_journal_is_ours(struct json_object *entry, const char *value)
{
    struct json_object *ours = exo_journal_list(entry, "ours");
    size_t n = ours ? json_object_array_length(ours) : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(ours, i);

        if (exo_setup_same(one ? json_object_get_string(one) : NULL, value)) {
            return true;
        }
    }
    return false;
}

/* An entry as it is to be; what is borrowed outlives it. */
struct entry {
    const char *kind;
    const char *name;
    const char *before;
    const char *after;        /* joins `ours`, */
    bool added;               /* if it is not there yet */
    struct json_object *ours; /* those of the entry of today, or NULL */
    int64_t mode;             /* of a file, or -1 */
};

static struct json_object *find(struct json_object *list,
                                enum exo_setup_kind kind, const char *member,
                                const char *name)
{
    size_t n = list ? json_object_array_length(list) : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);

        if (exo_journal_kind(entry) == kind &&
            exo_setup_same(exo_journal_text(entry, member), name)) {
            return entry;
        }
    }
    return NULL;
}

/* An entry of the journal as it stands there. */
static struct entry as_it_was(struct json_object *old, const char *member)
{
    struct json_object *mode = NULL;

    return (struct entry){
        .kind = exo_journal_text(old, "kind"),
        .name = exo_journal_text(old, member),
        .before = exo_journal_text(old, "before"),
        .ours = exo_journal_list(old, "ours"),
        .mode = json_object_object_get_ex(old, "mode", &mode)
                    ? json_object_get_int64(mode)
                    : -1,
    };
}

/* What a setup makes of an entry, of which there may be none yet. */
static struct entry as_it_is(struct json_object *old, enum exo_setup_kind kind,
                             const char *name, const char *before,
                             const char *after, int64_t mode)
{
    struct entry e = { words[kind], name, before, after, true, NULL, mode };

    if (old && (exo_setup_same(exo_journal_text(old, "before"), before) ||
                exo_journal_is_ours(old, before))) {
        e.before = exo_journal_text(old, "before");
        e.ours = exo_journal_list(old, "ours");
        e.added = !exo_journal_is_ours(old, after);
    }
    return e;
}

static void put(struct exo_json *json, const char *member, struct entry e)
{
    size_t n = e.ours ? json_object_array_length(e.ours) : 0;

    exo_json_object(json, NULL);
    exo_json_put_text(json, "kind", e.kind);
    exo_json_put_text(json, member, e.name);
    if (e.mode >= 0) {
        exo_json_put_number(json, "mode", e.mode);
    }
    exo_json_put_text(json, "before", e.before);
    exo_json_array(json, "ours");
    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(e.ours, i);

        exo_json_put_text(json, NULL, one ? json_object_get_string(one) : NULL);
    }
    if (e.added) {
        exo_json_put_text(json, NULL, e.after);
    }
    exo_json_end(json);
    exo_json_end(json);
}

static void in_journal(const struct exo_setup *s, struct exo_buf *path)
{
    exo_setup_in_dir(s, EXO_SETUP_JOURNAL, path);
}

static int parse(const struct exo_buf *text, struct json_object **journal)
{
    struct json_object *version = NULL;
    const char *why;
    const char *whole;
    int rc = exo_buf_done(text, &whole);

    if (rc == 0) {
        rc = exo_json_read(whole, text->len, DEPTH | EXO_JSON_BYTES, journal,
                           &why);
    }
    if (rc != 0) {
        return rc;
    }
    if (!exo_journal_list(*journal, "changes") ||
        !exo_journal_list(*journal, "files")) {
        rc = EXO_E_SYNTAX;
    } else if (!json_object_object_get_ex(*journal, "version", &version) ||
               json_object_get_int(version) != FORMAT) {
        rc = EXO_E_VERSION;
    }
    if (rc != 0) {
        exo_json_free(*journal);
        *journal = NULL;
    }
    return rc;
}

int exo_journal_load(const struct exo_setup *s, struct json_object **journal,
                     struct exo_err *err)
{
    struct exo_buf path = EXO_BUF_INIT(4096);
    struct exo_setup_file file;
    const char *name;
    int rc;

    *journal = NULL;
    in_journal(s, &path);
    rc = exo_buf_done(&path, &name);
    if (rc != 0) {
        exo_buf_free(&path);
        return rc;
    }
    rc = exo_setup_file_read(&file, name, JOURNAL_MAX, err);
    if (rc == 0 && file.existed) {
        rc = parse(&file.before, journal);
        if (rc != 0 && rc != EXO_E_NOMEM) {
            rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "%s is damaged (%s), so that nothing can be taken "
                             "back by it; move it away, and the next setup "
                             "begins a new one",
                             name, exo_strerror(rc));
        }
    }
    exo_setup_file_free(&file);
    exo_buf_free(&path);
    return rc;
}

/* text: NULL where there shall be none. */
static int save(const struct exo_setup *s, const struct exo_buf *text,
                struct exo_err *err)
{
    struct exo_setup_file file;
    struct exo_buf path = EXO_BUF_INIT(4096);
    const char *name;
    int rc;

    memset(&file, 0, sizeof(file));
    exo_buf_init(&file.after, JOURNAL_MAX);
    file.mode = 0600;
    file.wanted = text != NULL;
    if (text) {
        exo_buf_join(&file.after, text);
    }
    in_journal(s, &path);
    rc = exo_buf_done(&path, &name);
    if (rc == 0) {
        file.path = strdup(name);
        rc = file.path ? exo_setup_file_write(&file, err) : EXO_E_NOMEM;
    }
    exo_setup_file_free(&file);
    exo_buf_free(&path);
    return rc;
}

int exo_journal_shrink(const struct exo_setup *s, struct json_object *journal,
                       const bool stays[], struct exo_err *err)
{
    struct json_object *list = exo_journal_list(journal, "changes");
    size_t n = json_object_array_length(list);
    struct exo_buf text = EXO_BUF_INIT(JOURNAL_MAX);
    struct exo_json json;
    bool any = false;
    int rc;

    exo_json_begin(&json, &text, true);
    exo_json_put_number(&json, "version", FORMAT);
    exo_json_array(&json, "files");
    exo_json_end(&json);
    exo_json_array(&json, "changes");
    for (size_t i = 0; i < n; i++) {
        if (stays[i]) {
            put(&json, "name",
                as_it_was(json_object_array_get_idx(list, i), "name"));
            any = true;
        }
    }
    exo_json_end(&json);
    exo_json_end(&json);
    rc = save(s, any ? &text : NULL, err);
    exo_buf_free(&text);
    return rc;
}

static const struct exo_setup_file *file_at(const struct exo_setup_file file[],
                                            size_t n, struct json_object *old)
{
    for (size_t i = 0; i < n; i++) {
        if (file[i].kind == exo_journal_kind(old) &&
            exo_setup_same(file[i].path, exo_journal_text(old, "path"))) {
            return &file[i];
        }
    }
    return NULL;
}

static void put_file(struct exo_json *json, struct json_object *old,
                     const struct exo_setup_file *f)
{
    const char *before = NULL, *after = NULL;
    int rc = exo_buf_done(&f->before, &before);

    if (rc == 0) {
        rc = exo_buf_done(&f->after, &after);
    }
    if (rc != 0) {
        json->out->error = rc;
        return;
    }
    put(json, "path",
        as_it_is(old, f->kind, f->path, f->existed ? before : NULL,
                 f->wanted ? after : NULL, f->mode));
}

/* Those of the journal first, in its order, then the new ones. */
static void put_files(struct exo_json *json, struct json_object *list,
                      const struct exo_setup_file file[], size_t n)
{
    size_t n_old = list ? json_object_array_length(list) : 0;

    exo_json_array(json, "files");
    for (size_t i = 0; i < n_old; i++) {
        struct json_object *old = json_object_array_get_idx(list, i);
        const struct exo_setup_file *f = file_at(file, n, old);

        if (f) {
            put_file(json, old, f);
        } else {
            put(json, "path", as_it_was(old, "path"));
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!find(list, file[i].kind, "path", file[i].path)) {
            put_file(json, NULL, &file[i]);
        }
    }
    exo_json_end(json);
}

static void put_change(struct exo_json *json, struct json_object *old,
                       const struct exo_change *c)
{
    put(json, "name", as_it_is(old, c->kind, c->name, c->before, c->after, -1));
}

static void put_changes(struct exo_json *json, struct json_object *list,
                        const struct exo_changes *changes)
{
    size_t n_old = list ? json_object_array_length(list) : 0;

    exo_json_array(json, "changes");
    for (size_t i = 0; i < n_old; i++) {
        struct json_object *old = json_object_array_get_idx(list, i);
        const char *name = exo_journal_text(old, "name");
        const struct exo_change *c =
            name ? exo_changes_find(changes, exo_journal_kind(old), name)
                 : NULL;

        if (c) {
            put_change(json, old, c);
        } else {
            put(json, "name", as_it_was(old, "name"));
        }
    }
    for (size_t i = 0; i < changes->n; i++) {
        const struct exo_change *c = &changes->item[i];

        if (!find(list, c->kind, "name", c->name)) {
            put_change(json, NULL, c);
        }
    }
    exo_json_end(json);
}

int exo_setup_journal(const struct exo_setup *s,
                      const struct exo_setup_file file[], size_t n,
                      struct exo_err *err)
{
    struct exo_buf text = EXO_BUF_INIT(JOURNAL_MAX);
    struct json_object *journal;
    struct exo_json json;
    int rc = exo_journal_load(s, &journal, err);

    if (rc != 0) {
        return rc;
    }
    exo_json_begin(&json, &text, true);
    exo_json_put_number(&json, "version", FORMAT);
    put_files(&json, exo_journal_list(journal, "files"), file, n);
    put_changes(&json, exo_journal_list(journal, "changes"), &s->changes);
    exo_json_end(&json);
    rc = save(s, &text, err);
    exo_buf_free(&text);
    exo_json_free(journal);
    return rc;
}
