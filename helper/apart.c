/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Apart from each other (apart.h). Called by app.c as soon as exoauth.conf is
 * read, so that no command can write through one key over what another names:
 * a log that is appended to a record, a status_file in the place of the key,
 * tokens for everybody's smtp(8) in the store that nobody may enter.
 */
#include "config.h"

#include "apart.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/block.h"

#define DEPTH ((size_t)64) /* directories that are looked at, from below */

struct place {
    const char *key;
    const char *path; /* NULL: none that is a path */
    bool dir;         /* for files of exoauth alone */
    /* What of it is there, from below up to the root; and the rest. */
    struct {
        dev_t dev;
        ino_t ino;
    } at[DEPTH];
    size_t n;
    char rest[PATH_MAX];
};

enum { STORE, TOKEN_DIR, ACCOUNT_DIR, KEY_FILE, STATUS_FILE, LOG, CONF, N };

static void look(struct place *place)
{
    char path[PATH_MAX], real[PATH_MAX];
    size_t len = strlen(place->path);
    struct stat st;
    char *end = NULL;

    place->n = 0;
    place->rest[0] = '\0';
    if (len >= sizeof(path)) {
        place->path = NULL; /* nothing can be there */
        return;
    }
    memcpy(path, place->path, len + 1);
    while (!realpath(path, real)) {
        end = strrchr(path, '/');
        if (!end || end == path) {
            memcpy(real, "/", 2);
            break;
        }
        *end = '\0';
    }
    if (end) {
        (void)snprintf(place->rest, sizeof(place->rest), "%s",
                       place->path + (end - path));
    }
    do {
        if (stat(real[0] != '\0' ? real : "/", &st) != 0) {
            return; /* of what cannot be looked at, nothing is said */
        }
        place->at[place->n].dev = st.st_dev;
        place->at[place->n++].ino = st.st_ino;
        end = strrchr(real, '/');
        if (end) {
            *end = '\0';
        }
    } while (end && end[1] != '\0' && place->n < DEPTH);
}

static void find_place(struct place *place, const char *key, const char *path,
                       bool dir)
{
    place->key = key;
    place->path = path && path[0] == '/' ? path : NULL;
    place->dir = dir;
    if (place->path) {
        look(place);
    }
}

static void find_places(const struct exo_conf *conf, struct place place[N])
{
    bool keyed = conf->key_command[0] == '\0';

    find_place(&place[STORE], "store", exo_conf_store_dir(conf), true);
    find_place(&place[TOKEN_DIR], "token_dir", conf->token_dir, true);
    find_place(&place[ACCOUNT_DIR], "account_dir", conf->account_dir, true);
    find_place(&place[KEY_FILE], "key_file", keyed ? conf->key_file : NULL,
               false);
    find_place(&place[STATUS_FILE], "status_file", conf->status_file, false);
    find_place(&place[LOG], "log", conf->log, false);
    find_place(&place[CONF], "exoauth.conf", conf->path, false);
}

/* Is it that place or below it, however far, and by whatever name? */
static bool is_in(const struct place *inner, const struct place *outer)
{
    size_t len = strlen(outer->rest);
    size_t i;

    if (outer->n == 0 || inner->n == 0) {
        return false;
    }
    for (i = 0; i < inner->n; i++) {
        if (inner->at[i].dev == outer->at[0].dev &&
            inner->at[i].ino == outer->at[0].ino) {
            return len == 0 ||
                   (i == 0 && strncmp(inner->rest, outer->rest, len) == 0 &&
                    (inner->rest[len] == '/' || inner->rest[len] == '\0'));
        }
    }
    return false;
}

/* Of the two, the one that can be named anew without losing what it holds. */
static const char *to_move(const struct place *inner, const struct place *outer)
{
    bool stays = strcmp(inner->key, "store") == 0 ||
                 strcmp(inner->key, "exoauth.conf") == 0;

    return stays ? outer->key : inner->key;
}

static int not_apart(const struct exo_conf *conf, const struct place *inner,
                     const struct place *outer, struct exo_err *err)
{
    if (strcmp(inner->key, "key_file") == 0 &&
        strcmp(outer->key, "store") == 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "key_file %s is in the store, and a copy of the "
                           "store would hold its key; move it elsewhere, and "
                           "correct key_file in %s",
                           inner->path, conf->path);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%s %s and %s %s are not apart; name another place for "
                       "%s in %s",
                       inner->key, inner->path, outer->key, outer->path,
                       to_move(inner, outer), conf->path);
}

/* The tokens of a jail are below its root. */
static int check_jails(const struct exo_conf *conf, const struct place *store,
                       struct exo_err *err)
{
    const char *list = conf->chroot;
    char path[PATH_MAX];
    struct place tokens;
    const char *word;
    size_t len;

    while ((word = exo_word_next(&list, &len)) != NULL) {
        (void)snprintf(path, sizeof(path), "%.*s%s", (int)len, word,
                       conf->token_dir);
        find_place(&tokens, "token_dir", path, true);
        if (is_in(&tokens, store) || is_in(store, &tokens)) {
            return not_apart(conf, &tokens, store, err);
        }
    }
    return 0;
}

int exo_apart_check(const struct exo_conf *conf, struct exo_err *err)
{
    struct place place[N];
    int outer, inner;

    find_places(conf, place);
    for (outer = 0; outer < N; outer++) {
        for (inner = 0; inner < N; inner++) {
            /* Of files, each pair once; and exoauth.conf may lie anywhere. */
            if (inner == outer || !place[inner].path || !place[outer].path ||
                (place[outer].dir ? inner == CONF : inner < outer)) {
                continue;
            }
            if (is_in(&place[inner], &place[outer])) {
                return not_apart(conf, &place[inner], &place[outer], err);
            }
        }
    }
    return place[STORE].path ? check_jails(conf, &place[STORE], err) : 0;
}
