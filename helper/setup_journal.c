/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of setup (setup_journal.h). Written by apply before its first
 * change, read by undo. A second setup adds to it: what was there before the
 * first one stays, unless somebody else has changed it in between; then that
 * is what undo goes back to. Lists of json-c are the caller's to put.
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

static struct json_object *new_text(const char *text)
{
    return text ? json_object_new_string(text) : NULL;
}

static struct json_object *find(struct json_object *list,
                                enum exo_setup_kind kind, const char *member,
                                const char *name)
{
    size_t n = json_object_array_length(list);

    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);

        if (exo_journal_kind(entry) == kind &&
            exo_setup_same(exo_journal_text(entry, member), name)) {
            return entry;
        }
    }
    return NULL;
}

static struct json_object *note(struct json_object *list,
                                enum exo_setup_kind kind, const char *member,
                                const char *name, const char *before,
                                const char *after)
{
    struct json_object *entry = find(list, kind, member, name);
    struct json_object *ours;

    if (!entry) {
        entry = json_object_new_object();
        json_object_object_add(entry, "kind", new_text(words[kind]));
        json_object_object_add(entry, member, new_text(name));
        json_object_array_add(list, entry);
    } else if (exo_setup_same(exo_journal_text(entry, "before"), before) ||
               exo_journal_is_ours(entry, before)) {
        if (!exo_journal_is_ours(entry, after)) {
            json_object_array_add(exo_journal_list(entry, "ours"),
                                  new_text(after));
        }
        return entry;
    }
    ours = json_object_new_array();
    json_object_array_add(ours, new_text(after));
    json_object_object_add(entry, "before", new_text(before));
    json_object_object_add(entry, "ours", ours);
    return entry;
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
        json_object_put(*journal);
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
        return rc;
    }
    rc = exo_setup_file_read(&file, name, err);
    if (rc == 0 && file.existed) {
        rc = parse(&file.before, journal);
        if (rc != 0) {
            rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                             "%s is damaged (%s), so that nothing can be taken "
                             "back by it; move it away, and the next setup "
                             "begins a new one",
                             path.data, exo_strerror(rc));
        }
    }
    exo_setup_file_free(&file);
    exo_buf_free(&path);
    return rc;
}

int exo_journal_save(const struct exo_setup *s, struct json_object *journal,
                     struct exo_err *err)
{
    struct json_object *list =
        journal ? exo_journal_list(journal, "changes") : NULL;
    struct exo_setup_file file;
    struct exo_buf path = EXO_BUF_INIT(4096);
    int rc;

    memset(&file, 0, sizeof(file));
    exo_buf_init(&file.after, 8 * EXO_SETUP_TEXT);
    in_journal(s, &path);
    file.path = path.data;
    file.mode = 0600;
    file.wanted = list && json_object_array_length(list) > 0;
    if (file.wanted) {
        exo_buf_str(&file.after, json_object_to_json_string_ext(
                                     journal, JSON_C_TO_STRING_PRETTY));
        exo_buf_str(&file.after, "\n");
    }
    rc = path.error != 0 ? path.error : file.after.error;
    if (rc == 0) {
        rc = exo_setup_file_write(&file, err);
    }
    exo_buf_free(&file.after);
    exo_buf_free(&path);
    return rc;
}

int exo_setup_journal(const struct exo_setup *s,
                      const struct exo_setup_file file[], size_t n,
                      struct exo_err *err)
{
    struct json_object *journal;
    int rc = exo_journal_load(s, &journal, err);

    if (rc != 0) {
        return rc;
    }
    if (!journal) {
        journal = json_object_new_object();
        json_object_object_add(journal, "version", json_object_new_int(FORMAT));
        json_object_object_add(journal, "files", json_object_new_array());
        json_object_object_add(journal, "changes", json_object_new_array());
    }
    for (size_t i = 0; i < n; i++) {
        const struct exo_setup_file *f = &file[i];
        const char *before, *after;
        struct json_object *entry;

        rc = exo_buf_done(&f->before, &before);
        if (rc == 0) {
            rc = exo_buf_done(&f->after, &after);
        }
        if (rc != 0) {
            json_object_put(journal);
            return rc;
        }
        entry =
            note(exo_journal_list(journal, "files"), f->kind, "path", f->path,
                 f->existed ? before : NULL, f->wanted ? after : NULL);
        json_object_object_add(entry, "mode",
                               json_object_new_int((int)f->mode));
    }
    for (size_t i = 0; i < s->changes.n; i++) {
        const struct exo_change *c = &s->changes.item[i];

        (void)note(exo_journal_list(journal, "changes"), c->kind, "name",
                   c->name, c->before, c->after);
    }
    rc = exo_journal_save(s, journal, err);
    json_object_put(journal);
    return rc;
}
