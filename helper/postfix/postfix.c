/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a Postfix (postfix.h): four runs of postconf, cut into names and
 * values. Called by setup and doctor, as root or not. exo_postfix_close()
 * frees all of it.
 *
 * postconf is asked and main.cf is not read, because only Postfix knows its
 * defaults, what $name comes to, and where else a value may stand. What it
 * warns of (a parameter that nothing uses) is between it and its user; what it
 * calls fatal is our error, in its words.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "postfix.h"
#include "run.h"

#define TEXT_MAX ((size_t)1024 * 1024)
#define RUN_MS 30000 /* for a postconf that reads its maps over a network */

const char *exo_postfix_complaint(struct exo_buf *said)
{
    static const char *const marks[] = { "fatal: ", "error: " };
    char *text = said->len > 0 ? said->data : NULL;

    for (size_t i = 0; text && i < sizeof(marks) / sizeof(marks[0]); i++) {
        char *at = strstr(text, marks[i]);

        if (at) {
            at += strlen(marks[i]);
            at[strcspn(at, "\n")] = '\0';
            return at;
        }
    }
    if (text) {
        text[strcspn(text, "\n")] = '\0';
    }
    return text ? text : "it says nothing";
}

/* postconf -c DIR FLAG into out. */
static int ask(const struct exo_postfix *p, const char *flag,
               struct exo_buf *out, struct exo_err *err)
{
    const char *dir = p->config_dir;
    const char *argv[] = { p->postconf, flag, dir ? "-c" : NULL, dir, NULL };
    struct exo_buf said = EXO_BUF_INIT(TEXT_MAX);
    int status = 0;
    int rc;

    exo_buf_init(out, TEXT_MAX);
    rc = exo_run(argv, RUN_MS, out, &said, &status);
    if (exo_err_system(err, rc, "cannot run %s", p->postconf)) {
        rc = EXO_E_STATUS;
    } else if (rc != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "%s cannot be run: %s; run it by hand: postconf -n",
                         p->postconf, exo_strerror(rc));
    } else if (status != 0) {
        rc = exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                         "Postfix cannot read its configuration: %s; correct "
                         "that, and see that this says nothing of it: "
                         "postconf -n%s%s",
                         exo_postfix_complaint(&said), dir ? " -c " : "",
                         dir ? EXO_SH(dir, "DIR") : "");
    }
    exo_buf_free(&said);
    return rc;
}

/* "name = value" lines; a line without is none of a configuration. */
static int cut_pairs(struct exo_postfix_pairs *pairs)
{
    char *line = pairs->text.data;
    size_t lines = 0;

    for (const char *p = line; p && *p != '\0'; p++) {
        lines += *p == '\n';
    }
    pairs->pair = calloc(lines + 1, sizeof(*pairs->pair));
    if (!pairs->pair) {
        return EXO_E_NOMEM;
    }
    while (line && *line != '\0') {
        char *end = line + strcspn(line, "\n");
        bool last = *end == '\0';
        char *equals;

        *end = '\0';
        equals = strstr(line, " =");
        if (equals) {
            struct exo_postfix_pair *pair = &pairs->pair[pairs->n++];

            *equals = '\0';
            pair->name = line;
            pair->value = equals + 2 + (equals[2] == ' ' ? 1 : 0);
        }
        line = last ? end : end + 1;
    }
    return 0;
}

static int read_pairs(const struct exo_postfix *p, const char *flag,
                      struct exo_postfix_pairs *pairs, struct exo_err *err)
{
    int rc = ask(p, flag, &pairs->text, err);

    return rc == 0 ? cut_pairs(pairs) : rc;
}

static const char *look(const struct exo_postfix_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->pair[i].name, name) == 0) {
            return pairs->pair[i].value;
        }
    }
    return NULL;
}

/* The next word at *line, ended by a NUL there. */
static const char *word(char **line)
{
    char *start = *line + strspn(*line, " \t");
    char *end = start + strcspn(start, " \t");

    *line = end;
    if (*end != '\0') {
        *end = '\0';
        *line = end + 1;
    }
    return start;
}

/* name type private unpriv chroot wakeup maxproc command args. What "-" means
 * for chroot changed with Postfix 3.0. */
static bool cut_service(const struct exo_postfix *p, char *line,
                        struct exo_postfix_service *s)
{
    const char *level = exo_postfix_get(p, "compatibility_level");
    bool old = strcmp(level, "0") == 0 || *level == '\0';
    const char *unprivileged, *jail;

    s->name = word(&line);
    s->type = word(&line);
    (void)word(&line);
    unprivileged = word(&line);
    jail = word(&line);
    (void)word(&line);
    s->max = word(&line);
    s->command = word(&line);
    s->args = line + strspn(line, " \t");
    s->unprivileged = *unprivileged != 'n';
    s->chroot = *jail == 'y' || (*jail == '-' && old);
    return *s->command != '\0';
}

/* As it is shown and compared: postconf aligns its columns. */
static int keep_lines(struct exo_postfix *p)
{
    const char *from;
    int rc = exo_buf_done(&p->master, &from);

    exo_buf_init(&p->lines, TEXT_MAX);
    if (rc != 0) {
        return rc;
    }
    for (; *from != '\0'; from++) {
        bool blank = *from == ' ' || *from == '\t';

        if (*from == '\n') {
            exo_buf_add(&p->lines, "", 1);
        } else if (!blank || (from[1] != ' ' && from[1] != '\t')) {
            exo_buf_add(&p->lines, blank ? " " : from, 1);
        }
    }
    exo_buf_add(&p->lines, "", 1);
    return p->lines.error;
}

static int read_services(struct exo_postfix *p, struct exo_err *err)
{
    int rc = ask(p, "-M", &p->master, err);
    size_t lines = 1;
    const char *whole;
    char *line;

    if (rc == 0) {
        rc = keep_lines(p);
    }
    if (rc != 0) {
        return rc;
    }
    whole = p->lines.data;
    line = p->master.data;
    for (const char *q = line; q && *q != '\0'; q++) {
        lines += *q == '\n';
    }
    p->service = calloc(lines, sizeof(*p->service));
    if (!p->service) {
        return EXO_E_NOMEM;
    }
    while (line && *line != '\0') {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\0' ? end : end + 1;

        *end = '\0';
        p->service[p->n_services].line = whole;
        p->n_services += cut_service(p, line, &p->service[p->n_services]);
        whole += strlen(whole) + 1;
        line = next;
    }
    return 0;
}

static int set_dir(struct exo_postfix *p, const char *config_dir,
                   struct exo_err *err)
{
    if (config_dir && config_dir[0] != '/') {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "--config-dir %s: give an absolute path, as of "
                           "postmulti -l",
                           config_dir);
    }
    if (config_dir) {
        p->config_dir = strdup(config_dir);
        if (!p->config_dir) {
            return EXO_E_NOMEM;
        }
        for (size_t n = strlen(config_dir);
             n > 1 && p->config_dir[n - 1] == '/'; n--) {
            p->config_dir[n - 1] = '\0';
        }
    }
    return 0;
}

int exo_postfix_open(struct exo_postfix **postfix, const char *config_dir,
                     struct exo_err *err)
{
    struct exo_postfix *p = calloc(1, sizeof(*p));
    int rc;

    *postfix = NULL;
    if (!p) {
        return EXO_E_NOMEM;
    }
    rc = set_dir(p, config_dir, err);
    if (rc == 0) {
        p->postconf = exo_run_find("postconf");
        rc = p->postconf ? 0
             : exo_err_system(err, EXO_E_IO, "cannot look for postconf")
                 ? EXO_E_STATUS
                 : exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                               "there is no postconf on this host; install "
                               "Postfix, or put its directory into PATH");
    }
    if (rc == 0) {
        rc = read_pairs(p, "-x", &p->values, err);
    }
    if (rc == 0 && !p->config_dir) {
        p->config_dir = strdup(exo_postfix_get(p, "config_directory"));
        rc = p->config_dir ? 0 : EXO_E_NOMEM;
    }
    if (rc == 0) {
        rc = read_pairs(p, "-n", &p->said, err);
    }
    if (rc == 0) {
        rc = read_pairs(p, "-P", &p->over, err);
    }
    if (rc == 0) {
        rc = read_services(p, err);
    }
    if (rc != 0) {
        exo_postfix_close(p);
        return rc;
    }
    *postfix = p;
    return 0;
}

bool exo_postfix_is_other(const struct exo_postfix *p)
{
    const char *argv[] = { p->postconf, "-h", "config_directory", NULL };
    struct exo_buf out = EXO_BUF_INIT(TEXT_MAX);
    struct exo_buf said = EXO_BUF_INIT(TEXT_MAX);
    const char *text = "";
    int status = 1;
    size_t len;
    bool same;

    same = exo_run(argv, RUN_MS, &out, &said, &status) == 0 && status == 0 &&
           exo_buf_done(&out, &text) == 0;
    len = strcspn(text, "\n");
    same = same && strlen(p->config_dir) == len &&
           strncmp(text, p->config_dir, len) == 0;
    exo_buf_free(&out);
    exo_buf_free(&said);
    return !same;
}

void exo_postfix_close(struct exo_postfix *p)
{
    if (!p) {
        return;
    }
    free(p->postconf);
    free(p->config_dir);
    free(p->values.pair);
    free(p->said.pair);
    free(p->over.pair);
    free(p->service);
    exo_buf_free(&p->values.text);
    exo_buf_free(&p->said.text);
    exo_buf_free(&p->over.text);
    exo_buf_free(&p->master);
    exo_buf_free(&p->lines);
    free(p);
}

const char *exo_postfix_get(const struct exo_postfix *p, const char *name)
{
    const char *value = look(&p->values, name);

    return value ? value : "";
}

const char *exo_postfix_said(const struct exo_postfix *p, const char *name)
{
    return look(&p->said, name);
}

const char *exo_postfix_override(const struct exo_postfix *p,
                                 const struct exo_postfix_service *s,
                                 const char *name)
{
    size_t n = strlen(s->name);
    size_t m = strlen(s->type);

    for (size_t i = 0; i < p->over.n; i++) {
        const char *key = p->over.pair[i].name;

        if (strncmp(key, s->name, n) == 0 && key[n] == '/' &&
            strncmp(key + n + 1, s->type, m) == 0 && key[n + 1 + m] == '/' &&
            strcmp(key + n + m + 2, name) == 0) {
            return p->over.pair[i].value;
        }
    }
    return NULL;
}

const struct exo_postfix_service *exo_postfix_find(const struct exo_postfix *p,
                                                   const char *name,
                                                   const char *type)
{
    for (size_t i = 0; i < p->n_services; i++) {
        if (strcmp(p->service[i].name, name) == 0 &&
            strcmp(p->service[i].type, type) == 0) {
            return &p->service[i];
        }
    }
    return NULL;
}

bool exo_postfix_is_client(const struct exo_postfix_service *s)
{
    return strcmp(s->command, "smtp") == 0 || strcmp(s->command, "lmtp") == 0;
}

bool exo_postfix_has_word(const char *list, const char *name)
{
    static const char between[] = ", \t\r\n";
    size_t len = strlen(name);

    for (;;) {
        size_t n;

        list += strspn(list, between);
        n = strcspn(list, between);
        if (n == 0) {
            return false;
        }
        if (n == len && strncasecmp(list, name, len) == 0) {
            return true;
        }
        list += n;
    }
}
