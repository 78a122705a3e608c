/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What setup writes down before it changes anything, in exoauth.undo beside
 * main.cf: each file and each setting with what it was before the first setup
 * and with every value that a setup gave it. A JSON object:
 *
 *   version  1
 *   files    [{ kind, path, mode, before, ours }]
 *   changes  [{ kind, name, before, ours }]
 *
 * `before` is a text or null (it was not there), `ours` a list of those. Of
 * root, 0600. Only setup_journal.c
 * and setup_undo.h include this.
 */
#ifndef EXOAUTH_SETUP_JOURNAL_H
#define EXOAUTH_SETUP_JOURNAL_H

#include <json-c/json.h>

#include "setup.h"

/* *journal is NULL if there is none. Free it with exo_json_free(). */
int exo_journal_load(const struct exo_setup *setup,
                     struct json_object **journal,
                     struct exo_err *err) EXO_MUST_CHECK;
/* Replaces it by one with the changes for which stays[i] is set; without any
 * there is no journal any more. */
int exo_journal_shrink(const struct exo_setup *setup,
                       struct json_object *journal, const bool stays[],
                       struct exo_err *err) EXO_MUST_CHECK;

/* "main", "master", "conf", "map", "user". */
const char *exo_journal_word(enum exo_setup_kind kind);
/* EXO_SETUP_KINDS if it is none. */
enum exo_setup_kind exo_journal_kind(struct json_object *entry);

/* A text, NULL where it is null or absent. */
const char *exo_journal_text(struct json_object *entry, const char *member);
/* Was that value given by a setup? */
bool exo_journal_is_ours(struct json_object *entry, const char *value);
struct json_object *exo_journal_list(struct json_object *journal,
                                     const char *name);

#endif
