/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk along a path that others may have a hand in (exoauth/path.h).
 *
 * Called by the program for what it makes, removes, rewrites or hands over;
 * the plugin has no use for it, as it writes nothing. Every component is
 * opened with O_PATH and O_NOFOLLOW and judged on its fstat() by path_rule.c, a
 * link is read by its own descriptor: what was judged is what is used.
 * openat2() would save nothing, since each parent must be looked at anyhow. The
 * caller closes struct exo_path; on failure its `why` names the component.
 */
#include "config.h"

#include "path_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "exoauth/buf.h"

#define HOPS 40  /* as the kernel has it */
#define LOOKS 10 /* at a link that leads nowhere */

struct walk {
    struct exo_path *path;
    const struct exo_path_rule *rule;
    struct exo_buf todo;  /* what is left of the path, */
    size_t at;            /* from here on */
    struct exo_buf where; /* the way so far, to be shown */
    unsigned hops;
    bool links; /* are followed here */
    bool entry; /* the last component is not to be entered */
    bool bare;  /* nor to be a link */
    bool leaf;  /* the last directory is not judged */
    bool make;
    mode_t mode;
};

static const char *shown(const struct walk *w)
{
    return w->where.len == 0 ? "/" : exo_buf_shown(&w->where);
}

static int failed(struct walk *w)
{
    int saved = errno;

    (void)exo_path_refuse(w->path, "%.300s: %s", shown(w),
                          exo_errno_text(saved));
    errno = saved;
    return exo_error_from_errno(saved);
}

/* ---- one directory ----------------------------------------------------- */

static void enter(struct walk *w, int fd, const struct stat *st)
{
    if (w->path->dir >= 0) {
        (void)close(w->path->dir);
    }
    w->path->dir = fd;
    w->path->dir_st = *st;
    w->path->above = w->path->theirs;
    w->path->theirs |= st->st_uid != 0;
}

static int enter_judged(struct walk *w, int fd, bool last)
{
    struct stat st;
    int rc = fstat(fd, &st) == 0 ? EXO_OK : failed(w);

    if (rc == EXO_OK && !(last && w->leaf)) {
        rc = exo_path_rule_dir(w->path, w->rule, fd, &st, shown(w));
    }
    if (rc != EXO_OK) {
        (void)close(fd);
        return rc;
    }
    enter(w, fd, &st);
    return EXO_OK;
}

static int enter_root(struct walk *w, bool last)
{
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    exo_buf_reset(&w->where);
    return fd >= 0 ? enter_judged(w, fd, last) : failed(w);
}

/* Made by whom the directory around it belongs to: what root makes in a
 * user's place, that user could have made, too. */
static int make_dir(struct walk *w, const char *name, bool last)
{
    bool become = w->path->theirs && w->rule->become != NULL;
    int saved, rc;

    if (become) {
        w->rule->become(w->rule->context, true);
    }
    rc = mkdirat(w->path->dir, name, last && w->leaf ? 0700 : w->mode);
    saved = errno;
    if (become) {
        w->rule->become(w->rule->context, false);
    }
    w->path->made = rc == 0 && last;
    errno = saved;
    return rc == 0 || saved == EEXIST ? EXO_OK : failed(w);
}

/* ---- one component ----------------------------------------------------- */

/* The next one; false at the end. *last: nothing comes after it. */
static bool next(struct walk *w, char name[NAME_MAX + 1], bool *last, int *rc)
{
    const char *text;
    size_t len;

    *rc = exo_buf_done(&w->todo, &text);
    if (*rc != EXO_OK) {
        return false;
    }
    w->at += strspn(text + w->at, "/");
    len = strcspn(text + w->at, "/");
    if (len == 0) {
        return false;
    }
    if (len > NAME_MAX) {
        errno = ENAMETOOLONG;
        *rc = failed(w);
        return false;
    }
    memcpy(name, text + w->at, len);
    name[len] = '\0';
    w->at += len;
    *last = text[w->at + strspn(text + w->at, "/")] == '\0';
    return true;
}

/* fd is the link itself. */
static int follow(struct walk *w, int fd, const struct stat *st, size_t parent)
{
    char target[PATH_MAX];
    struct exo_buf rest = EXO_BUF_INIT(2 * PATH_MAX);
    const char *todo;
    ssize_t n;
    int rc;

    if (!w->links) {
        return exo_path_refuse(
            w->path,
            "%.300s is a symbolic link, and none is followed there; "
            "remove it, and run this again",
            shown(w));
    }
    rc = exo_path_rule_link(w->path, w->rule, fd, st, shown(w));
    if (rc != EXO_OK) {
        return rc;
    }
    n = readlinkat(fd, "", target, sizeof target);
    if (n <= 0 || (size_t)n == sizeof target || ++w->hops > HOPS) {
        errno = n < 0 ? errno : n == 0 ? ENOENT : ELOOP;
        return failed(w);
    }
    w->path->theirs |= st->st_uid != 0;
    exo_buf_add(&rest, target, (size_t)n);
    rc = exo_buf_done(&w->todo, &todo);
    if (rc == EXO_OK) {
        exo_buf_str(&rest, todo + w->at);
        exo_buf_reset(&w->todo);
        exo_buf_join(&w->todo, &rest);
        w->at = 0;
        rc = exo_buf_done(&w->todo, &todo);
    }
    exo_buf_free(&rest);
    w->where.data[parent] = '\0';
    w->where.len = parent;
    if (rc == EXO_OK && target[0] == '/') {
        rc = enter_root(w, todo[strspn(todo, "/")] == '\0');
    }
    return rc;
}

/* What is neither directory nor link. */
static int take_entry(struct walk *w, const char *name, const struct stat *st)
{
    int rc = exo_path_rule_entry(w->path, w->rule, st, shown(w));

    if (rc == EXO_OK) {
        memcpy(w->path->name, name, strlen(name) + 1);
        w->path->st = *st;
        w->path->found = true;
    }
    return rc;
}

/* A directory with O_DIRECTORY, or an automount would not happen. */
static int open_component(int dir, const char *name, struct stat *st)
{
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    int saved;
    int fd = openat(dir, name, flags | O_DIRECTORY);

    if (fd < 0 && errno == ENOTDIR) {
        fd = openat(dir, name, flags);
    }
    if (fd >= 0 && fstat(fd, st) != 0) {
        saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int step(struct walk *w, const char *name, bool last)
{
    bool entry = w->entry && last;
    size_t parent = w->where.len;
    struct stat st;
    int fd, rc;

    if (strcmp(name, ".") == 0) {
        return EXO_OK;
    }
    exo_buf_fmt(&w->where, "/%s", name);
    if (w->where.error != 0) {
        return w->where.error;
    }
    if (!w->links && strcmp(name, "..") == 0) {
        return exo_path_refuse(
            w->path, "%.300s leads out of its base; name it without ..",
            shown(w));
    }
    fd = open_component(w->path->dir, name, &st);
    if (fd < 0 && errno == ENOENT && entry) {
        memcpy(w->path->name, name, strlen(name) + 1);
        return EXO_OK;
    }
    if (fd < 0 && errno == ENOENT && w->make) {
        rc = make_dir(w, name, last);
        if (rc != EXO_OK) {
            return rc;
        }
        fd = open_component(w->path->dir, name, &st);
    }
    if (fd < 0) {
        return failed(w);
    }
    if (S_ISLNK(st.st_mode) && entry && w->bare) {
        rc = exo_path_refuse(w->path,
                             "%.300s is a symbolic link; name the file itself",
                             shown(w));
    } else if (S_ISLNK(st.st_mode)) {
        rc = follow(w, fd, &st, parent);
    } else if (entry) {
        rc = take_entry(w, name, &st);
    } else if (S_ISDIR(st.st_mode)) {
        return enter_judged(w, fd, last);
    } else {
        errno = ENOTDIR;
        rc = failed(w);
    }
    (void)close(fd);
    return rc;
}

/* ---- the whole --------------------------------------------------------- */

static int walk(struct walk *w, const char *text)
{
    char name[NAME_MAX + 1];
    bool last;
    int rc = EXO_OK;

    exo_buf_reset(&w->todo);
    w->at = 0;
    exo_buf_str(&w->todo, text);
    while (rc == EXO_OK && next(w, name, &last, &rc)) {
        rc = step(w, name, last);
    }
    return rc;
}

static int walk_from_root(struct walk *w, const char *text, bool last)
{
    int rc = text[0] == '/' ? enter_root(w, last) : EXO_E_ARG;

    return rc == EXO_OK ? walk(w, text) : rc;
}

static void begin(struct walk *w, struct exo_path *path,
                  const struct exo_path_rule *rule, mode_t mode)
{
    *path = (struct exo_path){ .dir = -1 };
    *w = (struct walk){
        .path = path,
        .rule = rule,
        .todo = EXO_BUF_INIT(2 * PATH_MAX),
        .where = EXO_BUF_INIT(2 * PATH_MAX),
        .links = true,
        .mode = mode,
    };
}

static int end(struct walk *w, int rc)
{
    int saved = errno;

    if (rc != EXO_OK && w->path->why[0] == '\0') {
        (void)exo_path_refuse(w->path, "%.300s: %s", shown(w),
                              exo_strerror(rc));
    }
    exo_buf_free(&w->todo);
    exo_buf_free(&w->where);
    if (rc != EXO_OK) {
        exo_path_close(w->path);
    }
    errno = saved;
    return rc;
}

int exo_path_dir(struct exo_path *path, const struct exo_path_rule *rule,
                 const char *base, const char *below, int how, mode_t mode)
{
    bool whole = below[strspn(below, "/")] == '\0';
    struct walk w;
    int rc;

    begin(&w, path, rule, mode);
    w.make = whole && (how & EXO_PATH_MAKE) != 0;
    w.leaf = whole && (how & EXO_PATH_LEAF) != 0;
    rc = walk_from_root(&w, base, base[strspn(base, "/")] == '\0');
    if (rc == EXO_OK && !whole) {
        w.links = false;
        w.make = (how & EXO_PATH_MAKE) != 0;
        w.leaf = (how & EXO_PATH_LEAF) != 0;
        rc = walk(&w, below);
    }
    return end(&w, rc);
}

static int find_entry(struct exo_path *path, const struct exo_path_rule *rule,
                      const char *file, int how, mode_t mode, bool *linked)
{
    struct walk w;
    int rc;

    begin(&w, path, rule, mode);
    w.entry = true;
    w.bare = (how & EXO_PATH_BARE) != 0;
    w.make = (how & EXO_PATH_MAKE) != 0;
    rc = walk_from_root(&w, file, false);
    if (rc == EXO_OK &&
        (path->name[0] == '\0' || strcmp(path->name, "..") == 0)) {
        errno = EISDIR;
        rc = failed(&w);
    }
    *linked = w.hops > 0;
    return end(&w, rc);
}

/*
 * Kubernetes updates a volume by one rename and then removes what the link led
 * to before. Who is following it at that moment finds nothing, and has to look
 * again.
 */
int exo_path_entry(struct exo_path *path, const struct exo_path_rule *rule,
                   const char *file, int how, mode_t mode)
{
    for (int look = 1;; look++) {
        bool linked = false;
        int rc = find_entry(path, rule, file, how, mode, &linked);

        if (!linked || look == LOOKS ||
            (rc == EXO_OK ? path->found : rc != EXO_E_NOENT)) {
            return rc;
        }
        exo_path_close(path);
    }
}

int exo_path_reopen(const struct exo_path *path)
{
    return openat(path->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void exo_path_close(struct exo_path *path)
{
    int saved = errno;

    if (path->dir >= 0) {
        (void)close(path->dir);
    }
    path->dir = -1;
    errno = saved;
}
