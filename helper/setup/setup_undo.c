/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking setup back (setup.h), by its journal. Called by cmd_setup.c as root.
 *
 * A file that is as a setup left it gets back the bytes that it had. One that
 * was changed since is undone key by key; which of them, setup_judge.c says.
 * main.cf goes first: cut short anywhere, what is left of setup is unused, and
 * the next undo goes on. Published tokens go before exoauth.conf, which leads
 * to them. The user of the system stays, as the store is his.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "exoauth/block.h"
#include "exoauth/json.h"
#include "helper/app/place.h"
#include "helper/app/out.h"
#include "setup_undo.h"

/* The bytes that were there, of a file that is as a setup left it. */
static int give_back(const struct exo_undo *u, enum exo_setup_kind kind,
                     struct exo_err *err)
{
    struct json_object *f = exo_undo_file(u, kind, NULL);
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
static int write_kind(const struct exo_undo *u, enum exo_setup_kind kind,
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
static int drop_below(const struct exo_setup *s, const char *roots,
                      struct exo_err *err)
{
    struct exo_app app = { .conf = s->conf, .root = true };
    struct exo_buf root = EXO_BUF_INIT(EXO_BLOCK_VALUE);
    const struct passwd *pw;
    const char *word, *path;
    size_t len;
    int rc = 0;

    errno = 0;
    pw = getpwnam(s->conf->run_as);
    if (pw) {
        app.uid = pw->pw_uid;
        app.gid = pw->pw_gid;
    } else if (exo_err_system(err, EXO_E_IO, "cannot look for user %s",
                              s->conf->run_as)) {
        return EXO_E_STATUS;
    }
    while ((word = exo_word_next(&roots, &len)) != NULL) {
        int one;

        exo_buf_reset(&root);
        exo_buf_add(&root, word, len);
        one = exo_buf_done(&root, &path);
        if (one == 0) {
            one = exo_place_drop_tokens(&app, path, err);
        }
        rc = one != 0 ? one : rc;
    }
    exo_buf_free(&root);
    return rc;
}

static void drop_tokens(struct exo_undo *u)
{
    const char *roots;
    int rc = exo_buf_done(&u->roots, &roots);

    if (rc == 0) {
        rc = drop_below(u->setup, roots, &u->err);
    }
    if (rc == EXO_E_NOMEM) {
        (void)exo_err_system(&u->err, rc, "published tokens may be left");
    }
    u->left |= rc != 0;
}

static int take_back(struct exo_undo *u, struct exo_err *err)
{
    static const enum exo_setup_kind order[] = {
        EXO_SETUP_MAIN, EXO_SETUP_MASTER, EXO_SETUP_MAP, EXO_SETUP_CONF
    };
    struct exo_setup_file file[EXO_SETUP_FILES];
    size_t n = 0;
    bool begun = false;
    int rc = exo_setup_texts(u->setup, &u->partial, file, &n, err);

    for (size_t i = 0; rc == 0 && i < sizeof(order) / sizeof(order[0]); i++) {
        if (order[i] == EXO_SETUP_CONF) {
            /* While one is left, `chroot` stays: remove looks there. */
            drop_tokens(u);
        }
        if (!u->left) {
            rc = write_kind(u, order[i], file, n, err);
        }
        begun = true;
    }
    for (size_t i = 0; i < n; i++) {
        exo_setup_file_free(&file[i]);
    }
    if (rc == 0 && !u->left) {
        drop_tokens(u); /* of a refresh that had begun with the old one */
    }
    if (rc == 0 && !u->left) {
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

static int ask_and_take(struct exo_undo *u, bool *changed, struct exo_err *err)
{
    struct exo_buf shown = EXO_BUF_INIT(2 * EXO_SETUP_TEXT);
    bool yes = !u->setup->request->dry_run;
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
    *changed = rc == 0 && u->whole.n > 0 && (yes || u->setup->request->dry_run);
    return rc;
}

/* What is to be done by hand, and then again by this. */
static int once_more(const struct exo_setup *s, enum exo_status status,
                     const char *why, struct exo_err *err)
{
    bool other = exo_postfix_is_other(s->postfix);

    return exo_err_set(err, status,
                       "%-s, then run: exoauth setup postfix --undo%s%s", why,
                       other ? " --config-dir " : "",
                       other ? EXO_SH(s->postfix->config_dir, "DIR") : "");
}

/* Not all is taken back. */
static int tell_left(struct exo_undo *u, struct exo_err *err)
{
    const struct exo_setup *s = u->setup;
    char why[EXO_ERR_TEXT];

    if (u->left && u->err.status != EXO_STATUS_OK) {
        return once_more(s, u->err.status, exo_err_text(&u->err, EXO_E_STATUS),
                         err);
    }
    if (u->left) {
        exo_text_fmt(why, sizeof(why),
                     "published tokens stay, as said above, and so chroot and "
                     "the rest stay in %s; put that right",
                     s->conf->path);
    } else {
        exo_text_fmt(why, sizeof(why),
                     "%zu settings stay, as they were changed since or are in "
                     "use; put that right as said above",
                     u->refused);
    }
    return once_more(s, EXO_STATUS_MISCONFIGURED, why, err);
}

int exo_setup_undo(struct exo_setup *s, bool *changed, struct exo_err *err)
{
    struct exo_undo u = { .setup = s, .err = EXO_ERR_INIT };
    struct json_object *list;
    int rc = exo_journal_load(s, &u.journal, err);

    *changed = false;
    if (rc != 0 || !u.journal) {
        return rc;
    }
    exo_buf_init(&u.roots, EXO_SETUP_TEXT);
    list = exo_journal_list(u.journal, "changes");
    u.stays = calloc(json_object_array_length(list) + 1, sizeof(*u.stays));
    if (!u.stays) {
        exo_json_free(u.journal);
        return EXO_E_NOMEM;
    }
    exo_undo_judge(&u);
    rc = u.whole.error != 0 ? u.whole.error : u.partial.error;
    if (u.failed != 0) {
        *err = u.err;
        rc = u.failed;
    }
    if (rc == 0) {
        rc = ask_and_take(&u, changed, err);
    }
    if (rc == 0 && (u.left || u.refused > 0)) {
        rc = tell_left(&u, err);
    }
    exo_changes_free(&u.whole);
    exo_changes_free(&u.partial);
    exo_buf_free(&u.roots);
    free(u.stays);
    exo_json_free(u.journal);
    return rc;
}
