/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: does libsasl2 load our plugin, and whose else? Called by
 * cmd_doctor.c. The plugins are loaded once, in a child (exoauth/plugins.h);
 * what that child found serves both checks, and the report. Ours is the file
 * libexoauth.so, wherever it lies.
 */
#include "config.h"

#include "doctor.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exoauth/clock.h"

#define PLUGIN "libexoauth.so"
#define LOOK_MS 10000

static bool is_ours(const char *path, size_t len)
{
    size_t n = sizeof(PLUGIN) - 1;

    return len >= n && strncmp(path + len - n, PLUGIN, n) == 0 &&
           (len == n || path[len - n - 1] == '/');
}

/* The next directory of a path with colons between; NULL at its end. */
static const char *next_dir(const char **path, size_t *len)
{
    const char *dir;

    while (**path == ':') {
        (*path)++;
    }
    dir = *path;
    *len = strcspn(dir, ":");
    *path += *len;
    return *len > 0 ? dir : NULL;
}

/* The plugin as a file in those directories; false: in none. */
static bool find_file(const char *path, struct exo_buf *file)
{
    const char *dir, *name;
    struct stat st;
    size_t len;

    while ((dir = next_dir(&path, &len)) != NULL) {
        exo_buf_reset(file);
        exo_buf_add(file, dir, len);
        exo_buf_str(file, "/" PLUGIN);
        if (exo_buf_done(file, &name) == 0 && stat(name, &st) == 0) {
            return true;
        }
    }
    return false;
}

/* The line of the log that names our plugin; what libsasl2 said of it. */
static bool find_complaint(const struct exo_buf *log, char *line, size_t size)
{
    const char *said;
    const char *at =
        exo_buf_done(log, &said) == 0 ? strstr(said, PLUGIN) : NULL;
    const char *start = at;
    size_t len;

    if (!at) {
        return false;
    }
    while (start > log->data && start[-1] != '\n') {
        start--;
    }
    len = strcspn(start, "\n");
    len = len < size ? len : size - 1;
    memcpy(line, start, len);
    line[len] = '\0';
    return true;
}

static void tell_silent(struct exo_doctor *d, const char *file)
{
    char line[EXO_ERR_TEXT / 2];

    if (find_complaint(&d->plugins.log, line, sizeof(line))) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "libsasl2 cannot load %s: %s; reinstall exoauth for "
                        "this system",
                        file, line);
    } else if (d->accounts.n == 0 || d->open.status != EXO_STATUS_OK) {
        exo_doctor_warn(d, NULL,
                        "libsasl2 loads %s, which offers nothing without an "
                        "account and a valid configuration; see below",
                        file);
    } else if (d->app->root) {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "libsasl2 loads %s, which does not offer XOAUTH2; see "
                        "mechanisms in %s",
                        file, d->app->conf->path);
    } else {
        exo_doctor_warn(d, NULL,
                        "libsasl2 loads %s, which offers nothing to your user, "
                        "as you may not read %s; be a member of token_group, "
                        "or have an account of your own",
                        file, d->app->conf->token_dir);
    }
}

/* Our file in a list of those that offer a mechanism; NULL: it is not. */
static const char *find_ours(const char *list, size_t *len)
{
    const char *word;

    do {
        word = exo_word_next(&list, len);
    } while (word && !is_ours(word, *len));
    return word;
}

void exo_check_plugin(struct exo_doctor *d)
{
    struct exo_buf file = EXO_BUF_INIT(4096);
    struct exo_err err = EXO_ERR_INIT;
    const char *xoauth2, *bearer;
    size_t len = 0, bearer_len = 0;
    int rc;

    d->looked = true;
    rc = exo_plugins_look(&d->plugins, d->conf_dir, exo_clock_ms() + LOOK_MS,
                          &err);
    if (rc != 0) {
        exo_doctor_error(d, NULL, &err, rc);
        goto out;
    }
    xoauth2 = find_ours(d->plugins.xoauth2, &len);
    bearer = find_ours(d->plugins.oauthbearer, &bearer_len);
    if (xoauth2 || bearer) {
        exo_doctor_ok(d, NULL, "libsasl2 %s loads %.*s for %s%s%s",
                      d->plugins.version, (int)(xoauth2 ? len : bearer_len),
                      xoauth2 ? xoauth2 : bearer, xoauth2 ? "XOAUTH2" : "",
                      xoauth2 && bearer ? " and " : "",
                      bearer ? "OAUTHBEARER" : "");
    } else if (find_file(d->plugins.path, &file)) {
        tell_silent(d, exo_buf_shown(&file));
    } else {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        PLUGIN " is not in %s, where libsasl2 looks; install "
                               "it there, see --with-plugindir of configure",
                        d->plugins.path);
    }
    if (getenv("SASL_PATH")) {
        exo_doctor_warn(d, NULL,
                        "SASL_PATH is set here (%s), and services do not see "
                        "it; unset it and run this again",
                        getenv("SASL_PATH"));
    }
out:
    exo_buf_free(&file);
}

/* One that libsasl2 has loaded beside ours. ours: it is behind us. */
static void tell_other(struct exo_doctor *d, const char *file, size_t len,
                       bool ours)
{
    if (ours) {
        exo_doctor_warn(d, NULL,
                        "%.*s offers XOAUTH2, too; libsasl2 takes exoauth's, "
                        "but remove that package where nothing else needs it",
                        (int)len, file);
    } else {
        exo_doctor_fail(d, NULL, EXO_STATUS_MISCONFIGURED,
                        "%.*s offers XOAUTH2, and libsasl2 takes it instead of "
                        "exoauth's; remove that package or file",
                        (int)len, file);
    }
}

static bool ends_so(const char *name)
{
    size_t len = strlen(name);

    return len > 3 && strcmp(name + len - 3, ".so") == 0;
}

/* A plugin by its name that libsasl2 could not load here: it may be that
 * another program can. */
static void look_for_names(struct exo_doctor *d, const char *name, size_t len)
{
    char *path = strndup(name, len);
    DIR *dir = path ? opendir(path) : NULL;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (ends_so(entry->d_name) && strcasestr(entry->d_name, "oauth") &&
            strcmp(entry->d_name, PLUGIN) != 0 &&
            !strstr(d->plugins.xoauth2, entry->d_name)) {
            exo_doctor_warn(d, NULL,
                            "%s/%s looks like another plugin for OAuth, which "
                            "libsasl2 does not use here; remove it where "
                            "nothing else needs it",
                            path, entry->d_name);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    free(path);
}

void exo_check_others(struct exo_doctor *d)
{
    const char *list = d->plugins.xoauth2;
    const char *path = d->plugins.path;
    const char *word;
    bool ours = false;
    size_t len;

    if (!path || path[0] == '\0') {
        exo_doctor_skip(d, NULL, "not checked: the plugins cannot be loaded");
        return;
    }
    while ((word = exo_word_next(&list, &len)) != NULL) {
        if (is_ours(word, len)) {
            ours = true;
        } else {
            tell_other(d, word, len, ours);
        }
    }
    while ((word = next_dir(&path, &len)) != NULL) {
        look_for_names(d, word, len);
    }
    if (!exo_doctor_is_bad(d, NULL)) {
        exo_doctor_ok(d, NULL, "no other plugin for XOAUTH2 in %s",
                      d->plugins.path);
    }
}
