/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which exoauth.conf is in force (exoauth/conf.h).
 *
 * Called once by the plugin's initialisation and once by the program. What
 * it returns is malloc'ed and the caller's. The environment is believed only
 * where the process gained no rights by being executed, and root has no
 * configuration of its own: a HOME kept over su or sudo would let a user
 * choose the helper that root runs.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"

#define FILE_NAME "exoauth.conf"

bool exo_conf_secure_mode(void)
{
    return getauxval(AT_SECURE) != 0 || getuid() != geteuid() ||
           getgid() != getegid();
}

char *exo_conf_join(const char *first, const char *second)
{
    size_t a = strlen(first), b = strlen(second);
    char *both = malloc(a + b + 1);

    if (both != NULL) {
        memcpy(both, first, a);
        memcpy(both + a, second, b + 1);
    }
    return both;
}

static const char *absolute_env(const char *name)
{
    const char *value = exo_conf_secure_mode() ? NULL : getenv(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

const char *exo_conf_home(void)
{
    return absolute_env("HOME");
}

/* XDG Base Directory Specification 0.8 */
static const struct {
    char name[16], below_home[16];
} dirs[EXO_USER_N] = {
    [EXO_USER_CONFIG] = { "XDG_CONFIG_HOME", "/.config" },
    [EXO_USER_DATA] = { "XDG_DATA_HOME", "/.local/share" },
    [EXO_USER_STATE] = { "XDG_STATE_HOME", "/.local/state" },
};

const char *exo_conf_user_moved(enum exo_user_dir dir, const char **name)
{
    const char *home = exo_conf_home();
    const char *xdg = absolute_env(dirs[dir].name);
    size_t n = home != NULL ? strlen(home) : 0;

    *name = dirs[dir].name;
    return n == 0 || xdg == NULL ||
                   (strncmp(xdg, home, n) == 0 &&
                    strcmp(xdg + n, dirs[dir].below_home) == 0)
               ? NULL
               : xdg;
}

char *exo_conf_user_dir(enum exo_user_dir dir_of)
{
    const char *home = exo_conf_home();
    const char *xdg = absolute_env(dirs[dir_of].name);
    char *parent, *dir;

    if (home == NULL) {
        return NULL;
    }
    if (xdg != NULL) {
        return exo_conf_join(xdg, "/exoauth");
    }
    parent = exo_conf_join(home, dirs[dir_of].below_home);
    if (parent == NULL) {
        return NULL;
    }
    dir = exo_conf_join(parent, "/exoauth");
    free(parent);
    return dir;
}

int exo_conf_user_file(char **file)
{
    char *dir;

    *file = NULL;
    if (getuid() == 0 || geteuid() == 0 || exo_conf_home() == NULL) {
        return EXO_OK;
    }
    dir = exo_conf_user_dir(EXO_USER_CONFIG);
    if (dir != NULL) {
        *file = exo_conf_join(dir, "/" FILE_NAME);
    }
    free(dir);
    return *file != NULL ? EXO_OK : EXO_E_NOMEM;
}

const char *exo_conf_sasl_path(void)
{
    const char *path = exo_conf_secure_mode() ? NULL : getenv("SASL_CONF_PATH");

    return path != NULL && path[0] != '\0' ? path : EXO_CONFPATH;
}

/* Other programs run with this name from other directories. */
static int make_absolute(const char *name, size_t len, char **path)
{
    char *cwd = NULL;
    char *rest = strndup(name, len);
    char *dir = NULL;

    *path = NULL;
    if (rest == NULL || rest[0] == '/') {
        *path = rest;
        return rest != NULL ? EXO_OK : EXO_E_NOMEM;
    }
    cwd = getcwd(NULL, 0);
    if (cwd != NULL) {
        dir = exo_conf_join(cwd, "/");
    }
    if (dir != NULL) {
        *path = exo_conf_join(dir, rest);
    }
    free(dir);
    free(cwd);
    free(rest);
    /* Of no memory, EXO_E_IO and errno say the same. */
    return *path != NULL ? EXO_OK : EXO_E_IO;
}

/* The name counts, not where it leads: a dangling link is a mistake to be
 * reported when the file is read, and not "no configuration". */
static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Who may not look has none; who could not must not take another one. */
static int look_for(const char *path, bool *there)
{
    struct stat st;
    int rc = lstat(path, &st) == 0 ? EXO_OK : exo_error_from_errno(errno);

    *there = rc == EXO_OK;
    return exo_error_is_shortage(rc) ? rc : EXO_OK;
}

/* The first file in the path; *path is its name in the first directory if
 * there is none. */
static int find_in_path(const char *sasl_path, char **path)
{
    const char *p = sasl_path;
    char *first = NULL;

    for (;;) {
        size_t len = strcspn(p, ":");

        if (len > 0) {
            char *dir, *file;
            int rc = make_absolute(p, len, &dir);

            file = rc == EXO_OK ? exo_conf_join(dir, "/" FILE_NAME) : NULL;
            free(dir);
            if (file == NULL) {
                free(first);
                return rc != EXO_OK ? rc : EXO_E_NOMEM;
            }
            if (is_there(file)) {
                free(first);
                *path = file;
                return EXO_OK;
            }
            if (first == NULL) {
                first = file;
            } else {
                free(file);
            }
        }
        if (p[len] == '\0') {
            break;
        }
        p += len + 1;
    }
    if (first == NULL) {
        first = strdup(EXO_CONFDIR "/" FILE_NAME);
    }
    *path = first;
    return first != NULL ? EXO_OK : EXO_E_NOMEM;
}

int exo_conf_find(const char *explicit_file, const char *sasl_path, char **path,
                  bool *user)
{
    bool there = false;
    char *own;
    int rc;

    *path = NULL;
    *user = false;
    rc = exo_conf_user_file(&own);
    if (rc == EXO_OK && explicit_file == NULL && own != NULL) {
        rc = look_for(own, &there);
    }
    if (rc != EXO_OK) {
        free(own);
        return rc;
    }
    if (explicit_file != NULL) {
        /* The plugin names the file to the helper it starts, which must then
         * see it as the plugin does. */
        rc = make_absolute(explicit_file, strlen(explicit_file), path);
        *user = rc == EXO_OK && own != NULL && strcmp(own, *path) == 0;
    } else if (there) {
        *path = own;
        *user = true;
        return EXO_OK;
    } else {
        rc = find_in_path(sasl_path != NULL ? sasl_path : exo_conf_sasl_path(),
                          path);
    }
    free(own);
    return rc;
}
