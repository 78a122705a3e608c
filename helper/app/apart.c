/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Apart from each other (apart.h). Called by app.c as soon as it is known who
 * acts, so that no command puts the key among the records, or tokens for
 * everybody's smtp(8) where nobody may enter.
 *
 * A place is gone to as it will be when it is used (exoauth/path.h). Where that
 * is refused nothing is written, and nothing is said here: or whoever can make
 * a link could keep every command from starting.
 */
#include "config.h"

#include "apart.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/block.h"
#include "exoauth/path.h"

#define DEPTH ((size_t)64) /* directories that are looked at, from below */

struct place {
    const char *key;
    const char *jail; /* below it no link is followed; "": there is none */
    const char *path; /* NULL: none */
    /* What is there, from below up to the root, 0: nothing is known; and the
     * names below that. */
    size_t n;
    struct {
        dev_t dev;
        ino_t ino;
    } at[DEPTH];
    char rest[PATH_MAX];
};

/* In the first three is nothing that exoauth does not put there itself. */
enum {
    STORE,
    TOKEN_DIR,
    ACCOUNT_DIR,
    KEY_FILE,
    STATUS_FILE,
    LOG,
    CA_FILE,
    PROXY_AUTH_FILE,
    SOCKET,
    N
};

/* The last name of path goes to the front of rest. False: there is none, or
 * what it leads to cannot be known before it is there. */
static bool take_name(char *path, char rest[PATH_MAX])
{
    char *slash = strrchr(path, '/');
    size_t len = slash ? strlen(slash) : 0;
    size_t have = strlen(rest);

    if (!slash || strcmp(slash, "/..") == 0 || len + have >= PATH_MAX) {
        return false;
    }
    if (len > 1 && strcmp(slash, "/.") != 0) {
        memmove(rest + len, rest, have + 1);
        memcpy(rest, slash, len);
    }
    *slash = '\0';
    return true;
}

static int go_to(const struct place *place, const struct exo_path_rule *rule,
                 const char *path, struct exo_path *found)
{
    const char *name = path[0] != '\0' ? path : "/";

    return place->jail[0] == '\0'
               ? exo_path_dir(found, rule, name, "", EXO_PATH_LEAF, 0)
               : exo_path_dir(found, rule, place->jail, name, EXO_PATH_LEAF, 0);
}

static void climb(struct place *place, int dir)
{
    char up[3 * DEPTH] = ".";
    struct stat st;
    size_t n;

    for (n = 0; n < DEPTH && fstatat(dir, up, &st, 0) == 0; n++) {
        place->at[n].dev = st.st_dev;
        place->at[n].ino = st.st_ino;
        (void)snprintf(up + (n > 0 ? 3 * n - 1 : 0), 4, n > 0 ? "/.." : "..");
    }
    place->n = n;
}

static void look(struct place *place, bool is_dir,
                 const struct exo_path_rule *rule)
{
    char path[PATH_MAX];
    struct exo_path found;
    int rc;

    (void)snprintf(path, sizeof(path), "%s", place->path);
    if (is_dir) {
        rc = go_to(place, rule, path, &found);
    } else {
        rc = exo_path_entry(&found, rule, path, 0, 0);
        (void)snprintf(place->rest, sizeof(place->rest), "%s%s",
                       rc == 0 ? "/" : "", rc == 0 ? found.name : "");
    }
    while (rc == EXO_E_NOENT && take_name(path, place->rest)) {
        exo_path_close(&found);
        rc = go_to(place, rule, path, &found);
    }
    if (rc == 0) {
        climb(place, found.dir);
    }
    exo_path_close(&found);
}

static void find_place(struct place *place, const char *key, const char *jail,
                       bool is_dir, const char *path,
                       const struct exo_path_rule *rule)
{
    memset(place, 0, sizeof(*place));
    place->key = key;
    place->jail = jail;
    if (path && path[0] == '/') {
        place->path = path;
        look(place, is_dir, rule);
    }
}

/* Is it that place or below it, however far? */
static bool is_in(const struct place *inner, const struct place *outer)
{
    size_t len = strlen(outer->rest);

    for (size_t i = 0; outer->n > 0 && i < inner->n; i++) {
        if (inner->at[i].dev == outer->at[0].dev &&
            inner->at[i].ino == outer->at[0].ino) {
            return len == 0 ||
                   (i == 0 && strncmp(inner->rest, outer->rest, len) == 0 &&
                    (inner->rest[len] == '/' || inner->rest[len] == '\0'));
        }
    }
    return false;
}

static int not_apart(const struct exo_conf *conf, const struct place *inner,
                     const struct place *outer, struct exo_err *err)
{
    bool stays = strcmp(inner->key, "store") == 0;

    if (strcmp(inner->key, "key_file") == 0 &&
        strcmp(outer->key, "store") == 0) {
        return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                           "key_file %s is in the store, and a copy of the "
                           "store would hold its key; move it elsewhere, and "
                           "correct key_file in %s",
                           inner->path, conf->path);
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%s %s%s and %s %s%s are not apart; name another place "
                       "for %s in %s",
                       inner->key, inner->jail, inner->path, outer->key,
                       outer->jail, outer->path,
                       stays ? outer->key : inner->key, conf->path);
}

/* Each of them against the others. */
static int check(const struct exo_conf *conf, const struct place place[N],
                 struct exo_err *err)
{
    for (int outer = 0; outer <= ACCOUNT_DIR; outer++) {
        for (int inner = 0; inner < N; inner++) {
            if (inner != outer && is_in(&place[inner], &place[outer])) {
                return not_apart(conf, &place[inner], &place[outer], err);
            }
        }
    }
    return 0;
}

/* Of several sockets, the one that serve --listen or systemd makes. */
static void first_word(char out[PATH_MAX], const char *list)
{
    size_t len = 0;
    const char *word = exo_word_next(&list, &len);

    (void)snprintf(out, PATH_MAX, "%.*s", (int)len, word ? word : "");
}

int exo_apart_check(const struct exo_app *app, struct exo_err *err)
{
    const struct exo_conf *conf = app->conf;
    const char *list = conf->chroot;
    char socket[PATH_MAX];
    struct exo_path_rule rule;
    struct place place[N];
    const char *word;
    size_t len;
    int rc;

    exo_app_rule(app, &rule);
    find_place(&place[STORE], "store", "", true, exo_conf_store_dir(conf),
               &rule);
    find_place(&place[TOKEN_DIR], "token_dir", "", true, conf->token_dir,
               &rule);
    find_place(&place[ACCOUNT_DIR], "account_dir", "", true, conf->account_dir,
               &rule);
    find_place(&place[KEY_FILE], "key_file", "", false,
               conf->key_command[0] == '\0' ? conf->key_file : NULL, &rule);
    find_place(&place[STATUS_FILE], "status_file", "", false, conf->status_file,
               &rule);
    find_place(&place[LOG], "log", "", false, conf->log, &rule);
    find_place(&place[CA_FILE], "ca_file", "", false, conf->ca_file, &rule);
    find_place(&place[PROXY_AUTH_FILE], "proxy_auth_file", "", false,
               conf->proxy_auth_file, &rule);
    first_word(socket, conf->socket);
    find_place(&place[SOCKET], "socket", "", false, socket, &rule);
    rc = check(conf, place, err);
    while (rc == 0 && (word = exo_word_next(&list, &len)) != NULL) {
        char jail[PATH_MAX];

        (void)snprintf(jail, sizeof(jail), "%.*s", (int)len, word);
        find_place(&place[TOKEN_DIR], "token_dir", jail, true, conf->token_dir,
                   &rule);
        rc = check(conf, place, err);
    }
    return rc;
}
