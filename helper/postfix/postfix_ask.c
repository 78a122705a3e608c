/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Postfix would find in its maps (postfix.h), asked of its own postmap,
 * as only that knows what each type of map does with a key. Called by setup
 * and doctor, for a few keys; each is one process a map. What is found may be
 * a password, and is wiped.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "postfix.h"
#include "run.h"

#define ASK_MS 10000

bool exo_postfix_next_map(const char **list, size_t *len, const char **map)
{
    const char *p = *list + strspn(*list, ", \t\r\n");
    size_t depth = 0;
    size_t n = 0;

    for (; p[n] != '\0' && (depth > 0 || !strchr(", \t\r\n", p[n])); n++) {
        depth += p[n] == '{';
        depth -= p[n] == '}' && depth > 0;
    }
    *list = p + n;
    if (n > 6 && strncmp(p, "proxy:", 6) == 0) {
        p += 6;
        n -= 6;
    }
    *map = p;
    *len = n;
    return n > 0;
}

static int set_map(struct exo_postfix_answer *a, const char *map, size_t len)
{
    if (len >= sizeof(a->map)) {
        return EXO_E_TOOBIG;
    }
    memcpy(a->map, map, len);
    a->map[len] = '\0';
    return 0;
}

const char *exo_postfix_made_from(const char *map)
{
    static const char *const types[] = { "hash:", "btree:", "lmdb:", "cdb:",
                                         "dbm:",  "sdbm:",  NULL };

    for (size_t i = 0; types[i]; i++) {
        if (strncmp(map, types[i], strlen(types[i])) == 0) {
            return map + strlen(types[i]);
        }
    }
    return NULL;
}

/* Two seconds of two files are not told apart, as they may be of one run. */
bool exo_postfix_is_stale(const char *map)
{
    static const char *const ends[] = { ".db", ".lmdb", ".cdb", ".pag", NULL };
    const char *text = exo_postfix_made_from(map);
    struct exo_buf file = EXO_BUF_INIT(4096);
    struct stat from, made;
    const char *path;
    bool stale = false;

    for (size_t i = 0; text && ends[i]; i++) {
        exo_buf_reset(&file);
        exo_buf_fmt(&file, "%s%s", text, ends[i]);
        stale |= exo_buf_done(&file, &path) == 0 && stat(path, &made) == 0 &&
                 stat(text, &from) == 0 && from.st_mtime > made.st_mtime;
    }
    exo_buf_free(&file);
    return stale;
}

static int ask_one(const struct exo_postfix *p, const char *postmap,
                   const char *key, struct exo_postfix_answer *a)
{
    const char *argv[] = {
        postmap, "-c", p->config_dir, "-q", key, a->map, NULL
    };
    struct exo_buf said = EXO_BUF_INIT(16384);
    const char *text = NULL;
    int status = 1;
    int rc;

    exo_secret_free(&a->value);
    rc = exo_run(argv, ASK_MS, &a->value.hidden, &said, &status);
    if (rc == 0 && status == 0) {
        exo_secret_chomp(&a->value);
    } else if (rc == 0 && (rc = exo_buf_done(&said, &text)) == 0 &&
               (strstr(text, "fatal: ") || strstr(text, "error: "))) {
        rc = strstr(text, "Permission denied") ? EXO_E_ACCESS : EXO_E_IO;
        exo_text_fmt(a->words, sizeof(a->words), "%s",
                     exo_postfix_complaint(&said));
    } else if (rc == 0) {
        rc = EXO_E_NOENT;
    } else {
        exo_text_fmt(a->words, sizeof(a->words), "%s", exo_strerror(rc));
        rc = rc == EXO_E_NOMEM ? rc : EXO_E_IO;
    }
    exo_buf_free(&said);
    return rc;
}

int exo_postfix_ask(const struct exo_postfix *p, const char *maps,
                    const char *key, struct exo_postfix_answer *a)
{
    char *postmap = exo_run_find("postmap");
    int rc = postmap ? EXO_E_NOENT : EXO_E_ACCESS;
    const char *map;
    size_t len;

    while (rc == EXO_E_NOENT && exo_postfix_next_map(&maps, &len, &map)) {
        rc = set_map(a, map, len) != 0 ? EXO_E_NOENT
                                       : ask_one(p, postmap, key, a);
    }
    free(postmap);
    return rc;
}

void exo_postfix_answer_free(struct exo_postfix_answer *a)
{
    exo_secret_free(&a->value);
}

const char *exo_postfix_never(const char *options)
{
    static const char *const never[] = { "noactive", "mutual_auth",
                                         "forward_secrecy" };

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (exo_postfix_has_word(options, never[i])) {
            return never[i];
        }
    }
    return NULL;
}

int exo_postfix_port_wraps(const char *hop)
{
    const char *host = strchr(hop, ']');
    const char *port = strrchr(host ? host : hop, ':');

    if (!port) {
        return -1; /* smtp_tcp_port */
    }
    return exo_postfix_has_word("465 smtps submissions", port + 1)    ? 1
           : exo_postfix_has_word("25 smtp 587 submission", port + 1) ? 0
                                                                      : -1;
}
